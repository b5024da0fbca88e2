package main

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// dust makes accounts, each a record that all nodes would hold for ever.
var dust = &attack{
	name:  "dust",
	does:  "1,984 transfers of one base unit to keys that have no account",
	needs: needs{accounts: 62, balance: protocol.Unit},
	run: func(ctx context.Context, w *world) error {
		var raws [][]byte
		for nonce := range uint64(ledger.NonceWindow) {
			for i := range w.needs.accounts {
				to := keyOf(keystore.Coldkey, fmt.Sprint("dust ", i, " ", nonce))
				raw, err := w.sign(w.account(i), nonce, &wire.Transfer{To: to.PublicKey(), Amount: 1})
				if err != nil {
					return err
				}
				raws = append(raws, raw)
			}
		}
		w.pour(ctx, raws)
		<-ctx.Done()
		at := keyOf(keystore.Coldkey, "dust 0 0").PublicKey()
		var a struct {
			Balance protocol.Amount `json:"balance"`
		}
		if err := w.Validators[0].Get(context.WithoutCancel(ctx), "/v1/accounts/"+at.String(), &a); err == nil && a.Balance > 0 {
			return fmt.Errorf("an account of %s was made", a.Balance)
		}
		return nil
	},
}
