package main

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/wire"
)

// stolenHotkey registers a hotkey that is another's, to get all that it will earn:
// with no consent, and with one that it gave to somebody else.
var stolenHotkey = &attack{
	name:  "stolen-hotkey",
	does:  "a thief registers another's hotkey, with a consent that is not for it",
	needs: needs{accounts: 2, balance: 100 * protocol.Unit},
	run: func(ctx context.Context, w *world) error {
		victim := keyOf(keystore.Hotkey, "a hotkey that has no seat yet")
		until := w.Genesis.Params.Schedule.EpochEnd(w.epoch + 1)
		honest, err := wire.NewConsent(victim, wire.DomainConsent, w.Chain, w.account(1).PublicKey(), until)
		if err != nil {
			return err
		}
		forged, err := wire.NewConsent(w.account(0), wire.DomainConsent, w.Chain, w.account(0).PublicKey(), until)
		if err != nil {
			return err
		}
		for nonce, consent := range []wire.Consent{{Until: until}, honest, forged} {
			raw, err := w.sign(w.account(0), uint64(nonce), &wire.Register{Hotkey: victim.PublicKey(), MaxPrice: 50 * protocol.Unit, Consent: consent})
			if err != nil {
				return err
			}
			w.pour(ctx, [][]byte{raw})
		}
		<-ctx.Done()
		m, err := w.minerOf(context.WithoutCancel(ctx), victim.PublicKey())
		if err == nil && m != nil {
			err = fmt.Errorf("the thief has the seat %d of another's hotkey", m.UID)
		}
		return err
	},
}
