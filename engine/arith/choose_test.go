package arith_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/assaynet/assay/engine/arith"
)

// oracleChoose is SPEC.md §6 with a full sort and unbounded integers.
func oracleChoose(logits []float32, s arith.Sampling, pos int) int32 {
	ids := make([]int32, len(logits))
	for i := range ids {
		ids[i] = int32(i)
	}
	sort.SliceStable(ids, func(a, b int) bool { return logits[ids[a]] > logits[ids[b]] })
	if s.Temperature == 0 {
		return ids[0]
	}
	ids = ids[:min(len(ids), int(s.TopK))]
	var weights []*big.Int
	sum := new(big.Int)
	for _, id := range ids {
		e := arith.Exp((logits[id] - logits[ids[0]]) / s.Temperature)
		w := big.NewInt(int64(math.RoundToEven(float64(e) * (1 << 24))))
		weights = append(weights, w)
		sum.Add(sum, w)
	}
	need := new(big.Int).Mul(big.NewInt(int64(s.TopP)), sum)
	kept, c := 0, new(big.Int)
	for kept < len(ids) {
		c.Add(c, weights[kept])
		kept++
		if new(big.Int).Lsh(c, 16).Cmp(need) >= 0 {
			break
		}
	}
	var msg bytes.Buffer
	msg.WriteString("assay/ac1/draw")
	msg.WriteByte(0)
	msg.Write(s.Seed[:])
	_ = binary.Write(&msg, binary.LittleEndian, uint64(pos))
	h := sha256.Sum256(msg.Bytes())
	x := new(big.Int).Mul(big.NewInt(int64(binary.LittleEndian.Uint32(h[:4]))), c)
	x.Rsh(x, 32)
	run := new(big.Int)
	for i := range kept {
		if run.Add(run, weights[i]); run.Cmp(x) > 0 {
			return ids[i]
		}
	}
	return -1
}

func TestChoiceEqualsTheOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 3000 {
		logits := make([]float32, 1+r.IntN(600))
		for j := range logits {
			logits[j] = float32(math.Round(normal(r)*20) / 4) // many ties
		}
		s := arith.Sampling{TopK: uint32(1 + r.IntN(256)), TopP: uint32(1 + r.IntN(65536))}
		if i%8 != 0 {
			s.Temperature = float32(math.Exp(normal(r) * 3))
		}
		if i%5 == 0 {
			s.TopP = 65536
		}
		for j := range s.Seed {
			s.Seed[j] = byte(r.Uint32())
		}
		if got, want := arith.Choose(logits, s, i), oracleChoose(logits, s, i); got != want {
			t.Fatalf("case %d, %+v: got %d, want %d", i, s, got, want)
		}
	}
}

func TestChoiceOfEqualLogitsAtTheLargestSettings(t *testing.T) {
	logits := make([]float32, 1000)
	s := arith.Sampling{Temperature: math.MaxFloat32, TopK: 256, TopP: 65536}
	for pos := range 200 {
		if got, want := arith.Choose(logits, s, pos), oracleChoose(logits, s, pos); got != want || got < 0 || got > 255 {
			t.Fatalf("position %d: got %d, want %d", pos, got, want)
		}
	}
	s.Temperature = math.SmallestNonzeroFloat32
	logits[7] = 1
	if got := arith.Choose(logits, s, 3); got != 7 {
		t.Errorf("coldest: got %d, want 7", got)
	}
}

// TestTheLikeliestAreThoseOfAFullSort, wherever they stand, of any number of
// logits, many of them equal.
func TestTheLikeliestAreThoseOfAFullSort(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		logits := make([]float32, 1+r.IntN(200))
		for i := range logits {
			logits[i] = float32(r.IntN(1+int(seed)%40)) - 20
		}
		want := make([]int32, len(logits))
		for i := range want {
			want[i] = int32(i)
		}
		sort.SliceStable(want, func(i, j int) bool { return logits[want[i]] > logits[want[j]] })
		n := 1 + r.IntN(len(logits))
		got := arith.Likeliest(logits, n)
		if len(got) != n {
			t.Fatalf("seed %d: %d of %d", seed, len(got), n)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("seed %d: number %d is %d, want %d", seed, i, got[i], want[i])
			}
		}
	}
}

// TestAChoiceAmongSomeIsThatOfAVocabularyOfThem: of few tokens, many, all or one,
// at the ends of words, in groups and apart, many of them equal; what is not among
// them is often the likeliest.
func TestAChoiceAmongSomeIsThatOfAVocabularyOfThem(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 14))
	for i := range 6000 {
		logits := make([]float32, 1+r.IntN(600))
		share := []float64{0, 0.01, 0.1, 0.5, 0.95, 1}[i%6]
		among := make([]uint64, (len(logits)+63)/64)
		var ids []int32
		var theirs []float32
		kept, side := false, 1+r.IntN(20)
		for id := range logits {
			logits[id] = float32(math.Round(normal(r)*20) / 4)
			if id%side == 0 { // as many as side are side by side
				kept = r.Float64() < share
			}
			if kept || len(ids) == 0 && id == len(logits)-1 {
				among[id/64] |= 1 << (id % 64)
				ids, theirs = append(ids, int32(id)), append(theirs, logits[id])
			} else if r.IntN(2) == 0 {
				logits[id] += 50
			}
		}
		s := arith.Sampling{TopK: uint32(1 + r.IntN(256)), TopP: uint32(1 + r.IntN(65536)), MinP: uint32(r.IntN(2) * r.IntN(65536))}
		if i%8 != 0 {
			s.Temperature = float32(math.Exp(normal(r) * 3))
		}
		for j := range s.Seed {
			s.Seed[j] = byte(r.Uint32())
		}
		want := ids[arith.Choose(theirs, s, i)]
		if got := arith.ChooseAmong(logits, among, s, i); got != want {
			t.Fatalf("case %d: %d of %d, %+v: got %d, want %d", i, len(ids), len(logits), s, got, want)
		}
	}
}

// BenchmarkChoose is a draw from a vocabulary of 49,152, of the 40 likeliest: of
// all tokens, of all but each twentieth, and of ten.
func BenchmarkChoose(b *testing.B) {
	const vocabulary = 49152
	r := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, vocabulary)
	most, few := make([]uint64, vocabulary/64), make([]uint64, vocabulary/64)
	for id := range logits {
		logits[id] = float32(normal(r))
		if id%20 != 0 {
			most[id/64] |= 1 << (id % 64)
		}
		if id%(vocabulary/10) == 7 {
			few[id/64] |= 1 << (id % 64)
		}
	}
	s := arith.Sampling{Temperature: 0.8, TopK: 40, TopP: arith.TopPOne}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			arith.Choose(logits, s, 1)
		}
	})
	for _, x := range []struct {
		name  string
		among []uint64
	}{{"most", most}, {"ten", few}} {
		b.Run(x.name, func(b *testing.B) {
			for b.Loop() {
				arith.ChooseAmong(logits, x.among, s, 1)
			}
		})
	}
}
