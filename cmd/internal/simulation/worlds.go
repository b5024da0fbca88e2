package simulation

import (
	"context"
	"math/rand/v2"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Worlds makes worlds by their numbers from 0 on, on some threads, which change no
// result: each has a source of chance of its own. done counts them while they are
// made. The first error ends it.
func Worlds[T any](ctx context.Context, seed uint64, worlds, threads int, done *atomic.Int64, world func(*rand.Rand) (T, error)) ([]T, error) {
	all := make([]T, worlds)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(threads, 1))
	for i := range all {
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			defer done.Add(1)
			var err error
			all[i], err = world(rand.New(rand.NewPCG(seed, uint64(i))))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return all, nil
}
