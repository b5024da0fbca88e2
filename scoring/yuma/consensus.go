package yuma

import (
	"cmp"
	"slices"

	"github.com/assaynet/assay/scoring/fixed"
)

// vote is one validator's weight for a miner, with the validator's share of the
// active stake.
type vote struct {
	weight, stake fixed.I32F32
}

// consensus returns for each miner the stake-weighted median of its votes: the
// largest weight that validators with at least kappa of the stake give it, or
// more. A validator that gives none votes zero.
func consensus(stake []fixed.I32F32, w *matrix, kappa fixed.I32F32) []fixed.I32F32 {
	voters, count := voices(stake)
	total := fixed.Sum(voters)
	minority := total.Sub(kappa)

	columns := newBallots(w, voters)
	out := make([]fixed.I32F32, w.size())
	for j := range out {
		votes := columns.of(j)
		if missing := count - len(votes); missing > 0 {
			var present fixed.I32F32
			for _, v := range votes {
				present = present.Add(v.stake)
			}
			// The silent count as one voter: only the sum of equal votes
			// matters. There is room for it.
			votes = append(votes, vote{0, total.Sub(present)})
		}
		out[j] = weightedMedian(votes, minority)
	}
	return out
}

// voices returns the shares of those that have stake, and how many they are.
func voices(stake []fixed.I32F32) (voters []fixed.I32F32, count int) {
	voters = make([]fixed.I32F32, len(stake))
	for i, s := range stake {
		if s > 0 {
			voters[i] = s
			count++
		}
	}
	fixed.Normalise(voters)
	return voters, count
}

// nobody returns the rank of what rows leave to nobody, and what of it is agreed
// on: it is agreed on and clipped as a seat's column is.
func nobody(stake, left []fixed.I32F32, kappa fixed.I32F32) (rank, agreed fixed.I32F32) {
	voters, count := voices(stake)
	votes := make([]vote, 0, count)
	for i, s := range voters {
		if s > 0 {
			votes = append(votes, vote{left[i], s})
		}
	}
	agreed = weightedMedian(votes, fixed.Sum(voters).Sub(kappa))
	for i, s := range stake {
		rank = rank.Add(s.Mul(min(left[i], agreed)))
	}
	return rank, agreed
}

// ballots holds the votes of all columns in one array, each with room for one more.
type ballots struct {
	start []int
	size  []int
	votes []vote
}

// newBallots collects the votes of the rows whose voter has stake.
func newBallots(w *matrix, voters []fixed.I32F32) ballots {
	b := ballots{start: make([]int, w.size()+1), size: make([]int, w.size())}
	for i, stake := range voters {
		if stake > 0 {
			uids, _ := w.row(i)
			for _, j := range uids {
				b.start[j+1]++
			}
		}
	}
	for j := range b.size {
		b.start[j+1] += b.start[j] + 1
	}
	b.votes = make([]vote, b.start[len(b.size)])
	for i, stake := range voters {
		if stake > 0 {
			uids, vals := w.row(i)
			for k, j := range uids {
				b.votes[b.start[j]+b.size[j]] = vote{vals[k], stake}
				b.size[j]++
			}
		}
	}
	return b
}

// of returns the votes of column j. Appending one more does not reach another
// column.
func (b *ballots) of(j int) []vote {
	from := b.start[j]
	return b.votes[from : from+b.size[j] : b.start[j+1]]
}

// weightedMedian returns the smallest vote up to which the stake exceeds
// minority, or the largest vote if it never does, or zero without votes. It
// sorts votes.
//
// The reference narrows the votes down around pivots instead; both give the
// same, since sums of stakes are exact. A sort is never slow, while pivots can
// be when the votes are arranged against them.
func weightedMedian(votes []vote, minority fixed.I32F32) fixed.I32F32 {
	if len(votes) == 0 {
		return 0
	}
	slices.SortFunc(votes, func(a, b vote) int { return cmp.Compare(a.weight, b.weight) })
	var reached fixed.I32F32
	for k := 0; k < len(votes); {
		weight := votes[k].weight
		for ; k < len(votes) && votes[k].weight == weight; k++ {
			reached = reached.Add(votes[k].stake)
		}
		if reached > minority {
			return weight
		}
	}
	return votes[len(votes)-1].weight
}

// clip returns the weights cut to the consensus. What is cut to zero is no
// entry any more.
func clip(w *matrix, consensus []fixed.I32F32) matrix {
	out := newMatrix(w.size(), len(w.uid))
	for i := range w.size() {
		uids, vals := w.row(i)
		for k, j := range uids {
			if cut := min(vals[k], consensus[j]); cut > 0 || cut == vals[k] {
				out.add(j, cut)
			}
		}
		out.endRow()
	}
	return out
}
