package cuda_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/half"
)

const page = 64

// attended is attention of a few tokens, of several sequences, over random pages.
type attended struct {
	heads, group, head, layers, layer, window int
	scoreCap                                  float32
	queries                                   int // of a tile, 0 for 16

	sequences [][][]uint16 // pages, as kernels/rope.cu has them
	tokens    []attendedToken
	tiles     []attendedTile
	q         []float32 // [tokens][heads][head]
}

// attendedToken is one of a sequence at a position.
type attendedToken struct{ sequence, position int }

// attendedTile is tokens that follow each other.
type attendedTile struct{ first, count int }

// follow adds a sequence with so many tokens, from a position on.
func (a *attended) follow(r *rand.Rand, first, count int) {
	a.sequences = append(a.sequences, a.pages(r, first+count))
	for i := range count {
		if most := max(1, cmp.Or(a.queries, 16)/a.group); i%most == 0 {
			a.tiles = append(a.tiles, attendedTile{len(a.tokens), min(most, count-i)})
		}
		a.tokens = append(a.tokens, attendedToken{len(a.sequences) - 1, first + i})
	}
	for range count * a.heads {
		x := ordinary(r, a.head)
		x[0] = 1
		a.q = append(a.q, x...)
	}
}

// pages are those of so many positions; behind them lie NaNs. Scores of a page
// lie about a level, which is the first element of its keys: it rises and falls
// from page to page, by little and by so much that pages before weigh nothing.
func (a *attended) pages(r *rand.Rand, length int) (list [][]uint16) {
	level := 0.0
	for base := 0; base < length; base += page {
		data := make([]uint16, 0, a.layers*a.heads/a.group*a.head*2*page)
		level += []float64{3, 3, 20, 60}[r.IntN(4)] * r.NormFloat64()
		for range a.layers * a.heads / a.group {
			for i := range 2 * page * a.head { // keys are [head][page], values [page][head]
				x, position := 2*r.NormFloat64()/math.Sqrt(float64(a.head)), i%page
				if i < page {
					x += level
				} else if i >= page*a.head {
					x, position = r.NormFloat64(), (i-page*a.head)/a.head
				}
				if base+position >= length {
					x = math.NaN()
				}
				data = append(data, half.Narrow(float32(x)))
			}
		}
		list = append(list, data)
	}
	return list
}

// want is what the specification says, of one element after the other.
func (a *attended) want() []float32 {
	out := make([]float32, len(a.q))
	for i, t := range a.tokens {
		for h := range a.heads {
			at := (i*a.heads + h) * a.head
			a.attend(out[at:][:a.head], a.q[at:][:a.head], a.sequences[t.sequence], t.position, h/a.group)
		}
	}
	return out
}

func (a *attended) attend(out, q []float32, pages [][]uint16, position, head int) {
	first := 0
	if a.window > 0 {
		first = max(0, position+1-a.window)
	}
	at, top, total := (a.layer*a.heads/a.group+head)*a.head*2*page, float32(math.Inf(-1)), float32(0)
	for p := first / page; p <= position/page; p++ {
		keys, values := pages[p][at:], pages[p][at+a.head*page:]
		from, to := max(0, first-p*page), min(page, position+1-p*page)
		var s, weights [page]float32
		m := top
		for j := from; j < to; j++ {
			for e, x := range q {
				s[j] = arith.FMA(x, half.Widen(keys[e*page+j]), s[j])
			}
			if a.scoreCap != 0 {
				s[j] = arith.SoftCap(s[j], a.scoreCap)
			}
			m = max(m, s[j])
		}
		for j := from; j < to; j++ {
			weights[j] = arith.Exp(s[j] - m)
		}
		alpha := arith.Exp(top - m)
		total = arith.FMA(total, alpha, arith.SumPage(&weights))
		for e := range out {
			mix := float32(0)
			for j := from; j < to; j++ {
				mix = arith.FMA(weights[j], half.Widen(values[j*a.head+e]), mix)
			}
			out[e] = arith.FMA(out[e], alpha, mix)
		}
		top = m
	}
	for e := range out {
		out[e] *= 1 / total
	}
}

// attended compares a kernel with that: attention by so many pages at a time, or,
// of none, by tiles.
func (b *bench) attended(a *attended, want []float32, pages int) {
	b.t.Helper()
	var addresses, tables, positions, tiles []byte
	starts, n := make([]int, len(a.sequences)), len(a.q)
	for i, s := range a.sequences {
		starts[i] = len(addresses) / 8
		for _, p := range s {
			data := make([]byte, 0, 2*len(p))
			for _, x := range p {
				data = binary.LittleEndian.AppendUint16(data, x)
			}
			addresses = append(addresses, b.buffer(data, 0)...)
		}
	}
	for _, t := range a.tokens {
		tables, positions = append(tables, le32(starts[t.sequence])...), append(positions, le32(t.position)...)
	}
	for _, t := range a.tiles {
		tiles = append(append(tiles, le32(t.first)...), le32(t.count)...)
	}
	out, q, dx, tx := b.buffer(nil, 4*n), b.buffer(nil, n), b.buffer(nil, n/8), b.buffer(nil, n/8)
	args := [][]byte{b.buffer(floatBytes(a.q), 0), out, q, dx, tx, b.buffer(addresses, 0), b.buffer(tables, 0), b.buffer(positions, 0)}
	shape := [][]byte{le32(a.heads), le32(a.group), le32(a.head), le32(a.layer), le32(a.window), floatBytes([]float32{a.scoreCap})}
	if pages > 0 {
		b.run("attention", "attention", ptx.Grid{X: len(a.tokens), Y: a.heads, Threads: page * pages}, append(args, shape...)...)
	} else {
		g := ptx.Grid{X: len(a.tiles), Y: a.heads / a.group, Threads: page}
		kernel := "attention_many"
		if a.queries > 16 {
			kernel = "attention_wide"
		}
		b.run("attention_many", kernel, g, slices.Concat(args, [][]byte{b.buffer(tiles, 0)}, shape)...)
	}
	if a.head%32 == 0 {
		b.quantised(want, q, dx, tx)
	} else if !equal(b.floats(out, n), want) {
		b.t.Errorf("%d pages at a time: other numbers", pages)
	}
}

// TestAttentionOverPages compares attention with the specification where maxima
// move from page to page: at the first positions, about the ends of a page and of
// eight, behind more than two rounds of eight, of a whole tile, of sequences that
// differ in length; by one page at a time, more, and all, and of tokens together.
func TestAttentionOverPages(t *testing.T) {
	for i, a := range []attended{
		{heads: 6, group: 3, head: 96, layers: 2, layer: 1},
		{heads: 3, group: 1, head: 40, layers: 1, window: 200},
		{heads: 5, group: 5, head: 64, layers: 1, scoreCap: 20},
		{heads: 2, group: 1, head: 18, layers: 1, window: 65},
		{heads: 4, group: 4, head: 128, layers: 1, queries: 32},
		{heads: 3, group: 3, head: 74, layers: 2, layer: 1, window: 70, scoreCap: 20, queries: 32},
		{heads: 1, group: 1, head: 160, layers: 3, layer: 2},
	} {
		t.Run(fmt.Sprintf("%d heads of %d", a.heads, a.head), func(t *testing.T) {
			r := rand.New(rand.NewPCG(45, uint64(i)))
			for _, x := range [][2]int{{0, 2}, {8*page - 2, 4}, {page - 2, 4}, {4*page - 5, cmp.Or(a.queries, 16) / a.group}, {18 * page, 1}, {9*page + 7, 1}} {
				a.follow(r, x[0], x[1])
			}
			want := a.want()
			for _, pages := range []int{0, 1, 3, 8} {
				(&bench{t: t}).attended(&a, want, pages)
			}
		})
	}
}

// TestGroupsOfMoreThanSixteen have so many query heads of a key head that only
// attention_wide takes a token with all of them, one in a tile.
func TestGroupsOfMoreThanSixteen(t *testing.T) {
	for i, a := range []attended{
		{heads: 17, group: 17, head: 32, layers: 1, queries: 32},
		{heads: 40, group: 20, head: 18, layers: 1, window: 70, scoreCap: 20, queries: 32},
		{heads: 32, group: 32, head: 64, layers: 1, queries: 32},
	} {
		r := rand.New(rand.NewPCG(46, uint64(i)))
		a.follow(r, 0, 2)
		a.follow(r, 2*page-1, 2)
		for _, s := range []ptx.Schedule{{}, {Random: true, Races: true, Seed: uint64(i)}} {
			(&bench{t: t, s: s}).attended(&a, a.want(), 0)
		}
	}
	for _, heads := range []uint32{20, 48} { // more than any tile has
		w := tiny(t, enginetest.Options{Type: gguf.Q8_0, Width: 8 * heads, Heads: heads, KVHeads: 1, FFN: 32, Layers: 1})
		if !slices.EqualFunc(all(t, w, early(ptx.Schedule{Early: true})), oracle(t, w), equal) {
			t.Errorf("%d heads of one key head: other numbers", heads)
		}
	}
}

// TestAttentionInAnyOrder has warps and lanes of a step in any order, with races
// reported.
func TestAttentionInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(47, 48))
	a := attended{heads: 4, group: 2, head: 72, layers: 1}
	for _, x := range [][2]int{{0, 1}, {page, 2}, {10*page + 3, 1}} {
		a.follow(r, x[0], x[1])
	}
	want := a.want()
	for _, pages := range []int{0, 1, 2, 8} {
		(&bench{t: t, s: ptx.Schedule{Random: true, Races: true, Seed: r.Uint64()}}).attended(&a, want, pages)
	}
}
