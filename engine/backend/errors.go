package backend

import (
	"errors"
	"fmt"
)

var (
	// ErrContext means a piece that would make its sequence longer than the
	// model's context.
	ErrContext = errors.New("backend: longer than the model's context")
	// ErrToken means a token id outside the vocabulary.
	ErrToken = errors.New("backend: token out of range")
	// ErrNotFinite means a run that fails; the error is a *FailedError, which
	// says where.
	ErrNotFinite = errors.New("backend: not finite")
	// ErrMemory means that there was no memory, of whatever kind, for what was
	// asked; later there may be.
	ErrMemory = errors.New("backend: out of memory")
	// ErrFile means that the file of the weights is not what was opened, or
	// cannot be read any more. The backend is lost.
	ErrFile = errors.New("backend: the model's file is not what was opened")
	// ErrDevice means that what computes has failed. The backend is lost.
	ErrDevice = errors.New("backend: the device failed")
	// ErrUnavailable means that this build or machine has not what the backend
	// runs on.
	ErrUnavailable = errors.New("backend: not available")
	// ErrUnsupported means a model that the backend does not compute, but
	// another may.
	ErrUnsupported = errors.New("backend: model not supported")
)

// FailedError is a run that fails at a position: a key, a value, a final state
// or a logit of it is NaN or infinite. The position is the same on every
// backend.
type FailedError struct {
	Position int
	Layer    int // whose key or value it is, counted from 1; 0 where it is the final state or a logit
}

func (e *FailedError) Error() string {
	if e.Layer == 0 {
		return fmt.Sprintf("backend: the final state or a logit is not finite at position %d", e.Position)
	}
	return fmt.Sprintf("backend: a key or value of blk.%d is not finite at position %d", e.Layer-1, e.Position)
}

// Unwrap makes errors.Is(err, ErrNotFinite) hold.
func (e *FailedError) Unwrap() error { return ErrNotFinite }
