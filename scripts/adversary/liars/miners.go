package main

import (
	"context"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
)

// another runs a model with altered weights for the answers that which picks, and
// says that it was the honest one.
type another struct {
	bridge.Model
	other *engine.Model
	which func() bool
}

// Generate implements miner.Model.
func (a another) Generate(ctx context.Context, r engine.Request, on func(engine.Token)) (engine.Run, error) {
	if a.which() {
		return a.other.Generate(ctx, r, on)
	}
	return a.Model.Generate(ctx, r, on)
}

func (s *stage) alters(which func() bool) func(*miner.Config) {
	return func(c *miner.Config) {
		c.Workers = []miner.Worker{miner.NewInference(slots, nil, another{bridge.Model{Model: s.honest}, s.altered, which})}
	}
}

var altered = &liar{
	name:  "altered",
	does:  "a miner runs a model with altered weights",
	enter: func(s *stage) error { return s.miner(me, s.alters(func() bool { return true })) },
}

var oneInTen = &liar{
	name: "one-in-ten", paysOnly: true,
	does: "a miner runs a model with altered weights for each tenth answer, the first among them",
	enter: func(s *stage) error {
		answers := 0
		return s.miner(me, s.alters(func() bool { answers++; return answers%10 == 1 }))
	},
}

// bare is a worker that cannot plant.
type bare struct{ inner *miner.Inference }

// Offer implements miner.Worker.
func (b bare) Offer() wire.Offer { return b.inner.Offer() }

// Answer implements miner.Worker.
func (b bare) Answer(ctx context.Context, t *wire.Task, hotkey protocol.PublicKey) ([]byte, error) {
	return b.inner.Answer(ctx, t, hotkey)
}

// skip saves judges that it likes the trouble: none of its answers is altered. What
// it opens shows that they should have been.
var skip = &liar{
	name: "skip",
	does: "a miner alters nothing, whatever its link says, and opens the link without a proof",
	enter: func(s *stage) error {
		return s.miner(me, func(c *miner.Config) {
			c.Workers = []miner.Worker{bare{miner.NewInference(slots, nil, bridge.Model{Model: s.honest})}}
		})
	},
	each: func(s *stage, h protocol.Height) error {
		sched := &s.Params().Schedule
		e := sched.EpochOf(h)
		if e == 0 || h != sched.OpenCardsDeadline(e-1) {
			return nil
		}
		return s.ports[me].Submit(s.ctx, &wire.OpenPlants{Epoch: e - 1, Link: s.link(me, e-1), Proofs: []wire.PlantProof{}})
	},
}

// opens puts the liar's shipped miner into the network with another way to open.
func (s *stage) opens(change func(b *wire.OpenPlants) error) error {
	return s.miner(me, func(c *miner.Config) {
		submit := c.Submit
		c.Submit = func(ctx context.Context, body wire.Body) error {
			if b, ok := body.(*wire.OpenPlants); ok {
				if err := change(b); err != nil {
					return err
				}
			}
			return submit(ctx, body)
		}
	})
}

// frame accuses judges that found an answer right, which it was.
var frame = &liar{
	name: "frame",
	does: "a miner says of an answer that it altered nothing in that it was planted, so that its judges lose stake",
	enter: func(s *stage) error {
		return s.opens(func(b *wire.OpenPlants) error {
			n := s.Params().Schedule.RoundOf(s.Params().Schedule.EpochStart(b.Epoch))
			plants, err := s.plants(me, n)
			if err != nil {
				return err
			}
			for slot := range uint16(slots) {
				if !plants.Has(slot, s.Params().Plants.Rate) {
					b.Proofs = []wire.PlantProof{{Round: n, Slot: slot, Proof: []protocol.Hash{}, Leaves: 1, Path: []protocol.Hash{}}}
					return nil
				}
			}
			return nil
		})
	},
}

var wrongPath = &liar{
	name: "wrong-path",
	does: "a miner opens its plants with paths that lead elsewhere",
	enter: func(s *stage) error {
		return s.opens(func(b *wire.OpenPlants) error {
			for i := range b.Proofs {
				b.Proofs[i].State[0] ^= 1
			}
			return nil
		})
	},
}

// leak tells its link to who could be a judge, who shows it.
var leak = &liar{
	name:  "leak",
	does:  "a miner tells its link of an epoch while that is to be secret, and who hears it seals and shows it",
	enter: func(s *stage) error { return s.miner(me) },
	each: func(s *stage, h protocol.Height) error {
		const in = protocol.Epoch(1)
		start := s.Params().Schedule.EpochStart(in)
		if h != start+2 && h != start+3 {
			return nil
		}
		seat, err := s.seat(me)
		if err != nil {
			return err
		}
		who, leak := protocoltest.Cold(miners[0]), &wire.LeakedLink{Seat: seat.ID, Epoch: in, Link: s.link(me, in)}
		if h == start+2 {
			return s.Tx(who, &wire.SealLeak{Seal: leak.Seal(who.PublicKey())})
		}
		return s.Tx(who, leak)
	},
}
