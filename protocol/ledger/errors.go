package ledger

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrBlock is wrapped when a block is not one that honest validators
	// accept: its proposer is to blame.
	ErrBlock = errors.New("ledger: block refused")
	// ErrCorrupt is wrapped when the state holds what no block wrote.
	ErrCorrupt = errors.New("ledger: corrupt state")
	// ErrGenesis is wrapped when a genesis contradicts itself.
	ErrGenesis = errors.New("ledger: bad genesis")
)

// Reason names a rule that a transaction breaks. It is an error itself, to be
// found with errors.Is.
type Reason string

// Error returns the name of the rule.
func (r Reason) Error() string { return "ledger: " + string(r) }

// The reasons. The first four, and any error of a lane, keep a transaction out of a
// block; the others are met in execution, where the fee is paid.
const (
	ErrBadNonce     = Reason("ErrBadNonce")     // not the signer's next nonce
	ErrCannotPay    = Reason("ErrCannotPay")    // the balance does not cover fee, price or amount
	ErrFee          = Reason("ErrFee")          // less than its weight and bytes cost, or of a hotkey far more
	ErrNoSeat       = Reason("ErrNoSeat")       // the hotkey has no seat
	ErrNotPermitted = Reason("ErrNotPermitted") // the seat was not asked, or is no validator of the epoch
	ErrDeadline     = Reason("ErrDeadline")     // too early, too late, or of another epoch or round
	ErrDuplicate    = Reason("ErrDuplicate")    // there is one already
	ErrTaken        = Reason("ErrTaken")        // a key that another seat holds, or that has another use
	ErrBadKey       = Reason("ErrBadKey")       // not a public key, or without its own signature
	ErrConsent      = Reason("ErrConsent")      // a key that did not agree, or works for another coldkey
	ErrMoved        = Reason("ErrMoved")        // a key in whose place another stands
	ErrUnknown      = Reason("ErrUnknown")      // a model, seat or answer that there is not
	ErrMismatch     = Reason("ErrMismatch")     // weights that are not the sealed ones
	ErrPrice        = Reason("ErrPrice")        // a seat costs more than the signer's maximum
	ErrFull         = Reason("ErrFull")         // no seat is free, none can be pruned, or the coldkey has its share
	ErrTooSmall     = Reason("ErrTooSmall")     // a stake below the least, or an account below its deposit
	ErrOverflow     = Reason("ErrOverflow")     // a sum that no amount holds
)

// Word returns the word under which it is counted: "bad_nonce".
func (r Reason) Word() string {
	var b strings.Builder
	for i, c := range strings.TrimPrefix(string(r), "Err") {
		if 'A' <= c && c <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// RuleError says which rule a transaction breaks, and how.
type RuleError struct {
	Reason Reason
	Detail string
}

// Error returns the rule and the detail.
func (e *RuleError) Error() string { return e.Reason.Error() + ": " + e.Detail }

// Unwrap returns the reason.
func (e *RuleError) Unwrap() error { return e.Reason }

func broken(why Reason, format string, args ...any) error {
	return &RuleError{Reason: why, Detail: fmt.Sprintf(format, args...)}
}

// ReasonOf returns the rule that err says was broken, "" if none.
func ReasonOf(err error) Reason {
	if rule, ok := errors.AsType[*RuleError](err); ok {
		return rule.Reason
	}
	return ""
}
