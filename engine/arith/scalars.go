package arith

import "math"

// halfway is what the low 29 bits of a binary64 number hold when it lies
// exactly between two neighbouring binary32 numbers: a binary64 has 29 more
// bits of fraction than a binary32.
const (
	extraBits = 1<<29 - 1
	halfway   = 1 << 28
	// smallestNormal is the least normal binary32, 2⁻¹²⁶, as a binary64.
	smallestNormal = 0x1p-126
)

// FMA returns x·y + z rounded once to binary32, to nearest even: IEEE 754's
// fusedMultiplyAdd.
//
// Go has none in 32 bits. The product of two binary32 numbers is exact in
// binary64. The binary64 sum is rounded, and rounding it again to binary32
// differs from one rounding only where the first rounding landed on a point
// halfway between two binary32 numbers; there the sum is first rounded to odd,
// which keeps the side on which the exact value lies. Below 2⁻¹²⁶ binary32
// numbers are spaced otherwise, so the sum is rounded to odd there too.
func FMA(x, y, z float32) float32 {
	s := float64(x)*float64(y) + float64(z)
	if math.Float64bits(s)&extraBits == halfway || math.Abs(s) < smallestNormal {
		return float32(addOdd(float64(x)*float64(y), float64(z)))
	}
	return float32(s)
}

// add returns p + a rounded once to binary32 and widened again. p is an exact
// product of two binary32 numbers and a is a binary32 number. It is FMA without
// the test for a subnormal result; the caller promises that p is a multiple of
// 2⁻¹⁷⁸, for then a sum below 2⁻¹²⁶ is exact in binary64. That holds
//   - in a linear layer: the int32 dot is an integer and its factor a multiple
//     of 2⁻¹⁴⁹; a minimum is a multiple of 2⁻²⁴ and its factor is 0 or at least
//     2⁻¹⁰⁷, a multiple of 2⁻¹³⁰;
//   - in q·k and p·v: keys and values come from binary16, multiples of 2⁻²⁴,
//     and q and p are multiples of 2⁻¹⁴⁹.
func add(p, a float64) float64 {
	s := p + a
	if math.Float64bits(s)&extraBits == halfway {
		s = addOdd(p, a)
	}
	return float64(float32(s))
}

// addOdd returns p + a rounded to odd in binary64: the exact sum where it is
// representable, else whichever of its two neighbours has an odd last bit. The
// error of the rounded sum is Knuth's (TAOCP 2, 4.2.2, theorem B), exact for
// any p and a.
//
//go:noinline
func addOdd(p, a float64) float64 {
	s := p + a
	b := s - p
	e := (p - (s - b)) + (a - b)
	bits := math.Float64bits(s)
	if e == 0 || e != e || bits&1 == 1 {
		return s
	}
	if (e > 0) == (s > 0) {
		return math.Float64frombits(bits + 1)
	}
	return math.Float64frombits(bits - 1)
}

// rne rounds to the nearest integer, halves to even. |x| is below 2³¹; NaN gives 0.
func rne(x float32) int32 {
	if x != x {
		return 0
	}
	return int32(math.RoundToEven(float64(x)))
}

// sqrt32 is the correctly rounded binary32 square root.
func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// finite tells whether x is neither NaN nor infinite.
func finite(x float32) bool { return math.Float32bits(x)&0x7f800000 != 0x7f800000 }

// Finite tells whether all elements of x are neither NaN nor infinite.
func Finite(x []float32) bool {
	for _, f := range x {
		if !finite(f) {
			return false
		}
	}
	return true
}

// maxOf is a > b ? a : b.
func maxOf(a, b float32) float32 {
	if a > b {
		return a
	}
	return b
}
