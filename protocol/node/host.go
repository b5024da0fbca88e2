package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
)

const (
	// maxAsked is how many peers say that they have nothing before it is believed.
	maxAsked = 3
	// askFor bounds a question to one peer, askAllFor one to all of them: whoever
	// asks has other work to do, and asks again later.
	askFor    = 5 * time.Second
	askAllFor = 20 * time.Second
)

// newHost makes the node's place in the gossip.
func newHost(c *Config, chain string, handlers gossip.Handlers) (*gossip.Host, error) {
	secret, err := c.Hotkey.DeriveIdentity(c.Genesis.Origin(), c.Generation)
	if err != nil {
		return nil, fmt.Errorf("derive identity: %w", err)
	}
	defer secret.Wipe()
	b := secret.Expose()
	return gossip.New(gossip.Config{
		ChainID: protocol.ShortChainID(chain), Identity: b[:], Listen: c.Listen, Announce: c.Announce, Bootstrap: c.Bootstrap,
		Handlers: handlers, MDNS: c.MDNS, Logger: c.Logger, Registerer: c.Registerer,
	})
}

// ask puts a request to connected peers until one answers with something. It
// returns nil where [maxAsked] peers, or all that serve the stream, have
// nothing, and an error where nobody could be asked.
func ask(ctx context.Context, host *gossip.Host, stream gossip.Stream, request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askAllFor)
	defer cancel()
	failed := ErrNoPeer
	asked := 0
	for _, p := range host.Peers() {
		response, err := askOne(ctx, host, p.ID, stream, request)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			if !errors.Is(failed, gossip.ErrRefused) { // which says most
				failed = err // a miner, or a peer in trouble: the next
			}
			continue
		case len(response) > 0:
			return response, nil
		}
		if asked++; asked == maxAsked {
			return nil, nil
		}
	}
	if asked > 0 {
		return nil, nil
	}
	return nil, failed
}

// askOne puts a request to one peer.
func askOne(ctx context.Context, host *gossip.Host, id string, stream gossip.Stream, request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	return host.Request(ctx, id, stream, request)
}
