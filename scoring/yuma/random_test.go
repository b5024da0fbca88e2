package yuma_test

import (
	"math/rand/v2"

	"github.com/assaynet/assay/scoring/yuma"
)

// pick returns one of the choices.
func pick[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

// randomInput returns a valid input of 1 to most seats, over all rules, with
// heights, ties and stakes such that every mask is met often.
func randomInput(r *rand.Rand, most int) yuma.Input {
	n := 1 + r.IntN(most)
	in := yuma.Input{
		Params: yuma.Params{
			Tempo:              r.Uint64N(12),
			ActivityCutoff:     r.Uint64N(12),
			Kappa:              pick[uint16](r, 0, 32767, 32768, 39321, 65535, uint16(r.UintN(65536))),
			MaxValidators:      r.IntN(n + 2),
			StakeThreshold:     pick[uint64](r, 0, 0, 3),
			BondsMovingAverage: pick(r, 0, 900_000, 1_000_000, r.Uint64N(1_000_001)),
			BondsPenalty:       pick(r, 0, 65535, uint16(r.UintN(65536))),
			Yuma3:              r.IntN(3) > 0,
			LiquidAlpha:        r.IntN(3) > 0,
			AlphaLow:           uint16(r.UintN(20_000)),
			AlphaHigh:          20_000 + uint16(r.UintN(40_000)),
			Steepness:          pick[int16](r, 1, 100, 200, 1000, 5000, -1000, 32767),
			CommitReveal:       r.IntN(2) == 0,
			CarryIfNoIncentive: r.IntN(2) == 0,
			ZerosKeepBonds:     r.IntN(2) == 0,
			PaysAgreed:         r.IntN(2) == 0,
		},
		Block:    10 + r.Uint64N(20),
		LastStep: pick(r, 0, 5, r.Uint64N(20)),
		Emission: pick(r, 0, 1_000_000_000, r.Uint64N(1<<62)),
		Weights:  make([][]yuma.Entry, n),
		Bonds:    make([][]yuma.Entry, n),
	}
	if r.IntN(3) == 0 {
		owner := uint16(r.IntN(n))
		in.Owner = &owner
	}
	wide := r.IntN(2) == 0
	for uid := range n {
		stake := r.Uint64N(6)
		if wide {
			stake = r.Uint64N(1 << 58)
		}
		in.Stake = append(in.Stake, stake)
		in.RegisteredAt = append(in.RegisteredAt, r.Uint64N(16))
		in.LastUpdate = append(in.LastUpdate, pick(r, 25, r.Uint64N(30)))
		in.FirstCommit = append(in.FirstCommit, pick(r, yuma.NoCommit, r.Uint64N(30)))
		in.Permit = append(in.Permit, r.IntN(4) > 0)
		in.Weights[uid] = randomRow(r, n)
		in.Bonds[uid] = randomRow(r, n)
	}
	return in
}

func randomRow(r *rand.Rand, n int) []yuma.Entry {
	var row []yuma.Entry
	for j := range n {
		if r.IntN(4) > 0 {
			row = append(row, yuma.Entry{UID: uint16(j), Value: pick[uint16](r, 0, 1, 65535, uint16(r.UintN(65536)))})
		}
	}
	return row
}
