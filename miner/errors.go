package miner

import "errors"

var (
	// ErrConfig says that a field of Config is missing or contradicts another.
	ErrConfig = errors.New("miner: bad config")
	// ErrStore says that a record could not be read or written. It ends Run: a
	// miner that cannot keep what it sealed must not seal.
	ErrStore = errors.New("miner: store")
	// ErrRecord says that the store holds what this program did not write.
	ErrRecord = errors.New("miner: corrupt record")
)

// Kind says why a message was not taken although its bytes are in order. None
// blames who passed it on. Bytes out of order give the errors of package wire.
type Kind string

// The kinds.
const (
	ErrUnknown   = Kind("unknown_judge") // its signer is looked up with the next block
	ErrNoJudge   = Kind("no_judge")      // its signer does not judge in that epoch
	ErrWindow    = Kind("window")        // signed at a height outside the replay window
	ErrDuplicate = Kind("duplicate")     // seen before
)

// Error returns the kind.
func (k Kind) Error() string { return "miner: " + string(k) }

// Reason returns the word under which it is counted.
func (k Kind) Reason() string { return string(k) }

// KindOf returns the kind of an error, "" if it has none.
func KindOf(err error) Kind {
	k, _ := errors.AsType[Kind](err)
	return k
}
