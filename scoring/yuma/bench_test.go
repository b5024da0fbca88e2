package yuma_test

import (
	"math/rand/v2"
	"testing"

	"github.com/assaynet/assay/scoring/yuma"
)

// BenchmarkEpoch is the largest epoch that the network plans for: 256
// validators that each weigh all of 4,096 seats, no two alike, with bonds from
// an epoch before.
func BenchmarkEpoch(b *testing.B) {
	const seats, validators = 4096, 256
	rules := []struct {
		name          string
		yuma3, liquid bool
	}{
		{"original", false, false},
		{"yuma3", true, false},
		{"liquid", true, true},
	}
	for _, rule := range rules {
		b.Run(rule.name, func(b *testing.B) {
			in := denseInput(rand.New(rand.NewPCG(1, 2)), seats, validators)
			in.Yuma3, in.LiquidAlpha = rule.yuma3, rule.liquid
			b.ReportAllocs()
			for b.Loop() {
				if _, err := yuma.Run(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// denseInput returns an epoch in which the first validators seats weigh all
// others and have bonds in them. The bonds penalty is one half, which takes the
// longest.
func denseInput(r *rand.Rand, seats, validators int) yuma.Input {
	in := yuma.Input{
		Params: yuma.Params{
			Tempo: 100, ActivityCutoff: 1000, Kappa: 33000, MaxValidators: validators,
			BondsMovingAverage: 900000, BondsPenalty: 32768,
			AlphaLow: 6553, AlphaHigh: 19660, Steepness: 1000,
		},
		Block: 1000, LastStep: 900, Emission: 1_000_000_000,
		Stake:        make([]uint64, seats),
		RegisteredAt: make([]uint64, seats),
		LastUpdate:   make([]uint64, seats),
		Permit:       make([]bool, seats),
		Weights:      make([][]yuma.Entry, seats),
		Bonds:        make([][]yuma.Entry, seats),
	}
	for uid := range in.Stake {
		in.LastUpdate[uid] = 950
		if uid >= validators {
			continue
		}
		in.Stake[uid] = 1 + r.Uint64N(1_000_000_000)
		in.Permit[uid] = true
		in.Weights[uid] = denseRow(r, seats)
		in.Bonds[uid] = denseRow(r, seats)
	}
	return in
}

func denseRow(r *rand.Rand, seats int) []yuma.Entry {
	row := make([]yuma.Entry, seats)
	for j := range row {
		row[j] = yuma.Entry{UID: uint16(j), Value: uint16(r.UintN(65536))}
	}
	return row
}
