package export

import (
	"context"
	"fmt"
	"math"

	"github.com/assaynet/assay/cmd/internal/dawidskene"
	"github.com/assaynet/assay/protocol"
)

// Pair is a pair of responses with its ratings, as the network has it.
type Pair struct {
	Prompt string
	Sides  [2]string // A and B
	Lane   string
	Origin Origin // Gold is −1 for A, 1 for B
	// Ratings are −1 for A, 0 for equal and 1 for B, in the order of the ledger.
	Ratings []Vote
}

// Pairs gives the pairs of an epoch, always the same ones in the same order.
type Pairs func(ctx context.Context, e protocol.Epoch, yield func(*Pair) error) error

// maxRatings bounds the ratings of an epoch that are labelled together: 24 bytes
// each in memory, and as much again for a pair.
const maxRatings = 1 << 26

// Preferences makes a row of every pair that raters prefer a side of; pairs that
// they find equal, or nobody rated, are left out. How sure a label is follows from
// all ratings of the epoch, so that its pairs are asked for twice.
func Preferences(pairs Pairs) Source[Preference] {
	return func(ctx context.Context, e protocol.Epoch, yield func(*Preference) error) (int64, error) {
		l := labels{raters: map[string]int{}}
		if err := pairs(ctx, e, l.add); err != nil {
			return 0, err
		}
		if err := l.fit(); err != nil {
			return 0, err
		}
		var dropped int64
		at := 0
		err := pairs(ctx, e, func(p *Pair) error {
			if at == l.items {
				return fmt.Errorf("pair %s came the second time alone: %w", p.Origin.Pair, ErrRow)
			}
			row := l.row(at, p)
			at++
			if row == nil {
				dropped++
				return nil
			}
			return yield(row)
		})
		return dropped, err
	}
}

// The labels of the model: A is better, neither, B.
const sides = 3

// labels finds out how sure the labels of an epoch's pairs are.
type labels struct {
	items     int
	raters    map[string]int
	answers   []dawidskene.Answer
	posterior [][]float64
}

func (l *labels) add(p *Pair) error {
	for _, v := range p.Ratings {
		if v.Choice < -1 || v.Choice > 1 || len(l.answers) == maxRatings {
			return fmt.Errorf("pair %s: a rating of %d, or more than %d of them: %w", p.Origin.Pair, v.Choice, maxRatings, ErrRow)
		}
		at, ok := l.raters[v.Rater]
		if !ok {
			at = len(l.raters)
			l.raters[v.Rater] = at
		}
		l.answers = append(l.answers, dawidskene.Answer{Item: l.items, Rater: at, Label: int(v.Choice) + 1})
	}
	l.items++
	return nil
}

func (l *labels) fit() error {
	if len(l.answers) == 0 {
		return nil
	}
	fit, err := dawidskene.Fit(l.answers, dawidskene.Size{Items: l.items, Raters: len(l.raters), Labels: sides}, dawidskene.Settings{})
	if err != nil {
		return err
	}
	l.posterior = fit.Posterior
	return nil
}

// row returns the row of the pair that was added as the at-th; nil where no side
// is the likeliest label.
func (l *labels) row(at int, p *Pair) *Preference {
	if len(p.Ratings) == 0 {
		return nil
	}
	a, equal, b := rounded(l.posterior[at][0]), rounded(l.posterior[at][1]), rounded(l.posterior[at][2])
	if a == b || max(a, b) <= equal {
		return nil
	}
	row := &Preference{
		Prompt: valid(p.Prompt), Chosen: valid(p.Sides[0]), Rejected: valid(p.Sides[1]), Confidence: a,
		Lane: p.Lane, Raters: make([]Vote, len(p.Ratings)), Provenance: p.Origin,
	}
	sign := int32(-1)
	if b > a {
		row.Chosen, row.Rejected, row.Confidence, sign = row.Rejected, row.Chosen, b, 1
	}
	row.Provenance.Gold *= sign
	var agree int
	for i, v := range p.Ratings {
		row.Raters[i] = Vote{Rater: v.Rater, Choice: v.Choice * sign}
		if row.Raters[i].Choice == 1 {
			agree++
		}
	}
	row.Agreement = rounded(float64(agree) / float64(len(p.Ratings)))
	return row
}

// rounded has four digits behind the point, which are the same on every machine.
func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }
