package main

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol/gossip"
)

// rubbish is what no honest program sends, on each topic.
var rubbish = &attack{
	name: "rubbish",
	does: "four hosts flood each topic of gossip with random bytes",
	run: func(ctx context.Context, w *world) error {
		hosts, err := w.swarm(ctx, 4)
		if err != nil {
			return err
		}
		var g errgroup.Group
		for _, topic := range []gossip.Topic{gossip.TopicTx, gossip.TopicPairs, gossip.TopicAnswer, gossip.TopicCard} {
			g.Go(func() error {
				return w.flood(ctx, hosts, topic, func() ([]byte, error) { return noise(2048) })
			})
		}
		return g.Wait()
	},
}
