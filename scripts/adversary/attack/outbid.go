package main

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// outbid pays ten times the fee, in each block as long as the attack lasts: whoever
// pays may have all of a block but the lanes.
var outbid = &attack{
	name:  "outbid",
	does:  "64 rich accounts fill all blocks at ten times the fee",
	needs: needs{accounts: 64, balance: 10 * protocol.Unit},
	run: func(ctx context.Context, w *world) error {
		var g errgroup.Group
		for i := range w.needs.accounts {
			g.Go(func() error {
				for nonce := uint64(0); ctx.Err() == nil; {
					body := &wire.Transfer{To: w.account((i + 1) % w.needs.accounts).PublicKey(), Amount: 1}
					tx, err := wire.NewTx(w.account(i), w.Chain, nonce, 10*ledger.LeastFee(&w.Genesis.Params.Fees, w.Chain, body), body)
					if err != nil {
						return err
					}
					err = w.Validators[i%len(w.Validators)].Send(ctx, wire.Encode(tx))
					w.note(err)
					if err == nil {
						nonce++
						continue
					}
					if !rest(ctx, 10*floodPause) { // its thirty-two wait
						break
					}
				}
				return nil
			})
		}
		return g.Wait()
	},
}
