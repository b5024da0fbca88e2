package fixed_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/assaynet/assay/scoring/fixed"
)

func TestExpHasItsTwoConstants(t *testing.T) {
	if got, err := fixed.Exp(0); got != fixed.One || err != nil {
		t.Errorf("exp(0): got %d, %v, want one", got, err)
	}
	// e with 23 fraction bits, rounded down.
	want := fixed.I32F32(math.Floor(math.E*(1<<23))) << 9
	if got, err := fixed.Exp(fixed.One); got != want || err != nil {
		t.Errorf("exp(1): got %d, %v, want %d", got, err, want)
	}
	// exp(−1) is not made from the constant.
	if got, err := fixed.Exp(-fixed.One); got == fixed.One.Div(want) || err != nil {
		t.Errorf("exp(-1): got %d, %v, want the inverse of the series", got, err)
	}
}

func TestExpIsCloseToTheExponential(t *testing.T) {
	for x := -5.0; x <= 5; x += 0.01 {
		got, err := fixed.Exp(fixed.I32F32(math.Round(x * (1 << 32))))
		if err != nil {
			t.Fatal(err)
		}
		if value := float64(got) / (1 << 32); math.Abs(value-math.Exp(x)) > 3e-7*math.Max(1, math.Exp(x)) {
			t.Errorf("exp(%.2f): got %.10f, want %.10f", x, value, math.Exp(x))
		}
	}
}

func TestExpRefusesAnOverflow(t *testing.T) {
	for _, x := range []fixed.I32F32{fixed.Max, fixed.Min, fixed.Min + 1, fixed.Max - fixed.One, fixed.FromInt(23)} {
		if _, err := fixed.Exp(x); !errors.Is(err, fixed.ErrOverflow) {
			t.Errorf("exp(%d): got %v, want ErrOverflow", x, err)
		}
	}
}

func TestExpSafeClampsItsArgument(t *testing.T) {
	top, err := fixed.Exp(fixed.FromInt(20))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []fixed.I32F32{fixed.FromInt(20), fixed.FromInt(21), fixed.Max} {
		if got := fixed.ExpSafe(x); got != top {
			t.Errorf("exp safe(%d): got %d, want %d", x, got, top)
		}
		if got, want := fixed.ExpSafe(-x), fixed.One.Div(top); got != want {
			t.Errorf("exp safe(%d): got %d, want %d", -x, got, want)
		}
	}
}

func TestProportionsRoundTripToOneUnit(t *testing.T) {
	for v := range 65536 {
		back := int(fixed.FromProportion(uint16(v)).Proportion())
		if back != v && back != v-1 {
			t.Fatalf("%d came back as %d", v, back)
		}
	}
	if fixed.FromProportion(65535) != fixed.One {
		t.Errorf("65535: got %d, want one", fixed.FromProportion(65535))
	}
}

func TestNormaliseNeverExceedsOne(t *testing.T) {
	v := []fixed.I32F32{1, 7, fixed.One, fixed.FromInt(3), 12345}
	fixed.Normalise(v)
	if sum := fixed.Sum(v); sum > fixed.One || sum < fixed.One-fixed.I32F32(len(v)) {
		t.Errorf("sum %d, want at most %d and no more than %d below", sum, fixed.One, len(v))
	}
	zeros := []fixed.I32F32{0, 0}
	fixed.Normalise(zeros)
	if !slices.Equal(zeros, []fixed.I32F32{0, 0}) {
		t.Errorf("zeros became %d", zeros)
	}
}

func TestNormaliseWideDividesByTheSum(t *testing.T) {
	v := []fixed.I64F64{fixed.WideFromUint(1), fixed.WideFromUint(math.MaxInt64 / 2), fixed.WideFromUint(0)}
	fixed.NormaliseWide(v)
	if got := v[2].I32F32(); got != 0 {
		t.Errorf("nothing became %d", got)
	}
	if got := v[1].I32F32(); got != fixed.One-1 {
		t.Errorf("nearly all: got %d, want one less than %d", got, fixed.One)
	}
	zero := make([]fixed.I64F64, 2)
	fixed.NormaliseWide(zero)
	if !zero[0].IsZero() || !zero[1].IsZero() {
		t.Errorf("zeros became %v", zero)
	}
}

func TestClampPrefersTheLowerEnd(t *testing.T) {
	if got := fixed.I32F32(5).Clamp(10, 3); got != 10 {
		t.Errorf("got %d, want 10", got)
	}
	if got := fixed.I32F32(5).Clamp(1, 3); got != 3 {
		t.Errorf("got %d, want 3", got)
	}
}

func TestMaxUpscaleGivesZerosWithoutAPositiveElement(t *testing.T) {
	for _, v := range [][]fixed.I32F32{{}, {0}, {-fixed.One, 0}, {fixed.Min}} {
		for _, x := range fixed.MaxUpscale(v) {
			if x != 0 {
				t.Errorf("%d: got %d, want 0", v, x)
			}
		}
	}
	if got := fixed.MaxUpscale([]fixed.I32F32{-fixed.One, fixed.One}); !slices.Equal(got, []uint16{0, 65535}) {
		t.Errorf("a negative element: got %d, want 0 and 65535", got)
	}
}

func TestTheSeriesDividesAsDivisionDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	divisors := 0
	for i := uint64(2); ; i++ {
		if _, ok := fixed.Over(0, i); !ok {
			break
		}
		divisors++
		last := uint64(1<<63 - 1)
		for n := range uint64(20_000) {
			whole := random.Uint64N(last/i) * i // the quotients change at multiples
			for _, n := range []uint64{n, last - n, whole, whole + i - 1, whole >> (n % 63)} {
				if got, _ := fixed.Over(n, i); got != n/i {
					t.Fatalf("%d/%d: got %d, want %d", n, i, got, n/i)
				}
			}
		}
	}
	if divisors != 30 {
		t.Errorf("%d divisors, want those of 2 to 31", divisors)
	}
}

func TestFourPowersAreThoseOfEach(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	list := []fixed.I32F32{0, 1, -1, fixed.Half, -fixed.Half, fixed.One, -fixed.One, fixed.One + 1, fixed.FromInt(20), fixed.FromInt(-20), fixed.FromInt(20) - 1, fixed.Max, fixed.Min}
	for range 20_000 {
		list = append(list, fixed.I32F32(random.Uint64())>>random.UintN(64))
	}
	for len(list) >= 4 {
		four := [4]fixed.I32F32(list)
		fixed.ExpSafe4(&four)
		for k, got := range four {
			if want := fixed.ExpSafe(list[k]); got != want {
				t.Fatalf("e^%d as number %d of four: got %d, want %d", list[k], k, got, want)
			}
		}
		list = list[3:]
	}
}
