package cuda_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/gguf"
)

// TestNormsOfSharedRows has as many blocks of threads for a row as steps of few
// rows start: of the last of them one warp, some, or all have something to do.
func TestNormsOfSharedRows(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	for _, n := range []int{32, 1056, 3072, 20512} {
		for _, rows := range []int{1, 3} {
			b, blocks := &bench{t: t}, (n+mostThreads-1)/mostThreads
			if n == 1056 {
				b.s = ptx.Schedule{Random: true, Races: true, Seed: uint64(rows)}
			}
			x, norm, want := activations(r, n, rows), ordinary(r, n), make([]float32, rows*n)
			for i := range rows {
				arith.RMSNorm(want[i*n:][:n], x[i*n:][:n], norm, 1e-6)
			}
			q, dx, tx := b.buffer(nil, rows*n), b.buffer(nil, rows*n/8), b.buffer(nil, rows*n/8)
			b.run("norm", "norm_quantise", ptx.Grid{X: rows, Y: blocks, Threads: min(mostThreads, n)},
				append([][]byte{b.buffer(floatBytes(x), 0), b.buffer(floatBytes(norm), 0), q, dx, tx, le32(n), floatBytes([]float32{1e-6})}, alone(blocks)...)...)
			b.quantised(want, q, dx, tx)
		}
	}
}

// TestNormsOfHeads has rows that end within each sixteen of a chunk, in place.
func TestNormsOfHeads(t *testing.T) {
	(&bench{t: t, s: ptx.Schedule{Random: true, Races: true}}).normsOfHeads(rand.New(rand.NewPCG(53, 54)))
}

func (b *bench) normsOfHeads(r *rand.Rand) {
	b.t.Helper()
	const rows, eps = 2, 1e-6
	for n := 2; n <= 258; n += 16 {
		x, norm, want := slices.Concat(ordinary(r, n), biases(r, n)), ordinary(r, n), make([]float32, rows*n)
		for i := range rows {
			arith.RMSNorm(want[i*n:][:n], x[i*n:][:n], norm, eps)
		}
		in, weight := b.buffer(floatBytes(x), 0), b.buffer(floatBytes(norm), 0)
		g := ptx.Grid{X: rows, Y: 1, Threads: (n + 31) / 32 * 32}
		b.run("norm", "norm", g, in, le64(0), weight, in, le32(n), floatBytes([]float32{eps}))
		if !equal(b.floats(in, rows*n), want) {
			b.t.Errorf("norms of %d: other numbers", n)
		}
	}
}

// TestChunksOfOneToken has numbers of chunks about those that are added at once,
// and that meet in a round, by a warp, by some, and by as many as there are; of
// one row and of more than a warp has. The gates' chunks are counted on from one
// matrix to the next, so that a round ends at the end of the first, or within it.
func TestChunksOfOneToken(t *testing.T) {
	for _, kind := range []gguf.Type{gguf.Q8_0, gguf.Q5_1, gguf.Q6_K} {
		for i, chunks := range []int{1, 7, 8, 9, 32, 33, 64, 65, 129} {
			t.Run(fmt.Sprintf("%s, %d", kind, chunks), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(kind), uint64(chunks)))
				b := &bench{t: t, threads: []int{32, 96, 512}[i%3]}
				elements, _ := kind.Block()
				cols := chunks*256 - 256 + []int{96, 32, 224}[i%3] // the last chunk has three blocks, one, or seven
				if elements == 256 {
					cols = chunks * 256
				}
				for _, rows := range []int{1, 33} {
					w, x := randomMatrix(r, kind, rows, cols), activations(r, cols, 1)
					if !equal(b.linear(w, nil, x, 1), reference(w, nil, x, 1)) {
						t.Errorf("%d × %d: other numbers", rows, cols)
					}
				}
				if elements == 32 {
					cols -= 32 // which gated adds
				}
				b.gated(r, kind, cols, i%2 == 0)
			})
		}
	}
}

// TestHalvesOfRows have 16 rows and two chunks in a warp: rows that fill no half
// and more than a whole, and more chunks than a round; on both targets that have
// the kernels.
func TestHalvesOfRows(t *testing.T) {
	for _, kind := range []gguf.Type{gguf.Q8_0, gguf.Q5_1, gguf.Q4_K, gguf.Q6_K} {
		for i, chunks := range []int{2, 16, 66} {
			for _, rows := range []int{1, 16, 49} {
				r := rand.New(rand.NewPCG(uint64(kind), uint64(chunks)))
				b := &bench{t: t, halved: true, threads: []int{32, 96, 512}[i], target: []string{"", "sm_90"}[rows%2]}
				if chunks == 16 {
					b.s = ptx.Schedule{Random: true, Races: true, Seed: uint64(rows)}
				}
				w, x, bias := randomMatrix(r, kind, rows, 256*chunks), activations(r, 256*chunks, 1), biases(r, rows)
				if !equal(b.linear(w, bias, x, 1), reference(w, bias, x, 1)) || !equal(b.linear(w, nil, x, 1), reference(w, nil, x, 1)) {
					t.Errorf("%s, %d × %d chunks: other numbers", kind, rows, chunks)
				}
			}
		}
	}
}

// TestRoundsOfOneToken has races of rounds reported.
func TestRoundsOfOneToken(t *testing.T) {
	r := rand.New(rand.NewPCG(57, 58))
	b := &bench{t: t, threads: 96, s: ptx.Schedule{Random: true, Races: true, Seed: 59}}
	b.gated(r, gguf.Q4_0, 32*256, true)
	w, x := randomMatrix(r, gguf.Q4_0, 32, 64*256+32), activations(r, 64*256+32, 1)
	if !equal(b.linear(w, nil, x, 1), reference(w, nil, x, 1)) {
		t.Error("other numbers")
	}
}
