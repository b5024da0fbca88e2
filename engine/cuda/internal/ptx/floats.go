package ptx

import (
	"math"

	"github.com/assaynet/assay/engine/half"
)

// Floating point (PTX ISA §9.7.3): only what rounds once, to nearest even, and
// keeps subnormals. Every NaN that is made is 0x7fffffff, as on a device.
var floats = []opcode{
	value("add.rn.f32 f32,f32,f32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = made(float(a[l]) + float(b[l]))
		}
	}),
	value("sub.rn.f32 f32,f32,f32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = made(float(a[l]) - float(b[l]))
		}
	}),
	value("mul.rn.f32 f32,f32,f32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = made(float(a[l]) * float(b[l]))
		}
	}),
	value("div.rn.f32 f32,f32,f32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = made(float(a[l]) / float(b[l]))
		}
	}),
	value("sqrt.rn.f32 f32,f32", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = made(float32(math.Sqrt(float64(float(a[l]))))) // binary64 is wide enough for one rounding
		}
	}),
	value("fma.rn.f32 f32,f32,f32,f32", func(d, a, b, c *lanes) {
		for l := range d {
			d[l] = made(fused(float(a[l]), float(b[l]), float(c[l])))
		}
	}),
	value("neg.f32 f32,f32", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = a[l] ^ 0x80000000
		}
	}),
	value("abs.f32 f32,f32", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = a[l] & 0x7fffffff
		}
	}),
	// Conversions (§9.7.9.21).
	value("cvt.f32.f16 f32,b16", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = made(half.Widen(uint16(a[l])))
		}
	}),
	value("cvt.rn.f16.f32 b16,f32", func(d, a, _, _ *lanes) {
		for l := range d {
			x := float(a[l])
			if d[l] = uint64(half.Narrow(x)); x != x {
				d[l] = 0x7fff
			}
		}
	}),
	value("cvt.rn.f32.u32 f32,i32", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = made(float32(uint32(a[l])))
		}
	}),
	value("cvt.rn.f32.s32 f32,i32", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = made(float32(int32(a[l])))
		}
	}),
	value("cvt.rn.f32.u16 f32,i16", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = made(float32(uint16(a[l])))
		}
	}),
	value("cvt.rn.f32.s16 f32,i16", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = made(float32(int16(a[l])))
		}
	}),
}

const notANumber = 0x7fffffff

func float(x uint64) float32 { return math.Float32frombits(uint32(x)) }

// made are the bits of a result.
func made(x float32) uint64 {
	if x != x {
		return notANumber
	}
	return uint64(math.Float32bits(x))
}

// fused is x·y + z, rounded once. The product is exact in binary64. Its sum
// with z is rounded to odd there (Boldo and Melquiond, "Emulation of FMA and
// correctly rounded sums", 2008), and a number so rounded, of more than two
// bits more, rounds as the exact sum does; the error of the first sum is
// Knuth's. Rounding twice is as good wherever a normal result does not lie
// halfway between two numbers of binary32 after the first time.
func fused(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	const least = 0x381 << 52 // 2^-126
	if u := math.Float64bits(s); u&0x1fffffff != 0x10000000 && u&^(1<<63) >= least {
		return float32(s)
	}
	b := s - p
	e := (p - (s - b)) + (c - b)
	if e != 0 && e == e {
		if u := math.Float64bits(s); u&1 == 0 {
			if (e > 0) == (s > 0) {
				u++
			} else {
				u--
			}
			s = math.Float64frombits(u)
		}
	}
	return float32(s)
}
