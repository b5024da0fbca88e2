package validator

import "errors"

// ErrConfig says that a field of Config is missing or contradicts another.
var ErrConfig = errors.New("validator: bad config")

// ErrBroken says that the engine finds an answer wrong which the reference does not
// find so: the engine or its machine is broken, and nothing may be said of it.
var ErrBroken = errors.New("validator: the engine and the reference disagree")

// Reason says why a message was not taken although its bytes are in order. None
// blames who passed it on: honest nodes differ in what they know. Bytes that
// are out of order give the errors of package wire.
type Reason string

// The reasons.
const (
	ErrEarly        = Reason("early")         // held, and looked at again with the next block
	ErrLate         = Reason("late")          // after its deadline
	ErrWindow       = Reason("window")        // signed at a height outside the replay window
	ErrDuplicate    = Reason("duplicate")     // there is one already
	ErrNoSeat       = Reason("no_seat")       // its signer was not asked, or is no judge
	ErrNoCommitment = Reason("no_commitment") // nothing on the ledger that it could open
	ErrBadProof     = Reason("bad_proof")     // fits no commitment
	ErrNotDrawn     = Reason("not_drawn")     // a card about what its judge did not draw
	ErrFull         = Reason("full")          // early, and there is no room to hold it
)

// Error returns the reason.
func (r Reason) Error() string { return "validator: " + string(r) }

// Word returns the word under which it is counted.
func (r Reason) Word() string { return string(r) }
