package arith

import (
	"errors"
	"fmt"
)

// What can be wrong with a model or a run. Every error of this package wraps one of these.
var (
	// ErrUnsupported means an architecture, a tensor type or a setting of a model that this package does not compute; the
	// text names it.
	ErrUnsupported = errors.New("arith: not supported")
	// ErrWeights means a tensor or a number of the file that cannot be what the model says: a missing tensor, a wrong shape,
	// a scale that is not finite.
	ErrWeights = errors.New("arith: bad weights")
	// ErrContext means a run longer than the model's context.
	ErrContext = errors.New("arith: longer than the model's context")
	// ErrToken means a token id outside the vocabulary.
	ErrToken = errors.New("arith: token out of range")
	// ErrNotFinite means a run that fails; the error is a *FailedError, which says where.
	ErrNotFinite = errors.New("arith: not finite")
)

// FailedError is a run that fails at a position: a key, a value, a final state or a logit of it is NaN or infinite. The
// position is the same on every backend.
type FailedError struct {
	Position int
	Layer    int // whose key or value it is, counted from 1; 0 where it is the final state or a logit
}

func (e *FailedError) Error() string {
	if e.Layer == 0 {
		return fmt.Sprintf("arith: the final state or a logit is not finite at position %d", e.Position)
	}
	return fmt.Sprintf("arith: a key or value of blk.%d is not finite at position %d", e.Layer-1, e.Position)
}

// Unwrap makes errors.Is(err, ErrNotFinite) hold.
func (e *FailedError) Unwrap() error { return ErrNotFinite }
