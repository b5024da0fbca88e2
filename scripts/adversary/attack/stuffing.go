package main

import (
	"context"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// stuffing fills blocks by bytes: specifications as long as one may be, that are no
// specification.
var stuffing = &attack{
	name:  "stuffing",
	does:  "1,024 transactions of 16 KiB each, four blocks full of bytes",
	needs: needs{accounts: 64, balance: protocol.Unit},
	run: func(ctx context.Context, w *world) error {
		var raws [][]byte
		for nonce := range uint64(17) {
			for i := range w.needs.accounts {
				var body wire.Body = &wire.Request{
					Specification: strings.Repeat("x", wire.MaxSpecification), Count: 1, Price: 1, Maximum: 1, Deadline: 1 << 30,
				}
				if nonce == 0 { // what fails may wait behind what does not
					body = &wire.Transfer{To: w.account(0).PublicKey(), Amount: 1}
				}
				raw, err := w.sign(w.account(i), nonce, body)
				if err != nil {
					return err
				}
				raws = append(raws, raw)
			}
		}
		w.pour(ctx, raws)
		return nil
	},
}
