package cuda_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

// TestContextsOfManyPages compares tokens behind more pages than a block of
// attention takes at a time, and behind a window that begins and ends within
// some, with the reference.
func TestContextsOfManyPages(t *testing.T) {
	for name, o := range map[string]enginetest.Options{
		"all of it": {Type: gguf.Q8_0, Width: 64, Head: 32, Heads: 2, KVHeads: 1, FFN: 64, Layers: 1, Context: 1024},
		"a window":  {Arch: "gemma3", Type: gguf.Q8_0, Width: 64, Head: 32, Heads: 2, KVHeads: 1, FFN: 64, Layers: 1, Context: 1024, Window: 571},
	} {
		t.Run(name, func(t *testing.T) {
			const length, single = 650, 2 // eleven pages, in two rounds
			w := tiny(t, o)
			list := make([]backend.Token, length)
			for i := range list {
				list[i] = backend.Token(30 + i*i%150)
			}
			b, err := cuda.Open(w, cuda.Config{Driver: cudatest.New(ptx.Schedule{}), Check: -1})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			c := b.NewCache()
			defer c.Release()
			var got [][]float32
			for c.Len() < length {
				n := 1
				if c.Len() == 0 {
					n = length - single
				}
				p := &backend.Piece{Cache: c, Tokens: list[c.Len():][:n], Keep: 1, Want: backend.State}
				p.Each = func(_ int, r backend.Result) { got = append(got, slices.Clone(r.State)) }
				if err := b.Step([]*backend.Piece{p}); err != nil || p.Err != nil {
					t.Fatal(err, p.Err)
				}
			}
			var space arith.Workspace
			m := arith.New(w)
			cache := m.NewCache()
			for cache.Len() < length-single-1 {
				n := min(arith.MaxPiece, length-single-1-cache.Len())
				if _, err := m.Forward(arith.Serial, &space, cache, list[cache.Len():][:n], 0); err != nil {
					t.Fatal(err)
				}
			}
			for i, state := range got {
				want, err := m.Forward(arith.Serial, &space, cache, list[cache.Len():][:1], 1)
				if err != nil {
					t.Fatal(err)
				}
				if !equal(state, want[0]) {
					t.Errorf("token %d: other numbers", length-single-1+i)
				}
			}
		})
	}
}

// TestPagesAtATime has blocks of attention take one page at a time, two, three
// and eight. Numbers are those of one; of eight models show that they are the
// reference's.
func TestPagesAtATime(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	for _, head := range []int{40, 96} {
		for _, window := range []int{0, 200} {
			var want []float32
			for _, pages := range []int{1, 2, 3, 8} {
				b := &bench{t: t, s: ptx.Schedule{Random: pages > 1, Races: pages > 1, Seed: r.Uint64()}}
				got := b.attention(rand.New(rand.NewPCG(43, 44)), pages, head, window)
				if want == nil {
					want = got
				}
				if !equal(got, want) {
					t.Errorf("heads of %d, window %d, %d pages at a time: other numbers", head, window, pages)
				}
			}
		}
	}
}

// attention is what four query heads of two key heads see of random pages, from
// the first position, the ends of a page, and behind ten: floats, or what is
// quantised.
func (b *bench) attention(r *rand.Rand, pages, head, window int) []float32 {
	b.t.Helper()
	const heads, group, length = 4, 2, 11 * 64
	positions := []int{0, 63, 64, 640}
	addresses, q := make([]byte, 0, 8*length/64), make([]float32, len(positions)*heads*head)
	for range length / 64 {
		data := make([]byte, 0, heads/group*head*2*64*2)
		for range cap(data) / 2 {
			half := uint16(r.Uint32())&0x83ff | uint16(11+r.IntN(4))<<10
			data = binary.LittleEndian.AppendUint16(data, half)
		}
		addresses = append(addresses, b.buffer(data, 0)...)
	}
	for i := range q {
		q[i] = float32(r.NormFloat64())
	}
	var at []byte
	for _, p := range positions {
		at = append(at, le32(p)...)
	}
	n := len(q)
	out, i8, dx, tx := b.buffer(make([]byte, 4*n), 0), b.buffer(make([]byte, n), 0), b.buffer(make([]byte, n/8), 0), b.buffer(make([]byte, n/8), 0)
	b.run("attention", "attention", ptx.Grid{X: len(positions), Y: heads, Threads: 64 * pages},
		b.buffer(floatBytes(q), 0), out, i8, dx, tx, b.buffer(addresses, 0), b.buffer(make([]byte, 4*len(positions)), 0), b.buffer(at, 0),
		le32(heads), le32(group), le32(head), le32(0), le32(window), floatBytes([]float32{0}))
	if head%32 != 0 {
		return b.floats(out, n)
	}
	return slices.Concat(b.floats(i8, n/4), b.floats(dx, n/32), b.floats(tx, n/32))
}

// TestFeedForwardIsTakenApart has a step of one token on devices whose
// multiprocessors one kernel for the gate would keep busy, and on others.
func TestFeedForwardIsTakenApart(t *testing.T) {
	w := tiny(t, enginetest.Options{Type: gguf.Q8_0, Width: 64, Heads: 2, KVHeads: 1, FFN: 96, Layers: 1}) // three blocks of threads
	want := oracle(t, w)
	for _, sms := range []int{0, 4, 3, 2} {
		d := cudatest.New(ptx.Schedule{})
		d.Info.Multiprocessors = sms
		if !slices.EqualFunc(all(t, w, d), want, equal) {
			t.Errorf("%d multiprocessors: other numbers", sms)
		}
	}
}
