package fixed

import "math/bits"

// Whole is the whole of a share that is counted in 65536ths.
const Whole = 1 << 16

// MulDiv returns ⌊a·b ÷ d⌋ with a product of 128 bits, the largest uint64 where
// the quotient does not fit, and 0 where d is 0.
func MulDiv(a, b, d uint64) uint64 {
	if d == 0 {
		return 0
	}
	hi, lo := bits.Mul64(a, b)
	if hi >= d {
		return ^uint64(0)
	}
	q, _ := bits.Div64(hi, lo, d)
	return q
}

// Sqrt returns ⌊√v⌋, by Newton's iteration from above.
func Sqrt(v uint64) uint64 {
	if v < 2 {
		return v
	}
	x := uint64(1) << ((bits.Len64(v) + 1) / 2)
	for {
		y := (x + v/x) / 2
		if y >= x {
			return x
		}
		x = y
	}
}

// MaxDeviations bounds z of [LowerBound], in 65536ths.
const MaxDeviations = 8 * Whole

// LowerBound returns the lower end of Wilson's interval, z deviations below the
// rate passes ÷ runs (E. B. Wilson, JASA 22, 1927), all in 65536ths:
//
//	(k + z²/2 − z·√(k(n−k)/n + z²/4)) ÷ (n + z²)
//
// in 65536ths, each step rounded down; 0 where there were no runs, or more
// passes than runs. z is at most [MaxDeviations].
func LowerBound(passes, runs, z uint64) uint32 {
	const most = 1 << 40 // 2²⁴ runs: beyond, only the rate counts, and no product overflows
	if runs > most {
		passes, runs = MulDiv(passes, most, runs), most
	}
	if runs == 0 || passes > runs {
		return 0
	}
	z = min(z, MaxDeviations)
	square := z * z / Whole
	variance := MulDiv(passes, runs-passes, runs) + square/4
	margin := Sqrt(variance<<16) * z / Whole
	top := passes + square/2
	if margin >= top {
		return 0
	}
	return uint32((top - margin) << 16 / (runs + square))
}
