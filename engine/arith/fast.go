package arith

import (
	"encoding/binary"
	"math"
)

// The kernels of a linear layer in plain Go. Goal: the bits of plainChunk, many
// times as fast.
//
// The dot product of a block comes from 64-bit multiplications (SIMD within a
// register). Four weights of four bits, spread over 16-bit lanes, times four
// activations in the opposite order, give the sum of the four products in the
// top lane. Four such products are added before the lane is read: |sum| ≤
// 16·15·127 = 30480 < 2¹⁵. The lanes below are signed too and at most 22860 in
// size, so they carry into the top lane by less than one half of its unit, and
// adding 2⁴⁷ before the arithmetic shift removes them. Weights of eight bits go
// in two 32-bit lanes, as w + 128; |sum| ≤ 32·255·127 < 2³¹.
//
// A scale's binary16 bits, moved into the places of a binary32's, are the scale
// times 2⁻¹¹². The activations' scales carry the factor 2¹¹² instead, so that
// no product has to; it changes no rounding, as long as they do not overflow
// (Vec.huge).
//
// The float steps keep the running sum as a binary64 that holds a binary32
// value, see add. About one sum in a thousand is the midpoint of two binary32
// numbers, nearly always exactly, and then all is well. An inexact one ends the
// kernel with ok = false; leaving the loop, rather than calling a function
// inside it, keeps the loop's values in registers.

const (
	nibbles  = 0x000F000F000F000F
	lowBytes = 0x000000FF000000FF
	top16    = 1 << 47 // half of the unit of the top 16-bit lane
	top32    = 1 << 31 // half of the unit of the top 32-bit lane
	signBits = 0x8080808080808080
	unbias   = 0x1p112
	maxScale = 0x1p16 // the least scale whose product with unbias overflows
)

// wrong tells whether rounding s, the binary64 sum of p and a, to binary32 may
// differ from rounding the exact sum: it lies exactly between two binary32
// numbers and is not exact.
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
