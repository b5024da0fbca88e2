package main

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// worst has what costs blocks most for what it pays: purchases of seats that no
// pool refuses, for they wait behind a transfer, and that fail in the block, at
// the price, when the order of pruning was walked.
var worst = &attack{
	name:  "worst",
	does:  "4,123 transactions of the worst kind, purchases that fail, wait in all pools",
	needs: needs{accounts: 133, balance: protocol.Unit / 20},
	slows: 2,
	run: func(ctx context.Context, w *world) error {
		until := w.Genesis.Params.Schedule.EpochEnd(w.epoch + 1)
		var raws [][]byte
		for nonce := uint64(1); nonce < ledger.NonceWindow; nonce++ {
			for i := range w.needs.accounts {
				hotkey := keyOf(keystore.Hotkey, fmt.Sprint("never ", i, " ", nonce))
				consent, err := wire.NewConsent(hotkey, wire.DomainConsent, w.Chain, w.account(i).PublicKey(), until)
				if err != nil {
					return err
				}
				raw, err := w.sign(w.account(i), nonce, &wire.Register{Hotkey: hotkey.PublicKey(), MaxPrice: 1 << 62, Consent: consent})
				if err != nil {
					return err
				}
				raws = append(raws, raw)
			}
		}
		var first [][]byte
		for i := range w.needs.accounts {
			raw, err := w.sign(w.account(i), 0, &wire.Transfer{To: w.account(0).PublicKey(), Amount: 1})
			if err != nil {
				return err
			}
			first = append(first, raw)
		}
		w.pour(ctx, raws)
		w.pour(ctx, first)
		return nil
	},
}
