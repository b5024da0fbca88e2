package main

import (
	"context"

	"github.com/assaynet/assay/protocol/gossip"
)

// rubbishEvidence answers at once whoever asks for an answer that it missed.
var rubbishEvidence = &attack{
	name: "rubbish-evidence",
	does: "five peers of the judges answer questions for evidence with rubbish",
	run: func(ctx context.Context, w *world) error {
		to, err := w.Bootstraps()
		if err != nil {
			return err
		}
		for range 5 {
			_, err := w.host(ctx, to, func(_ *gossip.Config, h *gossip.Host) error {
				if h == nil {
					return nil
				}
				return h.Handle(gossip.StreamEvidence, func(context.Context, string, []byte) ([]byte, error) { return noise(4096) })
			})
			if err != nil {
				return err
			}
		}
		<-ctx.Done()
		return nil
	},
}
