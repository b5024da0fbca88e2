package ledger_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol/ledger"
)

// bounded is the power that each has, by trying every bound from the largest down.
func bounded(powers []uint64) []uint64 {
	for bound := slices.Max(powers); ; bound-- {
		var sum, most uint64
		out := make([]uint64, len(powers))
		for i, p := range powers {
			out[i] = min(p, bound)
			sum, most = sum+out[i], max(most, out[i])
		}
		// At most 3/10 of the sum, or 3/(2n) of it if that is more.
		if 10*most <= 3*sum || 2*uint64(len(powers))*most <= 3*sum {
			return out
		}
	}
}

func TestNobodyHasMorePowerThanItsShare(t *testing.T) {
	for _, c := range []struct{ powers, want []uint64 }{
		{[]uint64{100}, []uint64{100}},
		{[]uint64{100, 1}, []uint64{3, 1}},                      // three quarters
		{[]uint64{100, 60, 50}, []uint64{100, 60, 50}},          // 100 of 210 is less than a half
		{[]uint64{1000, 60, 50}, []uint64{110, 60, 50}},         // a half
		{[]uint64{1000, 900, 50, 10}, []uint64{90, 90, 50, 10}}, // three eighths each
		{[]uint64{9, 1, 1, 1, 1}, []uint64{1, 1, 1, 1, 1}},      // three tenths of 5 is 1½
		{[]uint64{1 << 40, 1 << 40, 1}, []uint64{1 << 40, 1 << 40, 1}},
	} {
		most := ledger.LargestPower(c.powers)
		got := slices.Clone(c.powers)
		for i := range got {
			got[i] = min(got[i], most)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.powers, got, c.want)
		}
	}
	const seed = 1
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 20_000 {
		powers := make([]uint64, 1+rng.IntN(12))
		for i := range powers {
			powers[i] = 1 + rng.Uint64N(1<<rng.IntN(8))
		}
		most := ledger.LargestPower(powers)
		for i, want := range bounded(powers) {
			if got := min(powers[i], most); got != want {
				t.Fatalf("of %v number %d has %d, want %d", powers, i, got, want)
			}
		}
	}
}
