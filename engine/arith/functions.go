package arith

import "math"

// The limits of exp: above expMax the argument is cut, below expMin the result is +0, so that it is never infinite or subnormal.
const (
	expMax = 88
	expMin = -0x1.5d51ecp+6
)

// The coefficients of exp's polynomial, and of the reduction of its argument.
const (
	exp6 = 0x1.6a23cep-10
	exp5 = 0x1.123a2p-7
	exp4 = 0x1.5558f2p-5
	exp3 = 0x1.555492p-3
	exp2 = 0x1.fffffcp-2

	log2e    = 0x1.715476p+0
	minusLn2 = -0x1.62e43p-1
	ln2Rest  = 0x1.05c61p-29
)

// Exp returns e^x as AC1 defines it (SPEC.md §4): within 0.883 ulp on [-87.33, 0], exactly 1 at 0, +0 below; NaN stays NaN.
//
// It is plainExp with each fma done in binary64, as in kernels.go; no result of a step is subnormal.
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

// plainExp is Exp as the specification writes it, for x within its limits.
func plainExp(x float32) float32 {
	t := FMA(x, log2e, intMagic)
	k := t - intMagic
	r := FMA(k, ln2Rest, FMA(k, minusLn2, x))
	p := float32(exp6)
	for _, c := range [6]float32{exp5, exp4, exp3, exp2, 1, 1} {
		p = FMA(p, r, c)
	}
	return p * math.Float32frombits((math.Float32bits(t)+127)<<23)
}

// SiLU returns x / (1 + exp(−x)).
func SiLU(x float32) float32 { return x / (1 + Exp(-x)) }

// GELU returns the tanh form of GELU, written as x / (1 + exp(−u)).
func GELU(x float32) float32 {
	u := float32(x * FMA(0x1.2444f2p-4, float32(x*x), 0x1.988454p+0))
	return x / (1 + Exp(-u))
}

// SoftCap returns c·tanh(x / c), written with Exp; c > 0.
func SoftCap(x, c float32) float32 {
	y := x / c
	e := Exp(-2 * float32(math.Abs(float64(y))))
	v := float32(c * ((1 - e) / (1 + e)))
	return float32(math.Copysign(float64(v), float64(x)))
}

// lanes is the number of partial sums of fold16.
const lanes = 16

// fold adds the sixteen partial sums: s[l] = s[l] + s[l+w] for w = 8, 4, 2, 1.
func fold(s *[lanes]float32) float32 {
	for w := lanes / 2; w > 0; w /= 2 {
		for l := range w {
			s[l] += s[l+w]
		}
	}
	return s[0]
}

// SumSquares returns Σx² by chunks of 256, each by fold16 with fused steps (SPEC.md §2).
func SumSquares(x []float32) float32 {
	var total float32
	for len(x) > 0 {
		c := x[:min(len(x), chunk)]
		var s [lanes]float32
		for k, v := range c {
			s[k%lanes] = FMA(v, v, s[k%lanes])
		}
		total += fold(&s)
		x = x[len(c):]
	}
	return total
}

// SumPage returns Σp of an attention page by fold16; masked elements are +0.
func SumPage(p *[PageLen]float32) float32 {
	var s [lanes]float32
	for k, v := range p {
		s[k%lanes] += v
	}
	return 0 + fold(&s)
}

// RMSNorm sets y to (x·r)·w with r = 1 / sqrt(Σx²/n + eps). y, x and w have n elements; y may be x.
func RMSNorm(y, x, w []float32, eps float32) {
	r := 1 / sqrt32(SumSquares(x)/float32(len(x))+eps)
	for i, v := range x {
		y[i] = float32(v*r) * w[i]
	}
}
