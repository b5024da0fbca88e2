package scenario

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/assaynet/assay/scoring/yuma"
)

// Result is what an epoch decided: for each seat, proportions in 65535ths and
// emission in units. Bonds are [validator][seat].
type Result struct {
	Active            []bool     `json:"active"`
	StakeWeight       []uint16   `json:"stake_weight"`
	Consensus         []uint16   `json:"consensus"`
	Incentive         []uint16   `json:"incentive"`
	Dividends         []uint16   `json:"dividends"`
	ValidatorTrust    []uint16   `json:"validator_trust"`
	Trust             []uint16   `json:"trust"`
	ServerEmission    []uint64   `json:"server_emission"`
	ValidatorEmission []uint64   `json:"validator_emission"`
	Emission          []uint64   `json:"emission"`
	ValidatorPermit   []bool     `json:"validator_permit"`
	Bonds             [][]uint16 `json:"bonds"`
	PruningScore      []uint16   `json:"pruning_score"`
}

// Differs returns the name of the first field in which r is not what a model
// says, or "" where it says nothing else.
func (r *Result) Differs(model *Result) string {
	if model == nil {
		return ""
	}
	got, want := reflect.ValueOf(r).Elem(), reflect.ValueOf(model).Elem()
	for i := range got.NumField() {
		if !want.Field(i).IsNil() && !reflect.DeepEqual(got.Field(i).Interface(), want.Field(i).Interface()) {
			return got.Type().Field(i).Tag.Get("json")
		}
	}
	return ""
}

// Ran is an epoch of a scenario.
type Ran struct {
	Number   int    // of the epochs of the scenario, from 1 on
	Block    uint64 // its height
	Emission uint64 // units
	Result   *Result
	// Differs is the first field that is not as the file's model has it.
	Differs string
}

// Run runs the operations and tells of each epoch. Errors wrap [ErrScenario],
// and name the operation; what each returned ends it, too.
func (s *Scenario) Run(each func(Ran) error) error {
	in := s.Setup.start()
	epochs := 0
	for i := range s.Ops {
		o := &s.Ops[i]
		if o.Op != Epoch {
			if err := o.apply(&in); err != nil {
				return fmt.Errorf("%w: operation %d: %w", ErrScenario, i+1, err)
			}
			continue
		}
		in.Emission = *o.Emission
		out, err := yuma.Run(in)
		if err != nil {
			return fmt.Errorf("%w: operation %d: %w", ErrScenario, i+1, err)
		}
		in.Permit, in.Bonds = out.Permit, out.Bonds
		epochs++
		r := result(&out)
		if err := each(Ran{epochs, in.Block, in.Emission, r, r.Differs(o.Model)}); err != nil {
			return err
		}
	}
	return nil
}

// start returns the input of an epoch at the setup's state.
func (s *Setup) start() yuma.Input {
	return yuma.Input{
		Params: yuma.Params{
			Tempo: s.Tempo, ActivityCutoff: s.ActivityCutoff, Kappa: s.Kappa, MaxValidators: s.MaxValidators,
			StakeThreshold: s.StakeThreshold, BondsMovingAverage: s.BondsMovingAverage, BondsPenalty: s.BondsPenalty,
			Yuma3: s.Yuma3, LiquidAlpha: s.LiquidAlpha, AlphaLow: s.AlphaLow, AlphaHigh: s.AlphaHigh, Steepness: s.Steepness,
			ZerosKeepBonds: s.ZerosKeepBonds, CarryIfNoIncentive: s.CarryIfNoIncentive, PaysAgreed: s.PaysAgreed,
		},
		Block: s.Block, LastStep: s.LastStep, Owner: s.Owner,
		Stake: slices.Clone(s.Stake), RegisteredAt: slices.Clone(s.RegisteredAt), LastUpdate: slices.Clone(s.LastUpdate),
		Permit: slices.Clone(s.Permit), Weights: make([][]yuma.Entry, s.N), Bonds: make([][]yuma.Entry, s.N),
	}
}

// apply does an operation that is no epoch.
func (o *Operation) apply(in *yuma.Input) error {
	switch o.Op {
	case SetBlock:
		in.Block = *o.Block
	case SetStake:
		in.Stake[*o.UID] = *o.Stake
	case SetWeights:
		return o.setWeights(in)
	case ReplaceUID:
		o.replace(in)
	case ResetBonds:
		for uid, row := range in.Bonds {
			in.Bonds[uid] = slices.DeleteFunc(slices.Clone(row), func(e yuma.Entry) bool { return e.UID == *o.UID })
		}
	}
	return nil
}

func (o *Operation) setWeights(in *yuma.Input) error {
	stored := yuma.MaxUpscale(o.Values)
	if o.Stored != nil && !slices.Equal(stored, o.Stored) {
		return fmt.Errorf("values are stored as %v, not %v", stored, o.Stored)
	}
	row := make([]yuma.Entry, len(stored))
	for k, v := range stored {
		row[k] = yuma.Entry{UID: o.UIDs[k], Value: v}
	}
	slices.SortFunc(row, func(a, b yuma.Entry) int { return cmp.Compare(a.UID, b.UID) })
	if err := yuma.CheckRow(row, len(in.Stake)); err != nil {
		return err
	}
	in.Weights[*o.UID] = row
	in.LastUpdate[*o.UID] = in.Block
	return nil
}

func (o *Operation) replace(in *yuma.Input) {
	uid := *o.UID
	in.Stake[uid] = *o.Stake
	in.RegisteredAt[uid], in.LastUpdate[uid] = in.Block, in.Block
	in.Permit[uid] = false
	in.Weights[uid], in.Bonds[uid] = nil, nil
	for _, row := range in.Weights {
		for k := range row {
			if row[k].UID == uid {
				row[k].Value = 0
			}
		}
	}
}

func result(out *yuma.Output) *Result {
	return &Result{
		Active: out.Active, StakeWeight: out.StakeWeight, Consensus: out.Consensus, Incentive: out.Incentive, Dividends: out.Dividends,
		ValidatorTrust: out.ValidatorTrust, Trust: out.Trust, ServerEmission: out.ServerEmission, ValidatorEmission: out.ValidatorEmission,
		Emission: out.Emission, ValidatorPermit: out.Permit, Bonds: dense(out.Bonds), PruningScore: out.PruningScore,
	}
}

func dense(rows [][]yuma.Entry) [][]uint16 {
	all := make([][]uint16, len(rows))
	for i, row := range rows {
		all[i] = make([]uint16, len(rows))
		for _, e := range row {
			all[i][e.UID] = e.Value
		}
	}
	return all
}
