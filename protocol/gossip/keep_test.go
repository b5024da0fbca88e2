package gossip_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
)

// TestWhoDialsUsDoesNotKeepUsFromTheLedgersPeers: a dozen strangers, as many as the
// degree, dial a host before it knows anybody. It used to count them, and to dial
// nobody any more.
func TestWhoDialsUsDoesNotKeepUsFromTheLedgersPeers(t *testing.T) {
	const strangers = 12
	node := launch(t, config("node"))
	for i := range strangers {
		launch(t, config(fmt.Sprint("stranger ", i), node.Addrs()...))
	}
	eventually(t, "the strangers are connected", func() bool { return len(node.Peers()) == strangers })
	var addrs []gossip.Addr
	for _, name := range []string{"v0", "v1", "v2"} {
		v := launch(t, config(name))
		addrs = append(addrs, gossip.Addr{Identity: publicKey(t, name), Addresses: []string{transport(v.Addrs()[0])}})
	}
	node.SetLedgerPeers(addrs)
	eventually(t, "the peers of the ledger are connected", func() bool { return len(node.Peers()) == strangers+len(addrs) })
}

// TestStrangersAreLetGoBeforeThoseThatTheLedgerNames: a host that may have four
// peers has seven. Those that it dialled by the ledger stay, and so does a
// validator that dialled it; of the others a seat stays before a stranger.
func TestStrangersAreLetGoBeforeThoseThatTheLedgerNames(t *testing.T) {
	const strangers = 4
	c := config("node")
	c.Degree, c.MaxPeers = 1, 4
	c.Seated = func(k protocol.PublicKey) bool { return k == publicKey(t, "seat") }
	node := launchWith(t, c, func(h *gossip.Host) { gossip.TrimAtOnce(h) })
	dialled := launch(t, config("dialled"))
	node.SetLedgerPeers([]gossip.Addr{
		{Identity: publicKey(t, "dialled"), Addresses: []string{transport(dialled.Addrs()[0])}},
		{Identity: publicKey(t, "validator"), Validator: true}, // it dials, and is not dialled
	})
	want := map[string]bool{}
	for _, name := range []string{"seat", "validator"} {
		launch(t, config(name, node.Addrs()...))
	}
	for _, name := range []string{"dialled", "seat", "validator"} {
		want[gossip.PeerID(publicKey(t, name))] = true
	}
	for i := range strangers {
		s := config(fmt.Sprint("stranger ", i), node.Addrs()...)
		s.Redial = time.Hour // none comes back before it is looked
		launch(t, s)
	}
	eventually(t, "all are connected", func() bool { return len(node.Peers()) == strangers+len(want) })
	gossip.Trim(t.Context(), node.Host)
	left := node.Peers()
	for _, p := range left {
		delete(want, p.ID)
	}
	if len(want) > 0 || len(left) == strangers+3 {
		t.Errorf("%d peers are left, and without %v", len(left), want)
	}
}
