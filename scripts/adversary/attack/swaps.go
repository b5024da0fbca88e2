package main

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/wire"
)

// swaps make validators look at two signatures for one fee, and fail.
var swaps = &attack{
	name:  "swaps",
	does:  "2,048 accounts swap coldkeys by consents that are another's",
	needs: needs{accounts: 2048, balance: protocol.Unit / 100},
	run: func(ctx context.Context, w *world) error {
		until := w.Genesis.Params.Schedule.EpochEnd(w.epoch + 1)
		var raws [][]byte
		for i := range w.needs.accounts {
			to := keyOf(keystore.Coldkey, fmt.Sprint("swapped ", i))
			consent, err := wire.NewConsent(w.account(i), wire.DomainSwap, w.Chain, w.account(i).PublicKey(), until)
			if err != nil {
				return err
			}
			raw, err := w.sign(w.account(i), 0, &wire.SwapColdkey{To: to.PublicKey(), Consent: consent})
			if err != nil {
				return err
			}
			raws = append(raws, raw)
		}
		w.pour(ctx, raws)
		return nil
	},
}
