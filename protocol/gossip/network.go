package gossip

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	ma "github.com/multiformats/go-multiaddr"
)

// Resources of a host.
const (
	// memoryLimit bounds what connections and streams may reserve: 64 peers
	// with a few streams of at most 4 MiB each.
	memoryLimit = 512 << 20
	// connLimit is how many connections libp2p has at most. It is never met: the door
	// bounds those that shake hands, and guests those that are through; a limit here
	// would not tell a validator from a stranger.
	connLimit = 8192
	// peerConns is how many connections one peer may have: two that dial each other at
	// once have two.
	peerConns = 4
	// peerStreams is how many streams one peer may have opened: a place on each
	// service, those that wait, the router's and some of libp2p itself. It
	// leaves room for all peers within memoryLimit, of which each takes 256 KiB.
	peerStreams = 32
	// newStreams is how many streams may stand whose peer has not said what they
	// are for: all those of 64 peers. The usual 160 would be one stranger's to
	// take.
	newStreams = defaultMaxPeers * peerStreams
	// dialTimeout is how long one dial and its handshake may take.
	dialTimeout = 10 * time.Second
	// trimGrace is how long a new connection is not trimmed: a peer needs two
	// heartbeats to join a mesh and become useful.
	trimGrace = 20 * time.Second
)

// localNetworks are those that nobody on the internet has an address in.
var localNetworks = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"),    // loopback
	netip.MustParsePrefix("10.0.0.0/8"),     // private, RFC 1918
	netip.MustParsePrefix("172.16.0.0/12"),  // private, RFC 1918
	netip.MustParsePrefix("192.168.0.0/16"), // private, RFC 1918
	netip.MustParsePrefix("::1/128"),        // loopback
	netip.MustParsePrefix("fc00::/7"),       // private, RFC 4193
	netip.MustParsePrefix("fe80::/10"),      // link-local
}

// newNetwork makes the libp2p host: TCP, Noise, Yamux. It listens on nothing.
// QUIC would cost a second socket and more memory per node.
func (h *Host) newNetwork() (host.Host, error) {
	conns, err := connmgr.NewConnManager(max(h.set.Degree, h.set.MaxPeers*3/4), h.set.MaxPeers, connmgr.WithGracePeriod(h.set.grace))
	if err != nil {
		return nil, fmt.Errorf("connection manager: %w", err)
	}
	res, err := newResources()
	if err != nil {
		return nil, fmt.Errorf("resource manager: %w", err)
	}
	opts := []libp2p.Option{
		libp2p.Identity(h.set.key),
		libp2p.Transport(h.newTransport()),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ConnectionManager(conns),
		libp2p.ResourceManager(res),
		libp2p.ConnectionGater(h.gater),
		libp2p.NoListenAddrs,    // the addresses are listened on when all is in place
		libp2p.DisableMetrics(), // ours are in metrics.go
		libp2p.WithDialTimeout(dialTimeout),
		libp2p.ProtocolVersion(prefix(h.set.ChainID)),
		libp2p.UserAgent("assay"),
	}
	opts = append(append(opts, h.reachOptions()...), h.relayOptions()...)
	if len(h.set.announce) > 0 {
		opts = append(opts, libp2p.AddrsFactory(func([]ma.Multiaddr) []ma.Multiaddr { return h.set.announce }))
	}
	return libp2p.New(opts...)
}

// newResources bounds memory, streams, and connections per peer; those of addresses
// are the door's.
func newResources() (network.ResourceManager, error) {
	limits := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&limits)
	limits.PeerBaseLimit.StreamsInbound, limits.PeerLimitIncrease.StreamsInbound = peerStreams, 0
	limits.PeerBaseLimit.ConnsInbound, limits.PeerLimitIncrease.ConnsInbound = peerConns, 0
	for _, l := range []*rcmgr.BaseLimit{&limits.TransientBaseLimit, &limits.SystemBaseLimit} {
		l.StreamsInbound, l.Streams = newStreams, 2*newStreams
		l.ConnsInbound, l.ConnsOutbound, l.Conns, l.FD = connLimit, connLimit, connLimit, connLimit
	}
	unbounded := []rcmgr.ConnLimitPerSubnet{{PrefixLength: 0, ConnCount: math.MaxInt}}
	return rcmgr.NewResourceManager(
		rcmgr.NewFixedLimiter(limits.Scale(memoryLimit, connLimit)),
		rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet(unbounded, unbounded),
	)
}
