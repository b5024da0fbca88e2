package arith

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// The kernels of a linear layer in plain Go. Goal: the bits of plainChunk, many times as fast.
//
// The dot product of a block comes from 64-bit multiplications (SIMD within a register). Four weights of four bits, spread over
// 16-bit lanes, times four activations in the opposite order, give the sum of the four products in the top lane. Four such
// products are added before the lane is read: |sum| ≤ 16·15·127 = 30480 < 2¹⁵. The lanes below are signed too and at most
// 22860 in size, so they carry into the top lane by less than one half of its unit, and adding 2⁴⁷ before the arithmetic shift
// removes them. Weights of eight bits go in two 32-bit lanes, as w + 128; |sum| ≤ 32·255·127 < 2³¹.
//
// A scale's binary16 bits, moved into the places of a binary32's, are the scale times 2⁻¹¹². The activations' scales carry the
// factor 2¹¹² instead, so that no product has to; it changes no rounding, as long as they do not overflow (Vec.huge).
//
// The float steps keep the running sum as a binary64 that holds a binary32 value, see add. About one sum in a thousand is the
// midpoint of two binary32 numbers, nearly always exactly, and then all is well. An inexact one ends the kernel with ok = false;
// leaving the loop, rather than calling a function inside it, keeps the loop's values in registers.

const (
	nibbles  = 0x000F000F000F000F
	lowBytes = 0x000000FF000000FF
	top16    = 1 << 47 // half of the unit of the top 16-bit lane
	top32    = 1 << 31 // half of the unit of the top 32-bit lane
	signBits = 0x8080808080808080
	unbias   = 0x1p112
	maxScale = 0x1p16 // the least scale whose product with unbias overflows
)

// The bytes of a block of each type.
type (
	q40 = [18]byte
	q41 = [20]byte
	q80 = [34]byte
)

// blocks views a row as its blocks. They are arrays of bytes, so any address is aligned for them.
func blocks[B q40 | q41 | q80](row []byte) []B {
	var b B
	return unsafe.Slice((*B)(unsafe.Pointer(unsafe.SliceData(row))), len(row)/len(b))
}

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

// first and second are the two binary16 numbers in h, each times 2⁻¹¹².
func first(h uint32) float32  { return math.Float32frombits(uint32(int32(h<<16)>>3) & 0x8fffe000) }
func second(h uint32) float32 { return math.Float32frombits(uint32(int32(h)>>3) & 0x8fffe000) }

func load16(b []byte) uint32 { return uint32(binary.LittleEndian.Uint16(b)) }
func load64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// dot16 is the dot product of the sixteen nibbles of w with the activations packed in x0 … x3.
func dot16(w, x0, x1, x2, x3 uint64) int64 {
	return int64(w&nibbles*x0+w>>8&nibbles*x1+w>>4&nibbles*x2+w>>12&nibbles*x3+top16) >> 48
}

// dot8 is the sum in its upper lane, not yet shifted, of the eight bytes of w with the activations packed in x0 … x3.
func dot8(w, x0, x1, x2, x3 uint64) uint64 {
	return w&lowBytes*x0 + w>>8&lowBytes*x1 + w>>16&lowBytes*x2 + w>>24&lowBytes*x3
}

func q41Rows2(rowA, rowB []byte, v *Vec) (ya, yb float32, ok bool) {
	ra, rb := blocks[q41](rowA), blocks[q41](rowB)
	n := len(ra)
	rb, lanes, dxs, txs := rb[:n], v.lanes4[:n], v.dx[:n], v.tx[:n]
	var sa, sb float64
	for i := range ra {
		x, wa, wb, dx, tx := &lanes[i], &ra[i], &rb[i], dxs[i], txs[i]
		pa := float64(dot16(load64(wa[4:]), x[0], x[1], x[2], x[3]) + dot16(load64(wa[12:]), x[4], x[5], x[6], x[7]))
		pb := float64(dot16(load64(wb[4:]), x[0], x[1], x[2], x[3]) + dot16(load64(wb[12:]), x[4], x[5], x[6], x[7]))
		ha, hb := binary.LittleEndian.Uint32(wa[0:]), binary.LittleEndian.Uint32(wb[0:])
		pa, pb = pa*float64(first(ha)*dx), pb*float64(first(hb)*dx)
		na, nb := pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
		pa, pb = float64(second(ha))*tx, float64(second(hb))*tx
		na, nb = pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
		if i%chunkBlocks == chunkBlocks-1 {
			ya, yb = ya+float32(sa), yb+float32(sb)
			sa, sb = 0, 0
		}
	}
	return ya + float32(sa), yb + float32(sb), true
}

func q40Rows2(rowA, rowB []byte, v *Vec) (ya, yb float32, ok bool) {
	ra, rb := blocks[q40](rowA), blocks[q40](rowB)
	n := len(ra)
	rb, lanes, dxs, ts := rb[:n], v.lanes4[:n], v.dx[:n], v.T[:n]
	var sa, sb float64
	for i := range ra {
		x, wa, wb, dx, t := &lanes[i], &ra[i], &rb[i], dxs[i], 8*int64(ts[i])
		pa := float64(dot16(load64(wa[2:]), x[0], x[1], x[2], x[3]) + dot16(load64(wa[10:]), x[4], x[5], x[6], x[7]) - t)
		pb := float64(dot16(load64(wb[2:]), x[0], x[1], x[2], x[3]) + dot16(load64(wb[10:]), x[4], x[5], x[6], x[7]) - t)
		pa, pb = pa*float64(first(load16(wa[0:]))*dx), pb*float64(first(load16(wb[0:]))*dx)
		na, nb := pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
		if i%chunkBlocks == chunkBlocks-1 {
			ya, yb = ya+float32(sa), yb+float32(sb)
			sa, sb = 0, 0
		}
	}
	return ya + float32(sa), yb + float32(sb), true
}

func q80Rows2(rowA, rowB []byte, v *Vec) (ya, yb float32, ok bool) {
	ra, rb := blocks[q80](rowA), blocks[q80](rowB)
	n := len(ra)
	rb, lanes, dxs, ts := rb[:n], v.lanes8[:n], v.dx[:n], v.T[:n]
	var sa, sb float64
	for i := range ra {
		x, wa, wb, dx, t := &lanes[i], &ra[i], &rb[i], dxs[i], 128*int64(ts[i])
		da := dot8(load64(wa[2:])^signBits, x[0], x[1], x[2], x[3])
		db := dot8(load64(wb[2:])^signBits, x[0], x[1], x[2], x[3])
		da += dot8(load64(wa[10:])^signBits, x[4], x[5], x[6], x[7])
		db += dot8(load64(wb[10:])^signBits, x[4], x[5], x[6], x[7])
		da += dot8(load64(wa[18:])^signBits, x[8], x[9], x[10], x[11])
		db += dot8(load64(wb[18:])^signBits, x[8], x[9], x[10], x[11])
		da += dot8(load64(wa[26:])^signBits, x[12], x[13], x[14], x[15])
		db += dot8(load64(wb[26:])^signBits, x[12], x[13], x[14], x[15])
		pa := float64(int64(da+top32)>>32-t) * float64(first(load16(wa[0:]))*dx)
		pb := float64(int64(db+top32)>>32-t) * float64(first(load16(wb[0:]))*dx)
		na, nb := pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
		if i%chunkBlocks == chunkBlocks-1 {
			ya, yb = ya+float32(sa), yb+float32(sb)
			sa, sb = 0, 0
		}
	}
	return ya + float32(sa), yb + float32(sb), true
}
