package engine_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/tokenizer"
)

// What is asked in BenchmarkDrafts.
const (
	draftCode = `func total(prices []int, rate int) int {
	sum := 0
	for i, price := range prices {
		if price < 0 {
			return -1
		}
		sum += price * (100 + rate) / 100
		if i > 1000 {
			break
		}
	}
	return sum
}

func average(prices []int, rate int) int {
	if len(prices) == 0 {
		return 0
	}
	return total(prices, rate) / len(prices)
}`
	draftText = `The old lighthouse stood on a narrow cliff above the harbour. Every evening the keeper climbed its two hundred steps ` +
		`and lit the lamp, which could be seen for twenty miles. In the winter of 1887 a storm broke the glass, and for three nights he held a lantern ` +
		`in his own hands until the ships had passed. The town gave him a silver watch, which his granddaughter still carries today. ` +
		`In 1931 the lamp was replaced by an electric light, and the keeper's house became a small museum with four rooms.`
)

var draftWork = []struct {
	name        string
	asks        []string
	temperature float32
	together    bool
}{
	{name: "edit", asks: []string{
		"Repeat this code, with the variable sum renamed to result:\n\n" + draftCode,
		"Repeat this text word by word, but write keeper as guard:\n\n" + draftText,
	}},
	{name: "context", asks: []string{
		draftText + "\n\nWhat happened in the winter of 1887 and in 1931? Answer with the sentences of the text.",
		draftCode + "\n\nShow the function total and say what it does.",
	}},
	{name: "prose", temperature: 0.8, asks: []string{
		"Write a story about a girl who finds a map in a book.", "Explain why the sea is salty.", "Describe a morning in a big city.",
	}},
	{name: "eight", temperature: 0.8, together: true, asks: []string{
		"Write a story about a fox.", "Explain how bread is made.", "Describe a garden in spring.", "Write a letter to an old friend.",
		"What is a good way to learn to swim?", "Tell me about the history of paper.", "Write a story about two brothers.", "Why do leaves fall?",
	}},
	{name: "eight-edits", together: true, asks: slices.Repeat([]string{
		"Repeat this code, with the variable sum renamed to result:\n\n" + draftCode,
		"Repeat this text word by word, but write keeper as guard:\n\n" + draftText,
	}, 4)},
}

// BenchmarkDrafts answers the same requests with and without guesses, in turn,
// and reports how many times as fast the former is, by medians.
func BenchmarkDrafts(b *testing.B) {
	models := []*engine.Model{
		open(b, enginetest.Real(b), engine.Config{Threads: 2, Drafts: engine.DraftsOff}),
		open(b, enginetest.Real(b), engine.Config{Threads: 2}),
	}
	for _, work := range draftWork {
		b.Run(work.name, func(b *testing.B) {
			var requests []engine.Request
			for i, ask := range work.asks {
				ids, err := models[0].Tokenizer().Chat([]tokenizer.Message{{Role: "user", Content: ask}})
				if err != nil {
					b.Fatal(err)
				}
				s := engine.Settings{Temperature: work.temperature, TopK: 50, TopP: 65536, MaxTokens: 160}
				s.Seed[0] = byte(i)
				requests = append(requests, engine.Request{Prompt: ids, Settings: s})
			}
			var took [2][]time.Duration
			tokens := 0
			before := models[1].Stats()
			for b.Loop() {
				var out [2]string
				for k, m := range models {
					var d time.Duration
					d, tokens, out[k] = answerAll(b, m, requests, work.together)
					took[k] = append(took[k], d)
				}
				if out[0] != out[1] {
					b.Fatalf("guesses change the answer: %q, want %q", out[1], out[0])
				}
			}
			x := models[1].Stats()
			for k := range took {
				slices.Sort(took[k])
			}
			off, on := took[0][len(took[0])/2].Seconds(), took[1][len(took[1])/2].Seconds()
			b.ReportMetric(off/on, "gain")
			b.ReportMetric(float64(tokens)/off, "off-tokens/s")
			b.ReportMetric(float64(tokens)/on, "tokens/s")
			b.ReportMetric(float64(x.Accepted-before.Accepted)/float64(max(1, x.Drafted-before.Drafted)), "accepted/tried")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// answerAll answers requests, one after the other or all together, and returns
// how long it took after their first tokens, how many tokens there are, and
// what the runs are.
func answerAll(b *testing.B, m *engine.Model, requests []engine.Request, together bool) (took time.Duration, tokens int, out string) {
	b.Helper()
	runs := make([]engine.Run, len(requests))
	times := make([]time.Duration, len(requests))
	one := func(i int) {
		var first time.Time
		run, err := m.Generate(context.Background(), requests[i], func(engine.Token) {
			if first.IsZero() {
				first = time.Now()
			}
		})
		if err != nil {
			b.Error(err)
		}
		runs[i], times[i] = run, time.Since(first)
	}
	var wg sync.WaitGroup
	for i := range requests {
		if together {
			wg.Go(func() { one(i) })
		} else {
			one(i)
			took += times[i]
		}
	}
	wg.Wait()
	if together {
		took = slices.Max(times)
	}
	var prints strings.Builder
	for _, run := range runs {
		tokens += len(run.Output)
		prints.Write(run.Fingerprint[:])
	}
	return took, tokens, prints.String()
}
