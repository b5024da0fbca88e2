package arith_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/assaynet/assay/engine/arith"
)

// exactFMA is the oracle: x·y + z without rounding in math/big, then rounded once.
func exactFMA(x, y, z float32) float32 {
	p := new(big.Float).SetPrec(2000).SetFloat64(float64(x))
	p.Mul(p, new(big.Float).SetPrec(2000).SetFloat64(float64(y)))
	p.Add(p, new(big.Float).SetPrec(2000).SetFloat64(float64(z)))
	f, _ := p.Float32()
	return f
}

func checkFMA(t *testing.T, x, y, z float32) {
	t.Helper()
	got, want := arith.FMA(x, y, z), exactFMA(x, y, z)
	if got != want || math.Signbit(float64(got)) != math.Signbit(float64(want)) && want != 0 {
		t.Fatalf("FMA(%x, %x, %x): got %x, want %x", x, y, z, got, want)
	}
}

func TestFMARoundsOnceOnRandomNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func() float32 {
		for {
			if f := math.Float32frombits(r.Uint32()); !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) {
				return f
			}
		}
	}
	for range 100_000 {
		checkFMA(t, random(), random(), random())
	}
	// Numbers of like size, where the sum has few or many bits to lose.
	near := func() float32 {
		return math.Float32frombits(uint32(127-20+r.IntN(40))<<23 | r.Uint32()&0x807fffff)
	}
	for range 200_000 {
		checkFMA(t, near(), near(), near())
	}
}

func TestFMARoundsOnceWhereTheProductTipsATie(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		// z is a binary32; the product is half its last place, give or take a
		// much smaller part.
		z := math.Float32frombits(uint32(60+r.IntN(130))<<23 | r.Uint32()&0x807fffff)
		ulp := math.Abs(float64(math.Float32frombits(math.Float32bits(z)^1)) - float64(z))
		x := float32(1 + float64(r.IntN(3)-1)*0x1p-23)
		if r.IntN(2) == 0 {
			x = 1 + float32(r.IntN(1<<12))*0x1p-23
		}
		y := float32(ulp / 2)
		if r.IntN(2) == 0 {
			y = -y
		}
		checkFMA(t, x, y, z)
		checkFMA(t, float32(x*0x1p-30), float32(y), z)
	}
	// (1 + 2⁻²³)(1 − 2⁻²³) is 1 − 2⁻⁴⁶, too near to 1 for a binary64 sum.
	for range 200_000 {
		z := math.Float32frombits(uint32(30+r.IntN(160))<<23 | r.Uint32()&0x807fffff)
		ulp := math.Abs(float64(math.Float32frombits(math.Float32bits(z)^1)) - float64(z))
		for _, x := range []float32{1 + 0x1p-23, -1 - 0x1p-23} {
			checkFMA(t, x, float32(ulp/2)*(1-0x1p-23), z)
			checkFMA(t, x, float32(ulp/2)*(1-0x1p-22), z)
		}
	}
	// Sums that land on and beside a midpoint with a remainder far below binary64.
	for range 200_000 {
		a := float32(r.IntN(1<<24)|1) * 0x1p-24
		b := float32(r.IntN(1<<24)|1) * 0x1p-24
		z := float32(r.IntN(1<<24)) * float32(math.Ldexp(1, r.IntN(60)-20))
		checkFMA(t, a, b, z)
		checkFMA(t, a, -b, z)
	}
}

func TestFMARoundsOnceAmongSubnormalsAndAtOverflow(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200_000 {
		x := math.Float32frombits(uint32(r.IntN(127))<<23 | r.Uint32()&0x807fffff)
		y := math.Float32frombits(uint32(r.IntN(130))<<23 | r.Uint32()&0x807fffff)
		z := math.Float32frombits(r.Uint32() & 0x80ffffff)
		checkFMA(t, x, y, z)
	}
	for range 100_000 {
		// z is an odd multiple of the least subnormal, the product half of that
		// less 2⁻⁴⁶ of it.
		z := math.Float32frombits(r.Uint32() & 0x807fffff)
		checkFMA(t, 0x1p-75*(1+0x1p-23), 0x1p-75*(1-0x1p-23), z)
		checkFMA(t, 0x1p-75*(1+0x1p-23), -0x1p-75*(1-0x1p-23), z)
	}
	largest := float32(math.MaxFloat32)
	for _, z := range []float32{0, 1, largest, -largest, 0x1p103, -0x1p103, 0x1p102, 0x1.fffffep101, 0x1.000002p102} {
		checkFMA(t, largest, 1, z)
		checkFMA(t, largest, -1, z)
		checkFMA(t, 0x1p64, 0x1p64, z)
	}
}

func TestFMACarriesNaNAndInfinity(t *testing.T) {
	inf := float32(math.Inf(1))
	nan := float32(math.NaN())
	for _, c := range [][3]float32{{nan, 1, 1}, {1, nan, 1}, {1, 1, nan}, {inf, 0, 1}, {inf, 1, -inf}} {
		if got := arith.FMA(c[0], c[1], c[2]); got == got {
			t.Errorf("FMA(%v): got %v, want NaN", c, got)
		}
	}
	if got := arith.FMA(inf, 1, 1); got != inf {
		t.Errorf("FMA(inf, 1, 1): got %v, want inf", got)
	}
}
