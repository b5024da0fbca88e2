package arith

import "math"

// Exp returns e^x as AC1 defines it (SPEC.md §4): within 0.883 ulp on [-87.33,
// 0], exactly 1 at 0, +0 below; NaN stays NaN.
//
// It is plainExp with each fma done in binary64, as in fast.go; no result of a
// step is subnormal.
func Exp(x float32) float32 {
	if x > expMax {
		x = expMax
	}
	if x < expMin {
		return 0
	}
	a := float64(x)
	p := a * log2e
	s := p + intMagic
	if wrong(s, p, intMagic) {
		return plainExp(x)
	}
	t := float32(s)
	k := float64(t - intMagic)
	p = k * minusLn2
	s = p + a
	if wrong(s, p, a) {
		return plainExp(x)
	}
	a, p = round32(s), k*ln2Rest
	s = p + a
	if wrong(s, p, a) {
		return plainExp(x)
	}
	r := round32(s)
	p5 := exp6 * r
	s5 := p5 + exp5
	p4 := round32(s5) * r
	s4 := p4 + exp4
	p3 := round32(s4) * r
	s3 := p3 + exp3
	p2 := round32(s3) * r
	s2 := p2 + exp2
	p1 := round32(s2) * r
	s1 := p1 + 1
	p0 := round32(s1) * r
	s0 := p0 + 1
	if wrong(s5, p5, exp5) || wrong(s4, p4, exp4) || wrong(s3, p3, exp3) || wrong(s2, p2, exp2) || wrong(s1, p1, 1) || wrong(s0, p0, 1) {
		return plainExp(x)
	}
	return float32(s0) * math.Float32frombits((math.Float32bits(t)+127)<<23)
}
