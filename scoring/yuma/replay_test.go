package yuma_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/assaynet/assay/scoring/yuma"
)

// scenario is a file of testdata: a state and operations on it.
// testdata/README.md explains them.
type scenario struct {
	Setup setup
	Ops   []operation
}

type setup struct {
	N                      int
	Stake                  []uint64
	Tempo                  uint64
	Kappa                  uint16
	MaxValidators          int    `json:"max_validators"`
	ActivityCutoff         uint64 `json:"activity_cutoff"`
	BondsMovingAverage     uint64 `json:"bonds_moving_average"`
	BondsPenalty           uint16 `json:"bonds_penalty"`
	Yuma3                  bool
	LiquidAlpha            bool     `json:"liquid_alpha"`
	AlphaLow               uint16   `json:"alpha_low"`
	AlphaHigh              uint16   `json:"alpha_high"`
	Steepness              int16    `json:"alpha_sigmoid_steepness"`
	StakeThreshold         uint64   `json:"stake_threshold"`
	OwnerUID               *uint16  `json:"owner_uid"`
	RegisteredAt           []uint64 `json:"registered_at"`
	LastUpdate             []uint64 `json:"last_update"`
	ValidatorPermit        []bool   `json:"validator_permit"`
	Block                  uint64
	LastMechanismStepBlock uint64 `json:"last_mechanism_step_block"`
}

type operation struct {
	Op       string
	Block    uint64
	UID      uint16
	UIDs     []uint16
	Values   []uint16
	Stored   []uint16
	Stake    *uint64
	Emission uint64
	Model    map[string]json.RawMessage
	Asserted map[string]json.RawMessage `json:"upstream_asserted"`
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("decode %s: %v", path, err)
	}
}

// start returns the input that a scenario begins with.
func (s setup) start() yuma.Input {
	return yuma.Input{
		Params: yuma.Params{
			Tempo: s.Tempo, ActivityCutoff: s.ActivityCutoff, Kappa: s.Kappa, MaxValidators: s.MaxValidators,
			StakeThreshold: s.StakeThreshold, BondsMovingAverage: s.BondsMovingAverage, BondsPenalty: s.BondsPenalty,
			Yuma3: s.Yuma3, LiquidAlpha: s.LiquidAlpha, AlphaLow: s.AlphaLow, AlphaHigh: s.AlphaHigh, Steepness: s.Steepness,
		},
		Block: s.Block, LastStep: s.LastMechanismStepBlock, Owner: s.OwnerUID,
		Stake: s.Stake, RegisteredAt: s.RegisteredAt, LastUpdate: s.LastUpdate, Permit: s.ValidatorPermit,
		Weights: make([][]yuma.Entry, s.N), Bonds: make([][]yuma.Entry, s.N),
	}
}

// apply changes the state by an operation other than epoch.
func (op operation) apply(t *testing.T, in *yuma.Input) {
	t.Helper()
	switch op.Op {
	case "set_block":
		in.Block = op.Block
	case "set_stake":
		in.Stake[op.UID] = *op.Stake
	case "set_weights":
		stored := yuma.MaxUpscale(op.Values)
		if !slices.Equal(stored, op.Stored) {
			t.Errorf("stored weights: got %v, want %v", stored, op.Stored)
		}
		row := make([]yuma.Entry, len(stored))
		for k, v := range stored {
			row[k] = yuma.Entry{UID: op.UIDs[k], Value: v}
		}
		slices.SortFunc(row, func(a, b yuma.Entry) int { return int(a.UID) - int(b.UID) })
		in.Weights[op.UID] = row
		in.LastUpdate[op.UID] = in.Block
	case "replace_uid":
		in.Stake[op.UID] = *op.Stake
		in.RegisteredAt[op.UID], in.LastUpdate[op.UID] = in.Block, in.Block
		in.Permit[op.UID] = false
		in.Weights[op.UID], in.Bonds[op.UID] = nil, nil
		for _, row := range in.Weights {
			for k := range row {
				if row[k].UID == op.UID {
					row[k].Value = 0
				}
			}
		}
	case "reset_bonds":
		for uid, row := range in.Bonds {
			in.Bonds[uid] = slices.DeleteFunc(row, func(e yuma.Entry) bool { return e.UID == op.UID })
		}
	default:
		t.Fatalf("unknown operation %q", op.Op)
	}
}

func TestEpochsHoldTheVectorsExactly(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	random, err := filepath.Glob("testdata/random/*.json")
	if err != nil {
		t.Fatal(err)
	}
	epochs := 0
	for _, path := range append(files, random...) {
		var kind struct{ Schema string }
		readJSON(t, path, &kind)
		if kind.Schema != "yuma-epoch/1" {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) { epochs += replay(t, path) })
	}
	if want := 631; epochs != want {
		t.Errorf("replayed %d epochs, want %d", epochs, want)
	}
}

// replay runs a scenario and returns the number of its epochs.
func replay(t *testing.T, path string) int {
	var s scenario
	readJSON(t, path, &s)
	in := s.Setup.start()
	epochs := 0
	for k, op := range s.Ops {
		if op.Op != "epoch" {
			op.apply(t, &in)
			continue
		}
		epochs++
		in.Emission = op.Emission
		out, err := yuma.Run(in)
		if err != nil {
			t.Fatalf("operation %d: %v", k, err)
		}
		for name, want := range op.Model {
			compare(t, fmt.Sprintf("operation %d, model %s", k, name), field(t, out, name), want)
		}
		for name, want := range op.Asserted {
			compareAsserted(t, fmt.Sprintf("operation %d, asserted %s", k, name), out, name, want)
		}
		in.Permit, in.Bonds = out.Permit, out.Bonds
	}
	return epochs
}

// field returns the part of an output that a vector calls name.
func field(t *testing.T, out yuma.Output, name string) any {
	t.Helper()
	switch name {
	case "active":
		return out.Active
	case "stake_weight":
		return out.StakeWeight
	case "consensus":
		return out.Consensus
	case "incentive":
		return out.Incentive
	case "dividends":
		return out.Dividends
	case "validator_trust":
		return out.ValidatorTrust
	case "trust":
		return out.Trust
	case "server_emission":
		return out.ServerEmission
	case "validator_emission":
		return out.ValidatorEmission
	case "emission":
		return out.Emission
	case "validator_permit":
		return out.Permit
	case "pruning_score":
		return out.PruningScore
	case "bonds":
		return dense(out.Bonds)
	}
	t.Fatalf("unknown output %q", name)
	return nil
}

func dense(rows [][]yuma.Entry) [][]uint16 {
	out := make([][]uint16, len(rows))
	for i, row := range rows {
		out[i] = make([]uint16, len(rows))
		for _, e := range row {
			out[i][e.UID] = e.Value
		}
	}
	return out
}

// compare decodes want into the type of got and compares.
func compare(t *testing.T, what string, got any, want json.RawMessage) {
	t.Helper()
	decoded := reflect.New(reflect.TypeOf(got))
	if err := json.Unmarshal(want, decoded.Interface()); err != nil {
		t.Fatalf("%s: decode: %v", what, err)
	}
	if !reflect.DeepEqual(got, decoded.Elem().Interface()) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, decoded.Elem().Interface())
	}
}

// compareAsserted compares what an upstream test asserts: a whole list, single
// elements by index, or decimals.
func compareAsserted(t *testing.T, what string, out yuma.Output, name string, want json.RawMessage) {
	t.Helper()
	switch name {
	case "dividends_float":
		var shares []float64
		decode(t, want, &shares)
		for i, share := range shares {
			near(t, fmt.Sprintf("%s %d", what, i), out.Dividends[i], share, 1e-3)
		}
		return
	case "bonds_float":
		var block struct {
			Columns []int
			Rows    [][]float64
		}
		decode(t, want, &block)
		bonds := dense(out.Bonds)
		for i, row := range block.Rows {
			for k, level := range row {
				near(t, fmt.Sprintf("%s %d,%d", what, i, block.Columns[k]), bonds[i][block.Columns[k]], level, 2e-4)
			}
		}
		return
	}
	if want[0] == '[' {
		compare(t, what, field(t, out, name), want)
		return
	}
	var elements map[string]uint64
	decode(t, want, &elements)
	got := reflect.ValueOf(field(t, out, name))
	for index, value := range elements {
		element := got
		for part := range strings.SplitSeq(index, ",") {
			k, err := strconv.Atoi(part)
			if err != nil {
				t.Fatal(err)
			}
			element = element.Index(k)
		}
		if element.Uint() != value {
			t.Errorf("%s %s: got %d, want %d", what, index, element.Uint(), value)
		}
	}
}

func decode(t *testing.T, data json.RawMessage, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func near(t *testing.T, what string, got uint16, want, tolerance float64) {
	t.Helper()
	if x := float64(got) / math.MaxUint16; math.Abs(x-want) > tolerance {
		t.Errorf("%s: got %.6f, want %.6f", what, x, want)
	}
}
