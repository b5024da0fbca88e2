package node

import (
	"context"
	"fmt"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
)

// askFor bounds a question to one peer: whoever asks has other work to do, and asks
// again later.
const askFor = 5 * time.Second

// Present reports whether somebody runs under the identity that a node with this
// config would have, whom a bootstrap peer can ask; see [gossip.Present].
func Present(ctx context.Context, c *Config, known ...gossip.Addr) (bool, error) {
	secret, err := c.Hotkey.DeriveIdentity(c.Genesis.Origin(), c.Generation)
	if err != nil {
		return false, fmt.Errorf("derive identity: %w", err)
	}
	defer secret.Wipe()
	b := secret.Expose()
	return gossip.Present(ctx, gossip.Config{
		ChainID: protocol.ShortChainID(c.Genesis.ChainID()), Identity: b[:], Listen: c.Listen, Announce: c.Announce,
		Bootstrap: c.Bootstrap, Logger: c.Logger,
	}, known...)
}

// newHost makes the node's place in the gossip. seated is gossip.Config's; nil for
// a node that serves nothing, and is not named to others as a peer. alone is
// gossip.Config's.
func newHost(c *Config, chain string, handlers gossip.Handlers, seated func(protocol.PublicKey) bool, alone bool) (*gossip.Host, error) {
	secret, err := c.Hotkey.DeriveIdentity(c.Genesis.Origin(), c.Generation)
	if err != nil {
		return nil, fmt.Errorf("derive identity: %w", err)
	}
	defer secret.Wipe()
	b := secret.Expose()
	return gossip.New(gossip.Config{
		ChainID: protocol.ShortChainID(chain), Identity: b[:], Listen: c.Listen, Announce: c.Announce, Bootstrap: c.Bootstrap,
		Handlers: handlers, Seated: seated, Alone: alone, MDNS: c.MDNS, Logger: c.Logger, Registerer: c.Registerer,
		DHT: c.DHT, NAT: c.NAT, Relay: c.Relay, Serves: seated != nil && len(c.Listen) > 0,
	})
}

// askOne puts a request to one peer.
func askOne(ctx context.Context, host *gossip.Host, id string, stream gossip.Stream, request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	return host.Request(ctx, id, stream, request)
}
