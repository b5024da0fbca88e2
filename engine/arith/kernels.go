package arith

import (
	"encoding/binary"
	"math"
)

// The kernels of a linear layer in plain Go. Goal: the bits of plainChunk, many times as fast.
//
// The dot product of a block comes from 64-bit multiplications (SIMD within a register). Four weights of four bits, spread over
// 16-bit lanes, times four activations in the opposite order, give the sum of the four products in the top lane. Four such
// products are added before the lane is read: |sum| ≤ 16·15·127 = 30480 < 2¹⁵. The lanes below are signed too and at most
// 22860 in size, so they carry into the top lane by less than one half of its unit, and adding 2⁴⁷ before the arithmetic shift
// removes them. Weights of eight bits go in two 32-bit lanes, as w + 128; |sum| ≤ 32·255·127 < 2³¹.
//
// The float steps keep the running sum as a binary64 that holds a binary32 value, see add. About one sum in a thousand is the
// midpoint of two binary32 numbers, nearly always exactly, and then all is well. An inexact one ends the kernel with ok = false;
// leaving the loop, rather than calling a function inside it, keeps the loop's values in registers.

const (
	nibbles = 0x000F000F000F000F
	bytes8  = 0x000000FF000000FF
	top16   = 1 << 47
	top32   = 1 << 31
)

// wrong tells whether rounding s, the binary64 sum of p and a, to binary32 may differ from rounding the exact sum: it lies
// exactly between two binary32 numbers and is not exact.
func wrong(s, p, a float64) bool {
	if math.Float64bits(s)&extraBits != halfway {
		return false
	}
	b := s - p
	return p-(s-b) != b-a
}

// round32 rounds to binary32 and widens again.
func round32(s float64) float64 { return float64(float32(s)) }

// half reads a finite binary16 number.
func half(b []byte) float32 { return widen(binary.LittleEndian.Uint16(b)) }

// dot16 is the dot product of the sixteen nibbles of w with the activations packed in x0 … x3.
func dot16(w, x0, x1, x2, x3 uint64) int64 {
	return int64(w&nibbles*x0+w>>8&nibbles*x1+w>>4&nibbles*x2+w>>12&nibbles*x3+top16) >> 48
}

// dot8 is the sum in its upper lane, not yet shifted, of the eight bytes of w with the activations packed in x0 … x3.
func dot8(w, x0, x1, x2, x3 uint64) uint64 {
	return w&bytes8*x0 + w>>8&bytes8*x1 + w>>16&bytes8*x2 + w>>24&bytes8*x3
}

func dot4(w *[20]byte, x *[words4]uint64) int64 {
	lo, hi := binary.LittleEndian.Uint64(w[4:]), binary.LittleEndian.Uint64(w[12:])
	return dot16(lo, x[0], x[1], x[2], x[3]) + dot16(hi, x[4], x[5], x[6], x[7])
}

func q41Rows2(a, b []byte, v *Vec, from, to int) (float32, float32, bool) {
	var sa, sb float64
	lanes, dxs, txs := v.lanes4, v.DX, v.TX
	for i := from; i < to; i++ {
		x := (*[words4]uint64)(lanes[i*words4:])
		wa, wb := (*[20]byte)(a[20*i:]), (*[20]byte)(b[20*i:])
		dx, tx := dxs[i], float64(txs[i])
		pa := float64(dot4(wa, x)) * float64(half(wa[0:])*dx)
		pb := float64(dot4(wb, x)) * float64(half(wb[0:])*dx)
		na, nb := pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
		pa, pb = float64(half(wa[2:]))*tx, float64(half(wb[2:]))*tx
		na, nb = pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
	}
	return float32(sa), float32(sb), true
}

func q40Rows2(a, b []byte, v *Vec, from, to int) (float32, float32, bool) {
	var sa, sb float64
	lanes, dxs, ts := v.lanes4, v.DX, v.T
	for i := from; i < to; i++ {
		x := (*[words4]uint64)(lanes[i*words4:])
		wa, wb := (*[18]byte)(a[18*i:]), (*[18]byte)(b[18*i:])
		dx, t := dxs[i], 8*int64(ts[i])
		da := dot16(binary.LittleEndian.Uint64(wa[2:]), x[0], x[1], x[2], x[3]) +
			dot16(binary.LittleEndian.Uint64(wa[10:]), x[4], x[5], x[6], x[7]) - t
		db := dot16(binary.LittleEndian.Uint64(wb[2:]), x[0], x[1], x[2], x[3]) +
			dot16(binary.LittleEndian.Uint64(wb[10:]), x[4], x[5], x[6], x[7]) - t
		pa, pb := float64(da)*float64(half(wa[0:])*dx), float64(db)*float64(half(wb[0:])*dx)
		na, nb := pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
	}
	return float32(sa), float32(sb), true
}

// signBits turns signed bytes into the same plus 128.
const signBits = 0x8080808080808080

// dotQ80 is the dot product of a Q8_0 block's bytes, each plus 128, with packed activations.
func dotQ80(w *[34]byte, x *[words8]uint64) int64 {
	s := dot8(binary.LittleEndian.Uint64(w[2:])^signBits, x[0], x[1], x[2], x[3])
	s += dot8(binary.LittleEndian.Uint64(w[10:])^signBits, x[4], x[5], x[6], x[7])
	s += dot8(binary.LittleEndian.Uint64(w[18:])^signBits, x[8], x[9], x[10], x[11])
	s += dot8(binary.LittleEndian.Uint64(w[26:])^signBits, x[12], x[13], x[14], x[15])
	return int64(s+top32) >> 32
}

func q80Rows2(a, b []byte, v *Vec, from, to int) (float32, float32, bool) {
	var sa, sb float64
	lanes, dxs, ts := v.lanes8, v.DX, v.T
	for i := from; i < to; i++ {
		x := (*[words8]uint64)(lanes[i*words8:])
		wa, wb := (*[34]byte)(a[34*i:]), (*[34]byte)(b[34*i:])
		dx, t := dxs[i], 128*int64(ts[i])
		pa := float64(dotQ80(wa, x)-t) * float64(half(wa[0:])*dx)
		pb := float64(dotQ80(wb, x)-t) * float64(half(wb[0:])*dx)
		na, nb := pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
	}
	return float32(sa), float32(sb), true
}
