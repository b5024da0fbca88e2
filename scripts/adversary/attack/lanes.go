package main

import (
	"context"
	"encoding/binary"
	"sync/atomic"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/wire"
)

// lanes says in the lanes, where nothing costs, whatever a seat may say, and what
// it may not.
var lanes = &attack{
	name:  "lanes",
	does:  "four seats flood the free lanes with commitments, seals and attestations",
	needs: needs{accounts: 1, balance: protocol.Unit, seats: 4},
	run: func(ctx context.Context, w *world) error {
		hosts, err := w.swarm(ctx, 2)
		if err != nil {
			return err
		}
		var n atomic.Uint64
		return w.flood(ctx, hosts, gossip.TopicTx, func() ([]byte, error) {
			i := n.Add(1)
			var root protocol.Hash
			binary.BigEndian.PutUint64(root[:], i)
			signer := w.hotkey(int(i) % w.needs.seats)
			switch i / 4 % 4 {
			case 0:
				return w.lane(signer, &wire.Commit{Round: w.round(), Root: root})
			case 1:
				return w.lane(signer, &wire.Commit{Round: w.round() + protocol.Round(i), Root: root})
			case 2:
				return w.lane(signer, &wire.CommitWeights{Epoch: w.epoch, Hash: root})
			default:
				return w.lane(signer, &wire.Attest{Round: w.round(), Root: root})
			}
		})
	},
}
