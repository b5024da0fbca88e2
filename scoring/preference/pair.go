package preference

import (
	"cmp"
	"fmt"
	"strings"
)

// The limits of what is scored: each bounds memory before it is taken. A pair
// takes at most 100 bytes and each of its answers 8, whatever they are called.
const (
	// MaxRaters and MaxSetters bound those that one book has met, MaxEpochs those
	// that it scores at a time.
	MaxRaters  = 1 << 16
	MaxSetters = 1 << 16
	MaxEpochs  = 1 << 12
	// MaxPairs bounds the pairs that are scored at a time, all epochs together.
	MaxPairs = 1 << 27
	// MaxAnswers bounds the answers of one pair.
	MaxAnswers = 64
	// MaxMeetings bounds the twos of raters that answered a pair in common: the
	// square of the 4,096 seats of a network.
	MaxMeetings = 1 << 24
	// MaxID bounds the bytes of an id.
	MaxID = 256
)

// Choice is what a rater said of a pair.
type Choice int8

// The choices. Left and Right are the sides as they are stored, not as they
// were shown.
const (
	Left  Choice = -1
	Equal Choice = 0
	Right Choice = 1
	// Absent is a rater who was asked and did not answer: wrong on a gold, and
	// elsewhere nothing.
	Absent Choice = 2
)

// Answer is one rater's answer.
type Answer struct {
	Rater  string
	Choice Choice
}

// Pair is a pair of responses with what was answered. IDs are 1 to [MaxID]
// bytes that mean nothing to the score.
type Pair struct {
	ID, Setter string
	Epoch      uint64
	// Length is the sign of the difference in length, Z what the engine
	// prefers: -1, 0 or 1 each. Together they are the pair's stratum.
	Length, Z int8
	// Gold is the right side of a gold, Left or Right; Equal in a pair that has
	// none, which is an ordinary pair.
	Gold Choice
	// Cell is 0 for a gold on which Z is right, 1 where it is wrong.
	Cell uint8
	// Answers has each rater at most once, at most [MaxAnswers] of them.
	Answers []Answer
}

// Check refuses a pair that breaks a rule: [ErrPair].
func (p *Pair) Check() error {
	switch {
	case !validID(p.ID) || !validID(p.Setter):
		return fmt.Errorf("%w: the ids of pair and setter have 1 to %d bytes", ErrPair, MaxID)
	case p.Length < -1 || p.Length > 1 || p.Z < -1 || p.Z > 1:
		return fmt.Errorf("%w: the stratum [%d, %d] is not of -1, 0 and 1", ErrPair, p.Length, p.Z)
	case p.Gold < Left || p.Gold > Right:
		return fmt.Errorf("%w: gold %d is not -1, 0 or 1", ErrPair, p.Gold)
	case p.Cell > 1:
		return fmt.Errorf("%w: cell %d is not 0 or 1", ErrPair, p.Cell)
	case len(p.Answers) > MaxAnswers:
		return fmt.Errorf("%w: %d answers, more than %d", ErrPair, len(p.Answers), MaxAnswers)
	}
	for i, a := range p.Answers {
		if !validID(a.Rater) {
			return fmt.Errorf("%w: a rater's id has 1 to %d bytes", ErrPair, MaxID)
		}
		if a.Choice < Left || a.Choice > Absent {
			return fmt.Errorf("%w: the answer %d is not -1, 0 or 1", ErrPair, a.Choice)
		}
		for _, b := range p.Answers[:i] {
			if a.Rater == b.Rater {
				return fmt.Errorf("%w: two answers of rater %s", ErrPair, a.Rater)
			}
		}
	}
	return nil
}

func validID(id string) bool { return len(id) >= 1 && len(id) <= MaxID }

// CompareIDs orders ids: the shorter first, and those of one length by their
// bytes, so that numbers ascend.
func CompareIDs(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
