package engine_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/assaynet/assay/engine"
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
			m := open(b, realModel(b), engine.Config{Threads: threads})
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
			m := open(b, realModel(b), engine.Config{Threads: threads, PrefixCache: -1})
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
