package node

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol/gossip"
)

// maxAsked is how many peers a request is put to before it is given up.
const maxAsked = 3

// newHost makes the node's place in the gossip.
func newHost(c *Config, chain string, handlers gossip.Handlers) (*gossip.Host, error) {
	secret, err := c.Hotkey.DeriveIdentity(generation)
	if err != nil {
		return nil, fmt.Errorf("derive identity: %w", err)
	}
	defer secret.Wipe()
	b := secret.Expose()
	return gossip.New(gossip.Config{
		ChainID: chain, Identity: b[:], Listen: c.Listen, Announce: c.Announce, Bootstrap: c.Bootstrap,
		Handlers: handlers, MDNS: c.MDNS, Logger: c.Logger, Registerer: c.Registerer,
	})
}

// ask puts a request to connected peers until one answers with something.
func ask(ctx context.Context, host *gossip.Host, stream gossip.Stream, request []byte) ([]byte, error) {
	err := ErrNoPeer
	asked := 0
	for _, p := range host.Peers() {
		if asked == maxAsked {
			break
		}
		asked++
		var response []byte
		response, err = host.Request(ctx, p.ID, stream, request)
		if err == nil && len(response) > 0 {
			return response, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, err
}
