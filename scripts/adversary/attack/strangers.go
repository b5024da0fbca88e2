package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/wire"
)

// strangers sign well and have nothing: who would verify their signatures first,
// and look for their accounts then, would do nothing else.
var strangers = &attack{
	name: "strangers",
	does: "four hosts flood gossip with transfers of keys that have no account",
	run: func(ctx context.Context, w *world) error {
		hosts, err := w.swarm(ctx, 4)
		if err != nil {
			return err
		}
		var n atomic.Int64
		to := w.Miners[0].Coldkey.PublicKey()
		return w.flood(ctx, hosts, gossip.TopicTx, func() ([]byte, error) {
			return w.sign(keyOf(keystore.Coldkey, fmt.Sprint("stranger ", n.Add(1))), 0, &wire.Transfer{To: to, Amount: 1})
		})
	},
}
