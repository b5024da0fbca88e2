package yuma

import "fmt"

// Reason names a rule that an input breaks. It is an error itself, to be found
// with errors.Is.
type Reason string

// Error returns the name of the rule.
func (r Reason) Error() string { return "yuma: " + string(r) }

// The reasons. An input that a correct ledger builds breaks none of them.
const (
	ErrSize      = Reason("ErrSize")      // a list does not have one element a seat, or there are too many seats
	ErrUnsorted  = Reason("ErrUnsorted")  // the uids of a row do not ascend strictly
	ErrRange     = Reason("ErrRange")     // a uid beyond the seats
	ErrParameter = Reason("ErrParameter") // a parameter outside its range
	ErrStake     = Reason("ErrStake")     // stakes that add up beyond 2^63 − 1
)

// InputError says which rule an input breaks, and where.
type InputError struct {
	Reason Reason
	Detail string
}

// Error returns the rule and the place.
func (e *InputError) Error() string { return e.Reason.Error() + ": " + e.Detail }

// Unwrap returns the reason.
func (e *InputError) Unwrap() error { return e.Reason }

func inputError(why Reason, format string, args ...any) error {
	return &InputError{Reason: why, Detail: fmt.Sprintf(format, args...)}
}
