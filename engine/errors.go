package engine

import (
	"errors"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/sched"
	"github.com/assaynet/assay/engine/weights"
)

// What can go wrong. Errors about the model file are those of packages gguf,
// weights, backend and tokenizer, wrapped.
var (
	// ErrClosed means that the Model was closed before or during the call.
	ErrClosed = errors.New("engine: model is closed")
	// ErrRequest means a request that no model can answer: an empty prompt, a
	// setting out of range.
	ErrRequest = errors.New("engine: bad request")
	// ErrVocabulary means a Config.DraftModel whose tokens are not the model's.
	ErrVocabulary = errors.New("engine: draft model of another vocabulary")
	// ErrGrammar means a grammar that cannot be read, is above the limits, or lets
	// no token come next.
	ErrGrammar = errors.New("engine: grammar")
	// ErrUnsupported means a model that the engine does not compute; the text
	// names the architecture or type.
	ErrUnsupported = weights.ErrUnsupported
	// ErrWeights means a model file that contradicts itself.
	ErrWeights = weights.ErrWeights
	// ErrContext means a prompt and answer longer than the model's context.
	ErrContext = backend.ErrContext
	// ErrToken means a token id of the prompt outside the vocabulary.
	ErrToken = backend.ErrToken
	// ErrFile means that the model's file was written to, or cut off, while it
	// was open, or cannot be read any more. All further calls return it too:
	// the model is of no use any more. Files are to be replaced by renaming,
	// which no open model notices.
	ErrFile = backend.ErrFile
	// ErrDevice means that what computes has failed. All further calls return
	// it too: the model is of no use any more.
	ErrDevice = backend.ErrDevice
	// ErrUnavailable means a device or backend that this machine or build has not.
	ErrUnavailable = backend.ErrUnavailable
	// ErrBusy means that too many calls wait for the model; later there may be
	// room.
	ErrBusy = sched.ErrBusy
	// ErrMemory means a call whose keys and values do not fit Config.KVBytes,
	// however long it waited, or for which the operating system has no memory;
	// then a later one may fare better.
	ErrMemory = backend.ErrMemory
	// ErrNotFinite means a run that fails: an error, never an answer. The error
	// is a *FailedError.
	ErrNotFinite = backend.ErrNotFinite
)

// FailedError says at which position a run fails.
type FailedError = backend.FailedError
