package bridge_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/task/preference/pair"
)

// openReader opens a tiny model with room for pairs.
func openReader(t *testing.T, cfg engine.Config) bridge.Model {
	t.Helper()
	m, err := engine.Open(t.Context(), enginetest.Tiny(t, enginetest.Options{Context: 1024}), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return bridge.Model{Model: m}
}

func TestAPairIsAskedAboutInBothOrders(t *testing.T) {
	m := openReader(t, engine.Config{Threads: 1})
	p := pair.Pair{Prompt: "Who?", A: "It is Ada.", B: "It is Bob."}
	two, err := bridge.Judgement(m, p)
	if err != nil {
		t.Fatal(err)
	}
	a, b := enginetest.ByteToken+'A', enginetest.ByteToken+'B'
	if !slices.Equal(two[0].Of, []int32{a, b}) || !slices.Equal(two[1].Of, []int32{b, a}) {
		t.Errorf("asks of tokens %v and %v", two[0].Of, two[1].Of)
	}
	for i, messages := range judgement.Conversations(p) {
		prompt, err := m.Chat(messages)
		if err != nil || !slices.Equal(prompt, two[i].Prompt) {
			t.Errorf("order %d is another prompt, %v", i, err)
		}
	}
	if id, err := m.Letter("AB"); err == nil {
		t.Errorf("two letters are token %d", id)
	}
}

// TestARunThatFailsIsNoAnswer, and for a rater no preference.
func TestARunThatFailsIsNoAnswer(t *testing.T) {
	engineModel, err := engine.Open(t.Context(), enginetest.Tiny(t, enginetest.Options{Context: 1024, FailToken: enginetest.ByteToken + '~'}), engine.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engineModel.Close() })
	m := bridge.Model{Model: engineModel}
	p := pair.Pair{Prompt: "Who?", A: "It is ~.", B: "It is Bob."}
	two, err := bridge.Judgement(m, p)
	if err != nil {
		t.Fatal(err)
	}
	ran, err := m.Logits(t.Context(), two[:])
	if err != nil {
		t.Fatal(err)
	}
	if r, err := bridge.JudgementResult(two, ran, engine.Binding{}, 0); err == nil || !strings.HasPrefix(err.Error(), "order 0: ") {
		t.Errorf("got %+v, %v", r, err)
	}
	if z, err := (bridge.Rater{Model: m}).Choose(t.Context(), []pair.Pair{p}); err != nil || z[0] != pair.Neither {
		t.Errorf("prefers %v, %v", z, err)
	}
	if x, err := (bridge.Rater{Model: m}).Expect(t.Context(), []pair.Pair{p}); err != nil || x[0] != (pair.Expected{}) {
		t.Errorf("expects %+v, %v", x, err)
	}
}

// TestPairsAreTheSameOnAnotherMachine: other threads, another backend and
// batches of other sizes make the same pairs of a seed.
func TestPairsAreTheSameOnAnotherMachine(t *testing.T) {
	var pairs []pair.Pair
	var origins []pair.Origin
	for _, cfg := range []engine.Config{{Threads: 1, MaxBatch: 1}, {Threads: 3}, {Backend: engine.BackendReference}} {
		m := bridge.Rater{Model: openReader(t, cfg)}
		p, o, err := pair.Make(t.Context(), protocol.Hash{1}, 16, m)
		if err != nil {
			t.Fatal(err)
		}
		if pairs == nil {
			pairs, origins = p, o
		}
		if !slices.Equal(p, pairs) || !slices.Equal(o, origins) {
			t.Errorf("%+v makes other pairs", cfg)
		}
	}
	if !slices.ContainsFunc(origins, func(o pair.Origin) bool { return o.Z != pair.Neither }) {
		t.Error("the model never prefers a side")
	}
}

// TestAPairTurnedRoundHasTheOtherSide: nothing hangs on which response is called A.
func TestAPairTurnedRoundHasTheOtherSide(t *testing.T) {
	r := bridge.Rater{Model: openReader(t, engine.Config{Threads: 1})}
	var pairs, turned []pair.Pair
	for i := range 12 {
		p := pair.Draw(task.NewStream(protocol.Hash{byte(i)}))
		pairs, turned = append(pairs, p), append(turned, pair.Pair{Prompt: p.Prompt, A: p.B, B: p.A})
	}
	z, err := r.Choose(t.Context(), pairs)
	if err != nil {
		t.Fatal(err)
	}
	x, err := r.Expect(t.Context(), pairs)
	if err != nil {
		t.Fatal(err)
	}
	otherZ, err := r.Choose(t.Context(), turned)
	if err != nil {
		t.Fatal(err)
	}
	otherX, err := r.Expect(t.Context(), turned)
	if err != nil {
		t.Fatal(err)
	}
	for i := range pairs {
		if z[i] != -otherZ[i] || x[i] != (pair.Expected{Mean: -otherX[i].Mean, Least: -otherX[i].Least}) {
			t.Errorf("pair %d: %d, %+v; turned round %d, %+v", i, z[i], x[i], otherZ[i], otherX[i])
		}
		if x[i].Mean == pair.Neither {
			t.Errorf("pair %d: %+v", i, x[i])
		}
	}
}

// BenchmarkJudgement is what an engine reads a second when it judges, beside what
// it reads when it is asked to go on from the same tokens: eight texts of 128
// tokens and answers of 96, given all at once, in turns, each way beginning one
// turn in four. Judged by logits, only the last position is multiplied by the
// output matrix, as in a prefill; by likelihood, or verified, each token of an
// answer is. The ratios are medians of those of one turn.
func BenchmarkJudgement(b *testing.B) {
	m, err := engine.Open(b.Context(), enginetest.Real(b), engine.Config{Threads: 2, PrefixCache: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	runs, tokens := answered(b, m), 0
	texts, ask, score := make([][]int32, len(runs)), make([]engine.LogitsRequest, len(runs)), make([]engine.ScoreRequest, len(runs))
	for i, r := range runs {
		texts[i] = slices.Concat(r.Prompt, r.Output[:len(r.Output)-1])
		ask[i].Prompt = texts[i]
		score[i] = engine.ScoreRequest{Prompt: r.Prompt, Continuation: r.Output}
		tokens += len(texts[i])
	}
	ways := []struct {
		name string
		read func() error
	}{
		{"prefill", func() error { return goOn(b.Context(), m, texts) }},
		{"logits", func() error { _, err := m.Logits(b.Context(), ask); return err }},
		{"likelihood", func() error { _, err := m.ExactScore(b.Context(), score); return err }},
		{"verify", func() error { _, err := m.VerifyMany(b.Context(), runs); return err }},
	}
	pace, turn := make([][]float64, len(ways)), 0
	for b.Loop() {
		for k := range ways {
			way := (turn + k) % len(ways)
			began := time.Now()
			if err := ways[way].read(); err != nil {
				b.Fatal(err)
			}
			pace[way] = append(pace[way], float64(tokens)/time.Since(began).Seconds())
		}
		turn++
	}
	for way := range ways {
		ratios := make([]float64, turn)
		for i := range ratios {
			ratios[i] = pace[way][i] / pace[0][i]
		}
		b.ReportMetric(median(pace[way]), ways[way].name+"-tokens/s")
		if way > 0 {
			b.ReportMetric(median(ratios), ways[way].name+"/prefill")
		}
	}
}

// goOn asks for one token after each of texts, all at once.
func goOn(ctx context.Context, m *engine.Model, texts [][]int32) error {
	runs, ctx := errgroup.WithContext(ctx)
	for _, t := range texts {
		runs.Go(func() error {
			_, err := m.Generate(ctx, engine.Request{Prompt: t, Settings: engine.Settings{MaxTokens: 1}}, nil)
			return err
		})
	}
	return runs.Wait()
}

// median returns the middle one, the greater of two.
func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}

// answered is eight answers of up to 96 tokens to prompts of 128, which differ.
func answered(b *testing.B, m *engine.Model) []engine.Run {
	b.Helper()
	runs := make([]engine.Run, 8)
	asked, ctx := errgroup.WithContext(b.Context())
	for i := range runs {
		asked.Go(func() (err error) {
			ask := engine.Request{Prompt: words(128, i), Settings: engine.Settings{Temperature: 1, TopK: 50, TopP: 1 << 16, MaxTokens: 96}}
			runs[i], err = m.Generate(ctx, ask, nil)
			return err
		})
	}
	if err := asked.Wait(); err != nil {
		b.Fatal(err)
	}
	return runs
}

// words is a prompt of n tokens, another for each i.
func words(n, i int) []int32 {
	out := make([]int32, n)
	for k := range out {
		out[k] = int32(1000 + (i*7919+k*104729)%40000)
	}
	return out
}
