package api

import (
	"context"
	"errors"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

var (
	// ErrConfig says that a field of [Config] is missing or cannot be.
	ErrConfig = errors.New("api: bad config")
	// ErrListen says that the address to serve on cannot be had.
	ErrListen = errors.New("listen for http")
	// ErrNotFound is what a source returns for what it does not have.
	ErrNotFound = errors.New("api: not found")
	// ErrNotKept is what a source returns for what it never keeps.
	ErrNotKept = errors.New("api: not kept")
	// ErrBusy is what a source returns for what it may show when it is asked again: too
	// much is asked now.
	ErrBusy = errors.New("api: busy")
	// ErrFull is what a [Pool] returns when it takes no more for now.
	ErrFull = errors.New("api: the pool is full")
	// ErrUnreached is what a [Pool] returns that sends transactions on, where nobody
	// takes one.
	ErrUnreached = errors.New("api: no validator takes it now")
	// ErrNonceTaken is what a [Pool] returns for a transaction in whose place
	// another one waits.
	ErrNonceTaken = errors.New("api: the nonce is taken")
	// ErrWaiting is what a [Pool] returns for a transaction that is in no block
	// yet.
	ErrWaiting = errors.New("api: the transaction waits for a block")
	// ErrDropped is what a [Pool] returns for a transaction that it had and
	// gave up.
	ErrDropped = errors.New("api: the transaction was dropped")
)

// Source is what a node has to show. Node is needed; each other part may be
// nil, and its endpoints then say that this node does not keep it. All methods
// may be called at the same time, and each should return soon after its context
// ends.
type Source struct {
	Node  Node
	State State
	Work  Work
	Pool  Pool
}

// Node tells how the node is.
type Node interface {
	// Status returns what the node knows of itself. The handler fills in
	// chain id, version, epoch and round.
	Status(ctx context.Context) (Status, error)
}

// State gives the ledger's state.
type State interface {
	// State returns the newest state, which does not change while it is read,
	// and the height of the block that made it.
	State(ctx context.Context) (ledger.Reader, protocol.Height, error)
	// StateHash returns the hash of the state after the block at height, on
	// which validators agree; [ErrNotFound] if it is not known or not kept.
	StateHash(ctx context.Context, height protocol.Height) (protocol.Hash, error)
}

// Prefetcher is what a state's reader may be in addition: it is told what will be
// read next, where each question alone takes long.
type Prefetcher interface {
	Prefetch(keys ...[]byte) error
}

// Prover is what a [State] may be in addition.
type Prover interface {
	// Prove returns the value of a key in the newest state that a signed header
	// carries, nil if it has none, and a proof of that; [ErrNotFound] while
	// there is no such state.
	Prove(ctx context.Context, key []byte) (Proven, error)
}

// History is what a [State] may be in addition: it keeps the blocks, for who
// carries them out again.
type History interface {
	// Origin returns what the network began with.
	Origin() *ledger.Genesis
	// Record returns a block; [ErrNotFound] where it is not kept.
	Record(ctx context.Context, h protocol.Height) (*audit.Record, error)
}

// Past is what a [State] may be in addition: it keeps what the ledger forgets of
// epochs. Readers have the ledger's records under their own keys, and nothing else.
type Past interface {
	// PastEpochs returns the epochs that are kept, without a gap: from oldest up to,
	// and without, next.
	PastEpochs() (oldest, next protocol.Epoch)
	// PastPaid returns the pots and payments of an epoch; nil where they are not kept.
	PastPaid(e protocol.Epoch) (ledger.Reader, error)
	// PastWeights returns the weights of an epoch; nil where they are not kept.
	PastWeights(e protocol.Epoch) (ledger.Reader, error)
	// PastBonds returns the bonds that the end of an epoch left; nil where they are
	// not kept.
	PastBonds(e protocol.Epoch) (ledger.Reader, error)
}

// Totaler is what a [State] may be in addition: it knows more payments than the
// ledger keeps.
type Totaler interface {
	// Total returns what a seat was paid for work in all epochs from since on;
	// false where that is not known.
	Total(id protocol.SeatID) (sum protocol.Amount, since protocol.Epoch, ok bool)
}

// Proven is a value with its proof, in the state after the block at Height.
type Proven struct {
	Height     protocol.Height
	StateHash  protocol.Hash
	Key, Value []byte
	ICS23      []byte // protobuf of a commitment proof against StateHash
	// Block is protobuf of CometBFT's light block of Height + 1, whose header
	// carries StateHash.
	Block []byte
	// State is that state, so that what is shown beside the proof is of it.
	State ledger.Reader
}

// ScoreKey is the place of a score among all: by epoch, then by uid.
type ScoreKey struct {
	Epoch protocol.Epoch
	UID   protocol.UID
}

// Work is what a validator keeps of what it judged.
type Work interface {
	// Scores returns scores in the order of their keys and kinds, beginning with
	// the first that is not below from: limit of them, and the rest of the last
	// seat's kinds; none when there are no more.
	Scores(ctx context.Context, from ScoreKey, limit int) ([]Score, error)
	// OldestScores returns the oldest epoch of which it has scores; the running
	// one where it has none.
	OldestScores(ctx context.Context) (protocol.Epoch, error)
	// Evidence returns all that is known of a task; [ErrNotFound].
	Evidence(ctx context.Context, id protocol.TaskID) (*Evidence, error)
	// Answered returns the places of the answers that were accepted of a round, by
	// seat and slot.
	Answered(ctx context.Context, round protocol.Round) ([]wire.AnswerKey, error)
	// EvidenceAt returns all that is known of a place if its task is of a kind, or
	// kind is empty, and nil if it is of another; [ErrNotFound].
	EvidenceAt(ctx context.Context, k wire.AnswerKey, kind protocol.Kind) (*Evidence, error)
	// Texts returns the pairs that a setter published for a round of the people's
	// lane, each a prompt with its responses, nil where they are not known; and
	// whether an own run found that they are not what the setter opened.
	Texts(ctx context.Context, n protocol.Round, setter protocol.SeatID) (texts [][3]string, lie bool, err error)
}

// SeatScorer is what a [Work] may be in addition: it gives the scores of one seat
// without those of others.
type SeatScorer interface {
	// SeatScores returns the scores of a uid in an epoch, by kind; none where it has
	// none.
	SeatScores(ctx context.Context, e protocol.Epoch, uid protocol.UID) ([]Score, error)
}

// Finder is what a [Work] may be in addition: it finds tasks by how their ids
// begin.
type Finder interface {
	// TasksBeginning returns tasks whose id, in hex, begins so: two of them at most.
	TasksBeginning(ctx context.Context, prefix string) ([]protocol.TaskID, error)
}

// Evidence is a task with the signed bytes that came in about it.
type Evidence struct {
	Task   wire.Task
	Hotkey protocol.PublicKey // of the seat that was asked
	// Answers are the envelopes of accepted answers, Cards of accepted cards.
	Answers, Cards []Signed
}

// Signed is the canonical bytes of an envelope, and the height at which it came.
type Signed struct {
	Raw      []byte
	Received protocol.Height
}

// Pool takes transactions.
type Pool interface {
	// Submit checks a transaction, keeps it for a block and sends it on. known
	// says that the same one waits already, or is in a recent block. Errors:
	// those of package wire, rule errors of package ledger, [ErrNonceTaken],
	// [ErrFull].
	Submit(ctx context.Context, raw []byte) (hash protocol.Hash, known bool, err error)
	// NextNonce returns the nonce for the next transaction of a signer: after
	// those in blocks, and those that wait without a gap.
	NextNonce(ctx context.Context, signer protocol.PublicKey) (uint64, error)
	// Result returns what became of a transaction that is in a block;
	// [ErrWaiting], [ErrDropped] with the reason, [ErrNotFound] for one that is
	// not known, or not any more; [ErrNotKept]; [ErrBusy].
	Result(ctx context.Context, hash protocol.Hash) (TxResult, error)
}
