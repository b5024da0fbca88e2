package export_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
)

const (
	// many is how many rows an epoch of a benchmark has: as many as must be written
	// in a second.
	many = 50_000
	// span is how many such epochs it writes at a time.
	span = 4
)

// words is a text of about n bytes that differs by i.
func words(i, n int) string {
	var b strings.Builder
	for b.Len() < n {
		i = i*1664525 + 1013904223
		n := i >> 16 & 1023
		b.Write([]byte{'w', 'o', 'r', byte('a' + n&15), byte('a' + n>>4&15), byte('a' + n>>8), ' '})
	}
	return b.String()
}

// repeated gives an epoch of fifty thousand rows, of which so many are made.
func repeated[T any](distinct int, row func(i int) T) export.Source[T] {
	rows := make([]T, distinct)
	for i := range rows {
		rows[i] = row(i)
	}
	return func(_ context.Context, _ protocol.Epoch, yield func(*T) error) (int64, error) {
		for i := range many {
			if err := yield(&rows[i%distinct]); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}
}

func bench[T any, P export.Row[T]](b *testing.B, source export.Source[T]) {
	dir := b.TempDir()
	var bytes, rows int64
	var e protocol.Epoch
	for b.Loop() {
		sum, err := export.Write(b.Context(), config(dir, e+1, e+span), source)
		e += span
		if err != nil {
			b.Fatal(err)
		}
		last := sum.Manifest.Epochs[len(sum.Manifest.Epochs)-1]
		bytes, rows = last.JSONL.Bytes, last.Rows
	}
	b.ReportMetric(span*many*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(bytes)/float64(rows), "B/row")
	m, err := export.ReadManifest(dir)
	if err != nil {
		b.Fatal(err)
	}
	m.Epochs = m.Epochs[:1]
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	b.ReportMetric(float64(stats.HeapSys)/(1<<20), "MiB")
	if rep, err := export.Verify[T, P](b.Context(), dir, m, nil, nil); err != nil || len(rep.Wrong) > 0 {
		b.Fatalf("got %+v, %v", rep, err)
	}
}

// BenchmarkWrite writes rows of half a kilobyte of text in both forms, four epochs
// of fifty thousand at a time, to the disk, with all that is found out about a row
// once it is proven: labels and novelty too.
func BenchmarkWrite(b *testing.B) {
	b.Run("inference", func(b *testing.B) {
		bench(b, repeated(1000, func(i int) export.Run {
			r := *run(7, i)
			r.Prompt, r.Response, r.Tokens = words(i, 128), words(i+1, 384), make([]int32, 96)
			for k := range r.Tokens {
				r.Tokens[k] = int32(i*31+k*7) % 49152
			}
			r.Provenance.Root, r.Provenance.Answer = words(i, 64)[:64], words(i+2, 64)[:64]
			return r
		}))
	})
	b.Run("synthetic", func(b *testing.B) {
		bench(b, export.Compared(repeated(many, func(i int) export.Record {
			r := export.Record{
				Prompt: words(i, 128), Response: words(i+1, 384), Family: "dialogue", Failed: []string{},
				Checks: []export.Finding{{Check: "form", Pass: true}, {Check: "turns", Pass: i%2 == 0}}, Provenance: run(7, i).Provenance,
			}
			r.Provenance.Miner = "assay1" + words(i%256, 40)[:40]
			return r
		})))
	})
	b.Run("judgement", func(b *testing.B) {
		bench(b, repeated(1000, func(i int) export.Judgement {
			return export.Judgement{
				Prompt: words(i, 128), Chosen: words(i+1, 192), Rejected: words(i+2, 192), Margin: float64(i) + 0.5, Lane: "engine", Passed: 2,
				Logits: []export.Logits{{Chosen: float64(i), Rejected: -0.25}, {Chosen: 1.5, Rejected: 1.25}}, Provenance: run(7, i).Provenance,
			}
		}))
	})
	b.Run("preference", func(b *testing.B) {
		bench(b, export.Preferences(rated()))
	})
}

// rated gives fifty thousand pairs with five ratings each of thirty raters, of whom
// three in four are right.
func rated() export.Pairs {
	r := rand.New(rand.NewPCG(1, 1))
	list := make([]export.Pair, many)
	for i := range list {
		list[i] = export.Pair{Prompt: words(i, 128), Sides: [2]string{words(i+1, 192), words(i+2, 192)}, Lane: "people"}
		truth := int32(r.IntN(2)*2 - 1)
		for range 5 {
			v := export.Vote{Rater: "assay1" + words(r.IntN(30), 40)[:40], Choice: truth}
			if r.IntN(4) == 0 {
				v.Choice = int32(r.IntN(3)) - 1
			}
			list[i].Ratings = append(list[i].Ratings, v)
		}
	}
	return pairs(list...)
}
