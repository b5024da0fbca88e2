package gossip_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/assaynet/assay/protocol/gossip"
)

// tabled is the config of a host that finds peers by the table.
func tabled(name string, serves bool, bootstrap ...string) gossip.Config {
	c := config(name, bootstrap...)
	c.DHT, c.Serves = true, serves
	return c
}

// launchTabled launches one that looks for peers all the time.
func launchTabled(t *testing.T, c gossip.Config) running {
	t.Helper()
	return launchWith(t, c, func(h *gossip.Host) { gossip.LookEvery(h, 5*time.Millisecond) })
}

func connected(r running, id string) bool {
	return slices.ContainsFunc(r.Peers(), func(p gossip.PeerInfo) bool { return p.ID == id })
}

func TestNewcomerThatKnowsOnePeerFindsTheOthers(t *testing.T) {
	hub := launchTabled(t, tabled("hub", true))
	var others []running
	for i := range 3 {
		others = append(others, launchTabled(t, tabled(fmt.Sprint("other ", i), true, hub.Addrs()...)))
	}
	newcomer := launchTabled(t, tabled("newcomer", false, hub.Addrs()...))
	for _, o := range others {
		eventually(t, "the newcomer found "+o.ID(), func() bool { return connected(newcomer, o.ID()) })
	}
	if n := counted(t, newcomer, "found_total"); n < 3 {
		t.Errorf("%v peers were found, want 3 at least", n)
	}
}

func TestWithoutTheTableNobodyIsFound(t *testing.T) {
	hub := launchTabled(t, tabled("hub", true))
	other := launchTabled(t, tabled("other", true, hub.Addrs()...))
	plain := launch(t, config("plain", hub.Addrs()...))
	newcomer := launchTabled(t, tabled("newcomer", false, hub.Addrs()...))
	eventually(t, "the newcomer found the other", func() bool { return connected(newcomer, other.ID()) })
	eventually(t, "the plain one knows the hub", func() bool { return connected(plain, hub.ID()) })
	if connected(plain, other.ID()) {
		t.Error("the plain one found the other")
	}
}

func TestTheTableLeavesNothingBehind(t *testing.T) {
	eventually(t, "other tests have ended", func() bool { return leftovers() == "" })
	hub := launchTabled(t, tabled("hub", true))
	other := launchTabled(t, tabled("other", true, hub.Addrs()...))
	newcomer := launchTabled(t, tabled("newcomer", true, hub.Addrs()...))
	eventually(t, "the newcomer found the other", func() bool { return connected(newcomer, other.ID()) })
	hub.stop()
	newcomer.stop()
	other.stop()
	eventually(t, "goroutines have ended:\n"+leftovers(), func() bool { return leftovers() == "" })
}

func TestNodesOfAnotherChainAreNotFound(t *testing.T) {
	hub := launchTabled(t, tabled("hub", true))
	c := tabled("foreign", true, hub.Addrs()...)
	c.ChainID = "other-chain"
	foreign := launchTabled(t, c)
	eventually(t, "the foreign node was told", func() bool { return foreign.OtherChain() != "" })
	newcomer := launchTabled(t, tabled("newcomer", true, hub.Addrs()...))
	third := launchTabled(t, tabled("third", true, hub.Addrs()...))
	eventually(t, "the newcomer found the third", func() bool { return connected(newcomer, third.ID()) })
	if connected(newcomer, foreign.ID()) || counted(t, foreign, "found_total") != 0 {
		t.Error("the two chains found each other")
	}
}

func TestPeersOfTheLedgerAreDialledAndKeptWhateverIsFound(t *testing.T) {
	hub := launchTabled(t, tabled("hub", true))
	found := launchTabled(t, tabled("found", true, hub.Addrs()...))
	c := tabled("node", false, hub.Addrs()...)
	c.Degree = 2
	node := launchWith(t, c, func(h *gossip.Host) {
		gossip.LookEvery(h, 5*time.Millisecond)
		gossip.Watch(h, 5*time.Millisecond, time.Hour, time.Hour, time.Hour)
	})
	eventually(t, "the node found one, and has its degree", func() bool { return connected(node, found.ID()) })
	seat := launch(t, config("seat"))
	node.SetLedgerPeers([]gossip.Addr{{Identity: publicKey(t, "seat"), Addresses: []string{transport(seat.Addrs()[0])}}})
	eventually(t, "the seat is dialled all the same", func() bool { return connected(node, seat.ID()) })
	eventually(t, "its connection is kept", func() bool { return gossip.Kept(node.Host, seat.ID()) })
	if gossip.Kept(node.Host, found.ID()) {
		t.Error("that of the found one is kept, too")
	}
}

func TestFoundPeersTakeNobodysPlace(t *testing.T) {
	b := gossip.NewBook("self", time.Second)
	for i := range 10 {
		b.AddFound(fmt.Sprint("found ", i), fmt.Sprintf("8.8.%d.1", i))
	}
	got := b.Due(noon, nil, 0, 4, 100)
	if len(got) != 4 {
		t.Fatalf("with nobody else: %d are dialled, want 4: up to the degree", len(got))
	}
	here := map[string]bool{}
	for _, id := range got {
		here[id] = true
		b.Dialled(id, noon, nil)
	}
	if more := b.Due(noon, here, 0, 4, 100); len(more) != 0 {
		t.Errorf("with the degree reached: %v are dialled", more)
	}
	for i := range 10 { // they come late, and find all places taken
		b.Add(false, fmt.Sprint("seat ", i))
	}
	late := b.Due(noon, here, 0, 4, 100)
	if len(late) != 4 || slices.ContainsFunc(late, func(id string) bool { return id[:4] != "seat" }) {
		t.Errorf("of the ledger: %v are dialled, want 4 seats", late)
	}
	if again := b.Due(noon, here, 4, 4, 100); len(again) != 0 {
		t.Errorf("with four of the ledger dialled: %v are dialled, want none", again)
	}
}

func TestAFloodOfNamesStaysInBounds(t *testing.T) {
	b := gossip.NewBook("self", time.Second)
	for i := range 100 {
		b.Add(false, fmt.Sprint("seat ", i))
	}
	for i := range 100 {
		b.AddFound(fmt.Sprint("near ", i), fmt.Sprint("8.8.8.", i))
	}
	if n := b.Found(); n != gossip.MaxFoundOfNetwork {
		t.Errorf("%d of one network are known, want %d", n, gossip.MaxFoundOfNetwork)
	}
	for i := range 10000 {
		b.AddFound(fmt.Sprint("far ", i), fmt.Sprintf("9.%d.%d.1", i/256, i%256))
	}
	if n := b.Found(); n != gossip.MaxFound {
		t.Errorf("%d are known, want %d", n, gossip.MaxFound)
	}
	seats := 0
	for range 20 {
		for _, id := range b.Due(noon, nil, 0, 1000, 1000) {
			if id[:4] == "seat" {
				seats++
			}
		}
	}
	if seats != 100 {
		t.Errorf("%d seats of the ledger are dialled, want all 100", seats)
	}
}

func TestDialsOfNamedPeersHaveARate(t *testing.T) {
	b := gossip.NewBook("self", time.Second)
	dials := 0
	for at := noon; at.Before(noon.Add(10 * time.Minute)); at = at.Add(time.Second) {
		for i := range 20 { // as many as answers bring, of ever new peers
			b.AddFound(fmt.Sprint(at.Unix(), " ", i), fmt.Sprintf("9.%d.%d.1", at.Unix()%256, i))
		}
		for _, id := range b.Due(at, nil, 0, 12, 8) {
			dials++
			b.Dialled(id, at, errRefused)
		}
	}
	if dials < 200 || dials > 210 { // ten at once, and twenty a minute
		t.Errorf("%d dials in ten minutes, want 200 to 210", dials)
	}
	if n := b.Found(); n > gossip.MaxFound {
		t.Errorf("%d are known, at most %d", n, gossip.MaxFound)
	}
}

func TestNamedPeersThatFailAreForgotten(t *testing.T) {
	b := gossip.NewBook("self", time.Second)
	b.AddFound("gone", "8.8.8.8")
	b.AddFound("foreign", "8.8.9.8")
	at := noon
	tries := map[string]int{}
	for range 100 {
		for _, id := range b.Due(at, nil, 0, 12, 8) {
			tries[id]++
			if id == "foreign" {
				b.DialledForeign(id, at, "chain b")
				continue
			}
			if b.Dialled(id, at, errRefused) {
				t.Error("it is told to the operator, who did not name it")
			}
		}
		at = at.Add(time.Minute)
	}
	if tries["gone"] != 3 || tries["foreign"] != 1 || b.Found() != 0 {
		t.Errorf("dialled %v times, %d still known; want 3 and 1, none", tries, b.Found())
	}
}

func TestANodeThatNobodyCanDialIsNotNamed(t *testing.T) {
	hub := launchTabled(t, tabled("hub", true))
	c := tabled("other", true, hub.Addrs()...)
	c.NAT = true
	other := launchTabled(t, c)
	eventually(t, "the hub names the other, of whom nothing is known", func() bool { return gauge(t, hub, "table_peers") == 1 })
	if got := other.Reachability(); got != gossip.ReachUnknown {
		t.Errorf("it is %s, want unknown: nobody of the internet is there", got)
	}
	if err := gossip.LearnReach(other.Host, network.ReachabilityPrivate); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other is private", func() bool { return other.Reachability() == gossip.ReachPrivate })
	eventually(t, "the hub names it no more", func() bool { return gauge(t, hub, "table_peers") == 0 })
	if gauge(t, other, "reachability", "private") != 1 || gauge(t, other, "reachability", "unknown") != 0 {
		t.Error("the metrics say something else")
	}
	if err := gossip.LearnReach(other.Host, network.ReachabilityPublic); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other is public", func() bool { return other.Reachability() == gossip.ReachPublic })
	eventually(t, "the hub names it again", func() bool { return gauge(t, hub, "table_peers") == 1 })
}

// gauge returns a gauge of h, as counted does of counters.
func gauge(t *testing.T, h running, name string, labels ...string) float64 {
	t.Helper()
	families, err := h.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var values []string
			for _, l := range m.GetLabel() {
				values = append(values, l.GetValue())
			}
			if f.GetName() == "assay_gossip_"+name && slices.Equal(values, labels) {
				return m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no gauge %s of %v", name, labels)
	return 0
}
