package arith

import "math"

const (
	// quantMin is the least largest magnitude of a block that is not taken as zero; so a scale is 0 or at least 2⁻¹⁰⁷.
	quantMin = 0x1p-100
	// quantStep is 1/127 rounded to binary32, times the largest magnitude the scale of a block.
	quantStep = 0x1.020408p-7
	// intMagic added to a float below 2²² leaves its nearest integer in the low bits, ties to even.
	intMagic = 0x1.8p+23
)

// Packing says in which forms the kernels of a matrix want quantised activations.
type Packing uint8

// The packings: four 16-bit lanes or two 32-bit lanes to a word, for weights of four and of eight bits.
const (
	Pack4 Packing = 1 << iota
	Pack8
)

const (
	words4 = BlockLen / 4 // words of a block under Pack4
	words8 = BlockLen / 2 // words of a block under Pack8
)

// Vec holds one token's activations, quantised by blocks of 32 (SPEC.md §3). The zero Vec is ready for Quantize, which reuses
// its memory.
type Vec struct {
	Q  []int8    // [n] quantised values, |q| ≤ 127
	DX []float32 // [n/32] scale of each block; NaN where the block is not finite
	T  []int32   // [n/32] sum of each block's Q
	TX []float32 // [n/32] float(T)·DX

	lanes4 []uint64 // [n/32][8], see pack
	lanes8 []uint64 // [n/32][16]
}

// Blocks returns the number of blocks that v holds.
func (v *Vec) Blocks() int { return len(v.DX) }

// Quantize sets v to the quantised x, whose length is a multiple of 32, packed for the kernels that p names.
func (v *Vec) Quantize(x []float32, p Packing) {
	n := len(x) / BlockLen
	v.Q, v.DX, v.T, v.TX = resize(v.Q, len(x)), resize(v.DX, n), resize(v.T, n), resize(v.TX, n)
	for b := range n {
		q := (*[BlockLen]int8)(v.Q[b*BlockLen:])
		dx, t := quantizeBlock(q, (*[BlockLen]float32)(x[b*BlockLen:]))
		v.DX[b], v.T[b], v.TX[b] = dx, t, float32(t)*dx
	}
	if p&Pack4 != 0 {
		v.lanes4 = resize(v.lanes4, n*words4)
		for b := range n {
			pack4((*[words4]uint64)(v.lanes4[b*words4:]), (*[BlockLen]int8)(v.Q[b*BlockLen:]))
		}
	}
	if p&Pack8 != 0 {
		v.lanes8 = resize(v.lanes8, n*words8)
		for b := range n {
			pack8((*[words8]uint64)(v.lanes8[b*words8:]), (*[BlockLen]int8)(v.Q[b*BlockLen:]))
		}
	}
}

func quantizeBlock(q *[BlockLen]int8, x *[BlockLen]float32) (dx float32, t int32) {
	var largest uint32
	for _, f := range x {
		largest = max(largest, math.Float32bits(f)&0x7fffffff)
	}
	a := math.Float32frombits(largest)
	if a < quantMin || !finite(a) {
		*q = [BlockLen]int8{}
		if a < quantMin {
			return 0, 0
		}
		return float32(math.NaN()), 0
	}
	id := 127 / a
	for i, f := range x {
		k := int32(math.Float32bits(float32(f*id)+intMagic)) - 0x4B400000
		q[i] = int8(k)
		t += k
	}
	return a * quantStep, t
}

// pack4 lays out one block for weights of four bits. A word holds four signed values in 16-bit lanes, the first in the top
// lane: multiplied by a word with the four weights in ascending lanes, the top lane of the product is their dot product. The
// values are in the order in which nibbles come out of two little-endian words of a Q4 block: from each word the low nibbles
// of its even and odd bytes, then the high nibbles.
func pack4(w *[words4]uint64, q *[BlockLen]int8) {
	for half := range 2 {
		for i, first := range [4]int{0, 1, 16, 17} {
			e := first + 8*half
			w[4*half+i] = uint64(int64(q[e]))<<48 + uint64(int64(q[e+2]))<<32 + uint64(int64(q[e+4]))<<16 + uint64(int64(q[e+6]))
		}
	}
}

// pack8 lays out one block for weights of eight bits: two values in 32-bit lanes, bytes i and i+4 of each of the four words.
func pack8(w *[words8]uint64, q *[BlockLen]int8) {
	for i := range w {
		e := i/4*8 + i%4
		w[i] = uint64(int64(q[e]))<<32 + uint64(int64(q[e+4]))
	}
}

// resize returns a slice of length n, in the memory of s where that suffices; its contents are unspecified.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
