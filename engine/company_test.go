package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
)

// backends are configurations that between them use all that computes here.
func backends() []engine.Config {
	all := []engine.Config{{Backend: engine.BackendReference}}
	for _, l := range native.Levels() {
		all = append(all, engine.Config{Backend: engine.BackendNative, ISA: l.String()})
	}
	return all
}

// companyRequests draws requests that share beginnings of many lengths.
func companyRequests(r *rand.Rand, n int) []engine.Request {
	list := make([]engine.Request, n)
	for i := range list {
		prompt := append(tinyPrompt(150, r.IntN(3))[:r.IntN(151)], tinyPrompt(1+r.IntN(60), 10+r.IntN(4))...)
		x := request(prompt, 1+r.IntN(40))
		if r.IntN(2) == 0 {
			x.Settings.Temperature = 0
		}
		x.Settings.Seed[0], x.Binding.Task[0] = byte(r.IntN(3)), byte(i)
		list[i] = x
	}
	return list
}

func TestRandomCompanyGivesTheBitsOfRunningAlone(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{Type: gguf.Q4_1})
	r := rand.New(rand.NewPCG(64, 4))
	requests := companyRequests(r, 64)
	alone := open(t, path, engine.Config{Threads: 1, PrefixCache: -1, Backend: engine.BackendReference})
	want := make([]engine.Run, len(requests))
	for i, x := range requests {
		want[i] = generate(t, alone, x)
	}
	for k, cfg := range backends() {
		t.Run(cfg.Backend+" "+cfg.ISA, func(t *testing.T) {
			cfg.Threads, cfg.MaxBatch, cfg.PrefixCache = 1+k%3, 3+r.IntN(20), int64(r.IntN(2))<<20-1
			m := open(t, path, cfg)
			var wg sync.WaitGroup
			for _, i := range r.Perm(len(requests)) {
				give := r.IntN(2 * len(want[i].Output)) // half of them give up
				ctx, cancel := context.WithCancel(engine.WithCaller(context.Background(), fmt.Sprint(i%5)))
				wg.Go(func() {
					defer cancel()
					n := 0
					run, err := m.Generate(ctx, requests[i], func(engine.Token) {
						if n++; n == give {
							cancel()
						}
					})
					switch {
					case err != nil && (!errors.Is(err, context.Canceled) || len(run.Output) != give):
						t.Errorf("request %d: %v after %d tokens", i, err, len(run.Output))
					case err == nil && run.Fingerprint != want[i].Fingerprint,
						!slices.Equal(run.Output, want[i].Output[:len(run.Output)]), !slices.Equal(run.Leaves, want[i].Leaves[:len(run.Leaves)]):
						t.Errorf("request %d: got %v, want %v", i, run.Output, want[i].Output)
					}
				})
			}
			wg.Wait()
			reports, err := m.VerifyMany(context.Background(), want)
			if err != nil {
				t.Fatal(err)
			}
			for i, report := range reports {
				if !report.Equal {
					t.Errorf("run %d: %q at %d", i, report.Kind, report.Position)
				}
			}
			if x := m.Stats(); x.Running+x.Queued != 0 || x.KVBytes != x.KVKept || x.Shared == 0 || x.Continued == 0 {
				t.Errorf("got %+v", x)
			}
		})
	}
}

func TestVerifyManyFindsEachLie(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{FailToken: 77})
	for _, cfg := range backends() {
		m := open(t, path, cfg)
		good := generate(t, m, request(tinyPrompt(70, 1), 12))
		runs := make([]engine.Run, 9)
		for i := range runs {
			runs[i] = good
			runs[i].Output, runs[i].Leaves = slices.Clone(good.Output), nil
		}
		for i := range 6 {
			runs[i].Output[2*i] ^= 1
		}
		runs[6].Output = nil
		runs[7].Output[3] = 77
		reports, err := m.VerifyMany(context.Background(), runs)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range reports[:6] {
			if r.Kind != engine.KindToken || r.Position != 2*i || len(r.Choices) != 12 {
				t.Errorf("%s: run %d: got %q at %d", cfg.ISA, i, r.Kind, r.Position)
			}
		}
		if r := reports[6]; r.Kind != engine.KindEmpty || r.Ran() {
			t.Errorf("%s: got %+v", cfg.ISA, r)
		}
		if r := reports[7]; r.Kind != engine.KindFailed || r.FailedAt != 73 || len(r.Choices) != 4 {
			t.Errorf("%s: got %+v", cfg.ISA, r)
		}
		if !reports[8].Equal {
			t.Errorf("%s: got %+v", cfg.ISA, reports[8])
		}
		runs[4].Prompt = nil
		if reports, err := m.VerifyMany(context.Background(), runs); !errors.Is(err, engine.ErrRequest) || reports != nil {
			t.Errorf("a run without a prompt: %v", err)
		}
	}
}

func TestScoresAndStatesAreThoseOfRunningAlone(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{FailToken: 250})
	var want []engine.Score
	var wantStates [][][]float32
	for _, cfg := range backends() {
		m := open(t, path, cfg)
		prompt := tinyPrompt(100, 1)
		requests := []engine.ScoreRequest{
			{Prompt: prompt, Continuation: tinyPrompt(5, 2)},
			{Prompt: prompt, Continuation: tinyPrompt(80, 3)},
			{Prompt: prompt[:30], Continuation: prompt[30:]},
			{Prompt: prompt},
			{Prompt: prompt[:9], Continuation: []engine.Token{30, 250, 31, 32}},
		}
		scores, err := m.Score(context.Background(), requests)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range scores[:4] {
			if n := len(requests[i].Continuation); len(x.LogProbs) != n || len(x.Top1) != n || x.Failed != nil || x.Sum() > 0 {
				t.Errorf("%s: request %d: %+v", cfg.ISA, i, x)
			}
		}
		if x := scores[4]; x.Failed == nil || x.Failed.Position != 10 || len(x.LogProbs) != 2 {
			t.Errorf("%s: a run that fails: %+v", cfg.ISA, x)
		}
		exact, err := m.ExactScore(context.Background(), requests)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range exact {
			if len(x.LogProbs) != len(scores[i].LogProbs) || (x.Failed == nil) != (scores[i].Failed == nil) {
				t.Errorf("%s: request %d: exact %+v, and not %+v", cfg.ISA, i, x, scores[i])
				continue
			}
			for k, l := range x.LogProbs {
				if near := scores[i].LogProbs[k] / math.Ln2 * arith.LogProbOne; math.Abs(float64(l)-near) > 2 {
					t.Errorf("%s: request %d, token %d: exact %d, near %v", cfg.ISA, i, k, l, near)
				}
			}
		}
		sequences := [][]engine.Token{prompt, prompt[:1], tinyPrompt(40, 4)}
		states, err := m.Embed(context.Background(), sequences)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range sequences {
			if len(states[i]) != len(s) || len(states[i][0]) != m.Info().Width {
				t.Errorf("%s: %d states for %d tokens", cfg.ISA, len(states[i]), len(s))
			}
		}
		if want == nil {
			want, wantStates = scores, states
		}
		for i := range scores {
			if !slices.Equal(scores[i].LogProbs, want[i].LogProbs) || !slices.Equal(scores[i].Top1, want[i].Top1) {
				t.Errorf("%s: request %d: got %v, want %v", cfg.ISA, i, scores[i], want[i])
			}
		}
		for i := range states {
			if !slices.EqualFunc(states[i], wantStates[i], slices.Equal) {
				t.Errorf("%s: other states of sequence %d", cfg.ISA, i)
			}
		}
		if _, err := m.Embed(context.Background(), [][]engine.Token{prompt, {20, 250}}); !errors.Is(err, engine.ErrNotFinite) {
			t.Errorf("%s: states of a run that fails: %v", cfg.ISA, err)
		}
		if _, err := m.Score(context.Background(), []engine.ScoreRequest{{Continuation: prompt}}); !errors.Is(err, engine.ErrRequest) {
			t.Errorf("%s: no prompt: %v", cfg.ISA, err)
		}
	}
}

func TestAFailureNamesItsLayer(t *testing.T) {
	huge := func(norm string) string {
		w, err := enginetest.Build(enginetest.Options{Type: gguf.Q4_0})
		if err != nil {
			t.Fatal(err)
		}
		replace(w, vector(norm, 64, 3e38))
		path := filepath.Join(t.TempDir(), "m.gguf")
		if err := w.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		norm  string
		layer int
		text  string
	}{
		{"blk.0.attn_norm.weight", 1, "blk.0"},
		{"blk.1.attn_norm.weight", 2, "blk.1"},
		{"output_norm.weight", 0, "the final state or a logit"},
	} {
		path := huge(c.norm)
		for _, cfg := range backends() {
			m := open(t, path, cfg)
			run, err := m.Generate(context.Background(), request(tinyPrompt(5, 1), 5), nil)
			var failed *engine.FailedError
			if !errors.As(err, &failed) || failed.Layer != c.layer || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s, %s: got %v after %v", c.norm, cfg.ISA, err, run.Output)
			}
		}
	}
}

func TestCallsBeyondTheMemoryAreRefused(t *testing.T) {
	for _, cfg := range backends() {
		cfg.KVBytes = 1 << 16
		m := open(t, enginetest.Tiny(t, enginetest.Options{}), cfg)
		limit := m.Stats().KVLimit
		if limit == 0 || limit > cfg.KVBytes {
			t.Fatalf("%d bytes of %d", limit, cfg.KVBytes)
		}
		if _, err := m.Generate(context.Background(), request(tinyPrompt(500, 1), 10), nil); !errors.Is(err, engine.ErrMemory) {
			t.Errorf("%s: got %v", cfg.ISA, err)
		}
		runs := []engine.Run{generate(t, m, request(tinyPrompt(40, 1), 10)), {Prompt: tinyPrompt(500, 1), Output: []engine.Token{2}, Settings: engine.Settings{MaxTokens: 2}}}
		if _, err := m.VerifyMany(context.Background(), runs); !errors.Is(err, engine.ErrMemory) {
			t.Errorf("%s: got %v", cfg.ISA, err)
		}
		if x := m.Stats(); x.Running != 0 || x.Queued != 0 {
			t.Errorf("%s: got %+v", cfg.ISA, x)
		}
	}
}

// TestExactPerplexityIsOneNumberEverywhere: the sum over a text in windows, as
// recorded, on every backend; it is that of the places, and near the logarithm of
// binary64.
func TestExactPerplexityIsOneNumberEverywhere(t *testing.T) {
	const want = -69337977
	path := enginetest.Tiny(t, enginetest.Options{})
	for _, cfg := range backends() {
		m := open(t, path, cfg)
		text := tinyPrompt(100, 7)
		got, err := m.ExactPerplexity(t.Context(), text, 16, 1)
		if err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		for _, l := range got.LogProbs {
			sum += l
		}
		if got.LogProb != want || sum != want || got.Tokens != 100 || got.Scored != 100 || len(got.LogProbs) != 100 {
			t.Errorf("%s: got %d of %d tokens, the sum is %d, want %d", cfg.ISA, got.LogProb, got.Scored, sum, want)
		}
		near, err := m.Perplexity(t.Context(), text, 16, 1)
		if err != nil {
			t.Fatal(err)
		}
		if bits := near.NLL / math.Ln2 * arith.LogProbOne * 100; math.Abs(bits+float64(got.LogProb)) > 200 {
			t.Errorf("%s: exact %d, near %v", cfg.ISA, got.LogProb, -bits)
		}
		if _, err := m.ExactPerplexity(t.Context(), text, 1, -1); !errors.Is(err, engine.ErrRequest) {
			t.Errorf("a window of one token: got %v", err)
		}
	}
}
