package main

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// replace sends one transaction again and again, each time for as little more as is
// taken: each is verified and passed on, and one is paid.
var replace = &attack{
	name:  "replace",
	does:  "32 accounts replace their transaction again and again, a tenth more each time",
	needs: needs{accounts: 32, balance: 10 * protocol.Unit},
	run: func(ctx context.Context, w *world) error {
		var g errgroup.Group
		for i := range w.needs.accounts {
			g.Go(func() error {
				body := &wire.Transfer{To: w.account(i).PublicKey(), Amount: 1}
				least := ledger.LeastFee(&w.Genesis.Params.Fees, w.Chain, body)
				nonce := uint64(0)
				for fee := least; ctx.Err() == nil; fee += fee/10 + 1 {
					if fee > protocol.Unit {
						fee, nonce = least, nonce+1
					}
					tx, err := wire.NewTx(w.account(i), w.Chain, nonce, fee, body)
					if err != nil {
						return err
					}
					err = w.Validators[i%len(w.Validators)].Send(ctx, wire.Encode(tx))
					w.note(err)
					if err != nil {
						fee, nonce = least, nonce+1 // a block has the one before
					}
				}
				return nil
			})
		}
		return g.Wait()
	},
}
