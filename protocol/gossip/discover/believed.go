package discover

import (
	"math/rand/v2"
	"net/netip"

	"github.com/libp2p/go-libp2p/core/crypto"
	pbcrypto "github.com/libp2p/go-libp2p/core/crypto/pb"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

const (
	// maxBelieved is how many peers of one answer are passed on: who answers has a
	// say in whom a node meets, and no more than others have.
	maxBelieved = 4
	// maxAddresses is how many addresses of one peer are tried.
	maxAddresses = 8
)

// scope is how far an address reaches; a higher one reaches less far.
type scope uint8

const (
	wide    scope = iota // the internet
	private              // networks that have their own addresses (RFC 1918, RFC 4193)
	machine              // this machine
	nowhere              // what nobody has: multicast, link-local, for documents
)

func scopeOf(a netip.Addr) scope {
	switch {
	case a.IsLoopback():
		return machine
	case a.IsPrivate():
		return private
	case !a.IsGlobalUnicast():
		return nowhere
	}
	if m, err := manet.FromIP(a.AsSlice()); err != nil || !manet.IsPublicAddr(m) {
		return nowhere
	}
	return wide
}

// addressOf returns the IP address that an address begins with; false where that
// is a relay's, and not that of who is behind it.
func addressOf(m ma.Multiaddr) (netip.Addr, bool) {
	for i := range m {
		if m[i].Protocol().Code == ma.P_CIRCUIT {
			return netip.Addr{}, false
		}
	}
	if len(m) == 0 || m[0].Protocol().Code != ma.P_IP4 && m[0].Protocol().Code != ma.P_IP6 {
		return netip.Addr{}, false
	}
	a, ok := netip.AddrFromSlice(m[0].RawValue())
	return a.Unmap(), ok
}

// endOf returns the IP address of an address that says that and a TCP port alone.
func endOf(m ma.Multiaddr) (netip.Addr, bool) {
	if len(m) != 2 || m[1].Protocol().Code != ma.P_TCP || m[1].Value() == "0" {
		return netip.Addr{}, false
	}
	return addressOf(m)
}

// reachOf returns which addresses of a peer are believed: those of the internet,
// and, where this node dialled it at an address of a smaller network, those of
// that. Who dials this node may come through a proxy that has a local address.
func reachOf(conns []network.Conn) scope {
	reach := wide
	for _, c := range conns {
		if c.Stat().Direction != network.DirOutbound {
			continue
		}
		if a, ok := addressOf(c.RemoteMultiaddr()); ok && scopeOf(a) < nowhere {
			reach = max(reach, scopeOf(a))
		}
	}
	return reach
}

// believed returns what is worth a dial of a peer that another named: an identity
// of the kind that nodes have, and of its addresses those that say an IP address
// and a TCP port, and reach no less far than reach. It returns nil where nothing
// is.
func believed(info *peer.AddrInfo, reach scope) *peer.AddrInfo {
	key, err := info.ID.ExtractPublicKey()
	if err != nil || key.Type() != pbcrypto.KeyType_Secp256k1 || !canonical(info.ID, key) {
		return nil
	}
	out := &peer.AddrInfo{ID: info.ID}
	for _, m := range info.Addrs {
		a, ok := endOf(m)
		if ok && scopeOf(a) <= reach && len(out.Addrs) < maxAddresses {
			out.Addrs = append(out.Addrs, m)
		}
	}
	if len(out.Addrs) == 0 {
		return nil
	}
	return out
}

// canonical reports whether an id is the one that a key has.
func canonical(id peer.ID, key crypto.PubKey) bool { return id.MatchesPublicKey(key) }

// chosen returns those of an answer that are passed on, by chance where there are
// more.
func chosen(named []*peer.AddrInfo, reach scope, self peer.ID) []*peer.AddrInfo {
	var out []*peer.AddrInfo
	for _, info := range named {
		if info.ID == self {
			continue
		}
		if b := believed(info, reach); b != nil {
			out = append(out, b)
		}
	}
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:min(len(out), maxBelieved)]
}
