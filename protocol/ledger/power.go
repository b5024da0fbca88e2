package ledger

import (
	"cmp"
	"slices"

	"github.com/assaynet/assay/protocol"
)

// The power of a validator is its stake in whole tokens, but for the largest:
// nobody has more than max(3/10, 3/(2n)) of the sum of n powers, or who has most
// of the stake could end the chain, and decide on its blocks, alone. One of two
// may have three quarters, one of three a half, one of four three eighths.
//
// The bound C is the largest whole number for which min(p, C) of each keeps to
// that. With the powers in falling order, and R_k the sum of all but the first k:
// if the first k are those above it,
//
//	C ≤ share·(k·C + R_k)   ⇔   C = ⌊a·R_k ÷ (b − k·a)⌋, share being a/b
//
// for the least k for which that is not below the power that comes next. As R_k is
// not below that power either, such a k comes before k·a reaches b.

// maxPower clamps what CometBFT gets: it must stay far below 2^63 / 8.
const maxPower = 1 << 40

// rawPower is what a stake stands for before the bound.
func rawPower(stake protocol.Amount) uint64 {
	return min(max(1, uint64(stake/protocol.Unit)), maxPower)
}

// shareDivisor is what the most that one of n may have of the power, three parts,
// is divided by.
func shareDivisor(n int) uint64 { return min(10, 2*uint64(n)) }

// largestPower returns what one member may have beside others with these powers,
// itself among them; [maxPower] where there are none.
func largestPower(powers []uint64) uint64 {
	sorted := slices.Clone(powers)
	slices.SortFunc(sorted, falling)
	return largestOf(sorted)
}

// falling orders powers, the largest first.
func falling(a, b uint64) int { return cmp.Compare(b, a) }

// largestOf is largestPower of powers in falling order. No sum exceeds 2^63: they
// are at most 256 of 2^40, times 10.
func largestOf(sorted []uint64) uint64 {
	const a = 3
	b := shareDivisor(len(sorted))
	rest := uint64(0)
	for _, p := range sorted {
		rest += p
	}
	for k, p := range sorted {
		if most := a * rest / (b - uint64(k)*a); most >= p {
			return min(most, maxPower)
		}
		rest -= p
	}
	return maxPower
}

// sumOf returns the power of a set.
func sumOf(set []Power) (sum uint64) {
	for i := range set {
		sum += set[i].Power
	}
	return sum
}
