package gossip_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/door/doortest"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/key"
)

// publicKey is the identity key of the host with that name.
func publicKey(t *testing.T, name string) protocol.PublicKey {
	t.Helper()
	p, err := key.FromBytes(identity(name))
	if err != nil {
		t.Fatal(err)
	}
	return p.Public()
}

// transport cuts the peer id off an address: the form of the ledger.
func transport(addr string) string {
	head, _, _ := strings.Cut(addr, "/p2p/")
	return head
}

// freeAddr is a place to listen at, again after a stop too: no other test has it.
func freeAddr(t *testing.T) string {
	t.Helper()
	host, port, err := net.SplitHostPort(doortest.FreePort(t))
	if err != nil {
		t.Fatal(err)
	}
	return "/ip4/" + host + "/tcp/" + port
}

func TestHostsOfAnotherChainHearNothing(t *testing.T) {
	in := &inbox{}
	other := config("other")
	other.ChainID, other.Handlers.Answer = "other-chain", in.handle
	theirs := launch(t, other)
	ours := launch(t, config("ours"))
	eventually(t, "the other chain is named", func() bool {
		err := ours.Connect(t.Context(), theirs.Addrs()[0])
		return errors.Is(err, gossip.ErrOtherChain) && strings.Contains(err.Error(), "other-chain")
	})
	eventually(t, "both have let go", func() bool { return len(ours.Peers()) == 0 && len(theirs.Peers()) == 0 })
	if err := ours.Publish(t.Context(), gossip.TopicAnswer, message(1)); !errors.Is(err, gossip.ErrNoPeers) {
		t.Errorf("publish: got %v, want ErrNoPeers", err)
	}
	if in.len() != 0 {
		t.Error("a message crossed")
	}
}

func TestABootstrapPeerOfAnotherChainIsNamed(t *testing.T) {
	other := config("other")
	other.ChainID = "other-chain"
	theirs := launch(t, other)
	ours := launch(t, config("ours", theirs.Addrs()...))
	eventually(t, "the reason is told", func() bool {
		b := ours.Bootstraps()
		return len(b) == 1 && b[0].ID == theirs.ID() && strings.Contains(b[0].LastError, "other-chain") && b[0].OtherChain == `chain "other-chain"`
	})
	eventually(t, "it is told while nobody is connected", func() bool { return ours.OtherChain() == `chain "other-chain"` })
	friend := launch(t, config("friend"))
	eventually(t, "a friend is connected", func() bool { return ours.Connect(t.Context(), friend.Addrs()[0]) == nil })
	eventually(t, "one of this chain is enough", func() bool { return ours.OtherChain() == "" })
	friend.stop()
	eventually(t, "it is told again", func() bool { return ours.OtherChain() == `chain "other-chain"` })
	theirs.stop()
	eventually(t, "nobody is connected", func() bool { return len(ours.Peers()) == 0 })
	if got := ours.OtherChain(); got != `chain "other-chain"` {
		t.Errorf("the peer is away: got %q, want what it was when it was there", got)
	}
	moved := launch(t, config("other")) // where nobody looks for it
	// Ours may dial it meanwhile, and know it only as it was.
	eventually(t, "it dialled", func() bool { return moved.Connect(t.Context(), ours.Addrs()[0]) == nil })
	eventually(t, "it came to this chain, and dialled", func() bool { return ours.OtherChain() == "" })
}

func TestABootstrapPeerThatComesBackIsDialledAgain(t *testing.T) {
	c := config("hub")
	c.Listen = []string{freeAddr(t)}
	hub := launch(t, c)
	addr := hub.Addrs()
	leaf := launch(t, config("leaf", addr...))
	connected := func() bool { b := leaf.Bootstraps(); return len(b) == 1 && b[0].Connected }
	eventually(t, "connected", connected)
	hub.stop()
	eventually(t, "the loss is seen, with a reason", func() bool { return !connected() && leaf.Bootstraps()[0].LastError != "" })

	in := &inbox{}
	c.Handlers.Answer = in.handle
	again := launch(t, c)
	eventually(t, "connected again", func() bool { return connected() && listening(leaf, gossip.TopicAnswer, 1) })
	if again.ID() != hub.ID() {
		t.Fatal("the identity changed")
	}
	if err := leaf.Publish(t.Context(), gossip.TopicAnswer, message(1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it hears", func() bool { return in.count(message(1)) == 1 })
}

func TestAHostIgnoresItselfAmongTheBootstrapPeers(t *testing.T) {
	c := config("a")
	c.Listen = []string{freeAddr(t)}
	a := launch(t, c)
	c.Bootstrap = a.Addrs()
	a.stop()
	if b := launch(t, c).Bootstraps(); len(b) != 0 {
		t.Errorf("got %v, want none", b)
	}
}

func TestAddressesOfTheLedgerAreDialledUpToTheDegree(t *testing.T) {
	names := []string{"one", "two", "three", "four"}
	var addrs []gossip.Addr
	for _, n := range names {
		h := launch(t, config(n))
		addrs = append(addrs, gossip.Addr{Identity: publicKey(t, n), Addresses: []string{"nonsense", transport(h.Addrs()[0])}})
	}
	c := config("miner")
	c.Degree = 3
	miner := launch(t, c)
	addrs = append(addrs,
		gossip.Addr{Addresses: []string{"/ip4/127.0.0.1/tcp/1"}}, // no point on the curve
		gossip.Addr{Identity: publicKey(t, "five")},
		gossip.Addr{Identity: publicKey(t, "six"), Addresses: []string{"/ip4/127.0.0.1/udp/1", "/unix/tmp", "/ip4/1.2.3.4/tcp/1/p2p/x"}},
	)
	if got := miner.SetLedgerPeers(addrs); got != len(names) {
		t.Errorf("%d announcements can be read, want %d", got, len(names))
	}
	eventually(t, "three are connected", func() bool { return len(miner.Peers()) == 3 })

	// One goes away; the fourth takes its place.
	before := map[string]bool{}
	for _, p := range miner.Peers() {
		before[p.ID] = true
	}
	var left []gossip.Addr
	for _, a := range addrs[:4] {
		if !before[gossip.PeerID(a.Identity)] {
			left = append(left, a)
		}
	}
	if len(left) != 1 {
		t.Fatalf("%d are not connected, want 1", len(left))
	}
	c.Identity, c.Degree = identity("late"), 4
	late := launch(t, c)
	late.SetLedgerPeers(left)
	eventually(t, "the announced one is connected", func() bool { return len(late.Peers()) == 1 })
	late.SetLedgerPeers(addrs)
	eventually(t, "all four are connected", func() bool { return len(late.Peers()) == 4 })
}

func TestConnectSaysWhatIsWrongWithAnAddress(t *testing.T) {
	a := launch(t, config("a"))
	for _, addr := range []string{"", "nonsense", "/ip4/127.0.0.1/tcp/1", "/p2p/" + a.ID()} {
		if err := a.Connect(t.Context(), addr); !errors.Is(err, gossip.ErrAddress) {
			t.Errorf("%q: got %v, want ErrAddress", addr, err)
		}
	}
	b := launch(t, config("b"))
	wrong := transport(b.Addrs()[0]) + "/p2p/" + gossip.PeerID(publicKey(t, "c"))
	if err := a.Connect(t.Context(), wrong); err == nil || errors.Is(err, gossip.ErrAddress) {
		t.Errorf("another peer's id: got %v, want an error of the dial", err)
	}
}

func FuzzLedgerAddress(f *testing.F) {
	f.Add("/ip4/127.0.0.1/tcp/4001")
	f.Add("/dns4/example.org/tcp/1")
	f.Add("/ip6zone/x/ip6/fe80::1/tcp/1")
	f.Add("/ip4/1.2.3.4/tcp/1/ws")
	f.Add("/tcp/1/ip4/1.2.3.4")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := key.FromBytes(identity("a"))
		if err != nil {
			t.Fatal(err)
		}
		n, err := gossip.Resolve(gossip.Addr{Identity: p.Public(), Addresses: []string{s}})
		if (n == 1) != (err == nil) || (err != nil && !errors.Is(err, gossip.ErrAddress)) {
			t.Errorf("%q: %d addresses, %v", s, n, err)
		}
	})
}
