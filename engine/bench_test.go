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
