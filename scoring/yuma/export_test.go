package yuma

import "github.com/assaynet/assay/scoring/fixed"

// Vote is a weight with the stake behind it.
type Vote = vote

// NewVote returns a vote.
func NewVote(weight, stake fixed.I32F32) Vote { return vote{weight, stake} }

// WeightedMedian is weightedMedian, for the vectors of its own.
func WeightedMedian(votes []Vote, minority fixed.I32F32) fixed.I32F32 {
	return weightedMedian(votes, minority)
}

// TopNonZero is topNonZero, for the vectors of its own.
func TopNonZero(v []fixed.I32F32, k int) []bool { return topNonZero(v, k) }

// Agreement is what validators with that stake and those weights agree on: the
// consensus and the ranks, that is the stake behind the clipped weights. A
// negative weight is no entry. Rows are taken as they are.
func Agreement(stake []fixed.I32F32, rows [][]fixed.I32F32, kappa fixed.I32F32) (agreed, ranks []fixed.I32F32) {
	n := max(len(rows), len(rows[0])) // a matrix is square
	w := newMatrix(n, n*n)
	for i := range n {
		if i < len(rows) {
			for j, x := range rows[i] {
				if x >= 0 {
					w.add(uint16(j), x)
				}
			}
		}
		w.endRow()
	}
	voice := append(append([]fixed.I32F32(nil), stake...), make([]fixed.I32F32, n-len(stake))...)
	agreed = consensus(voice, &w, kappa)
	clipped := clip(&w, agreed)
	return agreed, clipped.columnSums(voice)
}
