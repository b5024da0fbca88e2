package fixed_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/assaynet/assay/scoring/fixed"
)

// The oracle: what each operation means, in unbounded integers and without a
// thought for speed. A number is its bits.

var (
	unit32 = new(big.Int).Lsh(big.NewInt(1), 32)
	unit64 = new(big.Int).Lsh(big.NewInt(1), 64)
)

// saturated returns x brought into the range of a signed integer of so many bits.
func saturated(x *big.Int, bits uint) *big.Int {
	end := new(big.Int).Lsh(big.NewInt(1), bits-1)
	if x.Cmp(end) >= 0 {
		return end.Sub(end, big.NewInt(1))
	}
	if low := new(big.Int).Neg(end); x.Cmp(low) < 0 {
		return low
	}
	return x
}

// floorDiv returns a/b rounded down, for b > 0.
func floorDiv(a, b *big.Int) *big.Int {
	return new(big.Int).Div(a, b) // Euclidean division, which is the floor for a positive divisor
}

// truncDiv returns a/b truncated toward zero, and zero for b = 0.
func truncDiv(a, b *big.Int) *big.Int {
	if b.Sign() == 0 {
		return new(big.Int)
	}
	return new(big.Int).Quo(a, b)
}

// operands yields pairs of numbers with all magnitudes and the edges of the
// range among them.
func operands(r *rand.Rand, count int, yield func(x, y int64)) {
	edges := []int64{
		0, 1, -1, 2, -2, 3, -3, 1 << 31, -1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, -1 << 32, -1<<32 + 1, -1<<32 - 1,
		65535 << 32, 1 << 47, 1<<47 - 1, math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1,
	}
	for _, x := range edges {
		for _, y := range edges {
			yield(x, y)
		}
	}
	number := func() int64 {
		if r.IntN(8) == 0 {
			return edges[r.IntN(len(edges))]
		}
		return int64(r.Uint64()) >> r.UintN(64)
	}
	for range count {
		yield(number(), number())
	}
}

func TestI32F32AgreesWithTheOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	operands(r, 100_000, func(x, y int64) {
		a, b := big.NewInt(x), big.NewInt(y)
		fx, fy := fixed.I32F32(x), fixed.I32F32(y)
		check := func(name string, got fixed.I32F32, exact *big.Int) {
			if want := saturated(exact, 64); big.NewInt(int64(got)).Cmp(want) != 0 {
				t.Fatalf("%s(%d, %d): got %d, want %d", name, x, y, got, want)
			}
		}
		check("add", fx.Add(fy), new(big.Int).Add(a, b))
		check("sub", fx.Sub(fy), new(big.Int).Sub(a, b))
		check("mul", fx.Mul(fy), floorDiv(new(big.Int).Mul(a, b), unit32))
		check("div", fx.Div(fy), truncDiv(new(big.Int).Mul(a, unit32), b))
		check("from int", fixed.FromInt(x), new(big.Int).Mul(a, unit32))
		if got, want := fx.Floor(), floorDiv(a, unit32).Int64(); got != want {
			t.Fatalf("floor(%d): got %d, want %d", x, got, want)
		}
		if got, want := fx.Round(), rounded(a); got != want {
			t.Fatalf("round(%d): got %d, want %d", x, got, want)
		}
	})
}

// rounded returns the integer nearest to x/2^32, halves away from zero.
func rounded(x *big.Int) int64 {
	half := new(big.Int).Rsh(unit32, 1)
	n := floorDiv(new(big.Int).Add(new(big.Int).Abs(x), half), unit32).Int64()
	return n * int64(x.Sign())
}

func TestI64F64AgreesWithTheOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	big128 := func(x fixed.I64F64) *big.Int {
		hi, lo := x.Bits()
		n := new(big.Int).Mul(big.NewInt(hi), unit64)
		return n.Add(n, new(big.Int).SetUint64(lo))
	}
	var carried fixed.I64F64
	operands(r, 100_000, func(x, y int64) {
		// The words of two numbers come from two pairs, so that every word
		// meets the edges.
		fx, fy := fixed.WideFromBits(x, uint64(y)), carried
		if r.IntN(2) == 0 {
			fx, fy = fixed.WideFromBits(x>>r.UintN(64), uint64(y)), fixed.WideFromBits(y>>r.UintN(64), uint64(x))
		}
		carried = fixed.WideFromBits(y, uint64(x))
		a, b := big128(fx), big128(fy)
		check := func(name string, got fixed.I64F64, exact *big.Int) {
			if want := saturated(exact, 128); big128(got).Cmp(want) != 0 {
				t.Fatalf("%s(%d, %d): got %d, want %d", name, a, b, big128(got), want)
			}
		}
		check("add", fx.Add(fy), new(big.Int).Add(a, b))
		check("div", fx.Div(fy), truncDiv(new(big.Int).Mul(a, unit64), b))
		check("from uint", fixed.WideFromUint(uint64(x)), new(big.Int).Mul(new(big.Int).SetUint64(uint64(x)), unit64))
		if got, want := fx.I32F32(), saturated(floorDiv(a, unit32), 64); big.NewInt(int64(got)).Cmp(want) != 0 {
			t.Fatalf("i32f32(%d): got %d, want %d", a, got, want)
		}
	})
}

func TestProportionsAgreeWithTheOracle(t *testing.T) {
	ones := big.NewInt(65535)
	for v := range 65536 {
		want := truncDiv(new(big.Int).Mul(big.NewInt(int64(v)), unit32), ones).Int64()
		if got := int64(fixed.FromProportion(uint16(v))); got != want {
			t.Fatalf("from proportion %d: got %d, want %d", v, got, want)
		}
	}
	operands(rand.New(rand.NewPCG(3, 3)), 20_000, func(x, y int64) {
		exact := floorDiv(new(big.Int).Mul(big.NewInt(x), ones), unit32)
		want := min(max(saturated(exact, 64).Int64(), 0), 65535)
		if got := int64(fixed.I32F32(x).Proportion()); got != want {
			t.Fatalf("proportion(%d): got %d, want %d", x, got, want)
		}
		amount := uint64(y)
		part := floorDiv(new(big.Int).Mul(big.NewInt(max(x, 0)), new(big.Int).SetUint64(amount)), unit32)
		wantPart := uint64(math.MaxUint64)
		if part.IsUint64() {
			wantPart = part.Uint64()
		}
		if got := fixed.I32F32(x).Portion(amount); got != wantPart {
			t.Fatalf("portion %d of %d: got %d, want %d", x, amount, got, wantPart)
		}
	})
}

// oracleExp is the definition of Exp, for x != 0 and x != 1. It returns nil
// where a step leaves the range.
func oracleExp(x int64) *big.Int {
	fits := func(n *big.Int) bool { return n.IsInt64() }
	a := new(big.Int).Abs(big.NewInt(x))
	if !fits(a) {
		return nil
	}
	sum := new(big.Int).Add(a, unit32)
	term := new(big.Int).Set(a)
	for i := int64(2); i <= 31; i++ {
		term = floorDiv(new(big.Int).Mul(term, a), unit32)
		if !fits(term) {
			return nil
		}
		term = truncDiv(term, big.NewInt(i))
		sum.Add(sum, term)
		if !fits(sum) {
			return nil
		}
	}
	if !fits(sum) {
		return nil
	}
	if x < 0 {
		return truncDiv(new(big.Int).Mul(unit32, unit32), sum)
	}
	return sum
}

func TestExpAgreesWithTheOracle(t *testing.T) {
	try := func(x int64) {
		if x == 0 || x == 1<<32 {
			return
		}
		got, err := fixed.Exp(fixed.I32F32(x))
		want := oracleExp(x)
		switch {
		case want == nil && err == nil:
			t.Fatalf("exp(%d): got %d, want an overflow", x, got)
		case want != nil && err != nil:
			t.Fatalf("exp(%d): got %v, want %d", x, err, want)
		case want != nil && want.Cmp(big.NewInt(int64(got))) != 0:
			t.Fatalf("exp(%d): got %d, want %d", x, got, want)
		}
	}
	for x := int64(-25 << 32); x <= 25<<32; x += 1<<25 + 12345 {
		try(x)
	}
	operands(rand.New(rand.NewPCG(4, 4)), 5_000, func(x, y int64) { try(x); try(y >> 28) })
}
