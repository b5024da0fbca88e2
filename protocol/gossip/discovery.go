package gossip

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
)

// A discovery finds peers beside the config and the ledger.
type discovery interface {
	// name is for the log.
	name() string
	// source is how far what it finds is trusted.
	source() source
	// run calls found for each peer that it finds, until ctx is done.
	run(ctx context.Context, n host.Host, found func(*peer.AddrInfo)) error
}

// discoveries returns those that the config asks for.
func (h *Host) discoveries(s *session) (out []discovery) {
	if h.set.MDNS {
		out = append(out, localNetwork{chain: h.set.ChainID})
	}
	if h.set.DHT {
		out = append(out, hashTable{h, s})
	}
	return out
}

// discover runs d. A node can do without it, so that its failure is told and
// not returned.
func (h *Host) discover(ctx context.Context, s *session, d discovery) error {
	err := d.run(ctx, s.net, func(p *peer.AddrInfo) { h.book.add(d.source(), p) })
	if err != nil && ctx.Err() == nil {
		h.set.Logger.Warn().Err(err).Str("discovery", d.name()).Msg("discovery stopped; going on without it")
	}
	return nil
}

// localNetwork finds peers by multicast DNS (RFC 6762), under a service name
// of the chain.
type localNetwork struct{ chain string }

func (localNetwork) name() string   { return "mdns" }
func (localNetwork) source() source { return sourceLocal }

func (l localNetwork) run(ctx context.Context, n host.Host, found func(*peer.AddrInfo)) error {
	service := mdns.NewMdnsService(n, "_"+serviceLabel(l.chain)+"._udp", notifee(found))
	if err := service.Start(); err != nil {
		return fmt.Errorf("announce on the local network: %w", err)
	}
	<-ctx.Done()
	return service.Close()
}

// notifee adapts a function to the library's interface.
type notifee func(*peer.AddrInfo)

// HandlePeerFound implements [mdns.Notifee].
func (f notifee) HandlePeerFound(p peer.AddrInfo) { f(&p) }

// serviceLabel is a label of at most 15 letters (RFC 6763, section 7.2) that
// two chains do not share.
func serviceLabel(chain string) string {
	sum := sha256.Sum256([]byte(chain))
	return "assay-" + hex.EncodeToString(sum[:4])
}
