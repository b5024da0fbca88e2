package main

import (
	"context"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// gaps fills the pools with what can never be carried out, and so costs nothing:
// the first nonce of each account is left out.
var gaps = &attack{
	name:  "gaps",
	does:  "132 accounts send 31 transactions each that wait for a first one",
	needs: needs{accounts: 132, balance: protocol.Unit},
	run: func(ctx context.Context, w *world) error {
		var raws [][]byte
		for i := range w.needs.accounts {
			for nonce := uint64(1); nonce < ledger.NonceWindow; nonce++ {
				raw, err := w.sign(w.account(i), nonce, &wire.Transfer{To: w.account(0).PublicKey(), Amount: 1})
				if err != nil {
					return err
				}
				raws = append(raws, raw)
			}
		}
		w.pour(ctx, raws)
		return nil
	},
}
