package yuma_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/assaynet/assay/scoring/fixed"
	"github.com/assaynet/assay/scoring/yuma"
)

// network returns an epoch in which the first validators seats have stake,
// permits and random votes for the miners after them.
func network(r *rand.Rand, validators, miners int) yuma.Input {
	n := validators + miners
	in := yuma.Input{
		Params: yuma.Params{
			Tempo: 10, ActivityCutoff: 1000, Kappa: 32768, MaxValidators: n, BondsMovingAverage: 900_000,
			BondsPenalty: 65535, Yuma3: true, AlphaLow: 6553, AlphaHigh: 19660, Steepness: 1000,
		},
		Block: 100, LastStep: 90, Emission: 1_000_000_000,
		Stake: make([]uint64, n), RegisteredAt: make([]uint64, n), LastUpdate: slices.Repeat([]uint64{95}, n),
		Permit: make([]bool, n), Weights: make([][]yuma.Entry, n), Bonds: make([][]yuma.Entry, n),
	}
	for i := range validators {
		in.Stake[i] = 1000 + r.Uint64N(1_000_000)
		in.Permit[i] = true
		for j := validators; j < n; j++ {
			in.Weights[i] = append(in.Weights[i], yuma.Entry{UID: uint16(j), Value: 1 + uint16(r.UintN(65535))})
		}
	}
	return in
}

// vote replaces the row of a validator.
func vote(in *yuma.Input, validator int, row ...yuma.Entry) { in.Weights[validator] = row }

func TestPermutingSeatsPermutesTheOutput(t *testing.T) {
	for seed := range uint64(2_000) {
		r := rand.New(rand.NewPCG(seed, 11))
		in := randomInput(r, 9)
		for i := range in.Stake { // a tie for a permit goes by uid, so there must be none
			in.Stake[i] = 1<<40 + uint64(i)<<20
		}
		to := r.Perm(len(in.Stake))
		want, got := permuteOutput(run(t, in), to), run(t, permuteInput(in, to))
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d:\n got %+v\nwant %+v", seed, got, want)
		}
	}
}

// permuted returns v with element i at place to[i].
func permuted[T any](v []T, to []int) []T {
	if v == nil {
		return nil
	}
	out := make([]T, len(v))
	for i, x := range v {
		out[to[i]] = x
	}
	return out
}

func permutedRows(rows [][]yuma.Entry, to []int) [][]yuma.Entry {
	out := permuted(rows, to)
	for i, row := range out {
		row = slices.Clone(row)
		for k := range row {
			row[k].UID = uint16(to[row[k].UID])
		}
		slices.SortFunc(row, func(a, b yuma.Entry) int { return int(a.UID) - int(b.UID) })
		out[i] = row
	}
	return out
}

func permuteInput(in yuma.Input, to []int) yuma.Input {
	if in.Owner != nil {
		owner := uint16(to[*in.Owner])
		in.Owner = &owner
	}
	in.Stake = permuted(in.Stake, to)
	in.RegisteredAt, in.LastUpdate = permuted(in.RegisteredAt, to), permuted(in.LastUpdate, to)
	in.FirstCommit, in.Permit = permuted(in.FirstCommit, to), permuted(in.Permit, to)
	in.Weights, in.Bonds = permutedRows(in.Weights, to), permutedRows(in.Bonds, to)
	return in
}

func permuteOutput(out yuma.Output, to []int) yuma.Output {
	out.Bonds = permutedRows(out.Bonds, to)
	out.Active, out.Permit = permuted(out.Active, to), permuted(out.Permit, to)
	out.StakeWeight, out.Consensus = permuted(out.StakeWeight, to), permuted(out.Consensus, to)
	out.Incentive, out.Dividends = permuted(out.Incentive, to), permuted(out.Dividends, to)
	out.ValidatorTrust, out.Trust = permuted(out.ValidatorTrust, to), permuted(out.Trust, to)
	out.IncentiveShare, out.DividendShare = permuted(out.IncentiveShare, to), permuted(out.DividendShare, to)
	out.ServerEmission, out.ValidatorEmission = permuted(out.ServerEmission, to), permuted(out.ValidatorEmission, to)
	out.Emission, out.PruningScore = permuted(out.Emission, to), permuted(out.PruningScore, to)
	return out
}

func TestScalingAllStakesChangesNothing(t *testing.T) {
	for seed := range uint64(500) {
		in := randomInput(rand.New(rand.NewPCG(seed, 12)), 9)
		in.StakeThreshold = 0
		for i := range in.Stake {
			in.Stake[i] %= 1 << 40
		}
		want := run(t, in)
		for i := range in.Stake {
			in.Stake[i] *= 1_000_003
		}
		if got := run(t, in); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d:\n got %+v\nwant %+v", seed, got, want)
		}
	}
}

func TestSplittingAValidatorKeepsIncentives(t *testing.T) {
	for seed := range uint64(200) {
		whole := network(rand.New(rand.NewPCG(seed, 13)), 5, 8)
		whole.Stake[0] &^= 1
		half := network(rand.New(rand.NewPCG(seed, 13)), 5, 8)
		half.Stake[0] = whole.Stake[0] / 2
		// The other half is one more seat at the end, with the same votes.
		half.Stake = append(half.Stake, half.Stake[0])
		half.RegisteredAt = append(half.RegisteredAt, 0)
		half.LastUpdate = append(half.LastUpdate, 95)
		half.Permit = append(half.Permit, true)
		half.Weights = append(half.Weights, half.Weights[0])
		half.Bonds = append(half.Bonds, nil)

		// The original bonds are shares of stake, so that a dividend splits
		// with it. Those of Yuma3 are levels, and a second holder of a level
		// dilutes each miner's by as much as it stands out in it.
		whole.Yuma3, half.Yuma3 = false, false
		a, b := run(t, whole), run(t, half)
		n := len(whole.Stake)
		for j := range n {
			if d := a.IncentiveShare[j] - b.IncentiveShare[j]; d > 64 || d < -64 {
				t.Fatalf("seed %d, incentive of %d: %d whole, %d split", seed, j, a.IncentiveShare[j], b.IncentiveShare[j])
			}
		}
		if d := a.DividendShare[0] - b.DividendShare[0] - b.DividendShare[n]; d > 64 || d < -64 {
			t.Fatalf("seed %d: dividend %d whole, %d and %d split", seed, a.DividendShare[0], b.DividendShare[0], b.DividendShare[n])
		}
	}
}

func TestNothingIsPaidBeyondTheEmission(t *testing.T) {
	for seed := range uint64(5_000) {
		in := randomInput(rand.New(rand.NewPCG(seed, 14)), 12)
		checkConservation(t, in, run(t, in))
	}
}

// checkConservation checks what must hold for every epoch whatsoever.
func checkConservation(t *testing.T, in yuma.Input, out yuma.Output) {
	t.Helper()
	n := fixed.I32F32(len(in.Stake))
	for name, shares := range map[string][]fixed.I32F32{"incentive": out.IncentiveShare, "dividends": out.DividendShare} {
		// Each share is cut by less than 2^-32. A sum of a few 2^-32 from tiny
		// stakes still divides into one.
		if sum := fixed.Sum(shares); sum != 0 && (sum > fixed.One || sum < fixed.One-n) {
			t.Fatalf("%s adds up to %d of %d", name, sum, fixed.One)
		}
	}
	var paid, combined uint64
	for i := range out.Emission {
		paid += out.ServerEmission[i] + out.ValidatorEmission[i]
		combined += out.Emission[i]
	}
	if paid > in.Emission || combined > in.Emission {
		t.Fatalf("paid %d, combined %d, of %d", paid, combined, in.Emission)
	}
}

func TestAMinorityAloneMovesNothing(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 15))
		in := network(r, 6, 8)
		// The last miner has the votes of the smallest validators only, below
		// kappa together.
		target := len(in.Stake) - 1
		total, given := uint64(0), uint64(0)
		for _, s := range in.Stake {
			total += s
		}
		for i := range 6 {
			if given+in.Stake[i] < total*49/100 {
				given += in.Stake[i]
			} else {
				in.Weights[i] = in.Weights[i][:len(in.Weights[i])-1]
			}
		}
		out := run(t, in)
		if out.Consensus[target] != 0 || out.IncentiveShare[target] != 0 {
			t.Fatalf("seed %d: consensus %d, incentive %d", seed, out.Consensus[target], out.IncentiveShare[target])
		}
		for i, row := range out.Bonds {
			for _, e := range row {
				if int(e.UID) == target {
					t.Fatalf("seed %d: validator %d has a bond of %d", seed, i, e.Value)
				}
			}
		}
	}
}

// agreement returns random stakes and rows, which need not be normalised here.
func agreement(r *rand.Rand) ([]fixed.I32F32, [][]fixed.I32F32) {
	n := 2 + r.IntN(6)
	stake, rows := make([]fixed.I32F32, n), make([][]fixed.I32F32, n)
	for i := range n {
		stake[i] = fixed.I32F32(r.Uint64N(1 << 20))
		for range n {
			rows[i] = append(rows[i], fixed.I32F32(r.Uint64N(1<<20))*1000)
		}
	}
	fixed.Normalise(stake)
	return stake, rows
}

func TestConsensusLiesWithinTheVotes(t *testing.T) {
	for seed := range uint64(2_000) {
		r := rand.New(rand.NewPCG(seed, 16))
		stake, rows := agreement(r)
		agreed, _ := yuma.Agreement(stake, rows, fixed.FromProportion(uint16(r.UintN(65536))))
		for j := range agreed {
			low, high := fixed.Max, fixed.Min
			for i := range rows {
				if stake[i] > 0 {
					low, high = min(low, rows[i][j]), max(high, rows[i][j])
				}
			}
			if agreed[j] < low || agreed[j] > high {
				t.Fatalf("seed %d: consensus %d outside %d … %d", seed, agreed[j], low, high)
			}
		}
	}
}

func TestAVoteAboveConsensusCannotLiftIt(t *testing.T) {
	for seed := range uint64(2_000) {
		r := rand.New(rand.NewPCG(seed, 17))
		stake, rows := agreement(r)
		agreed, ranks := yuma.Agreement(stake, rows, 33000<<16)
		i, j := r.IntN(len(rows)), r.IntN(len(rows))
		if rows[i][j] <= agreed[j] || stake[i] == 0 {
			continue
		}
		rows[i][j] += fixed.One
		raised, raisedRanks := yuma.Agreement(stake, rows, 33000<<16)
		if raised[j] != agreed[j] || raisedRanks[j] != ranks[j] {
			t.Fatalf("seed %d: raised, consensus %d became %d, rank %d became %d", seed, agreed[j], raised[j], ranks[j], raisedRanks[j])
		}
		rows[i][j] = agreed[j] / 2
		_, lowered := yuma.Agreement(stake, rows, 33000<<16)
		if lowered[j] > ranks[j] || lowered[j] == ranks[j] && agreed[j] > 0 && stake[i] > 1<<12 {
			t.Fatalf("seed %d: lowered, rank %d became %d", seed, ranks[j], lowered[j])
		}
	}
}

func TestRunRepeatsItselfAndLeavesTheInputAlone(t *testing.T) {
	for seed := range uint64(500) {
		in := randomInput(rand.New(rand.NewPCG(seed, 18)), 12)
		same := randomInput(rand.New(rand.NewPCG(seed, 18)), 12)
		first, second := run(t, in), run(t, in)
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("seed %d: two runs differ", seed)
		}
		if !reflect.DeepEqual(in, same) {
			t.Fatalf("seed %d: the input changed", seed)
		}
	}
}
