package backend

import (
	"errors"
	"fmt"
)

var (
	// ErrContext means a piece that would make its sequence longer than the model's context.
	ErrContext = errors.New("backend: longer than the model's context")
	// ErrToken means a token id outside the vocabulary.
	ErrToken = errors.New("backend: token out of range")
	// ErrNotFinite means a run that fails; the error is a *FailedError, which says where.
	ErrNotFinite = errors.New("backend: not finite")
)

// FailedError is a run that fails at a position: a key, a value, a final state or a logit of it is NaN or infinite. The
// position is the same on every backend.
type FailedError struct {
	Position int
	Layer    int // whose key or value it is, counted from 1; 0 where it is the final state or a logit
}

func (e *FailedError) Error() string {
	if e.Layer == 0 {
		return fmt.Sprintf("backend: the final state or a logit is not finite at position %d", e.Position)
	}
	return fmt.Sprintf("backend: a key or value of blk.%d is not finite at position %d", e.Layer-1, e.Position)
}

// Unwrap makes errors.Is(err, ErrNotFinite) hold.
func (e *FailedError) Unwrap() error { return ErrNotFinite }
