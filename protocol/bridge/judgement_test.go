package bridge_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
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

// BenchmarkJudgement is what a judge's engine reads a second: pairs by the dozen,
// to their logits and to the likelihood of their responses, and answers that are
// verified, all beside prompts of 512 tokens that it is asked to go on from, in
// turns. Each is as many tokens as it was given: prefixes are computed anew, but
// for what those of one call share.
func BenchmarkJudgement(b *testing.B) {
	m, err := engine.Open(b.Context(), enginetest.Real(b), engine.Config{Threads: 2, PrefixCache: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	r := bridge.Rater{Model: bridge.Model{Model: m}}
	var prefill, logits, likelihood, verify pace
	runs, n := answered(b, m), 0
	given := 0
	for i := range runs {
		given += len(runs[i].Prompt) + len(runs[i].Output)
	}
	for b.Loop() {
		pairs, tokens, read := make([]pair.Pair, 32), 0, 0
		for i := range pairs {
			pairs[i] = pair.Draw(task.NewStream(protocol.Hash{byte(n), byte(n >> 8)}))
			two, err := bridge.Judgement(r, pairs[i])
			if err != nil {
				b.Fatal(err)
			}
			tokens += len(two[0].Prompt) + len(two[1].Prompt)
			read += said(b, r.Model, pairs[i])
			n++
		}
		likelihood.of(read, func() {
			if _, err := r.Expect(b.Context(), pairs); err != nil {
				b.Fatal(err)
			}
		})
		logits.of(tokens, func() {
			if _, err := r.Choose(b.Context(), pairs); err != nil {
				b.Fatal(err)
			}
		})
		verify.of(given, func() {
			if _, err := m.VerifyMany(b.Context(), runs); err != nil {
				b.Fatal(err)
			}
		})
		prefill.of(8*512, func() {
			for i := range 8 {
				ask := engine.Request{Prompt: words(512, i), Settings: engine.Settings{MaxTokens: 1}}
				if _, err := m.Generate(b.Context(), ask, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.ReportMetric(prefill.perSecond(), "prefill-tokens/s")
	b.ReportMetric(logits.perSecond(), "logits-tokens/s")
	b.ReportMetric(likelihood.perSecond(), "likelihood-tokens/s")
	b.ReportMetric(verify.perSecond(), "verify-tokens/s")
	b.ReportMetric(float64(n)/logits.took.Seconds(), "pairs/s")
}

// said is how many tokens a pair's responses have, each behind its prompt.
func said(b *testing.B, m bridge.Model, p pair.Pair) (tokens int) {
	for _, response := range []string{p.A, p.B} {
		prompt, err := m.Chat([]inference.Message{{Role: "user", Content: p.Prompt}})
		if err != nil {
			b.Fatal(err)
		}
		ids, err := m.Tokenizer().Encode(response, tokenizer.Options{})
		if err != nil {
			b.Fatal(err)
		}
		tokens += len(prompt) + len(ids)
	}
	return tokens
}

// answered is sixteen answers of up to 96 tokens to prompts of 128, which differ.
func answered(b *testing.B, m *engine.Model) []engine.Run {
	b.Helper()
	runs := make([]engine.Run, 16)
	for i := range runs {
		ask := engine.Request{Prompt: words(128, i), Settings: engine.Settings{Temperature: 1, TopK: 50, TopP: 1 << 16, MaxTokens: 96}}
		run, err := m.Generate(b.Context(), ask, nil)
		if err != nil {
			b.Fatal(err)
		}
		runs[i] = run
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

// pace is how many tokens were read in how long.
type pace struct {
	tokens int
	took   time.Duration
}

func (p *pace) of(tokens int, read func()) {
	began := time.Now()
	read()
	p.tokens, p.took = p.tokens+tokens, p.took+time.Since(began)
}

func (p *pace) perSecond() float64 { return float64(p.tokens) / p.took.Seconds() }
