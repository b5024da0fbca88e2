package label

import (
	"cmp"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/assaynet/assay/protocol"
)

// Limits of what is on a desk.
const (
	// MaxText bounds a prompt or a response, in bytes: some 8,000 words, more than
	// a person reads for one choice.
	MaxText = 64 << 10
	// MaxReason bounds a reason, in bytes: a page of text.
	MaxReason = 4 << 10
	// MaxItems bounds a round: the most slots that a network gives a seat.
	MaxItems = 1024
)

// Ref names a pair on the desk.
type Ref struct {
	Round protocol.Round `json:"round"` // in which its rating falls due
	Slot  uint16         `json:"slot"`
}

// Item is a pair that is to be rated.
type Item struct {
	Ref
	Pair   protocol.Hash // its id
	Prompt string
	A, B   string // the responses, in the order in which the rater sees them
	// Deadline is the height at which the round is sealed, Expected when that height
	// is expected.
	Deadline protocol.Height
	Expected time.Time
}

func (i *Item) check() error {
	for _, text := range []string{i.Prompt, i.A, i.B} {
		if len(text) > MaxText || !utf8.ValidString(text) {
			return fmt.Errorf("round %d, slot %d: a text of %d bytes, want at most %d of UTF-8: %w", i.Round, i.Slot, len(text), MaxText, ErrItem)
		}
	}
	return nil
}

// same reports whether o is the same pair in the same place.
func (i *Item) same(o *Item) bool {
	return i.Ref == o.Ref && i.Pair == o.Pair && i.Prompt == o.Prompt && i.A == o.A && i.B == o.B
}

// compare is the order in which pairs are shown: what is due first comes first.
func compare(a, b *Item) int {
	return cmp.Or(cmp.Compare(a.Deadline, b.Deadline), cmp.Compare(a.Round, b.Round), cmp.Compare(a.Slot, b.Slot))
}

// Choice is one of five keys.
type Choice uint8

// The choices.
const (
	MuchA Choice = 1 + iota // A is much better
	LittleA
	Equal
	LittleB
	MuchB
)

// Valid reports whether the choice is one of the five.
func (c Choice) Valid() bool { return c >= MuchA && c <= MuchB }

// Sign returns −1 where A is better, +1 where B is, and 0 where they are equal.
func (c Choice) Sign() int8 { return int8(cmp.Compare(c, Equal)) }

// Rating is what a person said of a pair.
type Rating struct {
	Choice Choice
	Reason string    // may be empty
	Given  time.Time // when, in whole seconds
}

func (r *Rating) check() error {
	switch {
	case !r.Choice.Valid():
		return fmt.Errorf("choice %d, want 1 to 5: %w", r.Choice, ErrRating)
	case len(r.Reason) > MaxReason || !utf8.ValidString(r.Reason):
		return fmt.Errorf("a reason of %d bytes, want at most %d of UTF-8: %w", len(r.Reason), MaxReason, ErrRating)
	}
	return nil
}
