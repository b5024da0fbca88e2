package main

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/wire"
)

// lyingLight are peers of miners that say that there is a new block, and then hang.
var lyingLight = &attack{
	name: "lying-light",
	does: "five providers tell miners of a new block, and hang when asked for it",
	run: func(ctx context.Context, w *world) error {
		to, err := w.Addresses()
		if err != nil {
			return err
		}
		var g errgroup.Group
		for range 5 {
			g.Go(func() error {
				_, err := w.host(ctx, to, func(_ *gossip.Config, h *gossip.Host) error {
					if h == nil {
						return nil
					}
					return h.Handle(gossip.StreamState, lieAndHang)
				})
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	},
}

// newer answers a question with a height alone.
type newer struct {
	_      struct{} `cbor:",toarray"`
	Height protocol.Height
	Block  []byte
	Items  [][]byte
}

func lieAndHang(ctx context.Context, _ string, request []byte) ([]byte, error) {
	var q question
	if err := wire.Decode(request, gossip.MaxRequest, &q); err != nil {
		return nil, err
	}
	if q.Ask == askWait {
		return wire.Encode(&newer{Height: q.Height + 1, Block: []byte{}, Items: [][]byte{}}), nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}
