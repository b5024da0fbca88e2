package arith

import (
	"math"
	"math/bits"
)

// LogProbOne is a bit of [LogProb]: it counts in 65536ths.
const LogProbOne = 1 << 16

// What stands below 2^−40 of the largest probability counts as nothing; a
// difference of logits counts up to 512, which is 738.6 bits.
const (
	mostBits       = 40
	mostDifference = 512
	log2eFixed     = 1549082005 // log2(e), in 2^−30
)

// LogProb returns the binary logarithm of the probability that softmax gives a
// token, in 65536ths and at most 0, by integers alone (SPEC.md §9): it is the same
// on every machine, and off by less than two units where the token is likelier than
// 2^−738. The logits are those of a run that did not fail, at most 2^20 of them; id
// is one of their indexes.
func LogProb(logits []float32, id int32) int64 {
	top := logits[0]
	for _, l := range logits {
		top = max(top, l)
	}
	var sum uint64
	for _, l := range logits {
		e := distance(top, l)
		n, k, r := e>>24, e>>16&255, e&0xffff
		if n <= mostBits {
			sum += (exp2Table[k] - (exp2Table[k]-exp2Table[k+1])*r>>16) >> n
		}
	}
	p := bits.Len64(sum) - 1 // at least mostBits: the largest counts 2^40
	m := sum << (63 - p) &^ (1 << 63)
	k, r := m>>55, m>>31&(1<<24-1)
	log := uint64(p-mostBits)<<24 + (log2Table[k]+(log2Table[k+1]-log2Table[k])*r>>24)>>8
	return -int64((distance(top, logits[id]) + log + 128) >> 8)
}

// distance returns by how many bits a logit's probability is below the largest
// one's, in 2^−24 of a bit.
func distance(top, l float32) uint64 {
	d := top - l
	if d >= mostDifference {
		d = mostDifference
	}
	return fixed24(d) * log2eFixed >> 30 // at most 2^33·2^31
}

// fixed24 returns ⌊d·2^24⌋ of a number in 0 … 512.
func fixed24(d float32) uint64 {
	b := math.Float32bits(d)
	exponent, fraction := int(b>>23), uint64(b&(1<<23-1)|1<<23)
	// d = fraction·2^(exponent − 150); a subnormal is far below 2^−24.
	shift := exponent - 150 + 24
	if shift >= 0 {
		return fraction << shift
	}
	return fraction >> -shift
}
