package export_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
)

// many is how many rows a benchmark writes at a time: as many as must be written in
// a second.
const many = 50_000

// words is a text of about n bytes that differs by i.
func words(i, n int) string {
	var b strings.Builder
	for b.Len() < n {
		i = i*1664525 + 1013904223
		fmt.Fprintf(&b, "word%d ", i>>16&1023)
	}
	return b.String()
}

func bench[T any, P export.Row[T]](b *testing.B, row func(i int) T) {
	rows := []T{}
	for i := range 1000 {
		rows = append(rows, row(i))
	}
	source := func(_ context.Context, _ protocol.Epoch, yield func(*T) error) (int64, error) {
		for i := range many {
			if err := yield(&rows[i%len(rows)]); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}
	dir := b.TempDir()
	var bytes int64
	var e protocol.Epoch
	for b.Loop() {
		e++
		sum, err := export.Write(b.Context(), config(dir, e, e), source)
		if err != nil {
			b.Fatal(err)
		}
		bytes = sum.Manifest.Epochs[len(sum.Manifest.Epochs)-1].JSONL.Bytes
	}
	perRow := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / many
	b.ReportMetric(1e9/perRow, "rows/s")
	b.ReportMetric(float64(bytes)/many, "B/row")
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

// BenchmarkPreferences labels the pairs of an epoch, five ratings each of thirty
// raters of whom three in four are right.
func BenchmarkPreferences(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	list := make([]export.Pair, many)
	for i := range list {
		list[i] = export.Pair{Prompt: "p", Sides: [2]string{"a", "b"}}
		truth := int32(r.IntN(2)*2 - 1)
		for range 5 {
			v := export.Vote{Rater: strconv.Itoa(r.IntN(30)), Choice: truth}
			if r.IntN(4) == 0 {
				v.Choice = int32(r.IntN(3)) - 1
			}
			list[i].Ratings = append(list[i].Ratings, v)
		}
	}
	for b.Loop() {
		if _, err := export.Preferences(pairs(list...))(b.Context(), 1, func(*export.Preference) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(many*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkWrite writes rows of half a kilobyte of text in both forms, an epoch of
// fifty thousand at a time, to the disk.
func BenchmarkWrite(b *testing.B) {
	b.Run("inference", func(b *testing.B) {
		bench(b, func(i int) export.Run {
			r := *run(7, i)
			r.Prompt, r.Response, r.Tokens = words(i, 128), words(i+1, 384), make([]int32, 96)
			for k := range r.Tokens {
				r.Tokens[k] = int32(i*31+k*7) % 49152
			}
			r.Provenance.Root, r.Provenance.Answer = words(i, 64)[:64], words(i+2, 64)[:64]
			return r
		})
	})
	b.Run("synthetic", func(b *testing.B) {
		bench(b, func(i int) export.Record {
			return export.Record{
				Prompt: words(i, 128), Response: words(i+1, 384), Family: "dialogue", Failed: []string{},
				Checks: []export.Finding{{Check: "form", Pass: true}, {Check: "turns", Pass: i%2 == 0}}, Provenance: run(7, i).Provenance,
			}
		})
	})
	b.Run("preference", func(b *testing.B) {
		bench(b, func(i int) export.Preference {
			p := export.Preference{Prompt: words(i, 128), Chosen: words(i+1, 192), Rejected: words(i+2, 192), Agreement: 0.8, Confidence: 0.9712, Lane: "people"}
			for k := range 5 {
				p.Raters = append(p.Raters, export.Vote{Rater: "assay1" + words(k, 40)[:40], Choice: int32(k%3) - 1})
			}
			return p
		})
	})
}
