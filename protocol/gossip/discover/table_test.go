package discover_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/proto"

	"github.com/assaynet/assay/protocol/gossip/discover"
)

// patience is how long a test waits for what takes milliseconds.
const patience = 3 * time.Minute

const chain = "/assay/one/1"

func newID(t *testing.T) peer.ID {
	t.Helper()
	_, pub, err := crypto.GenerateSecp256k1Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// asker is a host that says when it has asked a peer what that speaks.
type asker interface {
	host.Host
	IDService() identify.IDService
}

// node is a host with a table.
type node struct {
	asker
	known atomic.Int64
	found chan *peer.AddrInfo
	allow atomic.Bool
	wants atomic.Bool
	stop  func()
}

func newHost(t *testing.T) asker {
	t.Helper()
	key, _, err := crypto.GenerateSecp256k1Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h, err := libp2p.New(libp2p.Identity(key), libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"),
		libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.DisableRelay(), libp2p.ForceReachabilityPublic(), libp2p.DisableMetrics())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() }) //nolint:errcheck // the test is over
	return h.(asker)
}

func launch(t *testing.T, prefix string, serves, wants bool) *node {
	t.Helper()
	n := &node{asker: newHost(t), found: make(chan *peer.AddrInfo, 1000)}
	n.allow.Store(true)
	n.wants.Store(wants)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- discover.Run(ctx, discover.Config{
			Host: n.asker, Prefix: prefix, Serves: serves, Period: 5 * time.Millisecond,
			Ours:  func(peer.ID) bool { return true },
			Allow: func(peer.ID) bool { return n.allow.Load() },
			Wants: n.wants.Load,
			Known: func(k int) { n.known.Store(int64(k)) },
			Found: func(p *peer.AddrInfo) {
				select {
				case n.found <- p:
				default: // more than a test looks at
				}
			},
		})
	}()
	n.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(n.stop)
	return n
}

// dial connects a host to another, until each has heard what the other speaks. It
// is asked once for a connection, for five seconds: where the machine stood still
// for as long, another is made.
func dial(t *testing.T, from, to asker) {
	t.Helper()
	eventually(t, "they are connected", func() bool {
		if from.Connect(t.Context(), peer.AddrInfo{ID: to.ID(), Addrs: to.Addrs()}) != nil {
			return false
		}
		heard := hears(from, to.ID()) && hears(to, from.ID())
		if !heard {
			from.Network().ClosePeer(to.ID()) //nolint:errcheck // it is dialled again
		}
		return heard
	})
}

// hears waits for a host to have asked a connected peer what it speaks, and reports
// whether it was told.
func hears(h asker, id peer.ID) bool {
	for _, c := range h.Network().ConnsToPeer(id) {
		<-h.IDService().IdentifyWait(c)
	}
	_, err := h.Peerstore().Get(id, "ProtocolVersion")
	return err == nil
}

// nearest asks who is nearest to a key.
func nearest(t *testing.T, st network.Stream, key []byte) *pb.Message {
	t.Helper()
	send(t, st, &pb.Message{Type: pb.Message_FIND_NODE, Key: key})
	frame, err := discover.NextFrame(st, discover.MaxAnswer, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, n := binary.Uvarint(frame)
	var got pb.Message
	if err := proto.Unmarshal(frame[n:], &got); err != nil {
		t.Fatal(err)
	}
	return &got
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

func (n *node) next(t *testing.T) *peer.AddrInfo {
	t.Helper()
	select {
	case p := <-n.found:
		return p
	case <-time.After(patience):
		t.Fatalf("nobody was found within %s", patience)
		return nil
	}
}

func TestWhoKnowsOnePeerHearsOfTheThirdAndDialsNobody(t *testing.T) {
	hub, third := launch(t, chain, true, false), launch(t, chain, true, false)
	dial(t, third, hub)
	eventually(t, "the hub knows the third", func() bool { return hub.known.Load() == 1 })
	newcomer := launch(t, chain, false, true)
	dial(t, newcomer, hub)
	got := newcomer.next(t)
	if got.ID != third.ID() || len(got.Addrs) != 1 || !got.Addrs[0].Equal(third.Addrs()[0]) {
		t.Errorf("got %v, want the third, %s, at %v", got, third.ID(), third.Addrs())
	}
	if c := newcomer.Network().Connectedness(third.ID()); c == network.Connected {
		t.Error("it was dialled: that is for who found it")
	}
	if hub.ConnManager().IsProtected(third.ID(), "") {
		t.Error("the library protects a connection of who is in the table")
	}
	if hub.known.Load() != 1 {
		t.Errorf("the hub names %d peers, want the third alone: the newcomer does not serve", hub.known.Load())
	}
}

func TestTablesOfTwoChainsKnowNothingOfEachOther(t *testing.T) {
	hub, foreign := launch(t, chain, true, true), launch(t, "/assay/two/1", true, true)
	dial(t, foreign, hub)
	_, err := foreign.NewStream(t.Context(), hub.ID(), "/assay/two/1/kad/1.0.0")
	if err == nil {
		t.Error("the hub answers a question of the other chain")
	}
	third := launch(t, chain, true, false)
	dial(t, third, hub)
	eventually(t, "the hub knows the third", func() bool { return hub.known.Load() > 0 })
	if k, f := hub.known.Load(), foreign.known.Load(); k != 1 || f != 0 {
		t.Errorf("the hub knows %d, the foreign node %d; want 1 and 0", k, f)
	}
}

func TestWhoGoesLeavesTheTable(t *testing.T) {
	hub, third := launch(t, chain, true, false), launch(t, chain, true, false)
	dial(t, third, hub)
	eventually(t, "the hub knows the third", func() bool { return hub.known.Load() == 1 })
	third.stop()
	third.Close() //nolint:errcheck // it is gone
	eventually(t, "the hub knows nobody", func() bool { return hub.known.Load() == 0 })
}

func TestNobodyIsAskedWhileTheNodeWantsNoPeers(t *testing.T) {
	hub := launch(t, chain, true, false)
	content := launch(t, chain, false, false)
	third := launch(t, chain, true, false)
	dial(t, third, hub)
	dial(t, content, hub)
	eventually(t, "both tables are filled", func() bool { return hub.known.Load() == 1 && content.known.Load() == 1 })
	if len(content.found) != 0 {
		t.Error("it asked")
	}
	content.wants.Store(true)
	if got := content.next(t); got.ID != third.ID() {
		t.Errorf("found %s, want %s", got.ID, third.ID())
	}
}

// rogue opens a stream of the table's protocol from a host of its own.
func rogue(t *testing.T, to *node) network.Stream {
	t.Helper()
	return open(t, newHost(t), to)
}

// open opens a stream of the table's protocol.
func open(t *testing.T, from asker, to *node) network.Stream {
	t.Helper()
	dial(t, from, to)
	var st network.Stream
	eventually(t, "the table is served", func() bool {
		var err error
		st, err = from.NewStream(t.Context(), to.ID(), chain+"/kad/1.0.0")
		return err == nil
	})
	return st
}

func send(t *testing.T, st network.Stream, m *pb.Message) {
	t.Helper()
	if err := write(t, st, m); err != nil {
		t.Fatal(err)
	}
}

// write is send that may find the stream ended.
func write(t *testing.T, st network.Stream, m *pb.Message) error {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	_, err = st.Write(append(binary.AppendUvarint(nil, uint64(len(raw))), raw...))
	return err
}

// closed reports whether a stream was ended by its other side, without an answer.
func closed(st network.Stream) error {
	n, err := io.Copy(io.Discard, st)
	if n != 0 || err == nil {
		return errors.New("it was answered, or ended in peace")
	}
	return nil
}

func TestNothingIsStored(t *testing.T) {
	hub := launch(t, chain, true, false)
	for _, kind := range []pb.Message_MessageType{
		pb.Message_PUT_VALUE, pb.Message_GET_VALUE, pb.Message_ADD_PROVIDER, pb.Message_GET_PROVIDERS,
	} {
		st := rogue(t, hub)
		send(t, st, &pb.Message{Type: kind, Key: make([]byte, 34)})
		if err := closed(st); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestNobodyIsToldWhereACertainPeerIs(t *testing.T) {
	hub, third, client := launch(t, chain, true, false), launch(t, chain, true, false), launch(t, chain, false, false)
	dial(t, client, hub)
	dial(t, third, hub)
	eventually(t, "the hub knows the third", func() bool { return hub.known.Load() == 1 })
	eventually(t, "the hub has the client's address", func() bool { return len(hub.Peerstore().Addrs(client.ID())) > 0 })
	st := rogue(t, hub)
	got := nearest(t, st, []byte(client.ID()))
	if len(got.CloserPeers) != 1 || peer.ID(got.CloserPeers[0].Id) != third.ID() {
		t.Errorf("%d peers are named, want the third alone, who serves", len(got.CloserPeers))
	}
}

// Some that say much of themselves would make each answer that has them too long.
func TestOfEachPeerFewAddressesAreTold(t *testing.T) {
	hub, third := launch(t, chain, true, false), launch(t, chain, true, false)
	dial(t, third, hub)
	eventually(t, "the hub knows the third", func() bool { return hub.known.Load() == 1 })
	long := strings.Repeat("long.", 40) + "example"
	for i := range 500 {
		hub.Peerstore().AddAddrs(third.ID(), []ma.Multiaddr{
			ma.StringCast(fmt.Sprintf("/dns4/%d.%s/tcp/1", i, long)), ma.StringCast(fmt.Sprintf("/ip6/2001:db8::%x/tcp/1", i)),
		}, peerstore.PermanentAddrTTL)
	}
	st := rogue(t, hub)
	got := nearest(t, st, make([]byte, 32))
	if len(got.CloserPeers) != 1 || len(got.CloserPeers[0].Addrs) != discover.MaxTold {
		t.Fatalf("got %d peers, want the third with %d addresses", len(got.CloserPeers), discover.MaxTold)
	}
	for _, raw := range got.CloserPeers[0].Addrs {
		if m, err := ma.NewMultiaddrBytes(raw); err != nil || !strings.HasPrefix(m.String(), "/ip") {
			t.Errorf("%s is told (%v), want numbers alone", m, err)
		}
	}
}

func TestAFloodOfQuestionsIsCutOff(t *testing.T) {
	hub := launch(t, chain, true, false)
	ask := &pb.Message{Type: pb.Message_FIND_NODE, Key: make([]byte, 32)}

	st := rogue(t, hub)
	send(t, st, ask)
	if _, err := discover.NextFrame(st, discover.MaxAnswer, nil); err != nil {
		t.Fatalf("a question: %v", err)
	}
	hub.allow.Store(false)
	send(t, st, ask)
	if err := closed(st); err != nil {
		t.Errorf("one more than it may: %v", err)
	}
	hub.allow.Store(true)

	st = rogue(t, hub)
	send(t, st, &pb.Message{Type: pb.Message_FIND_NODE, Key: make([]byte, discover.MaxQuestion)})
	if err := closed(st); err != nil {
		t.Errorf("a long question: %v", err)
	}

	h := newHost(t)
	dial(t, h, hub)
	var open []network.Stream
	for range discover.StreamsOfPeer {
		st, err := h.NewStream(t.Context(), hub.ID(), chain+"/kad/1.0.0")
		if err != nil {
			t.Fatal(err)
		}
		send(t, st, ask)
		if _, err := discover.NextFrame(st, discover.MaxAnswer, nil); err != nil {
			t.Fatalf("a stream within the limit: %v", err)
		}
		open = append(open, st)
	}
	more, err := h.NewStream(t.Context(), hub.ID(), chain+"/kad/1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	_ = write(t, more, ask) // it may be ended before
	if err := closed(more); err != nil {
		t.Errorf("a stream above the limit: %v", err)
	}
	for _, st := range open {
		send(t, st, ask)
		if _, err := discover.NextFrame(st, discover.MaxAnswer, nil); err != nil {
			t.Errorf("one of the streams within the limit was ended: %v", err)
		}
	}
}

// Thirty-two that have asked, and then say nothing, hold all places of the table,
// and keep nobody's.
func TestWhoAsksNothingKeepsNobodysPlace(t *testing.T) {
	hub := launch(t, chain, true, false)
	var silent []network.Stream
	for range discover.MaxStreams / discover.StreamsOfPeer {
		h := newHost(t)
		for range discover.StreamsOfPeer {
			st := open(t, h, hub)
			nearest(t, st, make([]byte, 32))
			silent = append(silent, st)
		}
	}
	nearest(t, rogue(t, hub), make([]byte, 32)) // who comes is answered
	if err := closed(silent[0]); err != nil {
		t.Errorf("the longest silent of %d streams: %v", len(silent), err)
	}
}
