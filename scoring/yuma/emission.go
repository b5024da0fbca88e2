package yuma

import (
	"slices"

	"github.com/assaynet/assay/scoring/fixed"
)

// shares are the parts of the emission, per seat: of the miners' side, of the validators' side, and of both. The first
// two add up to one together, and so does the third.
type shares struct {
	server, validator, combined []fixed.I32F32
}

// emissionShares divides the emission by incentive and dividends, which count the same. If no miner has incentive,
// nothing is paid, or, as in the reference, validators are by stake.
func emissionShares(in *Input, incentive, dividends, stake, activeStake []fixed.I32F32) shares {
	n := len(incentive)
	s := shares{slices.Clone(incentive), slices.Clone(dividends), make([]fixed.I32F32, n)}
	for i := range s.combined {
		s.combined[i] = incentive[i].Add(dividends[i])
	}
	total := fixed.Sum(incentive).Add(fixed.Sum(dividends))
	if total != 0 {
		fixed.NormaliseBy(s.server, total)
		fixed.NormaliseBy(s.validator, total)
		fixed.Normalise(s.combined)
		return s
	}
	if in.CarryIfNoIncentive {
		return s
	}
	base := activeStake
	if fixed.Sum(base) == 0 {
		base = stake
	}
	copy(s.validator, base)
	copy(s.combined, base)
	return s
}

// portions returns each share of amount, rounded down.
func portions(amount uint64, shares []fixed.I32F32) []uint64 {
	out := make([]uint64, len(shares))
	for i, share := range shares {
		out[i] = share.Portion(amount)
	}
	return out
}

// proportions returns v as uint16 proportions, rounded down.
func proportions(v []fixed.I32F32) []uint16 {
	out := make([]uint16, len(v))
	for i, x := range v {
		out[i] = x.Proportion()
	}
	return out
}
