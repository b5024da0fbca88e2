package gossip

import (
	"net/netip"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// guests are the connected peers that dialled this host, but for those that are
// kept (keep.go), of whom there are few. Identities cost nothing: so strangers have
// places that are not those of the seated. Addresses cost something: so when the
// places of strangers are taken, the next one is sent away, unless another network
// (a /24, or a /48 of IPv6) has at least two more of them than its own. Then the
// newest of the network that has most goes for it. So nobody holds more places than
// there are networks beside it, whatever it has of identities and addresses; and
// two networks do not push out each other's for ever.
type guests struct {
	most [classes]int

	mu    sync.Mutex
	in    map[peer.ID]*guest // guarded by mu
	all   [classes]int       // guarded by mu: how many of each
	count uint64             // guarded by mu: of those that came
}

// guest is a place that is taken.
type guest struct {
	class   class
	network netip.Prefix
	number  uint64    // it was the number-th to come
	came    time.Time // when its handshake was over
	stays   bool      // the connection is there; before that it may still fail
}

// seatedGuests is how many times as many seated peers as MaxPeers may have dialled,
// until the connection manager lets the least useful go.
const seatedGuests = 4

func newGuests(maxPeers int) *guests {
	return &guests{most: [classes]int{seated: seatedGuests * maxPeers, unknown: maxPeers}, in: map[peer.ID]*guest{}}
}

// enter takes a place for a peer, unless it has one; it reports whether it has, and
// who must go for it, if anybody.
func (g *guests) enter(id peer.ID, c class, from netip.Prefix, now time.Time) (out peer.ID, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.enterLocked(id, c, from, now)
}

func (g *guests) enterLocked(id peer.ID, c class, from netip.Prefix, now time.Time) (out peer.ID, ok bool) {
	if _, ok := g.in[id]; ok {
		return "", true
	}
	if g.all[c] >= g.most[c] {
		g.sweepLocked(now)
	}
	if g.all[c] >= g.most[c] {
		if out = g.displacedLocked(c, from); out == "" {
			return "", false
		}
		g.leaveLocked(out)
	}
	g.addLocked(id, &guest{class: c, network: from, came: now})
	return out, true
}

func (g *guests) addLocked(id peer.ID, in *guest) {
	g.count++
	in.number = g.count
	g.in[id] = in
	g.all[in.class]++
}

// sweepLocked gives the places back of those whose connection never came to be.
func (g *guests) sweepLocked(now time.Time) {
	for id, in := range g.in {
		if !in.stays && now.Sub(in.came) > handshakeTime {
			g.leaveLocked(id)
		}
	}
}

// displacedLocked returns the stranger that goes for one from a network, nobody
// where none has two more than that.
func (g *guests) displacedLocked(c class, from netip.Prefix) (out peer.ID) {
	if c != unknown {
		return ""
	}
	of := map[netip.Prefix]int{}
	for _, in := range g.in {
		if in.class == c {
			of[in.network]++
		}
	}
	top := of[from] + 1
	for _, n := range of {
		top = max(top, n)
	}
	var newest uint64
	for id, in := range g.in {
		if in.class == c && of[in.network] == top && top > of[from]+1 && in.number > newest {
			out, newest = id, in.number
		}
	}
	return out
}

// stay says that a peer that dialled is connected, and returns who must go for it,
// if anybody. One whose place was given back, for another connection of its ended
// meanwhile or another peer came for it, takes one like who comes, and goes itself
// where there is none.
func (g *guests) stay(id peer.ID, c class, from netip.Prefix, now time.Time) (out peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	out, ok := g.enterLocked(id, c, from, now)
	if !ok {
		return id
	}
	g.in[id].stays = true
	return out
}

// leave gives the place of a peer back, if it has one.
func (g *guests) leave(id peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leaveLocked(id)
}

func (g *guests) leaveLocked(id peer.ID) {
	if in := g.in[id]; in != nil {
		g.all[in.class]--
		delete(g.in, id)
	}
}

// welcome reports whether a peer that has said who it is may stay. A peer that
// dialled takes a place.
func (h *Host) welcome(c network.Conn) bool {
	if isRelayed(c) && !c.Stat().Limited {
		return false // a relay that sets no limit: it would pass for a peer
	}
	if c.Stat().Direction != network.DirInbound {
		return true
	}
	id := c.RemotePeer()
	kept, of := h.isKept(id), h.classOf(id)
	if isRelayed(c) && !kept && of != seated {
		return false // what a relay does for seats is for nobody else
	}
	if !h.passed(c, kept || of == seated) {
		h.metrics.full.Inc()
		return false
	}
	if kept {
		return true
	}
	out, ok := h.guests.enter(id, of, networkOf(c), time.Now())
	if s := h.session.Load(); s != nil {
		s.sendAway(out)
	}
	if !ok || out != "" {
		h.metrics.full.Inc()
	}
	return ok
}

// sendAway closes the connections of a peer, if there is one to go. Its caller may
// be who tells the network of a connection, so that it does not wait.
func (s *session) sendAway(out peer.ID) {
	if out != "" {
		go s.net.Network().ClosePeer(out) //nolint:errcheck // it may be gone already
	}
}

// watchGuests gives places back when peers go.
func (h *Host) watchGuests(s *session) {
	s.net.Network().Notify(&network.NotifyBundle{
		ConnectedF: func(_ network.Network, c network.Conn) {
			if id := c.RemotePeer(); c.Stat().Direction == network.DirInbound && !h.isKept(id) {
				s.sendAway(h.guests.stay(id, h.classOf(id), networkOf(c), time.Now()))
			}
		},
		DisconnectedF: func(n network.Network, c network.Conn) {
			if n.Connectedness(c.RemotePeer()) != network.Connected {
				h.guests.leave(c.RemotePeer())
			}
		},
	})
}
