package discover_test

import (
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/assaynet/assay/protocol/gossip/discover"
)

func TestOnlyAddressesThatReachAsFarAreBelieved(t *testing.T) {
	id := newID(t)
	for _, c := range []struct {
		addr                   string
		wide, private, machine bool
	}{
		{"/ip4/8.8.8.8/tcp/4001", true, true, true},
		{"/ip6/2001:4860:4860::8888/tcp/4001", true, true, true},
		{"/ip4/10.1.2.3/tcp/4001", false, true, true},
		{"/ip4/192.168.1.1/tcp/80", false, true, true},
		{"/ip6/fd00::1/tcp/4001", false, true, true},
		{"/ip4/127.0.0.1/tcp/22", false, false, true},
		{"/ip6/::1/tcp/22", false, false, true},
		{"/ip6/::ffff:127.0.0.1/tcp/22", false, false, true},
		{"/ip4/169.254.169.254/tcp/80", false, false, false},
		{"/ip4/0.0.0.0/tcp/80", false, false, false},
		{"/ip4/224.0.0.1/tcp/80", false, false, false},
		{"/ip4/255.255.255.255/tcp/80", false, false, false},
		{"/ip4/192.0.2.1/tcp/80", false, false, false},
		{"/ip4/8.8.8.8/tcp/0", false, false, false},
		{"/ip4/8.8.8.8/udp/4001", false, false, false},
		{"/ip4/8.8.8.8/tcp/4001/ws", false, false, false},
		{"/ip4/8.8.8.8", false, false, false},
		{"/dns4/victim.example/tcp/80", false, false, false},
		{"/ip4/8.8.8.8/tcp/4001/p2p/" + id.String() + "/p2p-circuit", false, false, false},
	} {
		info := &peer.AddrInfo{ID: id, Addrs: []ma.Multiaddr{ma.StringCast(c.addr)}}
		for name, got := range map[string][2]bool{
			"wide":    {discover.Believed(info, discover.Wide) != nil, c.wide},
			"private": {discover.Believed(info, discover.Private) != nil, c.private},
			"machine": {discover.Believed(info, discover.Machine) != nil, c.machine},
		} {
			if got[0] != got[1] {
				t.Errorf("%s, from one who reaches %s: believed %t, want %t", c.addr, name, got[0], got[1])
			}
		}
	}
}

func TestOnlyIdentitiesThatNodesHaveAreBelieved(t *testing.T) {
	_, ed, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := peer.IDFromPublicKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	good := ma.StringCast("/ip4/8.8.8.8/tcp/1")
	for _, id := range []peer.ID{"", "x", peer.ID(make([]byte, 32)), other, newID(t) + "x"} {
		if got := discover.Believed(&peer.AddrInfo{ID: id, Addrs: []ma.Multiaddr{good}}, discover.Machine); got != nil {
			t.Errorf("id %q: believed %v", string(id), got)
		}
	}
}

func TestOneAnswerHasLittleSay(t *testing.T) {
	var many []ma.Multiaddr
	for i := range 100 {
		many = append(many, ma.StringCast(fmt.Sprintf("/ip4/8.8.%d.1/tcp/1", i)))
	}
	self := newID(t)
	named := []*peer.AddrInfo{{ID: self, Addrs: many}}
	for range 20 {
		named = append(named, &peer.AddrInfo{ID: newID(t), Addrs: many})
	}
	for range 50 { // which ones, chance says
		got := discover.Chosen(named, self)
		if len(got) != discover.MaxBelieved {
			t.Fatalf("%d of %d peers were passed on, want %d", len(got), len(named), discover.MaxBelieved)
		}
		for _, info := range got {
			if info.ID == self || len(info.Addrs) != discover.MaxAddresses {
				t.Fatalf("got %v with %d addresses, want another than the node itself with %d", info.ID, len(info.Addrs), discover.MaxAddresses)
			}
		}
	}
}
