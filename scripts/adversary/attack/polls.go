package main

import (
	"context"

	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/wire"
)

// polls take places by waiting for a block that is far away: a miner that waits for
// the next one must find a place all the same.
var polls = &attack{
	name: "polls",
	does: "forty unknown identities wait on the stream state of each validator",
	run: func(ctx context.Context, w *world) error {
		hosts, err := w.swarm(ctx, 40)
		if err != nil {
			return err
		}
		far := wire.Encode(&question{Ask: askWait, Height: 1 << 40})
		return w.pester(ctx, hosts, 8, gossip.StreamState, func() []byte { return far })
	},
}
