package yuma

import "fmt"

// Kind names a rule that an input breaks. It is an error itself, to be found with errors.Is.
type Kind string

// Error returns the name of the rule.
func (k Kind) Error() string { return "yuma: " + string(k) }

// The kinds. An input that a correct ledger builds breaks none of them.
const (
	ErrSize      = Kind("ErrSize")      // a list does not have one element a seat, or there are too many seats
	ErrUnsorted  = Kind("ErrUnsorted")  // the uids of a row do not ascend strictly
	ErrRange     = Kind("ErrRange")     // a uid beyond the seats
	ErrParameter = Kind("ErrParameter") // a parameter outside its range
	ErrStake     = Kind("ErrStake")     // stakes that add up beyond 2^63 − 1
)

// InputError says which rule an input breaks, and where.
type InputError struct {
	Kind   Kind
	Detail string
}

// Error returns the rule and the place.
func (e *InputError) Error() string { return e.Kind.Error() + ": " + e.Detail }

// Unwrap returns the kind.
func (e *InputError) Unwrap() error { return e.Kind }

func inputError(kind Kind, format string, args ...any) error {
	return &InputError{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}
