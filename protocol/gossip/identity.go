package gossip

import (
	"fmt"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/assaynet/assay/protocol"
)

// PeerID returns the peer id of the holder of an identity key, and "" for
// bytes that are not a point on the curve. It is the form in which handlers
// and [Host.Peers] name peers.
func PeerID(identity protocol.PublicKey) string {
	id, err := peerID(identity)
	if err != nil {
		return ""
	}
	return id.String()
}

func peerID(identity protocol.PublicKey) (peer.ID, error) {
	pub, err := crypto.UnmarshalSecp256k1PublicKey(identity[:])
	if err != nil {
		return "", fmt.Errorf("identity %s: %w: %w", identity.Short(), ErrAddress, err)
	}
	id, err := peer.IDFromPublicKey(pub)
	if err != nil {
		return "", fmt.Errorf("identity %s: %w: %w", identity.Short(), ErrAddress, err)
	}
	return id, nil
}

// maxAddress bounds the text of an address, its peer id included.
const maxAddress = 256

// parsePeer reads an address that ends in /p2p/ID.
func parsePeer(s string) (*peer.AddrInfo, error) {
	if len(s) > maxAddress {
		return nil, fmt.Errorf("address of %d characters, at most %d: %w", len(s), maxAddress, ErrAddress)
	}
	info, err := peer.AddrInfoFromString(s)
	if err != nil {
		return nil, fmt.Errorf("%q: %w: %w", s, ErrAddress, err)
	}
	if len(info.Addrs) == 0 {
		return nil, fmt.Errorf("%q has a peer id only: %w", s, ErrAddress)
	}
	return info, nil
}

// Addr is where the ledger says that a seat is reached (wire.Serve).
type Addr struct {
	Identity  protocol.PublicKey
	Addresses []string // multiaddrs, without the peer id; none for who only dials
	Validator bool     // of the running set: its connection is kept
}

// maxAddresses is how many addresses of one peer are tried.
const maxAddresses = 8

// resolve reads what the ledger announces: bytes from outside. Addresses that
// make no sense are left out; without any left it returns [ErrAddress].
func (a Addr) resolve() (*peer.AddrInfo, error) {
	id, err := peerID(a.Identity)
	if err != nil {
		return nil, err
	}
	info := &peer.AddrInfo{ID: id}
	for _, s := range a.Addresses[:min(len(a.Addresses), maxAddresses)] {
		if m, err := parseTransport(s); err == nil {
			info.Addrs = append(info.Addrs, m)
		}
	}
	if len(info.Addrs) == 0 {
		return nil, fmt.Errorf("identity %s: none of %d addresses can be dialled: %w", a.Identity.Short(), len(a.Addresses), ErrAddress)
	}
	return info, nil
}

// parseTransport reads an address of the one transport that a [Host] speaks:
// a host or IP address, then a TCP port, then nothing.
func parseTransport(s string) (ma.Multiaddr, error) {
	if len(s) > maxAddress {
		return nil, fmt.Errorf("address of %d characters, at most %d: %w", len(s), maxAddress, ErrAddress)
	}
	m, err := ma.NewMultiaddr(s)
	if err != nil {
		return nil, fmt.Errorf("%.80q: %w: %w", s, ErrAddress, err)
	}
	if len(m) != 2 || m[1].Protocol().Code != ma.P_TCP {
		return nil, fmt.Errorf("%.80q is not /ip4|ip6|dns…/…/tcp/…: %w", s, ErrAddress)
	}
	switch m[0].Protocol().Code {
	case ma.P_IP4, ma.P_IP6, ma.P_DNS, ma.P_DNS4, ma.P_DNS6:
		return m, nil
	}
	return nil, fmt.Errorf("%.80q is not /ip4|ip6|dns…/…/tcp/…: %w", s, ErrAddress)
}
