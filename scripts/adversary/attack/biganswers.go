package main

import (
	"context"
	"sync/atomic"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/wire"
)

// bigAnswers fills the room that judges have for what comes early.
var bigAnswers = &attack{
	name:  "big-answers",
	does:  "a seat floods gossip with answers of a MiB before they are due",
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
		height, err := w.now(ctx)
		if err != nil {
			return err
		}
		body, err := noise(wire.MaxResultBytes - 1024)
		if err != nil {
			return err
		}
		var n atomic.Uint32
		return w.flood(ctx, hosts, gossip.TopicAnswer, func() ([]byte, error) {
			i := n.Add(1)
			a := &wire.Answer{Round: w.round(), Seat: own, Slot: uint16(i % 16), Slots: 16, Task: protocol.TaskID{byte(i)}, Salt: [32]byte{byte(i >> 8), byte(i)}, Body: body}
			e, err := wire.Seal(w.hotkey(0), wire.DomainAnswer, w.Chain, height, wire.Encode(a))
			if err != nil {
				return nil, err
			}
			return wire.Encode(e), nil
		})
	},
}
