package gossip_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
)

// seats are the identities that have one.
func seats(t *testing.T, names ...string) func(protocol.PublicKey) bool {
	t.Helper()
	ids := map[string]bool{}
	for _, name := range names {
		h, err := gossip.New(config(name))
		if err != nil {
			t.Fatal(err)
		}
		ids[h.ID()] = true
	}
	return func(k protocol.PublicKey) bool { return ids[gossip.PeerID(k)] }
}

// relaying is the config of a host that uses relays, in a network where hidden and
// asker have seats.
func relaying(t *testing.T, name string, bootstrap ...string) gossip.Config {
	t.Helper()
	c := config(name, bootstrap...)
	c.Relay, c.Seated = true, seats(t, "hidden", "asker")
	return c
}

func TestANodeThatNobodyCanDialIsReachedOverARelayAndShownAsSuch(t *testing.T) {
	everybody, some := func(protocol.PublicKey) bool { return true }, seats(t, "hidden", "asker")
	t.Run("a relay that carries for seats", func(t *testing.T) { reachOverRelay(t, some, everybody) })
	t.Run("a node that lets in seats", func(t *testing.T) { reachOverRelay(t, everybody, some) })
}

// reachOverRelay has asker reach hidden over a relay, and a stranger not; the relay
// and hidden take for seats whom these say.
func reachOverRelay(t *testing.T, ofRelay, ofHidden func(protocol.PublicKey) bool) {
	t.Helper()
	often := func(h *gossip.Host) { gossip.Watch(h, 10*time.Millisecond, time.Hour, time.Hour, time.Hour) }
	c := relaying(t, "relay")
	c.Serves, c.Seated = true, ofRelay
	relay := launchWith(t, c, often)

	c = relaying(t, "hidden", relay.Addrs()...)
	c.NAT, c.Listen, c.Seated = true, nil, ofHidden
	hidden := launchWith(t, c, func(h *gossip.Host) {
		often(h)
		gossip.BePrivate(h)
		if err := h.Handle(gossip.StreamState, func(_ context.Context, from string, b []byte) ([]byte, error) {
			return append([]byte(from+" asks "), b...), nil
		}); err != nil {
			t.Fatal(err)
		}
	})
	eventually(t, "it has a place at the relay", func() bool { return gauge(t, hidden, "relay_places") == 1 })

	asker := launchWith(t, relaying(t, "asker", relay.Addrs()...), often)
	eventually(t, "the asker knows the relay", func() bool { return connected(asker, relay.ID()) })
	var got []byte
	eventually(t, "the request is answered", func() bool {
		var err error
		got, err = asker.Request(t.Context(), hidden.ID(), gossip.StreamState, []byte("this"))
		return err == nil
	})
	if want := asker.ID() + " asks this"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, side := range []struct {
		name string
		at   running
		peer string
	}{{"asker", asker, hidden.ID()}, {"hidden", hidden, asker.ID()}} {
		if got := side.at.Relayed(); !slices.Equal(got, []string{side.peer}) {
			t.Errorf("%s: %v are shown as relayed, want %s", side.name, got, side.peer)
		}
		if connected(side.at, side.peer) {
			t.Errorf("%s: it is shown among the peers, too", side.name)
		}
		eventually(t, "the metrics have it", func() bool { return gauge(t, side.at, "relayed_peers") == 1 })
	}

	stranger := launchWith(t, relaying(t, "stranger", relay.Addrs()...), often)
	eventually(t, "the stranger knows the relay", func() bool { return connected(stranger, relay.ID()) })
	if _, err := stranger.Request(t.Context(), hidden.ID(), gossip.StreamState, nil); err == nil || errors.Is(err, gossip.ErrRefused) {
		t.Errorf("one without a seat: got %v, want that it is not reached", err)
	}
	plain := launchWith(t, config("asker2", relay.Addrs()...), often)
	eventually(t, "the plain one knows the relay", func() bool { return connected(plain, relay.ID()) })
	if _, err := plain.Request(t.Context(), hidden.ID(), gossip.StreamState, nil); err == nil {
		t.Error("without relays: it was reached")
	}
}

func TestBothSidesChooseTheSameOfManyRelays(t *testing.T) {
	often := func(h *gossip.Host) { gossip.Watch(h, 10*time.Millisecond, time.Hour, time.Hour, time.Hour) }
	var addrs, ids []string
	for i := range 12 {
		c := relaying(t, fmt.Sprint("relay ", i))
		c.Serves = true
		r := launchWith(t, c, often)
		addrs, ids = append(addrs, r.Addrs()...), append(ids, r.ID())
	}
	all := func(h running) func() bool {
		return func() bool { return !slices.ContainsFunc(ids, func(id string) bool { return !speaksHop(h, id) }) }
	}
	c := relaying(t, "hidden", addrs...)
	c.NAT, c.Listen = true, nil
	hidden := launchWith(t, c, func(h *gossip.Host) {
		often(h)
		gossip.BePrivate(h)
		if err := h.Handle(gossip.StreamState, func(context.Context, string, []byte) ([]byte, error) { return []byte("here"), nil }); err != nil {
			t.Fatal(err)
		}
	})
	eventually(t, "hidden knows all relays", all(hidden))
	best := gossip.SortFor(hidden.ID(), ids...)[:2]
	eventually(t, "it has places at the two that are its own", func() bool { return gossip.HasPlaces(hidden.Host, best...) })
	asker := launchWith(t, relaying(t, "asker", addrs...), often)
	eventually(t, "the asker knows all relays", all(asker))
	got, err := asker.Request(t.Context(), hidden.ID(), gossip.StreamState, nil)
	if err != nil || string(got) != "here" {
		t.Errorf("asked once: %q, %v", got, err)
	}
}

// speaksHop reports whether a host knows that a peer relays.
func speaksHop(h running, id string) bool { return gossip.Speaks(h.Host, id, proto.ProtoIDv2Hop) }

func TestEachPeerHasRelaysInAnOrderOfItsOwn(t *testing.T) {
	var ids []string
	for i := range 6 {
		h, err := gossip.New(config(fmt.Sprint("relay ", i)))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, h.ID())
	}
	firsts := map[string]bool{}
	for _, to := range ids {
		want := gossip.SortFor(to, ids...)
		slices.Reverse(ids)
		if got := gossip.SortFor(to, ids...); !slices.Equal(got, want) {
			t.Errorf("as they come: %v, and turned about: %v", want, got)
		}
		firsts[want[0]] = true
	}
	if len(firsts) < 3 {
		t.Errorf("six peers have %d first relays", len(firsts))
	}
}

func TestANodeThatPeersCanDialTakesNoPlace(t *testing.T) {
	often := func(h *gossip.Host) { gossip.Watch(h, 10*time.Millisecond, time.Hour, time.Hour, time.Hour) }
	c := relaying(t, "relay")
	c.Serves = true
	relay := launchWith(t, c, often)
	open := launchWith(t, relaying(t, "hidden", relay.Addrs()...), often)
	hidden := relaying(t, "asker", relay.Addrs()...)
	hidden.NAT = true
	private := launchWith(t, hidden, func(h *gossip.Host) { often(h); gossip.BePrivate(h) })
	eventually(t, "the private one has a place", func() bool { return gauge(t, private, "relay_places") == 1 })
	eventually(t, "the open one knows the relay", func() bool { return connected(open, relay.ID()) })
	if gauge(t, open, "relay_places") != 0 {
		t.Error("the open one has a place, too")
	}
}

func TestARelayingHostDialsFromThePortThatItListensOn(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test is over
	listens, dials, err := gossip.DialFromPort(t.Context(), l.Addr().String())
	if err != nil || listens != dials {
		t.Errorf("it listens on %s and dials from %s (%v), want the same", listens, dials, err)
	}
}

func TestARelayingHostTakesNobodysPort(t *testing.T) {
	first := launch(t, relaying(t, "first"))
	c := relaying(t, "second")
	c.Listen = []string{strings.TrimSuffix(first.Addrs()[0], "/p2p/"+first.ID())}
	second, err := gossip.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); !errors.Is(err, gossip.ErrListen) || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v, want ErrListen: another process has the port", err)
	}
}

func TestHolesArePunchedWhereAnAddressOfTheInternetIsKnown(t *testing.T) {
	c := relaying(t, "hidden")
	c.Announce = []string{"/ip4/8.8.8.8/tcp/9671"} // it is told, and nobody dials it here
	hidden := launch(t, c)
	for _, use := range []bool{true, false} {
		c := config(fmt.Sprint("peer ", use))
		c.Relay = use
		peer := launch(t, c)
		eventually(t, "they are connected", func() bool { return hidden.Connect(t.Context(), peer.Addrs()[0]) == nil })
		eventually(t, "the hidden one offers it", func() bool { return gossip.Speaks(peer.Host, hidden.ID(), "/libp2p/dcutr") })
		if gossip.Speaks(hidden.Host, peer.ID(), "/libp2p/dcutr") {
			t.Error("one without such an address offers it, too")
		}
	}
}

func TestWhoIsToBeReachedThroughARouterIsDialledOnTheInternetAlone(t *testing.T) {
	want := []string{"/ip4/8.8.8.8/tcp/9671", "/ip6/2001:4860:4860::8888/tcp/9671"}
	got := gossip.Punched(append([]string{
		"/ip4/127.0.0.1/tcp/22", "/ip4/10.0.0.1/tcp/22", "/ip4/192.168.0.1/tcp/80", "/ip4/169.254.169.254/tcp/80", "/ip4/0.0.0.0/tcp/22",
		"/ip6/::1/tcp/22", "/ip6/fd00::1/tcp/22", "/ip6/fe80::1/tcp/22", "/ip6/::ffff:127.0.0.1/tcp/22", "/ip4/224.0.0.1/tcp/22",
		"/dns4/router.example/tcp/80", "/dns/router.example/tcp/80", "/ip4/8.8.8.8", "/ip4/8.8.8.8/tcp/80/ws",
	}, want...)...)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("/ip4/8.8.%d.8/tcp/1", i))
	}
	if got := gossip.Punched(many...); !slices.Equal(got, many[:gossip.MaxPunched]) {
		t.Errorf("of 100 addresses: %d are dialled, want the first %d", len(got), gossip.MaxPunched)
	}
}

func TestARelayThatAnswersNothingKeepsNoHostFromEnding(t *testing.T) {
	t.Cleanup(gossip.RelaysTakeAges())
	often := func(h *gossip.Host) { gossip.Watch(h, 10*time.Millisecond, time.Hour, time.Hour, time.Hour) }
	relay := launch(t, config("relay"))
	asked := make(chan struct{}, 1)
	gossip.BeMuteRelay(relay.Host, asked)
	c := relaying(t, "hidden", relay.Addrs()...)
	c.NAT, c.Listen = true, nil
	hidden := launchWith(t, c, func(h *gossip.Host) { often(h); gossip.BePrivate(h) })
	eventually(t, "it asks for a place", func() bool { return len(asked) == 1 })
	hidden.stop()
}

func TestARelayThatSetsNoLimitConnectsNobody(t *testing.T) {
	h, err := gossip.New(relaying(t, "host"))
	if err != nil {
		t.Fatal(err)
	}
	over := "/ip4/8.8.8.8/tcp/1/p2p/" + h.ID() + "/p2p-circuit"
	for _, c := range []struct {
		at            string
		limited, want bool
	}{{"/ip4/8.8.8.8/tcp/1", false, true}, {over, true, true}, {over, false, false}} {
		if got := gossip.Stays(h, c.at, c.limited); got != c.want {
			t.Errorf("%s, limited %t: stays %t, want %t", c.at, c.limited, got, c.want)
		}
	}
}

func TestOnlyRelaysThatAreKnownAreDialledOver(t *testing.T) {
	known, err := gossip.New(config("known"))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := gossip.New(config("foreign"))
	if err != nil {
		t.Fatal(err)
	}
	h, err := gossip.New(relaying(t, "host", "/ip4/127.0.0.1/tcp/1/p2p/"+known.ID()))
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]bool{
		"/ip4/8.8.8.8/tcp/1":                                      true,
		"/p2p/" + known.ID() + "/p2p-circuit":                     true,
		"/p2p/" + foreign.ID() + "/p2p-circuit":                   false,
		"/ip4/8.8.8.8/tcp/1/p2p/" + foreign.ID() + "/p2p-circuit": false,
		"/p2p-circuit": false,
	} {
		if got := gossip.MayDial(h, addr); got != want {
			t.Errorf("%s: dialled %t, want %t", addr, got, want)
		}
	}
}
