package gossip

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Who dials a host chooses the host; whom the host dials it chooses itself, among
// those that its operator and the ledger name. So strangers that come must never
// push out what it chose, or it soon hears nobody else. When there are more than
// MaxPeers connections, the connection manager closes those of the least value:
//
//	kept     bootstrap peers, peers that the config, the ledger or the local
//	         network names and that we dialled, and validators: at most as many as
//	         there are of these, Degree, and the running set
//	seated   identities that seats are bound to
//	others   anybody

const (
	keptTag   = "kept"
	seatTag   = "seat"
	seatValue = 100 // above what the router gives for messages: 15 a topic
)

// dialled returns the connected peers that this host dialled.
func (s *session) dialled() map[peer.ID]bool {
	out := map[peer.ID]bool{}
	for _, c := range s.net.Network().Conns() {
		if c.Stat().Direction == network.DirOutbound && !c.Stat().Limited {
			out[c.RemotePeer()] = true
		}
	}
	return out
}

// isKept reports whether a peer is kept whoever dialled: it is a bootstrap peer, or
// the ledger names it as a validator.
func (h *Host) isKept(id peer.ID) bool {
	v := h.validators.Load()
	return v != nil && (*v)[id] || slices.ContainsFunc(h.set.boot, func(b *peer.AddrInfo) bool { return b.ID == id })
}

// keepPlaces tells the door at which addresses those are, validators as the ledger
// announces them.
func (h *Host) keepPlaces(validators []*peer.AddrInfo) {
	var hosts []string
	for _, info := range slices.Concat(h.set.boot, validators) {
		of := map[string]bool{} // one party, however many ports it has there
		for _, a := range info.Addrs {
			if host := a[0].Value(); !of[host] {
				of[host] = true
				hosts = append(hosts, host)
			}
		}
	}
	h.names.Set(hosts)
}

// keep tells the connection manager which peers are worth what. It is called more
// often than trimGrace, so that nobody is let go before it is known who it is.
func (h *Host) keep(s *session) {
	s.watch.keeping.Lock()
	defer s.watch.keeping.Unlock()
	dialled, kept := s.dialled(), map[peer.ID]bool{}
	for _, b := range h.set.boot { // before they are connected
		kept[b.ID] = true
	}
	manager := s.net.ConnManager()
	for _, id := range s.net.Network().Peers() {
		if h.isKept(id) || dialled[id] && h.book.named(id) {
			kept[id] = true
		}
		if h.classOf(id) == seated {
			manager.TagPeer(id, seatTag, seatValue)
		} else {
			manager.UntagPeer(id, seatTag)
		}
	}
	for id := range kept {
		manager.Protect(id, keptTag)
	}
	for id := range s.watch.kept {
		if !kept[id] {
			manager.Unprotect(id, keptTag)
		}
	}
	s.watch.kept = kept
}
