package arith

import "math"

// The limits of exp: above expMax the argument is cut, below expMin the result is +0, so that it is never infinite or subnormal.
const (
	expMax = 88
	expMin = -0x1.5d51ecp+6
)

// Exp returns e^x as AC1 defines it (SPEC.md §4): within 0.883 ulp on [-87.33, 0], exactly 1 at 0, +0 below; NaN stays NaN.
func Exp(x float32) float32 {
	if x > expMax {
		x = expMax
	}
	if x < expMin {
		return 0
	}
	t := FMA(x, 0x1.715476p+0, 0x1.8p+23)
	k := t - 0x1.8p+23
	r := FMA(k, 0x1.05c61p-29, FMA(k, -0x1.62e43p-1, x))
	p := float32(0x1.6a23cep-10)
	p = FMA(p, r, 0x1.123a2p-7)
	p = FMA(p, r, 0x1.5558f2p-5)
	p = FMA(p, r, 0x1.555492p-3)
	p = FMA(p, r, 0x1.fffffcp-2)
	p = FMA(p, r, 1)
	p = FMA(p, r, 1)
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
