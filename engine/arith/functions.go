package arith

import "math"

// The limits of exp: above expMax the argument is cut, below expMin the result
// is +0, so that it is never infinite or subnormal.
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
