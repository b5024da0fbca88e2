package yuma_test

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/assaynet/assay/scoring/fixed"
	"github.com/assaynet/assay/scoring/yuma"
)

// fromFloat32 returns the I32F32 nearest to a decimal that the reference reads
// as a float32, ties to even.
func fromFloat32(x float64) fixed.I32F32 {
	return fixed.I32F32(math.RoundToEven(float64(float32(x)) * (1 << 32)))
}

func fromFloats32(v []float64) []fixed.I32F32 {
	out := make([]fixed.I32F32, len(v))
	for i, x := range v {
		out[i] = fromFloat32(x)
	}
	return out
}

func TestMedianHoldsTheVectorsExactly(t *testing.T) {
	var file struct {
		Median []struct {
			Stake, Score   []float64
			Majority       float64
			Expected       float64
			NormaliseFirst bool `json:"normalise_stake_first"`
		}
		Columns []struct {
			Stake    []float64
			Weights  [][]float64
			Kappa    float64
			Expected []float64
		} `json:"median_col"`
		Top []struct {
			V        []int64
			K        int
			Expected []bool
		} `json:"is_topk_nonzero_derived"`
		TopWithZero []struct {
			V        []int64
			K        int
			Expected []bool
		} `json:"is_topk"`
	}
	readJSON(t, "testdata/13_weighted_median_topk.json", &file)
	for _, c := range file.Median {
		stake, score := fromFloats32(c.Stake), fromFloats32(c.Score)
		if c.NormaliseFirst {
			fixed.Normalise(stake)
		}
		votes := make([]yuma.Vote, len(stake))
		for i := range votes {
			votes[i] = yuma.NewVote(score[i], stake[i])
		}
		minority := fixed.One.Sub(fromFloat32(c.Majority))
		if got, want := yuma.WeightedMedian(votes, minority), fromFloat32(c.Expected); got != want {
			t.Errorf("median of %v by %v: got %d, want %d", c.Score, c.Stake, got, want)
		}
	}
	for _, c := range file.Columns {
		rows := make([][]fixed.I32F32, len(c.Weights))
		for i, row := range c.Weights {
			rows[i] = fromFloats32(row)
		}
		got, _ := yuma.Agreement(fromFloats32(c.Stake), rows, fromFloat32(c.Kappa))
		if want := fromFloats32(c.Expected); !slices.Equal(got[:len(want)], want) {
			t.Errorf("columns of %v by %v, kappa %v: got %d, want %d", c.Weights, c.Stake, c.Kappa, got, want)
		}
	}
	for _, c := range file.Top {
		if got := yuma.TopNonZero(fromInts(c.V, 0), c.K); !slices.Equal(got, c.Expected) {
			t.Errorf("top %d non-zero of %v: got %v, want %v", c.K, c.V, got, c.Expected)
		}
	}
	for _, c := range file.TopWithZero { // lifted by one, there is no zero to leave out
		if got := yuma.TopNonZero(fromInts(c.V, 1), c.K); !slices.Equal(got, c.Expected) {
			t.Errorf("top %d of %v: got %v, want %v", c.K, c.V, got, c.Expected)
		}
	}
}

func fromInts(v []int64, add int64) []fixed.I32F32 {
	out := make([]fixed.I32F32, len(v))
	for i, x := range v {
		out[i] = fixed.FromInt(x + add)
	}
	return out
}

func TestMaxUpscaleHoldsTheVectorsExactly(t *testing.T) {
	var file struct {
		Fixed []struct {
			Input    []float64
			Expected []uint16
		}
		FixedRaw []struct {
			Input    []string `json:"input_raw_i32f32"`
			Expected []uint16
		} `json:"fixed_raw"`
		U16 []struct {
			Input, Expected []uint16
		}
		Derived []struct {
			Input, Expected []uint16
		} `json:"extra_derived"`
	}
	readJSON(t, "testdata/14_max_upscale.json", &file)
	check := func(input any, got, want []uint16) {
		if !slices.Equal(got, want) {
			t.Errorf("max upscale of %v: got %d, want %d", input, got, want)
		}
	}
	for _, c := range file.Fixed {
		check(c.Input, fixed.MaxUpscale(fromFloats32(c.Input)), c.Expected)
	}
	for _, c := range file.FixedRaw {
		v := make([]fixed.I32F32, len(c.Input))
		for i, digits := range c.Input {
			raw, err := strconv.ParseInt(digits, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			v[i] = fixed.I32F32(raw)
		}
		check(c.Input, fixed.MaxUpscale(v), c.Expected)
	}
	for _, c := range append(file.U16, file.Derived...) {
		check(c.Input, yuma.MaxUpscale(c.Input), c.Expected)
	}
	if len(file.Fixed)+len(file.FixedRaw)+len(file.U16)+len(file.Derived) != 33 {
		t.Errorf("%d cases with floats, %d raw, %d integers, %d derived: want 33 together",
			len(file.Fixed), len(file.FixedRaw), len(file.U16), len(file.Derived))
	}
}

func TestPermitsHoldTheVectorsExactly(t *testing.T) {
	var file struct {
		Cases []struct {
			N              int
			MaxValidators  int    `json:"max_validators"`
			StakeThreshold uint64 `json:"stake_threshold"`
			Stake          []uint64
			After1         []bool   `json:"permit_after_epoch_1"`
			StakeLater     []uint64 `json:"stake_2"`
			After2         []bool   `json:"permit_after_epoch_2"`
		}
	}
	readJSON(t, "testdata/19_validator_permits.json", &file)
	for k, c := range file.Cases {
		in := yuma.Input{
			Params: yuma.Params{MaxValidators: c.MaxValidators, StakeThreshold: c.StakeThreshold, ActivityCutoff: 13},
			Block:  1, Stake: c.Stake, RegisteredAt: make([]uint64, c.N), LastUpdate: make([]uint64, c.N), Permit: make([]bool, c.N),
			Weights: make([][]yuma.Entry, c.N), Bonds: make([][]yuma.Entry, c.N),
		}
		first := run(t, in)
		if !slices.Equal(first.Permit, c.After1) {
			t.Errorf("case %d, first epoch: got %v, want %v", k, first.Permit, c.After1)
		}
		in.Permit, in.Stake = first.Permit, c.StakeLater
		if second := run(t, in); !slices.Equal(second.Permit, c.After2) {
			t.Errorf("case %d, second epoch: got %v, want %v", k, second.Permit, c.After2)
		}
	}
}

// run runs an epoch that must not fail.
func run(t testing.TB, in yuma.Input) yuma.Output {
	t.Helper()
	out, err := yuma.Run(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
