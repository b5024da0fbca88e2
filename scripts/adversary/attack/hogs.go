package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// hogs ask for as many proofs as one question may.
var hogs = &attack{
	name: "hogs",
	does: "33 unknown identities ask each validator for 64 proofs at a time",
	run: func(ctx context.Context, w *world) error {
		hosts, err := w.swarm(ctx, 33)
		if err != nil {
			return err
		}
		var n atomic.Uint64
		var height atomic.Uint64
		next := func() []byte {
			i := n.Add(1)
			if i%64 == 1 {
				var s api.Status
				if w.Validators[0].Get(ctx, "/v1/status", &s) == nil {
					height.Store(uint64(s.Height) - 1)
				}
			}
			q := question{Ask: askState, Height: protocol.Height(height.Load())}
			for k := range uint64(mostKeys) { // keys of accounts that there are not, each with a proof of its own
				var account protocol.PublicKey
				h := sha256.Sum256(binary.BigEndian.AppendUint64(nil, i*mostKeys+k))
				account[0] = 2
				copy(account[1:], h[:])
				q.Keys = append(q.Keys, ledger.AccountKey(account))
			}
			return wire.Encode(&q)
		}
		return w.pester(ctx, hosts, 4, gossip.StreamState, next)
	},
}
