package runes

import "fmt"

// Units of [Work]: a unit is some nanoseconds.
const (
	// CellUnits is a transition of an automaton that is made.
	CellUnits = 16
	// setUnits is an automaton that is made, however small.
	setUnits = 256
	// MaxWork is enough for a large automaton, and below a second.
	MaxWork = 1 << 25
)

// Work is a budget of units that automata are made from. What it refuses is
// refused on every machine. It is not safe for concurrent use.
type Work struct{ left int }

// NewWork returns a budget of [MaxWork].
func NewWork() *Work { return &Work{left: MaxWork} }

// Spend takes units off, n ≥ 0. The error is [ErrLimit], and stays.
func (w *Work) Spend(n int) error {
	if w.left -= min(n, w.left+1); w.left < 0 {
		return fmt.Errorf("%w: it takes more than %d units of work", ErrLimit, MaxWork)
	}
	return nil
}
