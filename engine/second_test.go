package engine_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/sched"
)

// TestASecondModelChangesNoBit answers the same requests without guesses and with
// those of models that are always right, hardly ever, smaller, of a short context,
// and that fail on a token: alone and all together, which are more than it guesses
// for, always and where it pays.
func TestASecondModelChangesNoBit(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{Type: gguf.Q8_0})
	r := companyRequests(rand.New(rand.NewPCG(23, 1)), 10)
	for i := range r {
		if i%2 == 0 {
			r[i].Settings.Temperature = 0
		}
	}
	plain := open(t, path, engine.Config{Drafts: engine.DraftsOff, PrefixCache: -1})
	want, fails := make([]engine.Run, len(r)), make([]error, len(r))
	for i, x := range r {
		want[i], fails[i] = plain.Generate(context.Background(), x, nil)
	}
	for name, second := range map[string]string{
		"itself":  path,
		"another": enginetest.Tiny(t, enginetest.Options{Seed: 9}),
		"smaller": enginetest.Tiny(t, enginetest.Options{Layers: 1, Width: 32, Heads: 2, KVHeads: 1, FFN: 32}),
		"short":   enginetest.Tiny(t, enginetest.Options{Type: gguf.Q8_0, Context: 64}),
		"failing": enginetest.Tiny(t, enginetest.Options{Type: gguf.Q8_0, FailToken: 77}),
	} {
		for _, drafts := range []string{engine.DraftsAlways, engine.DraftsAuto} {
			t.Run(name+" "+drafts, func(t *testing.T) {
				m := open(t, path, engine.Config{Threads: 2, Drafts: drafts, DraftModel: second})
				for i, x := range r[:4] {
					sameRun(t, m, x, want[i], fails[i])
				}
				var wg sync.WaitGroup
				for i, x := range r {
					wg.Go(func() { sameRun(t, m, x, want[i], fails[i]) })
				}
				wg.Wait()
				x := m.Stats()
				if x.Running+x.Queued != 0 || x.Accepted > x.Drafted || drafts == engine.DraftsAlways && x.Drafted == 0 {
					t.Errorf("got %+v", x)
				}
			})
		}
	}
	// Greedy answers of the same weights are foreseen to the last token.
	m := open(t, path, engine.Config{Drafts: engine.DraftsAlways, DraftModel: path})
	sameRun(t, m, r[0], want[0], fails[0])
	if x := m.Stats(); x.Drafted == 0 || x.Accepted != x.Drafted {
		t.Errorf("a model's own guesses: got %+v", x)
	}
}

func TestASecondModelOfAnotherVocabularyIsRefused(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{})
	_, err := engine.Open(context.Background(), path, engine.Config{DraftModel: enginetest.Real(t)})
	if !errors.Is(err, engine.ErrVocabulary) || !strings.Contains(err.Error(), "it has 49152 tokens, not 297") {
		t.Errorf("got %v", err)
	}
	if _, err := engine.Open(context.Background(), path, engine.Config{DraftModel: path + ".gone"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestASecondModelIsAskedWhereItPays: by what a step of the first takes, with and
// without guesses.
func TestASecondModelIsAskedWhereItPays(t *testing.T) {
	terms := func(sequences int, base, each float64) sched.Terms {
		return sched.Terms{Sequences: sequences, Took: func(n int) float64 { return base + float64(n)*each }}
	}
	for _, c := range []struct {
		what               string
		right, tried, step float64
		likely             []float64
		left, want         int
		terms              sched.Terms
	}{
		{what: "mostly right and quick", right: 9, tried: 10, step: 0.1, left: 100, terms: terms(1, 1, 0.1), want: 7},
		{what: "mostly right and as slow as the first", right: 9, tried: 10, step: 1, left: 100, terms: terms(1, 1, 0.1)},
		{what: "mostly wrong and quick", right: 1, tried: 10, step: 0.1, left: 100, terms: terms(1, 1, 0.1)},
		{what: "rows cost as much as steps", right: 9, tried: 10, step: 0.01, left: 100, terms: terms(1, 1, 1)},
		{what: "the text foresees as much for nothing", right: 9, tried: 10, step: 0.1, likely: []float64{0.9, 0.85, 0.8, 0.75, 0.7}, left: 100, terms: terms(1, 1, 0.1)},
		{what: "the answer ends before the prompt is read", right: 9, tried: 10, step: 0.1, left: 2, terms: terms(1, 1, 0.1)},
		{what: "eight together", right: 9, tried: 10, step: 0.2, left: 100, terms: terms(8, 1.5, 0.1)},
		{what: "nothing was measured", right: 9, tried: 10, step: 0.1, left: 100, terms: terms(1, 0, 0)},
	} {
		if got := engine.SecondsWorth(c.right, c.tried, c.step, c.likely, c.left, c.terms); got != c.want {
			t.Errorf("%s: asked for %d tokens, want %d", c.what, got, c.want)
		}
	}
}

// TestASecondModelIsNotJudgedByItsFirstStep, in which its weights come from the
// disk; and one that was slow for a time is tried again.
func TestASecondModelIsNotJudgedByItsFirstStep(t *testing.T) {
	if step, read := engine.SecondTimes([]int{100}, []float64{50}, 0); step != 0.1 || read != 0.025 {
		t.Errorf("after the first step: %v s a step, %v s a token", step, read)
	}
	if step, read := engine.SecondTimes([]int{100, 100, 1}, []float64{50, 2, 0.0625}, 0); step != 0.0625 || read != 0.02 {
		t.Errorf("after three: %v s a step, %v s a token", step, read)
	}
	if step, _ := engine.SecondTimes([]int{1, 1}, []float64{1, 1}, 4096); step < 0.36 || step > 0.37 { // 1 ÷ e
		t.Errorf("after 4,096 steps without it: %v s a step", step)
	}
}

// TestOthersDoNotWaitForASecondModelToReadAPrompt: what it reads between two steps
// is at most a quarter of what a step may have, also where four prompts are read.
func TestOthersDoNotWaitForASecondModelToReadAPrompt(t *testing.T) {
	for _, c := range []struct{ budget, sequences, want int }{
		{512, 1, 128}, {512, 2, 64}, {512, 4, 32}, {512, 64, 32}, {32, 4, 16},
	} {
		if got := engine.SecondChunk(c.budget, c.sequences); got != c.want {
			t.Errorf("%d of budget, %d sequences: %d tokens a step, want %d", c.budget, c.sequences, got, c.want)
		}
	}
}
