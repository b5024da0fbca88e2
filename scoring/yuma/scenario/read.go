package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Schema is what a file's field schema must say.
const Schema = "yuma-epoch/1"

// Limits of a scenario.
const (
	MaxSeats      = 4096
	MaxOperations = 1 << 16
)

// ErrScenario says that a file is no scenario, or asks for what cannot be.
var ErrScenario = errors.New("invalid scenario")

// Scenario is a state and operations on it.
type Scenario struct {
	Schema string      `json:"schema"`
	Name   string      `json:"name,omitempty"`
	Shows  string      `json:"shows,omitempty"` // in one line
	Setup  Setup       `json:"setup"`
	Ops    []Operation `json:"ops"`
}

// Setup is the state before the first operation. Lists have an element for each
// of the N seats. Ratios are in 65535ths, but for BondsMovingAverage, in
// millionths, and Steepness, in hundredths.
type Setup struct {
	N                  int      `json:"n"`
	Stake              []uint64 `json:"stake"` // units
	Tempo              uint64   `json:"tempo"` // blocks
	Kappa              uint16   `json:"kappa"`
	MaxValidators      int      `json:"max_validators"`
	ActivityCutoff     uint64   `json:"activity_cutoff"` // blocks
	BondsMovingAverage uint64   `json:"bonds_moving_average"`
	BondsPenalty       uint16   `json:"bonds_penalty"`
	Yuma3              bool     `json:"yuma3"`
	LiquidAlpha        bool     `json:"liquid_alpha"`
	AlphaLow           uint16   `json:"alpha_low"`
	AlphaHigh          uint16   `json:"alpha_high"`
	Steepness          int16    `json:"alpha_sigmoid_steepness"`
	StakeThreshold     uint64   `json:"stake_threshold"` // units
	Owner              *uint16  `json:"owner_uid"`
	RegisteredAt       []uint64 `json:"registered_at"`
	LastUpdate         []uint64 `json:"last_update"`
	Permit             []bool   `json:"validator_permit"`
	Block              uint64   `json:"block"`
	LastStep           uint64   `json:"last_mechanism_step_block"`
	// Rules of ours, which the networks that ship have, and whose absence is the
	// reference's rule (package yuma says what they do).
	ZerosKeepBonds     bool `json:"zeros_keep_bonds,omitempty"`
	CarryIfNoIncentive bool `json:"carry_if_no_incentive,omitempty"`
	PaysAgreed         bool `json:"pays_agreed,omitempty"`
}

// The operations.
const (
	SetBlock   = "set_block"
	SetStake   = "set_stake"
	SetWeights = "set_weights"
	ReplaceUID = "replace_uid"
	ResetBonds = "reset_bonds"
	Epoch      = "epoch"
)

// Operation is one of them, with the fields that it has.
type Operation struct {
	Op       string   `json:"op"`
	Block    *uint64  `json:"block,omitempty"`
	UID      *uint16  `json:"uid,omitempty"`
	Stake    *uint64  `json:"stake,omitempty"`
	UIDs     []uint16 `json:"uids,omitempty"`
	Values   []uint16 `json:"values,omitempty"`
	Stored   []uint16 `json:"stored,omitempty"`
	Emission *uint64  `json:"emission,omitempty"`
	Model    *Result  `json:"model,omitempty"`
}

// provenance is what a file may have beside a Scenario.
type provenance struct {
	Origin    json.RawMessage `json:"origin"`
	Variant   json.RawMessage `json:"variant"`
	Notes     json.RawMessage `json:"notes"`
	Tolerance json.RawMessage `json:"tolerance"`
}

// upstream is what an operation may have beside an Operation.
type upstream struct {
	Asserted json.RawMessage `json:"upstream_asserted"`
	Comment  json.RawMessage `json:"upstream_trace_comment"`
}

// Read reads a file. Errors wrap [ErrScenario].
func Read(file []byte) (*Scenario, error) {
	var form struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(file, &form); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrScenario, err)
	}
	if form.Schema != Schema {
		return nil, fmt.Errorf("%w: schema %.40q, not %q", ErrScenario, form.Schema, Schema)
	}
	var s struct {
		Scenario
		provenance

		Ops []struct {
			Operation
			upstream
		} `json:"ops"`
	}
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrScenario, err)
	}
	for i := range s.Ops {
		s.Scenario.Ops = append(s.Scenario.Ops, s.Ops[i].Operation)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return &s.Scenario, nil
}

func (s *Scenario) check() error {
	switch {
	case s.Setup.N < 1 || s.Setup.N > MaxSeats:
		return fmt.Errorf("%w: n is %d, not 1 to %d seats", ErrScenario, s.Setup.N, MaxSeats)
	case len(s.Ops) > MaxOperations:
		return fmt.Errorf("%w: %d operations, at most %d", ErrScenario, len(s.Ops), MaxOperations)
	}
	for _, list := range []struct {
		name string
		size int
	}{
		{"stake", len(s.Setup.Stake)},
		{"registered_at", len(s.Setup.RegisteredAt)},
		{"last_update", len(s.Setup.LastUpdate)},
		{"validator_permit", len(s.Setup.Permit)},
	} {
		if list.size != s.Setup.N {
			return fmt.Errorf("%w: %s has %d elements for %d seats", ErrScenario, list.name, list.size, s.Setup.N)
		}
	}
	for i := range s.Ops {
		if err := s.Ops[i].check(s.Setup.N); err != nil {
			return fmt.Errorf("%w: operation %d: %w", ErrScenario, i+1, err)
		}
	}
	return nil
}

// check refuses an operation that lacks what it needs.
func (o *Operation) check(seats int) error {
	needs := map[string][]bool{
		SetBlock:   {o.Block != nil},
		SetStake:   {o.UID != nil, o.Stake != nil},
		SetWeights: {o.UID != nil},
		ReplaceUID: {o.UID != nil, o.Stake != nil},
		ResetBonds: {o.UID != nil},
		Epoch:      {o.Emission != nil},
	}
	has, known := needs[o.Op]
	switch {
	case !known:
		return fmt.Errorf("there is no operation %.40q", o.Op)
	case slices.Contains(has, false):
		return fmt.Errorf("%s lacks a field", o.Op)
	case o.UID != nil && int(*o.UID) >= seats:
		return fmt.Errorf("%s of seat %d, of %d", o.Op, *o.UID, seats)
	case len(o.UIDs) != len(o.Values):
		return fmt.Errorf("%s has %d uids and %d values", o.Op, len(o.UIDs), len(o.Values))
	case o.Stored != nil && len(o.Stored) != len(o.Values):
		return fmt.Errorf("%s has %d values, and stores %d", o.Op, len(o.Values), len(o.Stored))
	}
	return nil
}
