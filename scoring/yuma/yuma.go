package yuma

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/scoring/fixed"
)

// Run computes one epoch. Its errors wrap an *InputError with the [Reason] of
// the rule that the input breaks; every input without such a fault has an
// output. It is safe for concurrent use.
func Run(in Input) (Output, error) {
	if err := in.check(); err != nil {
		return Output{}, fmt.Errorf("run epoch at block %d: %w", in.Block, err)
	}

	isActive := active(&in)
	stake := stakeShares(&in)
	// The permits of this epoch are those that the last one gave; the new ones
	// count from the next.
	permit := withOwner(&in, in.Permit)
	newPermit := withOwner(&in, topNonZero(stake, in.MaxValidators))
	voice := activeStake(stake, isActive, permit)

	w, left := weights(&in, permit)
	agreed := consensus(voice, &w, fixed.FromProportion(in.Kappa))
	clipped := clip(&w, agreed)
	preranks := w.columnSums(voice)
	incentive := clipped.columnSums(voice)
	trust := make([]fixed.I32F32, len(incentive))
	for j, rank := range incentive {
		trust[j] = rank.Div(preranks[j])
	}
	unearned, agreedNobody := nobody(voice, left, fixed.FromProportion(in.Kappa))
	if in.PaysAgreed {
		incentive, unearned = slices.Clone(agreed), agreedNobody
	}
	whole := fixed.Sum(incentive).Add(unearned)
	fixed.NormaliseBy(incentive, whole)
	unearned = unearned.Div(whole)

	bought := bondWeights(&w, &clipped, agreed, fixed.FromProportion(in.BondsPenalty), in.ZerosKeepBonds)
	var dividends []fixed.I32F32
	var bonds matrix
	if in.Yuma3 {
		dividends, bonds = yuma3Bonds(&in, &bought, voice, incentive, agreed)
	} else {
		dividends, bonds = originalBonds(&in, &bought, voice, incentive)
	}

	if unearned > 0 { // validators earn as much less as miners do
		earned := fixed.Sum(incentive)
		for i := range dividends {
			dividends[i] = dividends[i].Mul(earned)
		}
	}

	paid := emissionShares(&in, incentive, dividends, unearned, stake, voice)
	return Output{
		Active:            isActive,
		StakeWeight:       proportions(stake),
		Consensus:         proportions(agreed),
		Incentive:         proportions(incentive),
		Dividends:         proportions(dividends),
		ValidatorTrust:    proportions(plainRowSums(&clipped)),
		Trust:             proportions(trust),
		IncentiveShare:    incentive,
		DividendShare:     dividends,
		NobodyShare:       unearned,
		ServerEmission:    portions(in.Emission, paid.server),
		ValidatorEmission: portions(in.Emission, paid.validator),
		Emission:          portions(in.Emission, paid.combined),
		NobodyEmission:    paid.nobody.Portion(in.Emission),
		PruningScore:      fixed.MaxUpscale(paid.combined),
		Permit:            newPermit,
		Bonds:             bondRows(&bonds, newPermit),
	}, nil
}

// plainRowSums returns the sum of each row.
func plainRowSums(m *matrix) []fixed.I32F32 {
	sums := make([]fixed.I32F32, m.size())
	for i := range sums {
		_, vals := m.row(i)
		sums[i] = fixed.Sum(vals)
	}
	return sums
}

// MaxUpscale returns the weights scaled so that the largest is 65535, as they
// are stored when they are revealed. Each is rounded to the nearest, halves
// upwards; zeros stay zeros.
func MaxUpscale(weights []uint16) []uint16 {
	return fixed.MaxUpscaleU16(weights)
}
