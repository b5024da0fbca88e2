package main

import (
	"context"
	"sync/atomic"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/wire"
)

// history asks for headers of old blocks, whose sets of validators have to be
// found.
var history = &attack{
	name: "history",
	does: "sixteen unknown identities ask for old headers",
	run: func(ctx context.Context, w *world) error {
		hosts, err := w.swarm(ctx, 16)
		if err != nil {
			return err
		}
		newest, err := w.now(ctx)
		if err != nil {
			return err
		}
		var n atomic.Uint64
		return w.pester(ctx, hosts, 4, gossip.StreamState, func() []byte {
			return wire.Encode(&question{Ask: askBlock, Height: 1 + protocol.Height(n.Add(1))%newest})
		})
	},
}
