package yuma

import (
	"slices"

	"github.com/assaynet/assay/scoring/fixed"
)

// active reports for each seat whether it set weights within the activity cutoff.
func active(in *Input) []bool {
	out := make([]bool, in.seats())
	for uid, updated := range in.LastUpdate {
		end, carry := updated+in.ActivityCutoff, updated+in.ActivityCutoff < updated
		out[uid] = carry || end >= in.Block
	}
	return out
}

// stakeShares returns each seat's share of the stake that reaches the
// threshold. The division is made with 64 fraction bits and then cut to 32, so
// the sum is never above one.
func stakeShares(in *Input) []fixed.I32F32 {
	wide := make([]fixed.I64F64, in.seats())
	for uid, stake := range in.Stake {
		if stake >= in.StakeThreshold || in.isOwner(uid) {
			wide[uid] = fixed.WideFromUint(stake)
		}
	}
	fixed.NormaliseWide(wide)
	out := make([]fixed.I32F32, len(wide))
	for uid, share := range wide {
		out[uid] = share.I32F32()
	}
	return out
}

// withOwner returns a copy of permit in which the owner has one.
func withOwner(in *Input, permit []bool) []bool {
	out := slices.Clone(permit)
	if in.Owner != nil {
		out[*in.Owner] = true
	}
	return out
}

// activeStake returns the shares of those who are active and have a permit,
// brought to a sum of one.
func activeStake(shares []fixed.I32F32, active, permit []bool) []fixed.I32F32 {
	out := make([]fixed.I32F32, len(shares))
	for uid, share := range shares {
		if active[uid] && permit[uid] {
			out[uid] = share
		}
	}
	fixed.Normalise(out)
	return out
}

// topNonZero marks the k largest elements of v, zeros never. On equal values
// the higher uid wins.
func topNonZero(v []fixed.I32F32, k int) []bool {
	out := make([]bool, len(v))
	order := make([]int, len(v))
	for i, x := range v {
		out[i] = x != 0
		order[i] = i
	}
	if len(v) < k {
		return out
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case v[a] < v[b]:
			return -1
		case v[a] > v[b]:
			return 1
		}
		return 0
	})
	for _, i := range order[:len(v)-k] {
		out[i] = false
	}
	return out
}
