package cuda_test

import (
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
// attention takes at a time, in a step of two passes, and behind a window that
// begins and ends within some, with the reference.
func TestContextsOfManyPages(t *testing.T) {
	for name, o := range map[string]enginetest.Options{
		"all of it": {Type: gguf.Q8_0, Width: 64, Head: 32, Heads: 2, KVHeads: 1, FFN: 64, Layers: 1, Context: 2048},
		"a window":  {Arch: "gemma3", Type: gguf.Q8_0, Width: 64, Head: 32, Heads: 2, KVHeads: 1, FFN: 64, Layers: 1, Context: 1024, Window: 571},
	} {
		t.Run(name, func(t *testing.T) {
			const single = 2
			length := 1100 // eighteen pages, in three rounds
			if o.Window > 0 {
				length = 650
			}
			w := tiny(t, o)
			list := make([]backend.Token, length)
			for i := range list {
				list[i] = backend.Token(30 + i*i%150)
			}
			d := cudatest.New(ptx.Schedule{})
			d.Info.Multiprocessors = 10 * int(o.Window) // and so by smaller tiles, which are more
			b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
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

// TestStepsAreAsLargeAsADevice has the tokens of prompts that a step may have.
func TestStepsAreAsLargeAsADevice(t *testing.T) {
	w := tiny(t, enginetest.Options{Type: gguf.Q8_0, Width: 64, Heads: 2, KVHeads: 1, FFN: 96, Layers: 1})
	for _, x := range []struct{ major, sms, want int }{{7, 132, 256}, {8, 99, 512}, {8, 100, 1024}, {9, 132, 1024}} {
		d := cudatest.New(ptx.Schedule{})
		d.Info.Major, d.Info.Multiprocessors = x.major, x.sms
		b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Budget(); got != x.want {
			t.Errorf("capability %d, %d multiprocessors: %d, want %d", x.major, x.sms, got, x.want)
		}
		b.Close()
	}
}

// TestDevicesOfEverySize compares tiny models with the reference on devices of
// few multiprocessors and of many, which take other kernels of linear layers and
// of attention, and blocks of threads of half as many rows: by all targets.
func TestDevicesOfEverySize(t *testing.T) {
	for _, x := range []struct {
		major, sms int
		ffn        uint32
	}{{6, 1, 64}, {6, 132, 4096}, {8, 4, 64}, {9, 2, 64}, {9, 132, 2048}} {
		w := tiny(t, enginetest.Options{Type: gguf.Q4_0, Width: 64, Heads: 4, KVHeads: 1, FFN: x.ffn, Layers: 1})
		d := early(ptx.Schedule{Early: true})
		d.Info.Major, d.Info.Minor, d.Info.Multiprocessors = x.major, 1, x.sms
		if !slices.EqualFunc(all(t, w, d), oracle(t, w), equal) {
			t.Errorf("compute capability %d.1, %d multiprocessors: other numbers", x.major, x.sms)
		}
	}
}
