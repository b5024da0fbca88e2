package pair_test

import (
	"context"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/preference/pair"
)

// What a cheap signal may tell of golds: how far from half it may be right about
// them, and how well it may tell them from ordinary pairs (the area under the
// curve). The first are what is demanded. By how they are arranged, signals are
// right on half of 40 golds, too, but for one or two; but an area over 40 golds and
// 40 ordinary pairs is off by a standard deviation of √(81 ÷ (12·40·40)) = 0.065,
// and as much is allowed there.
var (
	all = bounds{right: 0.05, told: 0.65}
	few = bounds{right: 0.05, told: 0.715}
)

type bounds struct{ right, told float64 }

// signals are what a rater could follow without thinking, in the order of an
// observation's values.
var signals = []string{"first", "longer", "mean likelihood", "least likely token", "rubric", "other values"}

// observation is what the signals say of a pair: how much they prefer A, and
// how much of it both responses have together.
type observation struct {
	gold        int8
	prefer, all [6]float64
}

// TestNoCheapSignalTellsGoldsOrTheirRightSide makes pairs with the real model
// and follows each signal. ASSAY_SIGNALS=N, `make signals SEED=N`, takes eight
// times as many, of the seeds from N on.
func TestNoCheapSignalTellsGoldsOrTheirRightSide(t *testing.T) {
	m, err := engine.Open(t.Context(), enginetest.Real(t), engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	first, seeds, may := 0, 1, few
	if n := os.Getenv("ASSAY_SIGNALS"); n != "" {
		if first, err = strconv.Atoi(n); err != nil || first < 0 {
			t.Fatalf("ASSAY_SIGNALS is %q, not the number of a seed", n)
		}
		seeds, may = 8, all
	}
	var golds, ordinary []observation
	for seed := first; seed < first+seeds; seed++ {
		g, o := observe(t, bridge.Model{Model: m}, protocol.Hash{byte(seed), byte(seed >> 8)})
		golds, ordinary = append(golds, g...), append(ordinary, o...)
	}
	for k, name := range signals {
		right := 0.0
		for _, x := range golds {
			right += (1 - sign(x.prefer[k])*float64(x.gold)) / 2
		}
		right /= float64(len(golds))
		differ := told(golds, ordinary, func(x observation) float64 { return math.Abs(x.prefer[k]) })
		both := told(golds, ordinary, func(x observation) float64 { return x.all[k] })
		t.Logf("%-18s right on %.3f of %d golds; tells them from %d ordinary pairs at %.3f by difference, %.3f by level", name, right, len(golds), len(ordinary), differ, both)
		if math.Abs(right-0.5) > may.right {
			t.Errorf("%s is right on %.3f of the golds", name, right)
		}
		if max(differ, 1-differ, both, 1-both) > may.told {
			t.Errorf("%s tells golds at %.3f, %.3f", name, differ, both)
		}
	}
}

// unhurried is a rater that is asked about golds alone. Ordinary pairs, of which
// there are five times as many, come last; that it prefers a side of each tells
// nothing of whether they are golds.
type unhurried struct {
	bridge.Rater
	asked *bool
}

func (u unhurried) Choose(ctx context.Context, pairs []pair.Pair) ([]int8, error) {
	if *u.asked {
		return make([]int8, len(pairs)), nil
	}
	*u.asked = true
	return u.Rater.Choose(ctx, pairs)
}

// observe makes pairs of a seed and looks at the golds, and at as many others.
func observe(t *testing.T, m bridge.Model, seed protocol.Hash) (golds, ordinary []observation) {
	t.Helper()
	pairs, origins, err := pair.Make(t.Context(), seed, 240, unhurried{bridge.Rater{Model: m}, new(bool)})
	if err != nil {
		t.Fatal(err)
	}
	var looked, others []pair.Pair
	var right, z []int8
	for i, p := range pairs {
		if gold := origins[i].Gold; gold != pair.Neither {
			looked, right, z = append(looked, p), append(right, gold), append(z, origins[i].Z)
		} else {
			others = append(others, p)
		}
	}
	if share := float64(len(looked)) / float64(len(pairs)); share < 0.15 || share > 0.20 {
		t.Errorf("%.3f of the pairs are golds", share)
	}
	looked = append(looked, others[:len(right)]...)
	likely := likelihoods(t, m, looked)
	seen := make([]observation, len(looked))
	for i, p := range looked {
		x := &seen[i]
		a, b := likely[2*i], likely[2*i+1]
		for k, two := range [][2]float64{{1, 0}, {float64(len(p.A)), float64(len(p.B))}, {a.mean, b.mean}, {a.least, b.least}, {0, float64(z[i%len(z)])}, {0, 0}} {
			x.prefer[k], x.all[k] = two[0]-two[1], two[0]+two[1]
		}
		x.all[4] = 0 // a choice has no level
		if values(p.A) != values(p.B) {
			x.all[5] = 1
		}
	}
	for i, gold := range right {
		seen[i].gold = gold
	}
	return seen[:len(right)], seen[len(right):]
}

// likelihood is how likely a model thinks a response, by natural logarithms.
type likelihood struct{ mean, least float64 }

// likelihoods returns those of both responses of each pair, as answers to the
// prompt.
func likelihoods(t *testing.T, m bridge.Model, pairs []pair.Pair) []likelihood {
	t.Helper()
	var requests []engine.ScoreRequest
	for _, p := range pairs {
		prompt, err := m.Chat([]inference.Message{{Role: "user", Content: p.Prompt}})
		if err != nil {
			t.Fatal(err)
		}
		for _, response := range []string{p.A, p.B} {
			ids, err := m.Tokenizer().Encode(response, tokenizer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			requests = append(requests, engine.ScoreRequest{Prompt: prompt, Continuation: ids})
		}
	}
	scores, err := m.Score(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]likelihood, len(scores))
	for i, s := range scores {
		out[i] = likelihood{s.Sum() / float64(len(s.LogProbs)), slices.Min(s.LogProbs)}
	}
	return out
}

// values returns what a response states of what its prompt names, as far as a
// glance tells: the names, else the places, else the goods.
func values(response string) string {
	words := strings.FieldsFunc(response, func(r rune) bool { return strings.ContainsRune(" .,!?", r) })
	for _, list := range [][]string{pair.Names(), pair.Cities(), pair.Goods()} {
		if i := slices.IndexFunc(words, func(w string) bool { return slices.Contains(list, w) }); i >= 0 {
			return words[i]
		}
	}
	return ""
}

// sign is −1, 0 or 1.
func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// told is the chance that of a gold and an ordinary pair the gold has more of
// something, equals counted half.
func told(golds, ordinary []observation, of func(observation) float64) float64 {
	sum := 0.0
	for _, g := range golds {
		for _, o := range ordinary {
			sum += (1 + sign(of(g)-of(o))) / 2
		}
	}
	return sum / float64(len(golds)*len(ordinary))
}
