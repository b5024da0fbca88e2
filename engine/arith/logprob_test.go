package arith_test

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/assaynet/assay/engine/arith"
)

// TestLogProbEqualsTheIndependentProgram: vectors of scripts/oracle/logprob.py.
func TestLogProbEqualsTheIndependentProgram(t *testing.T) {
	data, err := os.ReadFile("testdata/logprob.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			Logits string
			Token  int32
			Log2   int64
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) < 90 {
		t.Fatalf("%d cases", len(golden.Cases))
	}
	for i, c := range golden.Cases {
		logits := bigEndianFloats(t, c.Logits)
		if got := arith.LogProb(logits, c.Token); got != c.Log2 {
			t.Errorf("case %d: got %d, want %d", i, got, c.Log2)
		}
	}
}

// TestLogProbIsNearTheLogarithm of a whole vocabulary, and its probabilities add up
// to one.
func TestLogProbIsNearTheLogarithm(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, 49152)
	var sum float64
	for i := range logits {
		logits[i] = float32(6 * r.NormFloat64())
		sum += math.Exp(float64(logits[i]))
	}
	var all float64
	for i := range logits {
		if i%100 != 0 {
			continue
		}
		got, want := float64(arith.LogProb(logits, int32(i)))/arith.LogProbOne, (float64(logits[i])-math.Log(sum))/math.Ln2
		if math.Abs(got-want) > 2./arith.LogProbOne {
			t.Fatalf("token %d: got %v, want %v", i, got, want)
		}
		all += math.Exp2(got)
	}
	if all <= 0 || all > 1 {
		t.Errorf("a hundredth of the tokens has %v of the probability", all)
	}
}

// TestLogProbTablesAreRounded checks each entry against powers of whole numbers:
// x = 2^(40 − k/256) is nearer to E than half, if and only if (2E − 1)^256 and
// (2E + 1)^256 are on both sides of 2^(256·41 − k).
func TestLogProbTablesAreRounded(t *testing.T) {
	for k, e := range arith.Exp2Table {
		want := new(big.Int).Lsh(big.NewInt(1), uint(256*41-k))
		below, above := power(2*e-1, 256), power(2*e+1, 256)
		if below.Cmp(want) >= 0 || above.Cmp(want) <= 0 {
			t.Errorf("2^(40 - %d/256) is not %d", k, e)
		}
	}
	// 2^32·log2(1 + k/256) by squaring: of the fraction's square, whether it is two or
	// more is the next binary digit.
	for k, l := range arith.Log2Table {
		x := new(big.Int).Lsh(big.NewInt(int64(256+k)), 192) // in 2^-200
		var digits uint64
		if k == 256 {
			digits, x = 1, x.Rsh(x, 1)
		}
		for range 33 {
			x.Rsh(x.Mul(x, x), 200)
			digits <<= 1
			if x.BitLen() > 201 {
				digits |= 1
				x.Rsh(x, 1)
			}
		}
		if want := (digits + 1) / 2; l != want {
			t.Errorf("log2(1 + %d/256) is %d, not %d", k, want, l)
		}
	}
}

func power(x uint64, n int64) *big.Int {
	return new(big.Int).Exp(new(big.Int).SetUint64(x), big.NewInt(n), nil)
}

func bigEndianFloats(t *testing.T, s string) []float32 {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(uint32(b[4*i])<<24 | uint32(b[4*i+1])<<16 | uint32(b[4*i+2])<<8 | uint32(b[4*i+3]))
	}
	return out
}

func BenchmarkLogProb(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, 49152)
	for i := range logits {
		logits[i] = float32(6 * r.NormFloat64())
	}
	for b.Loop() {
		arith.LogProb(logits, 7)
	}
}
