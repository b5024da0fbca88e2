package gossip

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// maxBans bounds the list: an identity costs nothing, and who comes under
// thousands of them is stopped by the limits per address instead.
const maxBans = 4096

// gater keeps out the peers that were cut off, and those for whom there is no
// place; and it dials nobody over relays that peers name.
type gater struct {
	welcome func(network.Conn) bool
	carries func(relay peer.ID) bool

	mu    sync.Mutex
	until map[peer.ID]time.Time // guarded by mu
}

var _ connmgr.ConnectionGater = (*gater)(nil)

func newGater(welcome func(network.Conn) bool, carries func(relay peer.ID) bool) *gater {
	return &gater{welcome: welcome, carries: carries, until: map[peer.ID]time.Time{}}
}

// ban keeps id out for d; it reports whether it was not kept out already.
func (g *gater) ban(id peer.ID, d time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if now.Before(g.until[id]) {
		return false
	}
	if len(g.until) >= maxBans {
		g.pruneLocked(now)
	}
	g.until[id] = now.Add(d)
	return true
}

// pruneLocked drops what has ended, or any entry when nothing has.
func (g *gater) pruneLocked(now time.Time) {
	for id, t := range g.until {
		if !now.Before(t) {
			delete(g.until, id)
		}
	}
	for id := range g.until {
		if len(g.until) < maxBans {
			return
		}
		delete(g.until, id)
	}
}

func (g *gater) allows(id peer.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	t, banned := g.until[id]
	return !banned || !time.Now().Before(t)
}

// InterceptPeerDial implements [connmgr.ConnectionGater].
func (g *gater) InterceptPeerDial(id peer.ID) bool { return g.allows(id) }

// InterceptAddrDial implements [connmgr.ConnectionGater].
func (g *gater) InterceptAddrDial(_ peer.ID, a ma.Multiaddr) bool {
	relay, is := relayOf(a)
	return !is || g.carries(relay)
}

// InterceptAccept implements [connmgr.ConnectionGater].
func (g *gater) InterceptAccept(network.ConnMultiaddrs) bool { return true }

// InterceptSecured implements [connmgr.ConnectionGater].
func (g *gater) InterceptSecured(_ network.Direction, id peer.ID, _ network.ConnMultiaddrs) bool {
	return g.allows(id)
}

// InterceptUpgraded implements [connmgr.ConnectionGater].
func (g *gater) InterceptUpgraded(c network.Conn) (bool, control.DisconnectReason) {
	return g.welcome(c), 0
}
