package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// stage is a network with its nodes, of which one lies.
type stage struct {
	*protocoltest.Network
	*models
	ctx   context.Context //nolint:containedctx // a stage lives as long as the call that made it
	ports map[string]*protocoltest.Port
	cast  []protocoltest.Actor
	nodes map[string]*validator.Validator
}

// models are the one that the network pays for, and the same with altered weights.
type models struct{ honest, altered *engine.Model }

// tiny is as small as a model can be: a run takes a millisecond or two.
var tiny = enginetest.Options{Seed: 2, Width: 32, Layers: 1, Heads: 2, KVHeads: 1, FFN: 32, Context: 512}

func openModels(ctx context.Context, dir string) (*models, error) {
	path, other := filepath.Join(dir, "tiny.gguf"), filepath.Join(dir, "altered.gguf")
	if err := enginetest.Write(path, tiny); err != nil {
		return nil, fmt.Errorf("write the model: %w", err)
	}
	if err := enginetest.Alter(path, other, 0); err != nil {
		return nil, fmt.Errorf("alter the model: %w", err)
	}
	m := &models{}
	var err error
	if m.honest, err = engine.Open(ctx, path, engine.Config{Threads: 1}); err != nil {
		return nil, err
	}
	if m.altered, err = engine.Open(ctx, other, engine.Config{Threads: 1}); err != nil {
		_ = m.honest.Close() // nothing was done with it
		return nil, err
	}
	return m, nil
}

func (m *models) close() {
	_, _ = m.honest.Close(), m.altered.Close() // they were only read
}

// The honest. Each miner can give so many answers a round.
var (
	judges = []string{"vera", "viktor", "violet", "vincent"}
	miners = []string{"ada", "bob", "cleo"}
)

const (
	stake = 100 * protocol.Unit
	slots = 2
)

// open makes the network with a liar in it.
func open(ctx context.Context, m *models, l *liar, seed uint64) (*stage, error) {
	s := &stage{models: m, ctx: ctx, ports: map[string]*protocoltest.Port{}, nodes: map[string]*validator.Validator{}}
	for i, name := range judges {
		if l.judges && i == len(judges)-1 {
			name = me
		}
		s.cast = append(s.cast, protocoltest.Actor{Name: name, Stake: stake})
	}
	for _, name := range miners {
		s.cast = append(s.cast, protocoltest.Actor{Name: name, Capacity: slots})
	}
	if !l.judges {
		s.cast = append(s.cast, protocoltest.Actor{Name: me, Capacity: slots})
	}
	p := protocoltest.Planting(m.honest.ID(), params.One/2).WithVerdicts()
	p.Kinds[0].Slots, p.Kinds[0].Judges = slots, 2*slots // each answer has two judges
	var err error
	s.Network, err = protocoltest.New(protocoltest.Config{Params: p, Cast: s.cast, Seed: seed})
	if err != nil {
		return nil, err
	}
	for _, a := range s.cast {
		switch {
		case a.Name == me:
		case a.Stake > 0:
			err = s.validator(a.Name)
		default:
			err = s.miner(a.Name)
		}
		if err != nil {
			return nil, err
		}
	}
	return s, l.enter(s)
}

// miner gives an actor the shipped miner, with its config changed by tweaks.
func (s *stage) miner(name string, tweaks ...func(*miner.Config)) error {
	port := s.LightPort(name)
	cfg := miner.Config{
		ChainID: s.ChainID(), Kinds: kinds.All(), Params: s.Params(), Hotkey: protocoltest.Named(name), Salt: [32]byte{1},
		Plants:  protocoltest.PlantSecret(name),
		Workers: []miner.Worker{miner.NewInference(slots, nil, bridge.Model{Model: s.honest})},
		Ledger:  port, Store: protocoltest.NewStore(), Submit: port.Submit, Publish: port.Publish, Logger: zerolog.Nop(),
	}
	for _, tweak := range tweaks {
		tweak(&cfg)
	}
	m, err := miner.New(cfg)
	if err != nil {
		return fmt.Errorf("miner %s: %w", name, err)
	}
	s.ports[name] = port
	s.Attach(name, port, minerNode{m})
	return nil
}

// validator gives an actor the shipped validator, with its config changed by
// tweaks.
func (s *stage) validator(name string, tweaks ...func(*validator.Config)) error {
	port := s.Port(name)
	cfg := validator.Config{
		ChainID: s.ChainID(), Kinds: kinds.All(), Params: s.Params(), Hotkey: protocoltest.Named(name), Salt: [32]byte{1},
		Judges:    []validator.Judge{scoring.NewInference(bridge.Model{Model: s.honest})},
		Reference: []validator.Judge{scoring.NewInference(bridge.Model{Model: s.honest})},
		Ledger:    port, Store: protocoltest.NewStore(), Submit: port.Submit, Publish: port.Publish, Evidence: port.Evidence,
		Chain: func(start protocol.Height) (protocol.Hash, error) {
			return protocoltest.Chain(name, start).Anchor(), nil
		},
		Logger: zerolog.Nop(),
	}
	for _, tweak := range tweaks {
		tweak(&cfg)
	}
	v, err := validator.New(cfg)
	if err != nil {
		return fmt.Errorf("validator %s: %w", name, err)
	}
	s.ports[name], s.nodes[name] = port, v
	s.Attach(name, port, validatorNode{v})
	return nil
}

type minerNode struct{ *miner.Miner }

// Message implements protocoltest.Node.
func (m minerNode) Message(_ context.Context, topic string, raw []byte) error {
	switch topic {
	case validator.TopicCard:
		return m.OnCard(raw)
	case validator.TopicPairs:
		return m.OnPairs(raw)
	}
	return nil
}

type validatorNode struct{ *validator.Validator }

// Message implements protocoltest.Node.
func (v validatorNode) Message(ctx context.Context, topic string, raw []byte) error {
	switch topic {
	case validator.TopicCard:
		return v.OnCard(ctx, raw)
	case validator.TopicPairs:
		return v.OnPairs(ctx, raw)
	}
	return v.OnAnswer(ctx, raw)
}

// seat returns an actor's seat.
func (s *stage) seat(name string) (ledger.Seat, error) {
	seat, ok, err := ledger.ReadSeatByHotkey(s.State(), protocoltest.Named(name).PublicKey())
	if err == nil && !ok {
		err = fmt.Errorf("%s has no seat", name)
	}
	return seat, err
}

// peers are the honest in the liar's role.
func (s *stage) peers(l *liar) []string {
	if l.judges {
		return slices.Clone(judges[:len(judges)-1])
	}
	return miners // none of them has a fellow
}
