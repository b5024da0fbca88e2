package yuma

import (
	"slices"

	"github.com/assaynet/assay/scoring/fixed"
)

// shares are the parts of the emission, per seat: of the miners' side, of the
// validators' side, and of both. The first two add up to one together, and so
// does the third, but for what nobody earned.
type shares struct {
	server, validator, combined []fixed.I32F32
	nobody                      fixed.I32F32
}

// emissionShares divides the emission by incentive and dividends, which count
// the same; what nobody earned of either is a share that no seat has. If no
// miner has incentive and nothing was left to nobody, nothing is paid, or, as
// in the reference, validators are by stake.
func emissionShares(in *Input, incentive, dividends []fixed.I32F32, unearned fixed.I32F32, stake, activeStake []fixed.I32F32) shares {
	n := len(incentive)
	s := shares{server: slices.Clone(incentive), validator: slices.Clone(dividends), combined: make([]fixed.I32F32, n)}
	for i := range s.combined {
		s.combined[i] = incentive[i].Add(dividends[i])
	}
	none := unearned.Add(unearned)
	total := fixed.Sum(incentive).Add(fixed.Sum(dividends)).Add(none)
	if total != 0 {
		fixed.NormaliseBy(s.server, total)
		fixed.NormaliseBy(s.validator, total)
		s.nobody = none.Div(total)
		fixed.NormaliseBy(s.combined, fixed.Sum(s.combined).Add(none))
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
