package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// tinyPrompt is a prompt of ordinary tokens for enginetest's vocabulary.
func tinyPrompt(n, seed int) []engine.Token {
	p := make([]engine.Token, n)
	for i := range p {
		p[i] = engine.Token(20 + (i*i*7+i*13+seed*31)%200)
	}
	return p
}

func request(prompt []engine.Token, most int) engine.Request {
	return engine.Request{
		Prompt:   prompt,
		Settings: engine.Settings{Temperature: 1, TopK: 50, TopP: 65536, MaxTokens: most},
		Binding:  engine.Binding{Hotkey: [33]byte{1}, Task: [32]byte{2}},
	}
}

func generate(t *testing.T, m *engine.Model, r engine.Request) engine.Run {
	t.Helper()
	run, err := m.Generate(context.Background(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestThreadsPrefixesAndCompanyChangeNoBit(t *testing.T) {
	for _, o := range []enginetest.Options{
		{Type: gguf.Q8_0},
		{Type: gguf.Q4_0},
		{Type: gguf.Q4_1, Untied: true},
		{Float32: true},
		{Type: gguf.F16},
		{Type: gguf.BF16},
		{Type: gguf.Q4_1, Width: 288, Heads: 9, KVHeads: 3, FFN: 320},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			path := enginetest.Tiny(t, o)
			var want []engine.Run
			for i, cfg := range []engine.Config{{Threads: 1, PrefixCache: -1}, {Threads: 2}, {Threads: 7, Nice: 1}} {
				m := open(t, path, cfg)
				runs := make([]engine.Run, 6)
				var wg sync.WaitGroup
				for k := range runs {
					one := func() {
						// Prompts of 5, 70 and 135 tokens, two of each length
						// that part after their first 50 tokens.
						p := tinyPrompt(5+65*(k/2), 0)
						copy(p[min(50, len(p)):], tinyPrompt(100, k))
						run, err := m.Generate(context.Background(), request(p, 20), nil)
						if err != nil {
							t.Error(err)
						}
						runs[k] = run
					}
					if i == 0 {
						one()
					} else {
						wg.Go(one)
					}
				}
				wg.Wait()
				if i == 0 {
					want = runs
				}
				for k := range runs {
					if !slices.Equal(runs[k].Output, want[k].Output) || runs[k].Fingerprint != want[k].Fingerprint {
						t.Errorf("%d threads, run %d: got %v, want %v", cfg.Threads, k, runs[k].Output, want[k].Output)
					}
					if report, err := m.Verify(context.Background(), runs[k]); err != nil || !report.Equal {
						t.Errorf("%d threads, run %d: %+v, %v", cfg.Threads, k, report, err)
					}
				}
			}
		})
	}
}

func TestPiecesOfAPromptChangeNoBit(t *testing.T) {
	w, err := weights.Load(enginetest.Open(t, enginetest.Tiny(t, enginetest.Options{Type: gguf.Q4_0})))
	if err != nil {
		t.Fatal(err)
	}
	m := arith.New(w)
	tokens := tinyPrompt(150, 3)
	var want [][32]byte
	for _, piece := range []int{32, 1, 2, 7, 31} {
		var w arith.Workspace
		var got [][32]byte
		c := m.NewCache()
		for c.Len() < len(tokens) {
			p := tokens[c.Len():min(c.Len()+piece, len(tokens))]
			states, err := m.Forward(arith.Serial, &w, c, p, len(p))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range states {
				got = append(got, fingerprint.State(s))
			}
		}
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("pieces of %d give other states", piece)
		}
	}
}

func TestVerifySaysWhereAndInWhatARunDiffers(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 2})
	other := open(t, enginetest.Tiny(t, enginetest.Options{Seed: 1}), engine.Config{Threads: 1})
	good := generate(t, m, request(tinyPrompt(9, 1), 12))
	if good.Finish != engine.FinishLength {
		t.Fatalf("the run ended by %q, choose another prompt", good.Finish)
	}
	stop := m.Tokenizer().StopTokens()[0]
	for _, c := range []struct {
		name     string
		change   func(*engine.Run)
		kind     engine.Kind
		position int
		ran      bool
	}{
		{"as it is", func(*engine.Run) {}, "", -1, true},
		{"without leaves", func(r *engine.Run) { r.Leaves = nil }, "", -1, true},
		{"another token", func(r *engine.Run) { r.Output[5] ^= 1 }, engine.KindToken, 5, true},
		{"another task", func(r *engine.Run) { r.Binding.Task[0]++ }, engine.KindState, 0, true},
		{"another task, no leaves", func(r *engine.Run) { r.Binding.Task[0]++; r.Leaves = nil }, engine.KindFingerprint, -1, true},
		{"another leaf", func(r *engine.Run) { r.Leaves[7][0]++; r.Fingerprint = fingerprint.Root(r.Leaves) }, engine.KindState, 7, true},
		{"another root", func(r *engine.Run) { r.Fingerprint[0]++ }, engine.KindLeaves, -1, false},
		{"a leaf too few", func(r *engine.Run) { r.Leaves = r.Leaves[1:] }, engine.KindLeaves, -1, false},
		{"no output", func(r *engine.Run) { r.Output = nil }, engine.KindEmpty, -1, false},
		{"cut short", func(r *engine.Run) { r.Output = r.Output[:4] }, engine.KindEarly, 4, false},
		{"above the maximum", func(r *engine.Run) { r.Output = append(r.Output, 30) }, engine.KindLate, 12, false},
		{"past a stop token", func(r *engine.Run) { r.Output[3] = stop }, engine.KindLate, 4, false},
		{"a token that is none", func(r *engine.Run) { r.Output[2] = 1 << 20 }, engine.KindRange, 2, false},
		{"a negative token", func(r *engine.Run) { r.Output[2] = -1 }, engine.KindRange, 2, false},
		{"another model", func(r *engine.Run) { *r = generate(t, other, request(r.Prompt, 12)) }, "any", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := good
			run.Output, run.Leaves = slices.Clone(good.Output), slices.Clone(good.Leaves)
			c.change(&run)
			r, err := m.Verify(context.Background(), run)
			if err != nil {
				t.Fatal(err)
			}
			if c.kind == "any" {
				if r.Equal || r.Position < 0 {
					t.Errorf("got %+v", r)
				}
				return
			}
			if r.Kind != c.kind || r.Position != c.position || r.Equal != (c.kind == "") || r.Ran() != c.ran {
				t.Errorf("got %q at %d, equal %v, ran %v", r.Kind, r.Position, r.Equal, r.Ran())
			}
		})
	}
}

func TestAReportGivesTheRootOfAnyJudge(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{})
	r := request(tinyPrompt(9, 1), 12)
	run := generate(t, m, r)
	report, err := m.Verify(context.Background(), run)
	if err != nil {
		t.Fatal(err)
	}
	if report.Root(run.Binding) != run.Fingerprint {
		t.Error("the miner's own binding does not give its fingerprint")
	}
	r.Binding.Hotkey[5] = 9
	if judge := generate(t, m, r); report.Root(r.Binding) != judge.Fingerprint {
		t.Error("a judge's binding does not give the fingerprint of its own run")
	}
	// Past a lie the root covers the judge's own choices with the answer's
	// tokens as context.
	lie := run
	lie.Output = slices.Clone(run.Output)
	lie.Output[4] ^= 1
	report, err = m.Verify(context.Background(), lie)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Choices) != len(lie.Output) || !slices.Equal(report.Choices[:5], run.Output[:5]) {
		t.Errorf("choices %v of output %v", report.Choices, lie.Output)
	}
	if report.Root(run.Binding) == run.Fingerprint {
		t.Error("a lie has the root of the truth")
	}
}

func TestAFailingRunFailsAtTheSamePositionForAll(t *testing.T) {
	const bad = 77
	path := enginetest.Tiny(t, enginetest.Options{FailToken: bad})
	prompt := tinyPrompt(100, 2)
	for i, id := range prompt {
		if id == bad {
			prompt[i]++
		}
	}
	prompt[66], prompt[80] = bad, bad
	for _, cfg := range []engine.Config{{Threads: 1, PrefixCache: -1}, {Threads: 3}} {
		m := open(t, path, cfg)
		for range 2 {
			run, err := m.Generate(context.Background(), request(prompt, 5), nil)
			var failed *engine.FailedError
			if !errors.As(err, &failed) || failed.Position != 66 || !errors.Is(err, engine.ErrNotFinite) {
				t.Errorf("got %v, want a failure at 66", err)
			}
			if len(run.Output) != 0 {
				t.Errorf("got output %v", run.Output)
			}
		}
		answer := engine.Run{Prompt: prompt[:60], Output: prompt[60:70], Settings: engine.Settings{MaxTokens: 10}}
		r, err := m.Verify(context.Background(), answer)
		if err != nil || r.Kind != engine.KindFailed || r.FailedAt != 66 || r.Position != 7 || !r.Ran() {
			t.Errorf("got %+v, %v", r, err)
		}
		if got, want := r.Root(engine.Binding{}), fingerprint.Failed(engine.Binding{}, 66); got != want {
			t.Errorf("got root %x, want %x", got, want)
		}
		// The token that fails is chosen last: no pass follows it, so the run
		// does not fail.
		answer.Output = prompt[60:67]
		answer.Settings.MaxTokens = 7
		if r, err := m.Verify(context.Background(), answer); err != nil || r.FailedAt != -1 {
			t.Errorf("got %+v, %v", r, err)
		}
	}
}
