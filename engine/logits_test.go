package engine_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
)

// TestLogitsAreThoseOfAGreedyRun of one token: alone, among others, by every
// backend; what a fingerprint is made of is that run's as well.
func TestLogitsAreThoseOfAGreedyRun(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{FailToken: 250})
	var want []engine.Logits
	for _, cfg := range backends() {
		m := open(t, path, cfg)
		all := make([]engine.Token, m.Tokenizer().VocabSize())
		for i := range all {
			all[i] = engine.Token(i)
		}
		requests := []engine.LogitsRequest{
			{Prompt: tinyPrompt(100, 1), Of: all},
			{Prompt: tinyPrompt(100, 1)[:99], Of: []engine.Token{7, 3, 7}},
			{Prompt: []engine.Token{30, 250}, Of: []engine.Token{1}},
			{Prompt: tinyPrompt(5, 2)},
		}
		got, err := m.Logits(t.Context(), requests)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		for i, r := range requests {
			alone, err := m.Logits(t.Context(), requests[i:i+1])
			if err != nil {
				t.Fatal(err)
			}
			if !sameLogits(got[i], want[i]) || !sameLogits(alone[0], want[i]) {
				t.Errorf("%s: request %d: got %+v, alone %+v, want %+v", cfg.ISA, i, got[i], alone[0], want[i])
			}
			if i == 2 {
				if f := got[i].Failed; f == nil || f.Position != 1 || got[i].Values != nil {
					t.Errorf("%s: a run that fails: %+v", cfg.ISA, got[i])
				}
				continue
			}
			run := request(r.Prompt, 1)
			run.Settings.Temperature = 0
			one := generate(t, m, run)
			if one.Output[0] != got[i].Likeliest || one.Leaves[0] != got[i].Leaf(run.Binding, len(r.Prompt)-1) {
				t.Errorf("%s: request %d is another run than a greedy one", cfg.ISA, i)
			}
		}
		values := got[0].Values
		if best := slices.Max(values); values[got[0].Likeliest] != best {
			t.Errorf("%s: the likeliest token has %v, another %v", cfg.ISA, values[got[0].Likeliest], best)
		}
	}
	if math.Float32bits(want[1].Values[0]) != math.Float32bits(want[1].Values[2]) {
		t.Error("a token has two logits")
	}
}

func sameLogits(a, b engine.Logits) bool {
	same := func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }
	return slices.EqualFunc(a.Values, b.Values, same) && a.Likeliest == b.Likeliest && a.State == b.State && (a.Failed == nil) == (b.Failed == nil)
}

func TestLogitsOfWhatIsNotThereAreRefused(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{})
	for what, c := range map[string]struct {
		r    engine.LogitsRequest
		want error
	}{
		"no prompt":                {engine.LogitsRequest{Of: []engine.Token{1}}, engine.ErrRequest},
		"a token too far":          {engine.LogitsRequest{Prompt: []engine.Token{1}, Of: []engine.Token{1 << 20}}, engine.ErrToken},
		"a token below zero":       {engine.LogitsRequest{Prompt: []engine.Token{1}, Of: []engine.Token{-1}}, engine.ErrToken},
		"a prompt of other tokens": {engine.LogitsRequest{Prompt: []engine.Token{1 << 20}}, engine.ErrToken},
		"a prompt too long":        {engine.LogitsRequest{Prompt: tinyPrompt(513, 1)}, engine.ErrContext},
	} {
		if out, err := m.Logits(t.Context(), []engine.LogitsRequest{{Prompt: []engine.Token{20}}, c.r}); !errors.Is(err, c.want) || out != nil {
			t.Errorf("%s: got %v, %v", what, out, err)
		}
	}
}
