package miner

import "errors"

var (
	// ErrConfig says that a field of Config is missing or contradicts another.
	ErrConfig = errors.New("miner: bad config")
	// ErrStore says that a record could not be read or written. It ends Run: a
	// miner that cannot keep what it sealed must not seal.
	ErrStore = errors.New("miner: store")
	// ErrStopped says that a worker answers nothing any more, as when its model
	// was closed. The round goes on without it.
	ErrStopped = errors.New("miner: worker stopped")
	// ErrLater says that a worker has no answer yet: it is asked again at each
	// height until the round is sealed.
	ErrLater = errors.New("miner: no answer yet")
	// ErrRecord says that the store holds what this program did not write.
	ErrRecord = errors.New("miner: corrupt record")
)

// Reason says why a message was not taken although its bytes are in order. None
// blames who passed it on. Bytes out of order give the errors of package wire.
type Reason string

// The reasons.
const (
	ErrUnknown   = Reason("unknown_judge") // its signer is looked up with the next block
	ErrNoJudge   = Reason("no_judge")      // its signer does not judge in that epoch
	ErrWindow    = Reason("window")        // signed at a height outside the replay window
	ErrDuplicate = Reason("duplicate")     // seen before
	ErrNoPairs   = Reason("no_pairs")      // the ledger has no such pairs, or not yet
)

// Error returns the reason.
func (r Reason) Error() string { return "miner: " + string(r) }

// Word returns the word under which it is counted.
func (r Reason) Word() string { return string(r) }

// ReasonOf returns the reason of an error, "" if it has none.
func ReasonOf(err error) Reason {
	k, _ := errors.AsType[Reason](err)
	return k
}
