package main

import (
	"context"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// unopened are more seats than the honest, which commit and never open.
var unopened = &attack{
	name:  "unopened",
	does:  "twelve seats commit to something, and open nothing",
	needs: needs{accounts: 3, balance: protocol.Unit, seats: 12},
	run: func(ctx context.Context, w *world) error {
		var raws [][]byte
		for i := range w.needs.seats {
			root, err := noise(len(protocol.Hash{}))
			if err != nil {
				return err
			}
			raw, err := w.lane(w.hotkey(i), &wire.Commit{Round: w.round(), Root: protocol.Hash(root)})
			if err != nil {
				return err
			}
			raws = append(raws, raw)
		}
		for w.taken.Load() < int64(len(raws)) { // until the round's tasks are set, none is taken
			w.pour(ctx, raws)
			if !rest(ctx, 10*floodPause) {
				return errNothingTaken
			}
		}
		return nil
	},
}
