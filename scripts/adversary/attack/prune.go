package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/wire"
)

// prune buys seats where none is free, so that others are pruned for them: it must
// not be those who work.
var prune = &attack{
	name:  "prune",
	does:  "an owner buys eight seats of a full network",
	needs: needs{accounts: 3, balance: 500 * protocol.Unit, seats: 8}, // the last owner buys, the others' seats idle
	run: func(ctx context.Context, w *world) error {
		until := w.Genesis.Params.Schedule.EpochEnd(w.epoch + 1)
		var raws [][]byte
		for nonce := range uint64(8) {
			hotkey := keyOf(keystore.Hotkey, fmt.Sprint("bought ", nonce))
			consent, err := wire.NewConsent(hotkey, wire.DomainConsent, w.Chain, w.account(2).PublicKey(), until)
			if err != nil {
				return err
			}
			raw, err := w.sign(w.account(2), nonce, &wire.Register{Hotkey: hotkey.PublicKey(), MaxPrice: 100 * protocol.Unit, Consent: consent})
			if err != nil {
				return err
			}
			raws = append(raws, raw)
		}
		for _, raw := range raws { // in their order
			w.pour(ctx, [][]byte{raw})
		}
		<-ctx.Done()
		return w.allSeated(context.WithoutCancel(ctx))
	},
}

var errNothingTaken = errors.New("nothing that the attack says was taken")

// allSeated complains where an honest miner has no seat.
func (w *world) allSeated(ctx context.Context) error {
	for _, m := range w.Miners {
		seat, err := w.minerOf(ctx, m.Hotkey.PublicKey())
		if err != nil {
			return err
		}
		if seat == nil {
			return fmt.Errorf("%s lost its seat", m.Name)
		}
	}
	return nil
}
