package arith

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/assaynet/assay/engine/form"
)

const (
	// MaxTopK bounds top-k.
	MaxTopK = form.MaxTopK
	// TopPOne is top-p 1.
	TopPOne = form.TopPOne
	// drawTag begins what is hashed for a draw, closed by a zero byte.
	drawTag = "assay/ac1/draw\x00"
)

// Sampling says how a token is chosen. Temperature 0 is greedy and ignores the
// rest.
type Sampling struct {
	Temperature float32  // > 0 and finite to sample
	TopK        uint32   // 1 … MaxTopK; above the vocabulary: all tokens
	TopP        uint32   // 1 … TopPOne, in 65536ths
	MinP        uint32   // 0 … TopPOne: the least share of the likeliest's probability, in 65536ths
	Seed        [32]byte // of the draw
}

// Choose returns the token that AC1 chooses from finite logits at a position
// (SPEC.md §6): the largest, the lowest id on a tie, or a draw that depends on
// seed and position only. s is valid.
func Choose(logits []float32, s Sampling, pos int) int32 {
	if s.Temperature == 0 {
		return argmax(logits)
	}
	return drawn(topK(logits, min(int(s.TopK), len(logits))), logits, s, pos)
}

// ChooseAmong is Choose where the vocabulary has no other tokens than those of a
// set that is not empty: token id is in it if bit id%64 of among[id/64] is set.
func ChooseAmong(logits []float32, among []uint64, s Sampling, pos int) int32 {
	if s.Temperature == 0 {
		return topKAmong(logits, among, 1)[0]
	}
	return drawn(topKAmong(logits, among, int(s.TopK)), logits, s, pos)
}

// drawn draws one of the first tokens, from the likeliest on.
func drawn(best []int32, logits []float32, s Sampling, pos int) int32 {
	cumulative := make([]uint64, len(best))
	var sum uint64
	for i, id := range best {
		x := (logits[id] - logits[best[0]]) / s.Temperature
		sum += uint64(rne(Exp(x) * 0x1p24))
		cumulative[i] = sum
	}
	kept := uint64(0)
	for _, c := range cumulative {
		if kept > 0 && TopPOne*(c-kept) < uint64(s.MinP)*cumulative[0] {
			break
		}
		if kept = c; TopPOne*c >= uint64(s.TopP)*sum {
			break
		}
	}
	x := uint64(draw(s.Seed, pos)) * kept >> 32
	for i, c := range cumulative {
		if c > x {
			return best[i]
		}
	}
	return best[len(best)-1] // not reached: x < kept, one of cumulative
}

// draw returns 32 random bits of seed and position.
func draw(seed [32]byte, pos int) uint32 {
	b := append([]byte(drawTag), seed[:]...)
	h := sha256.Sum256(binary.LittleEndian.AppendUint64(b, uint64(pos)))
	return binary.LittleEndian.Uint32(h[:])
}

func argmax(logits []float32) int32 {
	best := 0
	for i, l := range logits {
		if l > logits[best] {
			best = i
		}
	}
	return int32(best)
}

// Likeliest returns the tokens with the n largest logits, the largest first
// and, among equals, the lowest id.
func Likeliest(logits []float32, n int) []int32 { return topK(logits, min(n, len(logits))) }

// topK returns the ids of the k first logits in the order logit descending, id
// ascending.
func topK(logits []float32, k int) []int32 {
	best := make([]int32, 0, k+1)
	for id := 0; id < len(logits); id++ {
		if len(best) == k {
			if id = next(logits, id, logits[best[k-1]]); id == len(logits) {
				break
			}
		}
		best = insert(best, logits, id, k)
	}
	return best
}

// insert puts a token behind those of at least its logit, and lets go of those
// behind the k first.
func insert(best []int32, logits []float32, id, k int) []int32 {
	l, at := logits[id], len(best)
	for at > 0 && logits[best[at-1]] < l {
		at--
	}
	best = append(best, 0)
	copy(best[at+1:], best[at:])
	best[at] = int32(id)
	return best[:min(len(best), k)]
}

// topKAmong is topK of the tokens of a set, see ChooseAmong; all of them where
// they are fewer.
func topKAmong(logits []float32, among []uint64, k int) []int32 {
	best := make([]int32, 0, k+1)
	for i, word := range among {
		for at := i << 6; word != 0; at, word = at+8, word>>8 {
			some := uint8(word)
			if some == 0 || len(best) == k && at+8 <= len(logits) && atMost((*[8]float32)(logits[at:]), logits[best[k-1]]) {
				continue
			}
			for ; some != 0; some &= some - 1 {
				id := at + bits.TrailingZeros8(some)
				if len(best) < k || logits[id] > logits[best[k-1]] {
					best = insert(best, logits, id, k)
				}
			}
		}
	}
	return best
}

// atMost reports whether none of eight is above a bar.
func atMost(x *[8]float32, bar float32) bool {
	return x[0] <= bar && x[1] <= bar && x[2] <= bar && x[3] <= bar && x[4] <= bar && x[5] <= bar && x[6] <= bar && x[7] <= bar
}

// next returns the first id from one on whose logit is not at most a bar, or how
// many logits there are. Nearly all are: eight at a time are looked at.
func next(logits []float32, id int, bar float32) int {
	for ; id+8 <= len(logits); id += 8 {
		if !atMost((*[8]float32)(logits[id:]), bar) {
			break
		}
	}
	for id < len(logits) && logits[id] <= bar {
		id++
	}
	return id
}
