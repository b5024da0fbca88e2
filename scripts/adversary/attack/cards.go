package main

import (
	"context"
	"sync/atomic"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// cards judges, and is no judge.
var cards = &attack{
	name:  "cards",
	does:  "a seat that is no judge floods gossip with cards about honest answers",
	needs: needs{accounts: 1, balance: protocol.Unit, seats: 1},
	run: func(ctx context.Context, w *world) error {
		hosts, err := w.swarm(ctx, 2)
		if err != nil {
			return err
		}
		own, err := w.seatOf(ctx, 0)
		if err != nil {
			return err
		}
		victim, err := w.minerOf(ctx, w.Miners[0].Hotkey.PublicKey())
		if err != nil {
			return err
		}
		height, err := w.now(ctx)
		if err != nil {
			return err
		}
		about := protocol.SeatID{UID: victim.UID, Registered: victim.Registered}
		var n atomic.Uint32
		return w.flood(ctx, hosts, gossip.TopicCard, func() ([]byte, error) {
			i := n.Add(1)
			c := &wire.Card{
				Judge: own, Round: w.round() - 1, Seat: about, Slot: uint16(i % 16), Task: protocol.TaskID{byte(i)}, Answer: protocol.Hash{1, byte(i >> 8)},
				Kind: inference.Kind, Finding: wire.FindingFalse, Body: []byte{byte(i), byte(i >> 8), byte(i >> 16)},
			}
			e, err := wire.Seal(w.hotkey(0), wire.DomainCard, w.Chain, height, wire.Encode(c))
			if err != nil {
				return nil, err
			}
			return wire.Encode(e), nil
		})
	},
}
