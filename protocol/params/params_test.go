package params_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

func TestNetworksThatShipAreSound(t *testing.T) {
	for _, p := range []params.Params{params.Local(), params.Demo()} {
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if err := p.CheckLanes(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		// Weights of epoch e are paid at the end of e + 2.
		if p.Yuma.ActivityCutoff < 3*p.Schedule.Tempo {
			t.Errorf("%s: validators count as inactive before their weights count", p.Name)
		}
		if p.Seats.Immunity < 4*p.Schedule.Tempo {
			t.Errorf("%s: seats can be pruned before their first weights count", p.Name)
		}
		if class, paid := p.Kinds[0].Class(params.SmolLM2().ID); !paid || class != params.One {
			t.Errorf("%s: the model that ships is not paid", p.Name)
		}
	}
	p := params.Local()
	if _, paid := p.Kinds[0].Class(protocol.ModelID{1}); paid {
		t.Error("an unknown model is paid")
	}
}

func TestANetworkListsEachKindOnceAndEachModelOnce(t *testing.T) {
	p := params.Local()
	p.Kinds = p.Kinds[:1]
	other := p.Kinds[0]
	p.Kinds[0].Share, other.Share = params.One-1, 1
	other.Name, other.Models = "other", append([]params.Model{{ID: protocol.ModelID{1}, Class: 1}}, p.Kinds[0].Models...)
	p.Kinds = append(p.Kinds, other)
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	if p.Kind("other") != &p.Kinds[1] || p.KindIndex("other") != 1 || p.Kind("another") != nil || p.KindIndex("another") != -1 {
		t.Error("a kind is not found by its name")
	}
	if m := p.Models(); len(m) != 2 || m[0].ID != params.SmolLM2().ID || m[1].ID != (protocol.ModelID{1}) {
		t.Errorf("models of both kinds: got %+v", m)
	}
}

func TestConstantsThatContradictEachOtherAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(p *params.Params){
		"no name":                   func(p *params.Params) { p.Name = "" },
		"a long name":               func(p *params.Params) { p.Name = strings.Repeat("a", 33) },
		"a loud name":               func(p *params.Params) { p.Name = "Assay" },
		"a short tempo":             func(p *params.Params) { p.Schedule.Tempo = 3 },
		"a long tempo":              func(p *params.Params) { p.Schedule.Tempo = 1<<20 + 20 },
		"no rounds":                 func(p *params.Params) { p.Schedule.RoundLength = 0 },
		"uneven rounds":             func(p *params.Params) { p.Schedule.RoundLength = 15 },
		"no time to commit":         func(p *params.Params) { p.Schedule.CommitBlocks = 0 },
		"no time to open":           func(p *params.Params) { p.Schedule.OpenBlocks = p.Schedule.CommitBlocks },
		"opening past the round":    func(p *params.Params) { p.Schedule.OpenBlocks = p.Schedule.RoundLength },
		"late weights":              func(p *params.Params) { p.Schedule.WeightBlocks = p.Schedule.Tempo },
		"no time to attest":         func(p *params.Params) { p.Schedule.AttestBlocks = p.Schedule.OpenBlocks },
		"attesting for too long":    func(p *params.Params) { p.Schedule.AttestBlocks = p.Schedule.RoundLength },
		"more than is attested":     func(p *params.Params) { p.Seats.Max, p.Kinds[0].Slots = 4096, 100 },
		"late cards":                func(p *params.Params) { p.Schedule.OpenCardsBlocks = p.Schedule.WeightBlocks },
		"seals of another epoch":    func(p *params.Params) { p.Schedule.SealCardsBlocks = p.Schedule.Tempo },
		"no time to draw duties":    func(p *params.Params) { p.Schedule.SealCardsBlocks = 2 },
		"no time to open cards":     func(p *params.Params) { p.Schedule.OpenCardsBlocks-- },
		"a lane for fewer":          func(p *params.Params) { p.Seats.MaxValidators++ },
		"too many duties":           func(p *params.Params) { p.Seats.Max, p.Schedule.Tempo = 4096, 60 },
		"stake that waits too long": func(p *params.Params) { p.Seats.UnbondingSeconds = 1<<33 + 1 },
		"more of its own than all":  func(p *params.Params) { p.Seats.MinSelf = p.Seats.MinStake + 1 },
		"no block time":             func(p *params.Params) { p.Block.CommitMillis = 0 },
		"small blocks":              func(p *params.Params) { p.Block.MaxBytes = 1000 },
		"no seats":                  func(p *params.Params) { p.Seats.Max = 0 },
		"many seats":                func(p *params.Params) { p.Seats.Max = 4097 },
		"many validators":           func(p *params.Params) { p.Seats.MaxValidators = 257 },
		"no seat for an owner":      func(p *params.Params) { p.Seats.MaxPerColdkey = 0 },
		"free seats":                func(p *params.Params) { p.Seats.PriceMin = 0 },
		"a price below":             func(p *params.Params) { p.Seats.Price = p.Seats.PriceMin - 1 },
		"a price above":             func(p *params.Params) { p.Seats.Price = p.Seats.PriceMax + 1 },
		"no half-life":              func(p *params.Params) { p.Seats.PriceHalfLife = 0 },
		"too much money":            func(p *params.Params) { p.Emission.MaxSupply = 1<<62 + 1 },
		"too much a block":          func(p *params.Params) { p.Emission.PerBlock = p.Emission.MaxSupply + 1 },
		"a minority rules":          func(p *params.Params) { p.Yuma.Kappa = 32767 },
		"alphas turned round":       func(p *params.Params) { p.Yuma.AlphaLow = p.Yuma.AlphaHigh + 1 },
		"bonds over one":            func(p *params.Params) { p.Yuma.BondsMovingAverage = 1_000_001 },
		"no tokens":                 func(p *params.Params) { p.Inference.MaxTokens = 0 },
		"no slots":                  func(p *params.Params) { p.Kinds[0].Slots = 0 },
		"one judge":                 func(p *params.Params) { p.Kinds[0].Judges = 1 },
		"more than all sampled":     func(p *params.Params) { p.Inference.SampledPercent = 101 },
		"averages that never go":    func(p *params.Params) { p.Kinds[0].Keep = params.One },
		"slow earns more":           func(p *params.Params) { p.Inference.SpeedWorst = params.One + 1 },
		"jailed in an epoch":        func(p *params.Params) { p.Seats.MaxSilence = 2*p.Schedule.Tempo - 1 },
		"jailed before a turn":      func(p *params.Params) { p.Seats.MaxValidators = uint32(p.Seats.MaxSilence)/2 + 1 },
		"never jailed":              func(p *params.Params) { p.Seats.MaxSilence = 1<<32 + 1 },
		"a short memory":            func(p *params.Params) { p.Tasks.Retention = 3 },
		"no model":                  func(p *params.Params) { p.Kinds[0].Models = nil },
		"a model twice":             func(p *params.Params) { p.Kinds[0].Models = append(p.Kinds[0].Models, p.Kinds[0].Models[0]) },
		"a model of no class":       func(p *params.Params) { p.Kinds[0].Models[0].Class = 0 },
		"no kinds":                  func(p *params.Params) { p.Kinds = nil },
		"too many kinds":            func(p *params.Params) { p.Kinds = make([]params.Kind, params.MaxKinds+1) },
		"a kind twice":              func(p *params.Params) { p.Kinds = append(p.Kinds, p.Kinds[0]) },
		"kinds out of order": func(p *params.Params) {
			p.Kinds[1].Name = "a"
		},
		"a kind without a name": func(p *params.Params) { p.Kinds[0].Name = "" },
		"a kind of a long name": func(p *params.Params) { p.Kinds[0].Name = "seventeen letters" },
		"a kind of no letters":  func(p *params.Params) { p.Kinds[0].Name = "é" },
		"shares of two kinds": func(p *params.Params) {
			p.Kinds[1].Share = params.One + 1 - p.Kinds[0].Share
		},
		"no rounds for a kind":   func(p *params.Params) { p.Kinds[0].Rounds = 0 },
		"rounds beyond an epoch": func(p *params.Params) { p.Kinds[0].Rounds = 2 },
		"work beyond counting":   func(p *params.Params) { p.Kinds[0].Full = 1<<40 + 1 },
		"slots without end":      func(p *params.Params) { p.Kinds[0].Slots = 1025 },
		"slots of two kinds": func(p *params.Params) {
			p.Kinds[1].Slots = 1021
		},
		"more than all":        func(p *params.Params) { p.Seats.Commission = params.One + 1 },
		"a wait without end":   func(p *params.Params) { p.Seats.Unbonding = 1<<32 + 1 },
		"alpha without Yuma3":  func(p *params.Params) { p.Yuma.Yuma3 = false },
		"a long system prompt": func(p *params.Params) { p.Inference.System = strings.Repeat("a", 4097) },
		"no replay window":     func(p *params.Params) { p.Gossip.ReplayWindow = 0 },
	} {
		p := params.Local()
		spoil(&p)
		if err := p.Check(); !errors.Is(err, params.ErrInvalid) {
			t.Errorf("%s: got %v, want %v", name, err, params.ErrInvalid)
		}
	}
}

func TestTasksOfAKindThatTakesLongerFallDueInTheLastOfItsRounds(t *testing.T) {
	long := params.Kind{Rounds: 3}
	for due, set := range map[protocol.Round]protocol.Round{2: 0, 5: 3, 302: 300} {
		if got, ok := long.Set(due); !ok || got != set {
			t.Errorf("due in round %d: set in %d, %v, want %d", due, got, ok, set)
		}
	}
	for _, due := range []protocol.Round{0, 1, 3, 4} {
		if _, ok := long.Set(due); ok {
			t.Errorf("tasks fall due in round %d", due)
		}
	}
	short := params.Kind{Rounds: 1}
	if got, ok := short.Set(7); !ok || got != 7 {
		t.Errorf("tasks of one round: set in %d, %v, want 7", got, ok)
	}
}

func TestParamsReadAsTheyWereWritten(t *testing.T) {
	p := params.Demo()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back params.Params
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&back); err != nil || !reflect.DeepEqual(back, p) {
		t.Errorf("JSON: got %+v, %v, want %+v", back, err, p)
	}
	back = params.Params{}
	if err := wire.Decode(wire.Encode(p), 1<<16, &back); err != nil || !reflect.DeepEqual(back, p) {
		t.Errorf("CBOR: got %+v, %v, want %+v", back, err, p)
	}
}

// Who signed a header that a light reader trusts has stake to lose, if anybody has.
func TestTrustEndsBeforeStakeIsReturned(t *testing.T) {
	for _, c := range []struct{ unbonding, want uint64 }{
		{60, 14 * 86400}, // nothing to lose
		{86_399, 14 * 86400},
		{86_400, 86_400},
		{1 << 33, 1 << 33},
	} {
		p := params.Local()
		p.Seats.UnbondingSeconds = c.unbonding
		if err := p.Check(); err != nil || p.TrustSeconds() != c.want {
			t.Errorf("%d s: got %d s, want %d, %v", c.unbonding, p.TrustSeconds(), c.want, err)
		}
	}
}

// Proposers that sit together in the rotation own a lane window less a block in a
// row, and no more.
func TestNobodyOwnsAllBlocksInWhichATransactionCounts(t *testing.T) {
	for name, spoil := range map[string]func(s *protocol.Schedule){
		"commit":       func(s *protocol.Schedule) { s.CommitBlocks = 4 },
		"attest":       func(s *protocol.Schedule) { s.AttestBlocks = s.OpenBlocks + 2 },
		"seal weights": func(s *protocol.Schedule) { s.WeightBlocks = s.Tempo - 2 },
	} {
		p := params.Local()
		spoil(&p.Schedule)
		if err := p.CheckLanes(); !errors.Is(err, params.ErrInvalid) {
			t.Errorf("two blocks to %s, where six validators need three: %v", name, err)
		}
	}
}

// TestManySeatsAtOnceCostMoreThanAllMinersArePaid: a machine behind many seats is
// played (scripts/simtest, split_test.go). Of thirty-two and more, bought one after
// another when they are cheapest, the price alone is more than all miners together
// are paid in the first thirty epochs.
func TestManySeatsAtOnceCostMoreThanAllMinersArePaid(t *testing.T) {
	for _, p := range []params.Params{params.Local(), params.Demo()} {
		paid := protocol.Amount(30*p.Schedule.Tempo) * p.Emission.PerBlock / 2
		for _, seats := range []int{32, 64} {
			price, spent := p.Seats.PriceMin, protocol.Amount(0)
			for range seats {
				spent += price
				price = min(price*protocol.Amount(100+p.Seats.BumpPercent)/100, p.Seats.PriceMax)
			}
			t.Logf("%s: %d seats cost %s, all miners are paid %s", p.Name, seats, spent, paid)
			if spent <= paid {
				t.Errorf("%s: %d seats cost %s, no more than the %s that all miners are paid", p.Name, seats, spent, paid)
			}
		}
	}
}
