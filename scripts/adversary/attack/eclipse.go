package main

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// eclipse is connected to everybody before anybody else is.
var eclipse = &attack{
	name: "eclipse",
	does: "24 hosts stay connected to each node, so that it dials nobody else",
	run: func(ctx context.Context, w *world) error {
		to, err := w.Addresses()
		if err != nil {
			return err
		}
		var g errgroup.Group
		for range 24 {
			g.Go(func() error {
				_, err := w.host(ctx, to, nil)
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
