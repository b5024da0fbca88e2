package arith_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/half"
)

// oracleAttend is SPEC.md §5 for one query head, written with nothing of the
// package but FMA, Exp and SoftCap.
func oracleAttend(q, k, v []float32, see arith.Sight) []float32 {
	d := len(q)
	out := make([]float32, d)
	top, total := float32(math.Inf(-1)), float32(0)
	seen := func(j int) bool { return see.Window == 0 || j > len(k)/d-1-see.Window }
	for from := 0; from < len(k)/d; from += 64 {
		to := min(from+64, len(k)/d)
		if !seen(to - 1) {
			continue
		}
		var s [64]float32
		m := top
		for j := from; j < to; j++ {
			for e := range d {
				s[j-from] = arith.FMA(q[e], k[j*d+e], s[j-from])
			}
			if see.Cap != 0 {
				s[j-from] = arith.SoftCap(s[j-from], see.Cap)
			}
			if !seen(j) {
				continue
			}
			if !(m > s[j-from]) {
				m = s[j-from]
			}
		}
		alpha := arith.Exp(top - m)
		var p [64]float32
		var partial [16]float32
		for j := range to - from {
			if p[j] = arith.Exp(s[j] - m); !seen(from + j) {
				p[j] = 0
			}
			partial[j%16] += p[j]
		}
		for w := 8; w > 0; w /= 2 {
			for l := range w {
				partial[l] += partial[l+w]
			}
		}
		total = arith.FMA(total, alpha, partial[0])
		for e := range d {
			var sum float32
			for j := range to - from {
				sum = arith.FMA(p[j], v[(from+j)*d+e], sum)
			}
			out[e] = arith.FMA(out[e], alpha, sum)
		}
		top = m
	}
	r := 1 / total
	for e := range out {
		out[e] *= r
	}
	return out
}

func TestAttentionEqualsTheOracleAcrossPages(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{1, 2, 3, 4, 5, 63, 64, 65, 66, 127, 128, 129, 200} {
		for _, d := range []int{16, 20, 64} {
			q, k, v := make([]float32, d), make([]float32, n*d), make([]float32, n*d)
			for i := range q {
				q[i] = float32(normal(r))
			}
			for i := range k {
				k[i] = half.Widen(half.Narrow(float32(3 * normal(r))))
				v[i] = half.Widen(half.Narrow(float32(normal(r))))
			}
			for _, see := range []arith.Sight{{}, {Window: 1}, {Window: 2}, {Window: 63}, {Window: 64}, {Window: 65}, {Window: 100}, {Cap: 2}} {
				got := make([]float32, d)
				arith.Attend(got, q, k, v, see)
				for e, want := range oracleAttend(q, k, v, see) {
					if !same(got[e], want) {
						t.Fatalf("%d positions, element %d of %d, %+v: got %x, want %x", n, e, d, see, got[e], want)
					}
				}
			}
		}
	}
}

func TestAttentionNeverLosesNaN(t *testing.T) {
	q := []float32{1, float32(math.NaN()), 1, 1}
	k, v := make([]float32, 4*70), make([]float32, 4*70)
	out := make([]float32, 4)
	arith.Attend(out, q, k, v, arith.Sight{})
	for e, f := range out {
		if f == f {
			t.Errorf("element %d: got %x, want NaN", e, f)
		}
	}
}

// TestSumsDecideWhatBinary64CannotDecide adds 603 · 14245331 = 2³³ + 1, just above
// half a unit of the last place, to an even sum; binary64 rounds that to the
// midpoint itself.
func TestSumsDecideWhatBinary64CannotDecide(t *testing.T) {
	const lanes = 37 // 32 in a vector, four together, and one
	for first := 1 << 23; first < 1<<23+40; first++ {
		sum := float32(first) * 0x1p34
		want := arith.FMA(603, 14245331, sum)
		m := make([]float32, 2*lanes)
		for l := range lanes {
			m[l], m[lanes+l] = sum, 14245331
		}
		for name, sums := range map[string]func(out, x, m []float32, stride int){"sums": arith.Sums, "plain sums": arith.PlainSums} {
			got := make([]float32, lanes)
			sums(got, []float32{1, 603}, m, lanes)
			for l, y := range got {
				if y != want {
					t.Fatalf("%s, lane %d: %x + (2³³ + 1): got %x, want %x", name, l, sum, y, want)
				}
			}
		}
	}
}

// TestSumsHaveOneOrder whichever way they are computed, also where one is not
// finite and where one is subnormal.
func TestSumsHaveOneOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, n := range []int{1, 2, 63, 64, 200} {
		for _, lanes := range []int{1, 4, 31, 32, 64, 100} {
			x, m := make([]float32, n), make([]float32, n*lanes)
			for i := range x {
				x[i] = float32(normal(r)) * float32(math.Ldexp(1, -r.IntN(2)*r.IntN(150)))
			}
			for i := range m {
				m[i] = half.Widen(half.Narrow(float32(normal(r))))
			}
			m[lanes/2] = float32(math.Inf(1))
			got, plain := make([]float32, lanes), make([]float32, lanes)
			arith.Sums(got, x, m, lanes)
			arith.PlainSums(plain, x, m, lanes)
			for l := range lanes {
				var want float32
				for i, f := range x {
					want = arith.FMA(f, m[i*lanes+l], want)
				}
				if !same(got[l], want) || !same(plain[l], want) {
					t.Fatalf("%d products, lane %d of %d: got %x and %x, want %x", n, l, lanes, got[l], plain[l], want)
				}
			}
		}
	}
}
