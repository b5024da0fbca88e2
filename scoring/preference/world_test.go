package preference_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/assaynet/assay/scoring/fixed"
	"github.com/assaynet/assay/scoring/preference"
)

const one = fixed.Whole

// rater answers a pair whose better side is truth.
type rater func(r *rand.Rand, p *preference.Pair, truth preference.Choice) preference.Choice

// honest is right so many times in a hundred.
func honest(percent int) rater {
	return func(r *rand.Rand, _ *preference.Pair, truth preference.Choice) preference.Choice {
		if r.IntN(100) < percent {
			return truth
		}
		return -truth
	}
}

func follow(_ *rand.Rand, p *preference.Pair, _ preference.Choice) preference.Choice {
	return preference.Choice(p.Z)
}

// world makes pairs of one epoch, every fifth of them a gold, and asks five of
// the raters each.
func world(seed, epoch uint64, pairs int, raters []rater) []preference.Pair {
	r := rand.New(rand.NewPCG(seed, epoch))
	side := func(truth preference.Choice, percent int) int8 {
		if r.IntN(100) < percent {
			return int8(truth)
		}
		return int8(-truth)
	}
	out := make([]preference.Pair, pairs)
	for i := range out {
		truth := preference.Left
		if r.IntN(2) == 1 {
			truth = preference.Right
		}
		p := preference.Pair{
			ID: fmt.Sprint(i), Setter: fmt.Sprint("s", i/10%4), Epoch: epoch,
			Length: side(truth, 60), Z: side(truth, 70),
		}
		if i%5 == 0 {
			p.Gold, p.Cell = truth, uint8(i/5%2)
			p.Z = int8(truth) * (1 - 2*int8(p.Cell))
		}
		for _, k := range r.Perm(len(raters))[:5] {
			p.Answers = append(p.Answers, preference.Answer{Rater: fmt.Sprint(k), Choice: raters[k](r, &p, truth)})
		}
		out[i] = p
	}
	return out
}

func newBook(t testing.TB, pairs ...preference.Pair) *preference.Book {
	t.Helper()
	b, err := preference.New(preference.Default())
	if err != nil {
		t.Fatal(err)
	}
	for i := range pairs {
		if err := b.Add(&pairs[i]); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func score(t testing.TB, b *preference.Book) map[string]preference.Row {
	t.Helper()
	rows, err := b.Score()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]preference.Row{}
	for _, r := range rows {
		out[r.Rater] = r
	}
	return out
}

// crowd is nine honest raters of three skills, and the others after them.
func crowd(others ...rater) []rater {
	var out []rater
	for i := range 9 {
		out = append(out, honest([]int{85, 75, 65}[i%3]))
	}
	return append(out, others...)
}
