package main

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/wire"
)

// registers asks for seats that are not to be had: each transaction is carried out
// as far as the order of pruning, and fails there or at the price, which grows
// with each that is bought.
var registers = &attack{
	name:  "registers",
	does:  "2,048 purchases of seats that fail, by accounts that could pay one",
	needs: needs{accounts: 2048, balance: protocol.Unit, seats: 8},
	run: func(ctx context.Context, w *world) error {
		until := w.Genesis.Params.Schedule.EpochEnd(w.epoch + 1)
		var raws [][]byte
		for i := range w.needs.accounts {
			hotkey := keyOf(keystore.Hotkey, fmt.Sprint("wanted ", i))
			consent, err := wire.NewConsent(hotkey, wire.DomainConsent, w.Chain, w.account(i).PublicKey(), until)
			if err != nil {
				return err
			}
			raw, err := w.sign(w.account(i), 0, &wire.Register{Hotkey: hotkey.PublicKey(), MaxPrice: 1 << 62, Consent: consent})
			if err != nil {
				return err
			}
			raws = append(raws, raw)
		}
		w.pour(ctx, raws)
		return nil
	},
}
