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

// Kind names a rule that a transaction breaks. It is an error itself, to be
// found with errors.Is.
type Kind string

// Error returns the name of the rule.
func (k Kind) Error() string { return "ledger: " + string(k) }

// The kinds. The first three, and any error of a Commit, keep a transaction
// out of a block; the others are met in execution, where the fee is paid.
const (
	ErrBadNonce     = Kind("ErrBadNonce")     // not the signer's next nonce
	ErrCannotPay    = Kind("ErrCannotPay")    // the balance does not cover fee, price or amount
	ErrNoSeat       = Kind("ErrNoSeat")       // the hotkey has no seat
	ErrNotPermitted = Kind("ErrNotPermitted") // the seat was not asked, or is no validator of the epoch
	ErrDeadline     = Kind("ErrDeadline")     // too early, too late, or of another epoch or round
	ErrDuplicate    = Kind("ErrDuplicate")    // there is one already
	ErrTaken        = Kind("ErrTaken")        // a key that another seat holds, or that has another use
	ErrBadKey       = Kind("ErrBadKey")       // not a public key, or without its own signature
	ErrUnknown      = Kind("ErrUnknown")      // a model or seat that the network does not have
	ErrMismatch     = Kind("ErrMismatch")     // weights that are not the sealed ones
	ErrPrice        = Kind("ErrPrice")        // a seat costs more than the signer's maximum
	ErrFull         = Kind("ErrFull")         // no seat is free, none can be pruned, or the coldkey has its share
	ErrTooSmall     = Kind("ErrTooSmall")     // a stake below the least
	ErrOverflow     = Kind("ErrOverflow")     // a sum that no amount holds
)

// Reason returns the word under which it is counted: "bad_nonce".
func (k Kind) Reason() string {
	var b strings.Builder
	for i, c := range strings.TrimPrefix(string(k), "Err") {
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
	Kind   Kind
	Detail string
}

// Error returns the rule and the detail.
func (e *RuleError) Error() string { return e.Kind.Error() + ": " + e.Detail }

// Unwrap returns the kind.
func (e *RuleError) Unwrap() error { return e.Kind }

func broken(kind Kind, format string, args ...any) error {
	return &RuleError{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// KindOf returns the rule that err says was broken, "" if none.
func KindOf(err error) Kind {
	if rule, ok := errors.AsType[*RuleError](err); ok {
		return rule.Kind
	}
	return ""
}
