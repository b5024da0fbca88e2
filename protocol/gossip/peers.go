package gossip

import (
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// PeerInfo is a connected peer.
type PeerInfo struct {
	ID      string
	Addrs   []string // where it is connected from or to, with its peer id
	Inbound bool     // whether the peer dialled
	Score   float64  // as of the last second; below zero it did wrong
	Topics  []Topic  // what it listens to
	Mesh    []Topic  // of these, what is passed on between it and this host
}

// Peers returns the connected peers, ordered by id, without those that a relay
// alone connects; none when not running.
func (h *Host) Peers() []PeerInfo {
	s := h.session.Load()
	if s == nil {
		return nil
	}
	listening := map[peer.ID][]Topic{}
	for _, t := range topics {
		for _, id := range s.topics[t].ListPeers() {
			listening[id] = append(listening[id], t)
		}
	}
	var out []PeerInfo
	for _, id := range s.net.Network().Peers() {
		if s.net.Network().Connectedness(id) == network.Limited {
			continue
		}
		p := PeerInfo{ID: id.String(), Score: h.scores.of(id), Topics: listening[id]}
		for _, t := range p.Topics {
			if s.tracer.inMesh(t, id) {
				p.Mesh = append(p.Mesh, t)
			}
		}
		for _, c := range s.net.Network().ConnsToPeer(id) {
			p.Addrs = append(p.Addrs, c.RemoteMultiaddr().String()+"/p2p/"+p.ID)
			p.Inbound = p.Inbound || c.Stat().Direction == network.DirInbound
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b PeerInfo) int { return compareText(a.ID, b.ID) })
	return out
}

// Bootstrap is a peer of the config, and how it stands with it.
type Bootstrap struct {
	ID        string
	Addrs     []string
	Connected bool
	LastError string // why the last dial failed, "" when it did not
	// OtherChain is the chain that it was of when it was reached last, in words; ""
	// where that was this one, or is not known.
	OtherChain string
}

// OtherChain returns the chain of a bootstrap peer, in words, where one is of
// another chain and no peer of this one is connected; "" otherwise. Those of
// another come and go while they are dialled.
func (h *Host) OtherChain() (chain string) {
	for _, b := range h.book.bootstrap() {
		if b.OtherChain != "" {
			chain = b.OtherChain
		}
	}
	s := h.session.Load()
	if chain == "" || s == nil {
		return chain
	}
	for _, id := range s.net.Network().Peers() {
		if spoken, err := s.net.Peerstore().GetProtocols(id); err == nil && h.ours(spoken) {
			return ""
		}
	}
	return chain
}

// Bootstraps returns the bootstrap peers, ordered by id.
func (h *Host) Bootstraps() []Bootstrap {
	out := h.book.bootstrap()
	s := h.session.Load()
	for i := range out {
		id, err := peer.Decode(out[i].ID)
		out[i].Connected = s != nil && err == nil && s.net.Network().Connectedness(id) == network.Connected
	}
	return out
}

func texts(addrs []ma.Multiaddr) []string {
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i] = a.String()
	}
	return out
}

func compareText(a, b string) int { return strings.Compare(a, b) }
