package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"

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
		old, next, err := w.between(ctx, newest-min(newest-1, 100), newest)
		if err != nil {
			return err
		}
		for _, raw := range old {
			for _, h := range hosts {
				if h.Publish(ctx, gossip.TopicTx, raw) != nil && !rest(ctx, floodPause) {
					return nil
				}
			}
		}
		w.pour(ctx, old)
		if newest, err = w.now(ctx); err != nil || newest < next {
			return err
		}
		// Nodes say of what is young that they know it; no block has it a second time.
		since, _, err := w.between(ctx, next, newest)
		if err != nil {
			return err
		}
		for _, raw := range since {
			if slices.ContainsFunc(old, func(o []byte) bool { return bytes.Equal(o, raw) }) {
				return fmt.Errorf("one of %d old transactions was carried out again", len(old))
			}
		}
		return nil
	},
}

// between returns the transactions of blocks from … to, or of some more, and the
// height behind them.
func (w *world) between(ctx context.Context, from, to protocol.Height) (all [][]byte, next protocol.Height, err error) {
	for next = from; next <= to; {
		var page api.Blocks
		if err := w.Validators[0].Get(ctx, fmt.Sprintf("/v1/blocks?limit=50&height=%d", next), &page); err != nil {
			return nil, 0, err
		}
		for i := range page.Blocks {
			txs, err := txsOf(page.Blocks[i].Record)
			if err != nil {
				return nil, 0, err
			}
			all = append(all, txs...)
		}
		if len(page.Blocks) == 0 {
			break
		}
		next += protocol.Height(len(page.Blocks))
	}
	return all, next, nil
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
