package arith

import (
	"encoding/binary"

	"github.com/assaynet/assay/engine/half"
)

// The types whose weights have five or six bits, or a scale of scales. One
// kernel serves them all: a type's spread function puts the 32 weights of a
// block, unsigned, into four words of eight bytes, in order, and says by how
// much they are shifted up. The kernel takes every second byte of a word as a
// 16-bit lane and multiplies with activations packed by pack4, as fast.go
// explains; with weights up to 63 the top lane of one product is at most
// 4·63·127 < 2¹⁵, so each is read by itself.
//
// Scales of blocks of 256 are products of a binary16 number and an integer of
// at most eight bits, exact in binary32.

// spread32 is a block of 32 weights before the multiplication.
type spread32 struct {
	u    [4]uint64 // byte i of word j is weight 8j+i plus offset, 0 … 63, or 0 … 255 for lanes alone
	d, m float32   // scale, and minimum or second scale
}

// spreader tells what one type's spread functions have in common.
type spreader struct {
	offset  int32 // taken from each weight
	minimum bool
	halves  bool
	// load reads block sub of a stored block.
	load func(stored []byte, sub int) spread32
}

const (
	lowNibbles = 0x0F0F0F0F0F0F0F0F
	everyOne   = 0x0101010101010101
	everyThree = 0x0303030303030303
	everySecnd = 0x00FF00FF00FF00FF
	everyLane  = 0x0001000100010001
	top16Only  = 48
)

// spreadFormat makes a format of a spreader.
func spreadFormat(s spreader) *format {
	f := &format{pack: Pack4, minimum: s.minimum, halves: s.halves, load: s.load, offset4: uint64(s.offset) * everyLane}
	f.decode = func(stored []byte, sub int, w *[BlockLen]int32) (d, m float32) {
		b := s.load(stored, sub)
		for i := range w {
			w[i] = int32(b.u[i/8]>>(i%8*8)&0xFF) - s.offset
		}
		return b.d, b.m
	}
	f.rows2 = func(a, b []byte, v *Vec) (ya, yb float32, ok bool) {
		return f.spreadRow(&s, a, v), f.spreadRow(&s, b, v), true
	}
	f.tokens4 = func(row []byte, g *quad) (y [4]float32, ok bool) { return f.spreadRow4(&s, row, g), true }
	return f
}

// scale16 reads a binary16 number.
func scale16(b []byte) float32 { return half.WidenFinite(binary.LittleEndian.Uint16(b)) }

// nibbles32 spreads sixteen bytes of nibbles: weights 0 … 15 are the low ones,
// 16 … 31 the high ones.
func nibbles32(b []byte) (u [4]uint64) {
	for i := range 2 {
		x := load64(b[8*i:])
		u[i], u[i+2] = x&lowNibbles, x>>4&lowNibbles
	}
	return u
}

// fifthBits puts bit i of bits, as 16, into byte i%8 of word i/8.
func fifthBits(u *[4]uint64, bits uint32) {
	for i := range u {
		// Each byte of the product holds the eight bits; byte j keeps bit j,
		// and becomes 1 where that is set.
		x := uint64(bits>>(8*i)&0xFF) * everyOne & 0x8040201008040201
		u[i] |= (x + 0x7F7F7F7F7F7F7F7F) >> 7 & everyOne << 4
	}
}

// spreadQ50: d, then bit 4 of the 32 weights, then their nibbles; each is 16
// too large.
var spreadQ50 = spreader{offset: 16, load: func(b []byte, _ int) spread32 {
	s := spread32{u: nibbles32(b[6:]), d: scale16(b)}
	fifthBits(&s.u, binary.LittleEndian.Uint32(b[2:]))
	return s
}}

// spreadQ51: d, m, then bit 4 of the 32 weights, then their nibbles.
var spreadQ51 = spreader{minimum: true, load: func(b []byte, _ int) spread32 {
	s := spread32{u: nibbles32(b[8:]), d: scale16(b), m: scale16(b[2:])}
	fifthBits(&s.u, binary.LittleEndian.Uint32(b[4:]))
	return s
}}

// subScales reads the scale and the minimum of block sub of a Q4_K or Q5_K
// block, which starts with d, dmin and twelve bytes: six bits each. Those of
// blocks 4 … 7 have their upper two bits above the six of blocks 0 … 3.
func subScales(b []byte, sub int) (d, m float32) {
	q := b[4:16]
	sc, mn := q[sub%4]&63, q[sub%4+4]&63
	if sub >= 4 {
		sc, mn = q[sub+4]&15|q[sub-4]>>6<<4, q[sub+4]>>4|q[sub]>>6<<4
	}
	return scale16(b) * float32(sc), -(scale16(b[2:]) * float32(mn))
}

// runNibbles spreads the nibbles of 32 bytes: the low ones for even sub, the
// high ones for odd.
func runNibbles(b []byte, sub int) (u [4]uint64) {
	for i := range u {
		u[i] = load64(b[8*i:]) >> (sub % 2 * 4) & lowNibbles
	}
	return u
}

// spreadQ4K: d, dmin, twelve bytes of scales, and for each two blocks 32 bytes,
// nibbles of one low, of the other high.
var spreadQ4K = spreader{minimum: true, load: func(b []byte, sub int) (s spread32) {
	s.d, s.m = subScales(b, sub)
	s.u = runNibbles(b[16+sub/2*32:], sub)
	return s
}}

// spreadQ5K: as Q4_K, with 32 bytes before the nibbles, whose bit sub is bit 4
// of block sub's weights.
var spreadQ5K = spreader{minimum: true, load: func(b []byte, sub int) (s spread32) {
	s.d, s.m = subScales(b, sub)
	s.u = runNibbles(b[48+sub/2*32:], sub)
	for i := range s.u {
		s.u[i] |= load64(b[16+8*i:]) >> sub & everyOne << 4
	}
	return s
}}

// spreadQ6K: 128 bytes of low nibbles, 64 of upper two bits, 16 scales of
// sixteen weights, d; weights are 32 too large. Each half of the block, four
// blocks of 32, has 64 of the first bytes (blocks 0 and 1 low, 2 and 3 high)
// and 32 of the second (block i in bits 2i and 2i+1).
var spreadQ6K = spreader{
	offset: 32, halves: true,
	load: func(b []byte, sub int) (s spread32) {
		part, i := sub/4, sub%4
		low, high := b[part*64+i%2*32:], b[128+part*32:]
		for j := range s.u {
			s.u[j] = load64(low[8*j:])>>(i/2*4)&lowNibbles | load64(high[8*j:])>>(2*i)&everyThree<<4
		}
		d := scale16(b[208:])
		s.d, s.m = d*float32(int8(b[192+2*sub])), d*float32(int8(b[193+2*sub]))
		return s
	},
}

// The types with kernels of their own, as they are spread for lanes.

// spreadQ80: d, then 32 signed bytes; each is 128 too large.
func spreadQ80(b []byte, _ int) spread32 {
	s := spread32{d: scale16(b)}
	for i := range s.u {
		s.u[i] = load64(b[2+8*i:]) ^ signBits
	}
	return s
}

// spreadQ40: d, then nibbles, each 8 too large.
func spreadQ40(b []byte, _ int) spread32 { return spread32{u: nibbles32(b[2:]), d: scale16(b)} }

// spreadQ41: d, m, then nibbles.
func spreadQ41(b []byte, _ int) spread32 {
	return spread32{u: nibbles32(b[4:]), d: scale16(b), m: scale16(b[2:])}
}
