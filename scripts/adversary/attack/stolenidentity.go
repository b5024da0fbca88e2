package main

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/wire"
)

// stolenIdentity announces as its own the keys under which others are reached: an
// honest miner's in gossip, and a validator's for consensus.
var stolenIdentity = &attack{
	name:  "stolen-identity",
	does:  "a seat announces a miner's identity and a validator's consensus keys as its own",
	needs: needs{accounts: 1, balance: 10 * protocol.Unit, seats: 1},
	run: func(ctx context.Context, w *world) error {
		thief := w.hotkey(0)
		identity, sig, err := node.Identity(w.Miners[0].Hotkey, w.Genesis, 0)
		if err != nil {
			return err
		}
		keys, err := node.ConsensusKey(w.Validators[0].Hotkey, w.Genesis, 0, "127.0.0.1:1")
		if err != nil {
			return err
		}
		for nonce, body := range []wire.Body{
			&wire.Serve{Coldkey: w.account(0).PublicKey(), Offers: []wire.Offer{}, Addresses: []string{}, Identity: identity, IdentitySig: sig},
			&keys,
		} {
			raw, err := w.sign(thief, uint64(nonce), body)
			if err != nil {
				return err
			}
			w.pour(ctx, [][]byte{raw})
		}
		<-ctx.Done()
		var s api.Status
		if err := w.Validators[0].Get(context.WithoutCancel(ctx), "/v1/status", &s); err != nil {
			return err
		}
		if !s.Permit {
			return fmt.Errorf("%s lost its permit", w.Validators[0].Name)
		}
		return nil
	},
}
