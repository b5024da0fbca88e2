package gossip

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// guests are the connected peers that dialled this host, but for those that are
// kept (keep.go), of whom there are few. Identities cost nothing: so strangers have
// places that are not those of the seated, and when these are taken, the next
// stranger is sent away; it is not that somebody else must go.
type guests struct {
	most [classes]int

	mu  sync.Mutex
	in  map[peer.ID]class // guarded by mu
	all [classes]int      // guarded by mu: how many of each
}

// seatedGuests is how many times as many seated peers as MaxPeers may have dialled,
// until the connection manager lets the least useful go.
const seatedGuests = 4

func newGuests(maxPeers int) *guests {
	return &guests{most: [classes]int{seated: seatedGuests * maxPeers, unknown: maxPeers}, in: map[peer.ID]class{}}
}

// enter takes a place for a peer, unless it has one; it reports whether it has.
func (g *guests) enter(id peer.ID, c class) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.in[id]; ok {
		return true
	}
	if g.all[c] >= g.most[c] {
		return false
	}
	g.in[id] = c
	g.all[c]++
	return true
}

// leave gives the place of a peer back, if it has one.
func (g *guests) leave(id peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c, ok := g.in[id]; ok {
		g.all[c]--
		delete(g.in, id)
	}
}

// welcome reports whether a peer that has said who it is may stay. A peer that
// dialled takes a place.
func (h *Host) welcome(c network.Conn) bool {
	if c.Stat().Direction != network.DirInbound {
		return true
	}
	h.passed(c)
	id := c.RemotePeer()
	if h.isKept(id) || h.guests.enter(id, h.classOf(id)) {
		return true
	}
	h.metrics.full.Inc()
	return false
}

// watchGuests gives places back when peers go.
func (h *Host) watchGuests(s *session) {
	s.net.Network().Notify(&network.NotifyBundle{DisconnectedF: func(n network.Network, c network.Conn) {
		if n.Connectedness(c.RemotePeer()) != network.Connected {
			h.guests.leave(c.RemotePeer())
		}
	}})
}
