package main

import (
	"context"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// oneFee has just enough to fill every pool once: what is in no lane is full then,
// when miners commit and validators seal.
var oneFee = &attack{
	name:  "one-fee",
	does:  "4,096 accounts with one fee each fill the pools",
	needs: needs{accounts: 4096, balance: 3 * protocol.Unit / 1000},
	run: func(ctx context.Context, w *world) error {
		var raws [][]byte
		for i := range w.needs.accounts {
			to := w.account((i + 1) % w.needs.accounts).PublicKey()
			raw, err := w.sign(w.account(i), 0, &wire.Transfer{To: to, Amount: 1})
			if err != nil {
				return err
			}
			raws = append(raws, raw)
		}
		w.pour(ctx, raws)
		return nil
	},
}
