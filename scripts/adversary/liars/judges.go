package main

import (
	"context"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// stamp looks at nothing.
var stamp = &liar{
	name: "stamp", judges: true,
	does: "a judge finds every answer exact, and runs nothing",
	enter: func(s *stage) error {
		return s.validator(me, func(c *validator.Config) { c.Judges, c.Reference = []validator.Judge{&unseen{}}, nil })
	},
}

// unseen is a judge that finds all answers right.
type unseen struct {
	scoring.Inference
	// says is what it finds instead; empty for passed.
	says wire.Finding
	// states returns what of an answer was said to the judge; nil where it invents
	// them.
	states func(task protocol.TaskID) [][32]byte
}

// Check implements validator.Judge.
func (*unseen) Check(*params.Params) error { return nil }

// Judge implements validator.Judge.
func (u *unseen) Judge(_ context.Context, t *wire.Task, hotkey protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	r, err := inference.ReadResult(answer)
	if err != nil {
		return scoring.Outcome{}, err
	}
	states := make([][32]byte, len(r.Output))
	first := uint64(0)
	if u.states != nil {
		if told := u.states(t.ID); len(told) == len(states) {
			states = told
		}
		first = firstOf(fingerprint.Binding{Hotkey: hotkey, Task: t.ID}, r, states)
	}
	found := scoring.Comparison{
		Code: inference.CodeExact, Tokens: uint32(len(r.Output)), FailedAt: -1, First: first, States: states, Choices: r.Output,
	}
	if u.says == wire.FindingFalse {
		found.Code = inference.CodeState
	}
	return scoring.Outcome{Task: t.ID, Kind: t.Kind, Finding: found.Code.Finding(), Found: wire.Encode(&found)}, nil
}

// firstOf finds the position of the first token by hashing: the one at which the
// leaf is that of the state which the judge was told; zero where none is.
func firstOf(b fingerprint.Binding, r *inference.Result, states [][32]byte) uint64 {
	const longest = 512
	for p := range longest {
		if len(states) > 0 && fingerprint.Leaf(b, p, r.Output[0], states[0]) == r.Leaves[0] {
			return uint64(p)
		}
	}
	return 0
}

// hasher gets from all miners the states behind their leaves, as they stand there,
// and only hashes: so that a miner is asked for what it knows, which is not whether
// the model says so.
var hasher = &liar{
	name: "hash", judges: true,
	does: "a judge gets from each miner the states behind its leaves, and hashes them instead of a run",
	enter: func(s *stage) error {
		m := &market{s: s, told: map[protocol.TaskID][][32]byte{}}
		for _, name := range miners {
			if err := s.miner(name, m.sells(name)); err != nil {
				return err
			}
		}
		return s.validator(me, func(c *validator.Config) { c.Judges, c.Reference = []validator.Judge{&unseen{states: m.of}}, nil })
	},
}

// doubleSign does all its work, and signs two blocks of one height.
var doubleSign = &liar{
	name: "double-sign", judges: true,
	does:  "a validator signs two blocks of one height",
	enter: func(s *stage) error { return s.validator(me) },
	each: func(s *stage, h protocol.Height) error {
		if h == s.Params().Schedule.EpochStart(1) {
			s.Convict(me)
		}
		return nil
	},
}

// market is where miners tell states.
type market struct {
	s    *stage
	told map[protocol.TaskID][][32]byte
}

func (m *market) of(task protocol.TaskID) [][32]byte { return m.told[task] }

// sells has a miner tell the states behind its leaves: where it plants, the one
// that it made up.
func (m *market) sells(name string) func(*miner.Config) {
	return func(c *miner.Config) {
		inner := miner.NewInference(slots, nil, teller{bridge.Model{Model: m.s.honest}, m})
		c.Workers = []miner.Worker{seller{Inference: inner, market: m, name: name}}
	}
}

// teller is a model that tells which states a run had.
type teller struct {
	bridge.Model
	market *market
}

// Generate implements miner.Model.
func (t teller) Generate(ctx context.Context, r engine.Request, on func(engine.Token)) (engine.Run, error) {
	run, err := t.Model.Generate(ctx, r, on)
	if err == nil {
		t.market.told[r.Binding.Task] = append([][32]byte(nil), run.States...)
	}
	return run, err
}

// seller is a worker that tells of a planted answer what it hashed.
type seller struct {
	*miner.Inference
	market *market
	name   string
}

// AnswerPlanted implements miner.Gardener.
func (w seller) AnswerPlanted(ctx context.Context, t *wire.Task, hotkey protocol.PublicKey, alter miner.Alter) ([]byte, error) {
	body, err := w.Inference.AnswerPlanted(ctx, t, hotkey, alter)
	if err != nil || alter == nil {
		return body, err
	}
	plants, err := w.market.s.plants(w.name, t.Round)
	if err != nil {
		return nil, err
	}
	states := w.market.told[t.ID]
	place := plants.Place(t.Slot, len(states))
	states[place] = plants.State(t.Slot, place, states[place])
	return body, nil
}

// plants returns what decides on the plants of an actor in a round.
func (s *stage) plants(name string, n protocol.Round) (plant.Round, error) {
	seat, err := s.seat(name)
	if err != nil {
		return plant.Round{}, err
	}
	r, _, err := ledger.ReadRound(s.State(), n)
	return plant.Of(s.link(name, s.Params().Schedule.EpochOfRound(n)), r.TaskSeed, seat.ID), err
}

// link is by what an actor plants in an epoch.
func (*stage) link(name string, e protocol.Epoch) protocol.Hash {
	link, _ := plant.NewMaker(plant.Seed(protocoltest.PlantSecret(name), 0), 0).Link(e)
	return link
}
