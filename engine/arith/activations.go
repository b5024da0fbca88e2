package arith

import "math"

const (
	// quantMin is the least largest magnitude of a block that is not taken as
	// zero; so a scale is 0 or at least 2⁻¹⁰⁷.
	quantMin = 0x1p-100
	// quantStep is 1/127 rounded to binary32, times the largest magnitude the
	// scale of a block.
	quantStep = 0x1.020408p-7
	// intMagic added to a float below 2²² leaves its nearest integer in the low
	// bits, ties to even.
	intMagic = 0x1.8p+23
)

// Vec holds one token's activations, quantised by blocks of 32 (SPEC.md §3).
type Vec struct {
	Q  []int8    // [n] quantised values, |q| ≤ 127
	DX []float32 // [n/32] scale of each block; NaN where the block is not finite
	T  []int32   // [n/32] sum of each block's Q
	TX []float32 // [n/32] float(T)·DX

	lanes4 []words4  // [n/32], see pack4
	lanes8 []words8  // [n/32], see pack8
	dx     []float32 // [n/32] DX·2¹¹², see fast.go
	tx     []float64 // [n/32] TX·2¹¹²
	huge   bool      // some dx is infinite where DX is not: the kernels cannot be used
}

// Blocks returns the number of blocks that v holds.
func (v *Vec) Blocks() int { return len(v.DX) }

// Quantize sets v to the quantised x, whose length is a multiple of 32, packed
// for the kernels that p names. It reuses v's memory; the zero Vec is ready.
func (v *Vec) Quantize(x []float32, p Packing) {
	n := len(x) / BlockLen
	v.Q, v.DX, v.T, v.TX = resize(v.Q, len(x)), resize(v.DX, n), resize(v.T, n), resize(v.TX, n)
	v.dx, v.tx, v.huge = resize(v.dx, n), resize(v.tx, n), false
	for b := range n {
		dx, t := quantizeBlock(v.block(b), (*[BlockLen]float32)(x[b*BlockLen:]))
		v.DX[b], v.T[b], v.TX[b] = dx, t, float32(t)*dx
		v.dx[b], v.tx[b] = dx*unbias, float64(v.TX[b])*unbias
		v.huge = v.huge || dx >= maxScale
	}
	if p&Pack4 != 0 {
		v.lanes4 = resize(v.lanes4, n)
		for b := range n {
			v.lanes4[b] = pack4(v.block(b))
		}
	}
	if p&Pack8 != 0 {
		v.lanes8 = resize(v.lanes8, n)
		for b := range n {
			v.lanes8[b] = pack8(v.block(b))
		}
	}
}

func (v *Vec) block(b int) *[BlockLen]int8 { return (*[BlockLen]int8)(v.Q[b*BlockLen:]) }

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

// Batch holds the quantised activations of several tokens. The zero value is
// ready for Reset.
type Batch struct {
	vecs   []*Vec
	octets []*abreast // of the tokens 8i … 8i+7, under PackLanes
	quads  []*quad    // of the tokens 4i … 4i+3, for those that have four, else
	n      int
	aside  int // so many tokens lie in octets: all but a few, or none

	packing Packing
}

// Reset makes room for n tokens of width elements, a multiple of 32, under
// packings p; their contents are then unspecified.
func (b *Batch) Reset(n, width int, p Packing) {
	b.n, b.packing, b.aside = n, p, 0
	blocks := width / BlockLen
	for len(b.vecs) < n {
		b.vecs = append(b.vecs, &Vec{})
	}
	if p&PackLanes != 0 && n >= fewTokens {
		if b.aside = n; n%octet < fewLanes {
			b.aside = n / octet * octet
		}
		for len(b.octets)*octet < b.aside {
			b.octets = append(b.octets, &abreast{})
		}
		for _, l := range b.octets[:(b.aside+octet-1)/octet] {
			l.reset(blocks)
		}
		return
	}
	for len(b.quads) < n/4 {
		b.quads = append(b.quads, &quad{})
	}
	for _, g := range b.quads[:n/4] {
		g.dx, g.tx, g.t = resize(g.dx, blocks), resize(g.tx, blocks), resize(g.t, blocks)
		if p&Pack4 != 0 {
			g.lanes4 = resize(g.lanes4, blocks)
		}
		if p&Pack8 != 0 {
			g.lanes8 = resize(g.lanes8, blocks)
		}
	}
}

// Len returns the number of tokens.
func (b *Batch) Len() int { return b.n }

// Quantize sets token t to the quantised x, of the width that Reset was told.
// Different tokens may be set by different goroutines at once.
func (b *Batch) Quantize(t int, x []float32) {
	v, p := b.vecs[t], b.packing
	if t < b.aside {
		v.Quantize(x, 0)
		b.octets[t/octet].put(t%octet, v)
		return
	}
	v.Quantize(x, p)
	if b.aside > 0 || t >= b.n/4*4 {
		return
	}
	g, k := b.quads[t/4], t%4
	for i := range v.DX {
		g.dx[i][k], g.tx[i][k], g.t[i][k] = v.dx[i], v.tx[i], v.T[i]
	}
	if p&Pack4 != 0 {
		for i := range v.lanes4 {
			g.lanes4[i][k] = v.lanes4[i]
		}
	}
	if p&Pack8 != 0 {
		for i := range v.lanes8 {
			g.lanes8[i][k] = v.lanes8[i]
		}
	}
}

// resize returns a slice of length n, in the memory of s where that suffices;
// its contents are unspecified.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
