package cuda_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/half"
)

// placed is how tokens' queries are turned, and their keys and values placed.
type placed struct {
	heads, keys, head, rot int
	halves                 bool
	layers, layer          int
}

// placedToken is where a token goes, and which of its elements are not finite:
// of key heads' keys and values.
type placedToken struct {
	page, slot int
	bad        []int // numbers in [key heads][key and value][head]
}

// place compares the kernel with the reference: queries, the whole of the pages,
// and the marks of key heads that fail.
func (b *bench) place(r *rand.Rand, p placed, threads int, tokens []placedToken) {
	b.t.Helper()
	const scale = 0.3
	wide, narrow := p.heads*p.head, p.keys*p.head
	q, k, v := ordinary(r, len(tokens)*wide), ordinary(r, len(tokens)*narrow), ordinary(r, len(tokens)*narrow)
	turns := ordinary(r, len(tokens)*p.rot)
	failed := make([]uint32, len(tokens)*p.keys)
	for i, t := range tokens {
		for _, at := range t.bad {
			head, e, of := at/(2*p.head), at%p.head, k
			if at/p.head%2 == 1 {
				of = v
			}
			of[i*narrow+head*p.head+e] = []float32{float32(math.Inf(1)), float32(math.NaN()), -65520, 3e38}[r.IntN(4)]
		}
	}
	pages := 1 + slices.MaxFunc(tokens, func(a, b placedToken) int { return a.page - b.page }).page
	want := make([][]uint16, pages)
	addresses := make([]uint64, pages)
	for i := range want {
		var data []byte
		for range p.layers * narrow * 2 * page {
			x := uint16(r.Uint32()) &^ 0x4000 // finite
			want[i], data = append(want[i], x), binary.LittleEndian.AppendUint16(data, x)
		}
		addresses[i] = binary.LittleEndian.Uint64(b.buffer(data, 0))
	}
	in := [][]byte{b.buffer(floatBytes(q), 0), b.buffer(floatBytes(k), 0), b.buffer(floatBytes(v), 0), b.buffer(floatBytes(turns), 0)}
	var at []byte
	for i, t := range tokens {
		at = append(at, le64(addresses[t.page]+uint64(t.slot))...)
		pairs := turns[i*p.rot:][:p.rot]
		for h := range p.heads {
			arith.Turn(q[i*wide+h*p.head:][:p.head], pairs, p.halves)
		}
		for h := range p.keys {
			key, to := k[i*narrow+h*p.head:][:p.head], want[t.page][(p.layer*p.keys+h)*p.head*2*page:]
			arith.Turn(key, pairs, p.halves)
			for e := range p.head {
				x, y := half.Narrow(key[e]), half.Narrow(v[i*narrow+h*p.head+e])
				to[e*page+t.slot], to[p.head*page+t.slot*p.head+e] = x, y
				if !half.Finite(x) || !half.Finite(y) { // some keys are by their turn, and some are not
					failed[i*p.keys+h] = 1
				}
			}
		}
	}
	for i := range q {
		q[i] *= scale
	}
	halves := 0
	if p.halves {
		halves = 1
	}
	turned, marks := b.buffer(nil, 4*len(q)), b.buffer(nil, 4*len(failed))
	b.run("rope", "place", ptx.Grid{X: len(tokens), Y: p.keys, Threads: threads}, in[0], turned, in[1], in[2], in[3], b.buffer(at, 0), marks,
		le32(p.heads), le32(p.keys), le32(p.head), le32(p.rot), le32(halves), le32(p.layer), floatBytes([]float32{scale}))
	if !equal(b.floats(turned, len(q)), q) {
		b.t.Errorf("%+v: other queries", p)
	}
	for i, x := range b.floats(marks, len(failed)) {
		if math.Float32bits(x) != failed[i] {
			b.t.Errorf("%+v: token %d, key head %d is marked %d, want %d", p, i/p.keys, i%p.keys, math.Float32bits(x), failed[i])
		}
	}
	for i := range want {
		data := make([]byte, 2*len(want[i]))
		if err := b.mem.Read(data, addresses[i]); err != nil {
			b.t.Fatal(err)
		}
		for j, x := range want[i] {
			got := binary.LittleEndian.Uint16(data[2*j:])
			if got != x && !(half.Widen(got) != half.Widen(got) && half.Widen(x) != half.Widen(x)) {
				b.t.Fatalf("%+v: number %d of page %d is %04x, want %04x", p, j, i, got, x)
			}
		}
	}
}

// TestPlaces has heads of which some do not turn, one key head and several, odd
// numbers of them, more elements than a block has threads, and tokens at the ends
// of pages; of some a key or a value is not finite, or too large for binary16.
func TestPlaces(t *testing.T) {
	for i, p := range []placed{
		{heads: 1, keys: 1, head: 2, rot: 2, layers: 1},
		{heads: 6, keys: 3, head: 18, rot: 12, layers: 2, layer: 1},
		{heads: 5, keys: 5, head: 40, rot: 40, halves: true, layers: 1},
		{heads: 3, keys: 1, head: 96, rot: 30, halves: true, layers: 3, layer: 1},
		{heads: 21, keys: 3, head: 160, rot: 160, layers: 1}, // 1,280 elements
	} {
		t.Run(fmt.Sprintf("%d heads of %d", p.heads, p.head), func(t *testing.T) {
			for _, s := range []ptx.Schedule{{}, {Random: true, Races: true, Seed: uint64(i)}} {
				(&bench{t: t, s: s}).places(rand.New(rand.NewPCG(49, uint64(i))), p)
			}
		})
	}
}

// places has a thread for each element, or where warps take turns a few.
func (b *bench) places(r *rand.Rand, p placed) {
	b.t.Helper()
	tokens := []placedToken{{0, 0, nil}, {1, 63, []int{2*p.head*p.keys - 1}}, {0, 31, nil}, {1, 5, []int{0}}, {1, 6, []int{p.head}}}
	threads := min(mostThreads, (p.heads/p.keys+1)*p.head+31) / 32 * 32
	if b.s.Random {
		threads = min(threads, 96)
	}
	b.place(r, p, threads, tokens)
}
