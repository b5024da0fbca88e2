//go:build cgo

package native_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/synth"
	"github.com/assaynet/assay/engine/weights"
)

// TestALongSequenceIsShared: a step whose longest sequence would keep one
// thread busy gives the bits of one thread, and those of the reference, in
// layers with a window and without one.
func TestALongSequenceIsShared(t *testing.T) {
	const past, short = 2500, 70
	m := load(t, enginetest.Tiny(t, enginetest.Options{Arch: "gemma3", Layers: 6, Heads: 2, KVHeads: 1, Context: 4096, Window: 40}))
	long := make([]int32, past+1+8)
	for i := range long {
		long[i] = int32(3 + i*i%250)
	}
	want, _ := reference(t, m, long)
	forEachLevel(t, func(t *testing.T, l native.Level) {
		for _, threads := range []int{1, 2, 5} {
			n := open(t, m, l, threads)
			a, b := n.NewCache(), n.NewCache()
			run := func(what string, first int, pieces ...*native.Piece) {
				t.Helper()
				if err := n.Forward(pieces); err != nil {
					t.Fatal(err)
				}
				for _, p := range pieces {
					for i, got := range p.States {
						if p.Err != nil || !same(got, want[first+i]) {
							t.Errorf("%d threads, %s, token %d: %v, or other bits than the reference's", threads, what, i, p.Err)
						}
					}
					first = short
				}
			}
			run("many tokens", past-3, &native.Piece{Cache: a, Tokens: long[:past], Keep: 3})
			run("a short one", short-1, &native.Piece{Cache: b, Tokens: long[:short], Keep: 1})
			run("a token of each", past, &native.Piece{Cache: a, Tokens: long[past : past+1], Keep: 1},
				&native.Piece{Cache: b, Tokens: long[short : short+1], Keep: 1})
			run("eight drafts", past+1, &native.Piece{Cache: a, Tokens: long[past+1:], Keep: 8})
		}
	})
}

// TestSharedPagesGiveTheBitsOfOneThread: of 24 rows, as many as there may be, and
// of few, and where there is no memory for what threads tell each other.
func TestSharedPagesGiveTheBitsOfOneThread(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{Width: 96, Heads: 6, KVHeads: 2, Context: 4096}))
	forEachLevel(t, func(t *testing.T, l native.Level) {
		step := func(n *native.Model, allocations, past int) (states [][]float32) {
			t.Helper()
			var pieces []*native.Piece
			for i, tokens := range []int{8, 1} {
				c := n.NewCache()
				defer c.Release()
				if err := c.Fill(past-64*i, uint64(i)); err != nil {
					t.Fatal(err)
				}
				pieces = append(pieces, &native.Piece{Cache: c, Tokens: tinyTokens(tokens, i), Keep: tokens})
			}
			native.Refuse(allocations)
			defer native.Refuse(-1)
			forward(t, n, pieces...)
			return slices.Concat(pieces[0].States, pieces[1].States)
		}
		const past = 33*64 - 12 // the tokens take no other page
		want := step(open(t, m, l, 1), -1, past)
		n := open(t, m, l, 5)
		step(n, -1, 2*64-12) // makes room for so many tokens
		for _, allocations := range []int{0, -1} {
			for i, got := range step(n, allocations, past) {
				if !same(got, want[i]) {
					t.Errorf("with memory for %d allocations: state %d differs", allocations, i)
				}
			}
		}
	})
}

// longShape is a model that a long context is tried with, and what a step
// reads of it: keys and values of one position, and weights.
type longShape struct {
	name  string
	model synth.Options
}

var longShapes = []longShape{
	{"tiny", synth.Options{Shape: "tiny", Type: "q4_1", Context: 1 << 16}},
	{"smollm-135m", synth.Options{Shape: "smollm-135m", Type: "q4_1", Context: 1 << 16}},
	{"llama-1b", synth.Options{Shape: "llama-1b", Type: "q4_1", Context: 1 << 16}},
}

// BenchmarkLongDecode is a step behind many positions: tokens a second, and
// how much of what the machine makes of only reading the same bytes.
func BenchmarkLongDecode(outer *testing.B) {
	levels := native.Levels()
	level := levels[len(levels)-1]
	for _, shape := range longShapes {
		var n *native.Model
		var size int64
		for _, past := range []int{8192, 32768} {
			for _, seqs := range []int{1, 8} {
				outer.Run(fmt.Sprintf("%s/past=%d/sequences=%d", shape.name, past, seqs), func(b *testing.B) {
					if n == nil {
						n, size = openShape(outer, shape.model, level)
					}
					longDecode(b, n, level, size, past, seqs)
				})
			}
		}
		if n != nil {
			n.Close()
		}
	}
}

func openShape(b *testing.B, o synth.Options, level native.Level) (*native.Model, int64) {
	b.Helper()
	m, err := synth.New(o)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "model.gguf")
	if err := m.WriteFile(path); err != nil {
		b.Fatal(err)
	}
	n, err := native.New(load(b, path), native.Config{Threads: 2, Level: level.String()})
	if err != nil {
		b.Fatal(err)
	}
	return n, m.Size()
}

func longDecode(b *testing.B, n *native.Model, level native.Level, weights int64, past, seqs int) {
	b.Helper()
	pieces := make([]*native.Piece, seqs)
	for i := range pieces {
		c := n.NewCache()
		defer c.Release()
		if err := c.Fill(past, uint64(i)); err != nil {
			b.Fatal(err)
		}
		pieces[i] = &native.Piece{Cache: c, Tokens: []int32{7}, Keep: 1, Choose: true}
	}
	read := weights
	for _, p := range pieces {
		read += p.Cache.Bytes()
	}
	seconds, err := native.BenchRead(level, 2, read, 5)
	if err != nil {
		b.Fatal(err)
	}
	s := stopwatch{tokens: seqs}
	for b.Loop() {
		s.round(func() { forward(b, n, pieces...) })
		for _, p := range pieces {
			p.Cache.Truncate(past)
		}
	}
	s.report(b)
	b.ReportMetric(seconds/s.best.Seconds(), "of-reading")
}

// BenchmarkLongPrefill is 512 tokens of a prompt behind many positions: tokens
// a second, and by how much an operation takes longer than in the first 512 of a
// prompt, of the quickest rounds of both, which are by turns.
func BenchmarkLongPrefill(outer *testing.B) {
	levels := native.Levels()
	level := levels[len(levels)-1]
	for _, shape := range longShapes {
		var n *native.Model
		for _, past := range []int{8192, 32768} {
			for _, seqs := range []int{1, 8} {
				outer.Run(fmt.Sprintf("%s/past=%d/sequences=%d", shape.name, past, seqs), func(b *testing.B) {
					if n == nil {
						n, _ = openShape(outer, shape.model, level)
					}
					longPrefill(b, n, past, seqs)
				})
			}
		}
		if n != nil {
			n.Close()
		}
	}
}

func longPrefill(b *testing.B, n *native.Model, past, seqs int) {
	b.Helper()
	short, first := stopwatch{tokens: 512}, &native.Piece{Cache: n.NewCache(), Tokens: tinyTokens(512, 0), Keep: 1}
	defer first.Cache.Release()
	s := stopwatch{tokens: 512}
	pieces := make([]*native.Piece, seqs)
	for i := range pieces {
		c := n.NewCache()
		defer c.Release()
		if err := c.Fill(past-512/seqs, uint64(i)); err != nil {
			b.Fatal(err)
		}
		pieces[i] = &native.Piece{Cache: c, Tokens: tinyTokens(512/seqs, i), Keep: 1}
	}
	for b.Loop() {
		short.round(func() { forward(b, n, first) })
		first.Cache.Truncate(0)
		s.round(func() { forward(b, n, pieces...) })
		for _, p := range pieces {
			p.Cache.Truncate(past - 512/seqs)
		}
	}
	b.ReportMetric(512/s.best.Seconds(), "best-tokens/s")
	b.ReportMetric(512/short.best.Seconds(), "best-tokens/s-at-512")
	long, once := operations(n.Dims, past-512/seqs, past, seqs), operations(n.Dims, 0, 512, 1)
	b.ReportMetric(s.best.Seconds()/long/(short.best.Seconds()/once), "times-an-operation")
	b.ReportMetric(0, "ns/op")
}

// operations counts what lanes of 32 bits do for the tokens at positions from …
// to-1 of so many sequences: the dot product of four bytes, or a step of floats.
// A block of 32 weights takes eight and about four; a visible key takes twice as
// many steps as a head has elements, and about sixteen for its weight. Of the
// last layer only keys and values are wanted, and queries come with them.
func operations(d weights.Dims, from, to, seqs int) float64 {
	keys := d.Width * (d.Heads + 2*d.KVHeads) * d.Head
	rest := d.Width * (d.Heads*d.Head + 3*d.FFN)
	products := float64(to-from) * float64(d.Layers*keys+(d.Layers-1)*rest)
	visible := float64(to*(to+1)-from*(from+1)) / 2
	return float64(seqs) * (products/32*12 + visible*float64((d.Layers-1)*d.Heads*(2*d.Head+16)))
}
