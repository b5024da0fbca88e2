package discover_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/assaynet/assay/protocol/gossip/discover"
)

// conn is a connection of which it is said where it leads and who began it.
type conn struct {
	network.Conn
	id   peer.ID
	addr ma.Multiaddr
	dir  network.Direction
}

func (c *conn) RemotePeer() peer.ID           { return c.id }
func (c *conn) RemoteMultiaddr() ma.Multiaddr { return c.addr }
func (c *conn) Stat() network.ConnStats {
	return network.ConnStats{Stats: network.Stats{Direction: c.dir}}
}

func connTo(id, addr string) *conn { return &conn{id: peer.ID(id), addr: ma.StringCast(addr)} }

// room is a table's places, with the names of the streams that have one, and of
// those that were ended for another.
type room struct {
	discover.Askers
	in   map[string]*discover.Asker
	shut []string
}

func newRoom() *room { return &room{in: map[string]*discover.Asker{}} }

// open opens a stream and reports whether it got a place.
func (r *room) open(name string, c *conn) bool {
	in := r.Enter(c, func() { r.shut = append(r.shut, name); delete(r.in, name) })
	if in != nil {
		r.in[name] = in
	}
	return in != nil
}

// fill opens two streams each of n identities at addresses that the format makes of
// their numbers.
func (r *room) fill(t *testing.T, n int, format string) {
	t.Helper()
	for i := range n {
		c := connTo(fmt.Sprintf(format, i), fmt.Sprintf(format, i))
		for s := range discover.StreamsOfPeer {
			if !r.open(fmt.Sprintf("%d of %s", s, c.addr), c) {
				t.Fatalf("stream %d of %s is refused", s, c.addr)
			}
		}
	}
}

func TestIdentitiesOfOneNetworkHaveItsShareOfStreams(t *testing.T) {
	for _, format := range []string{"/ip4/8.8.8.%d/tcp/1", "/ip6/2001:4860:4860:%x::1/tcp/1"} {
		r := newRoom()
		r.fill(t, 32, format)
		if r.Len() != discover.StreamsOfNetwork || len(r.shut) != 64-discover.StreamsOfNetwork {
			t.Errorf("%s: %d streams stand and %d were ended, want %d and %d", format, r.Len(), len(r.shut), discover.StreamsOfNetwork, 64-discover.StreamsOfNetwork)
		}
		r.shut = nil
		if !r.open("other", connTo("other", "/ip4/9.9.9.9/tcp/1")) || r.Len() != discover.StreamsOfNetwork+1 || len(r.shut) != 0 {
			t.Errorf("%s: another network has %d streams beside it, and %q were ended for it, want 1 and none", format, r.Len()-discover.StreamsOfNetwork, r.shut)
		}
	}
}

func TestPeersBehindRelaysShareAsOneNetwork(t *testing.T) {
	r := newRoom()
	for i := range 20 {
		at := fmt.Sprintf("/ip4/9.9.%d.9/tcp/1/p2p/%s/p2p-circuit", i, newID(t))
		if !r.open(fmt.Sprint(i), connTo(fmt.Sprint(i), at)) {
			t.Fatalf("stream %d is refused", i)
		}
	}
	if r.Len() != discover.StreamsOfNetwork {
		t.Errorf("%d streams stand, want %d", r.Len(), discover.StreamsOfNetwork)
	}
}

func TestPeersOfLocalNetworksAreNotBoundedTogether(t *testing.T) {
	for _, format := range []string{"/ip4/127.0.0.1/tcp/%d", "/ip4/10.0.0.%d/tcp/1", "/ip6/fd00::%x/tcp/1"} {
		r := newRoom()
		r.fill(t, discover.MaxStreams/2, format)
		if r.Len() != discover.MaxStreams || len(r.shut) != 0 {
			t.Errorf("%s: %d streams stand, want %d, and %d were ended", format, r.Len(), discover.MaxStreams, len(r.shut))
		}
	}
}

func TestAPeerHasTwoStreams(t *testing.T) {
	r, c := newRoom(), connTo("one", "/ip4/8.8.8.8/tcp/1")
	r.open("first", c)
	r.open("second", c)
	if r.open("third", c) || r.Len() != 2 || len(r.shut) != 0 {
		t.Errorf("%d streams of one peer stand, and %q were ended, want 2 and none", r.Len(), r.shut)
	}
	r.Leave(r.in["first"])
	r.Leave(r.in["first"]) // it has gone already
	if !r.open("fourth", c) || r.Len() != 2 {
		t.Error("a place that was given back is not there")
	}
}

func TestWhereAllPlacesAreTakenTheLongestSilentGoes(t *testing.T) {
	r := newRoom()
	r.fill(t, discover.MaxStreams/2, "/ip4/8.8.%d.8/tcp/1")
	first := "0 of /ip4/8.8.0.8/tcp/1"
	r.Heard(r.in[first]) // it has asked
	if !r.open("new", connTo("new", "/ip4/9.9.9.9/tcp/1")) {
		t.Fatal("who comes is refused for streams that ask nothing")
	}
	if want := []string{"1 of /ip4/8.8.0.8/tcp/1"}; !slices.Equal(r.shut, want) || r.Len() != discover.MaxStreams {
		t.Errorf("%q were ended and %d stand, want %q and %d", r.shut, r.Len(), want, discover.MaxStreams)
	}
}

// TestOpeningsEndNobodysQuestions: to open a stream costs nothing.
func TestOpeningsEndNobodysQuestions(t *testing.T) {
	r := newRoom()
	asks := connTo("asks", "/ip4/8.8.8.200/tcp/1")
	r.open("asks", asks)
	r.Heard(r.in["asks"])
	r.fill(t, 32, "/ip4/8.8.8.%d/tcp/1") // its neighbours
	if slices.Contains(r.shut, "asks") || r.Len() != discover.StreamsOfNetwork {
		t.Errorf("%q were ended, and %d stand, want %d with who asked among them", r.shut, r.Len(), discover.StreamsOfNetwork)
	}
}

func TestWhereAllPlacesAreTakenTheNetworkWithMostGivesOne(t *testing.T) {
	r := newRoom()
	r.fill(t, discover.MaxStreams/2-4, "/ip4/8.8.%d.8/tcp/1")
	r.fill(t, 4, "/ip4/7.7.7.%d/tcp/1") // as much as a network may
	r.open("new", connTo("new", "/ip4/9.9.9.9/tcp/1"))
	if want := []string{"0 of /ip4/7.7.7.0/tcp/1"}; !slices.Equal(r.shut, want) {
		t.Errorf("%q were ended, want %q, though others are older", r.shut, want)
	}
	r.shut = nil
	r.open("eighth", connTo("more", "/ip4/7.7.7.9/tcp/1"))
	if want := []string{"1 of /ip4/7.7.7.0/tcp/1"}; !slices.Equal(r.shut, want) {
		t.Errorf("%q were ended, want %q: the network that has most is the newcomer's", r.shut, want)
	}
}

func TestARelaysAddressIsNotThatOfWhoIsBehindIt(t *testing.T) {
	behind := "/p2p/" + newID(t).String() + "/p2p-circuit"
	out := func(addr string) *conn { return &conn{addr: ma.StringCast(addr), dir: network.DirOutbound} }
	if got := discover.ReachOf(out("/ip4/127.0.0.1/tcp/1" + behind)); got != discover.Wide {
		t.Errorf("over a relay of this machine addresses of scope %d are believed, want those of the internet alone", got)
	}
	if got := discover.ReachOf(out("/ip4/8.8.8.8/tcp/1"+behind), out("/ip4/10.0.0.1/tcp/1")); got != discover.Private {
		t.Errorf("beside a connection of the local network scope %d is believed, want %d", got, discover.Private)
	}
	if got := discover.ReachOf(out("/ip4/127.0.0.1/tcp/1")); got != discover.Machine {
		t.Errorf("on this machine scope %d is believed, want %d", got, discover.Machine)
	}
	if of, local := discover.NetworkOf(out("/ip4/127.0.0.1/tcp/1" + behind)); of.IsValid() || local {
		t.Errorf("over a relay alone a peer is of %s (local: %t), want of nowhere", of, local)
	}
	of, local := discover.NetworkOf(out("/ip4/10.0.0.1/tcp/1"+behind), out("/ip4/8.8.4.4/tcp/1"))
	if of.String() != "8.8.4.0/24" || local {
		t.Errorf("a peer that a relay and a line connect is of %s (local: %t), want of the line's 8.8.4.0/24", of, local)
	}
}
