package main

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/gossip"
)

// replays says again what honest seats said: seals, weights, commitments of the
// last epochs, which are all in the blocks.
var replays = &attack{
	name: "replays",
	does: "all transactions of the last hundred blocks are sent again, by gossip and by HTTP",
	run: func(ctx context.Context, w *world) error {
		hosts, err := w.swarm(ctx, 2)
		if err != nil {
			return err
		}
		newest, err := w.now(ctx)
		if err != nil {
			return err
		}
		var old [][]byte
		for h := newest - min(newest-1, 100); h <= newest; {
			var page api.Blocks
			if err := w.Validators[0].Get(ctx, fmt.Sprintf("/v1/blocks?limit=50&height=%d", h), &page); err != nil {
				return err
			}
			for i := range page.Blocks {
				txs, err := txsOf(page.Blocks[i].Record)
				if err != nil {
					return err
				}
				old = append(old, txs...)
			}
			h += protocol.Height(len(page.Blocks))
		}
		for _, raw := range old {
			for _, h := range hosts {
				if h.Publish(ctx, gossip.TopicTx, raw) != nil && !rest(ctx, floodPause) {
					return nil
				}
			}
		}
		w.pour(ctx, old)
		if n := w.taken.Load(); n > int64(len(old)/2) { // what is young is still known, and no second one
			return fmt.Errorf("%d of %d old transactions were taken", n, len(old))
		}
		return nil
	},
}

// txsOf returns the transactions of a block's record, but its head.
func txsOf(record []byte) ([][]byte, error) {
	r, err := audit.DecodeRecord(record)
	if err != nil {
		return nil, err
	}
	b, err := r.Block()
	if err != nil || len(b.Txs) == 0 {
		return nil, err
	}
	return b.Txs[1:], nil
}
