package validator

import "errors"

var (
	// ErrConfig says that a field of Config is missing or contradicts another.
	ErrConfig = errors.New("validator: bad config")
	// ErrStore says that a record could not be read or written. It ends Run: a
	// validator that cannot keep a judgement must not announce it.
	ErrStore = errors.New("validator: store")
	// ErrRecord says that the store holds what this program did not write.
	ErrRecord = errors.New("validator: corrupt record")
	// ErrNotFound says that there is no such answer, task or score.
	ErrNotFound = errors.New("validator: not found")
)

// Kind says why a message was not taken although its bytes are in order. None
// blames who passed it on: honest nodes differ in what they know. Bytes that
// are out of order give the errors of package wire.
type Kind string

// The kinds.
const (
	ErrEarly        = Kind("early")         // held, and looked at again with the next block
	ErrLate         = Kind("late")          // after its deadline
	ErrWindow       = Kind("window")        // signed at a height outside the replay window
	ErrDuplicate    = Kind("duplicate")     // there is one already
	ErrNoSeat       = Kind("no_seat")       // its signer was not asked, or is no judge
	ErrNoCommitment = Kind("no_commitment") // nothing on the ledger that it could open
	ErrBadProof     = Kind("bad_proof")     // fits no commitment
	ErrNotDrawn     = Kind("not_drawn")     // a card about what its judge did not draw
	ErrFull         = Kind("full")          // early, and there is no room to hold it
)

// Error returns the kind.
func (k Kind) Error() string { return "validator: " + string(k) }

// Reason returns the word under which it is counted.
func (k Kind) Reason() string { return string(k) }
