package engine_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
)

// TestAShapedRunIsVerified with each kind of shaping, greedy and drawn; and a
// run that says other settings than it was made with is found out.
func TestAShapedRunIsVerified(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{})
	plain := generate(t, m, request(tinyPrompt(20, 1), 24))
	first := plain.Output[0]
	for name, change := range map[string]func(*engine.Settings){
		"repetition":     func(s *engine.Settings) { s.Repetition = 1.5 },
		"frequency":      func(s *engine.Settings) { s.Frequency = 2 },
		"presence":       func(s *engine.Settings) { s.Presence = 2 },
		"bias":           func(s *engine.Settings) { s.Biases = []engine.Bias{{Token: first, Add: -100}} },
		"greedy and all": func(s *engine.Settings) { s.Temperature, s.Repetition, s.Frequency, s.Presence = 0, 4, 2, 2 },
		"min-p":          func(s *engine.Settings) { s.MinP = 65536 },
	} {
		r := request(tinyPrompt(20, 1), 24)
		change(&r.Settings)
		run := generate(t, m, r)
		report, err := m.Verify(context.Background(), run)
		if err != nil || !report.Equal {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
		if name == "bias" && slices.Contains(run.Output, first) {
			t.Errorf("%s: the banned token %d is in %v", name, first, run.Output)
		}
		if slices.Equal(run.Output, plain.Output) {
			t.Errorf("%s changes nothing", name)
			continue
		}
		run.Settings = request(tinyPrompt(20, 1), 24).Settings
		if report, err := m.Verify(context.Background(), run); err != nil || report.Equal || report.Kind != engine.KindToken && report.Kind != engine.KindEarly {
			t.Errorf("%s, said to be made without: %+v, %v", name, report, err)
		}
	}
}

func TestShapingOutOfRangeIsRefused(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{})
	for name, change := range map[string]func(*engine.Request){
		"repetition below":   func(r *engine.Request) { r.Settings.Repetition = 0.06 },
		"repetition above":   func(r *engine.Request) { r.Settings.Repetition = 16.5 },
		"frequency NaN":      func(r *engine.Request) { r.Settings.Frequency = float32(math.NaN()) },
		"presence above":     func(r *engine.Request) { r.Settings.Presence = 2.5 },
		"bias above":         func(r *engine.Request) { r.Settings.Biases = []engine.Bias{{Token: 1, Add: 101}} },
		"bias of no token":   func(r *engine.Request) { r.Settings.Biases = []engine.Bias{{Token: 1 << 20, Add: 1}} },
		"bias twice":         func(r *engine.Request) { r.Settings.Biases = []engine.Bias{{Token: 1}, {Token: 1}} },
		"biases":             func(r *engine.Request) { r.Settings.Biases = make([]engine.Bias, 1025) },
		"min-p above":        func(r *engine.Request) { r.Settings.MinP = 65537 },
		"too many likeliest": func(r *engine.Request) { r.LogProbs, r.TopLogProbs = true, 21 },
	} {
		r := request(tinyPrompt(4, 1), 2)
		change(&r)
		if _, err := m.Generate(context.Background(), r, nil); !errors.Is(err, engine.ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLogProbsEqualScores of the same tokens, bit for bit, and change no run.
func TestLogProbsEqualScores(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{})
	r := request(tinyPrompt(20, 1), 16)
	r.Settings.Frequency = 1
	plain := generate(t, m, r)
	r.LogProbs, r.TopLogProbs = true, 5
	run := generate(t, m, r)
	if run.Fingerprint != plain.Fingerprint || !slices.Equal(run.Output, plain.Output) || plain.LogProbs != nil {
		t.Fatalf("with log-probabilities %v, without %v", run.Output, plain.Output)
	}
	scores, err := m.Score(context.Background(), []engine.ScoreRequest{{Prompt: run.Prompt, Continuation: run.Output, TopLogProbs: 5}})
	if err != nil {
		t.Fatal(err)
	}
	if len(run.LogProbs) != len(run.Output) {
		t.Fatalf("%d log-probabilities of %d tokens", len(run.LogProbs), len(run.Output))
	}
	for i, x := range run.LogProbs {
		s := scores[0]
		if x.Token != run.Output[i] || x.LogProb.LogProb != s.LogProbs[i] || !reflect.DeepEqual(x.Top, s.Top[i]) || x.Top[0].Token != s.Top1[i] || len(x.Top) != 5 {
			t.Errorf("token %d: got %+v, the score is %v of %v", i, x, s.LogProbs[i], s.Top[i])
		}
		for _, top := range x.Top {
			if top.Token == x.Token && top.LogProb != x.LogProb.LogProb {
				t.Errorf("token %d: %v and %v of one token", i, top, x.LogProb)
			}
		}
	}
}
