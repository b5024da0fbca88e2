package engine_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
)

func prompt(n int) []engine.Token {
	p := make([]engine.Token, n)
	for i := range p {
		p[i] = engine.Token(1000 + 37*i%4000)
	}
	return p
}

func BenchmarkDecode(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run("threads="+strconv.Itoa(threads), func(b *testing.B) {
			m := open(b, enginetest.Real(b), engine.Config{Threads: threads, Drafts: engine.DraftsOff})
			for b.Loop() {
				r := engine.Request{Prompt: prompt(4), Settings: engine.Settings{MaxTokens: 32}}
				run, err := m.Generate(context.Background(), r, nil)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(run.Output)), "tokens/op")
			}
			b.ReportMetric(32*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

func BenchmarkPrefill(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run("threads="+strconv.Itoa(threads), func(b *testing.B) {
			m := open(b, enginetest.Real(b), engine.Config{Threads: threads, PrefixCache: -1})
			for b.Loop() {
				r := engine.Request{Prompt: prompt(128), Settings: engine.Settings{MaxTokens: 1}}
				if _, err := m.Generate(context.Background(), r, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(128*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// BenchmarkVerifyMany checks sixteen answers of 128 tokens to one prompt of 32
// together; gain is the time of making them one by one over that.
func BenchmarkVerifyMany(b *testing.B) {
	m := open(b, enginetest.Real(b), engine.Config{Threads: 2, PrefixCache: -1})
	runs := make([]engine.Run, 16)
	began := time.Now()
	for i := range runs {
		r := engine.Request{Prompt: prompt(32), Settings: engine.Settings{Temperature: 1, TopK: 50, TopP: 65536, MaxTokens: 128}}
		r.Settings.Seed[0] = byte(i)
		run, err := m.Generate(context.Background(), r, nil)
		if err != nil {
			b.Fatal(err)
		}
		runs[i] = run
	}
	made := time.Since(began)
	for b.Loop() {
		reports, err := m.VerifyMany(context.Background(), runs)
		if err != nil {
			b.Fatal(err)
		}
		for i, r := range reports {
			if !r.Equal {
				b.Errorf("run %d: %q at %d", i, r.Kind, r.Position)
			}
		}
	}
	b.ReportMetric(made.Seconds()/(b.Elapsed().Seconds()/float64(b.N)), "gain")
}

// BenchmarkGrammar decodes 48 tokens held to a schema and 48 that are not, in
// turns; cost is the share that the schema adds to the time of a token.
func BenchmarkGrammar(b *testing.B) {
	m := open(b, enginetest.Real(b), engine.Config{Threads: 2})
	const schema = `{"type":"object","properties":{"story":{"type":"string"},"year":{"type":"integer"}},"required":["story","year"]}`
	var took [2]time.Duration
	var tokens [2]int
	for b.Loop() {
		for i, g := range []engine.Grammar{{}, {Kind: engine.GrammarJSONSchema, Text: schema}} {
			var first time.Time
			r := engine.Request{Prompt: prompt(8), Settings: engine.Settings{Temperature: 1, TopK: 40, TopP: 65536, MaxTokens: 48, Grammar: g}}
			run, err := m.Generate(context.Background(), r, func(engine.Token) {
				if first.IsZero() {
					first = time.Now()
				}
			})
			if err != nil {
				b.Fatal(err)
			}
			took[i], tokens[i] = took[i]+time.Since(first), tokens[i]+len(run.Output)-1
		}
	}
	free := took[0].Seconds() / float64(tokens[0])
	held := took[1].Seconds() / float64(tokens[1])
	b.ReportMetric(1e3*free, "ms-free")
	b.ReportMetric(1e3*held, "ms-held")
	b.ReportMetric(100*(held/free-1), "cost-%")
}
