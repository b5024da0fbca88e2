package consensus_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/door/doortest"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/store"
)

// transportID is the id of a name's transport, as CometBFT makes it.
func transportID(t testing.TB, name string) string {
	t.Helper()
	s, err := secret(name).DeriveTransport("net", 0)
	check(t, err)
	pub := key.TransportPublic(s)
	sum := sha256.Sum256(pub[:])
	return hex.EncodeToString(sum[:20])
}

// publicConsensusKey is what a name's blocks are signed with.
func publicConsensusKey(t testing.TB, name string) protocol.PublicKey {
	t.Helper()
	s, err := secret(name).DeriveConsensus("net", 0)
	check(t, err)
	b := s.Expose()
	k, err := key.FromBytes(b[:])
	check(t, err)
	return k.Public()
}

// TestIdleConnectionsDoNotLockAValidatorOut: one of two validators restarts while
// 900 connections to the other's port say nothing, a third of them from the address
// of the one that restarts. It cannot be dialled, so that all hangs on this port.
// CometBFT's listener let 128 in at once, and gave each three seconds. Here they
// may idle as long as they like, so that nobody gets in because another's time is
// over.
func TestIdleConnectionsDoNotLockAValidatorOut(t *testing.T) {
	n := newNetwork(t, 2)
	n.g.Seats[1].Consensus.Address = "127.0.0.1:1" // nobody listens there
	for i := range n.nodes {
		r := n.open(t, i, t.TempDir(), nil, nil)
		r.BePatient()
		r.start()
	}
	t.Cleanup(func() {
		for _, r := range n.nodes {
			r.halt(t)
		}
	})
	n.nodes[1].await(t, 2)
	n.nodes[1].halt(t)
	for i := range 900 {
		from := "127.0.0.1"
		if i%3 > 0 {
			from = fmt.Sprintf("127.%d.%d.1", i%3, i/3%250)
		}
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.DialContext(t.Context(), "tcp", n.addrs[0])
		check(t, err)
		t.Cleanup(func() { _ = c.Close() })
	}
	_, h := n.nodes[0].Latest()
	n.open(t, 1, n.nodes[1].home, nil, nil).start()
	n.nodes[1].await(t, h+2)
	s := n.nodes[0].Door()
	if s.Came < 900 || s.Displaced < 600 || s.Late > 0 {
		t.Errorf("%+v: want 900 connections, most of them displaced, and nobody who waited for those that idle", s)
	}
}

// TestAValidatorVotesFromBehindItsSentry: the fourth validator tells nobody where
// it is, and knows one peer, a node without a seat. Its votes and blocks reach the
// others through that.
func TestAValidatorVotesFromBehindItsSentry(t *testing.T) {
	const hidden = 3
	n := newNetwork(t, 4)
	n.g.Seats[hidden].Consensus.Address = ""
	sentryAt := doortest.FreePort(t)
	n.launch(t, nil, func(i int, c *consensus.Config) {
		if i == hidden {
			c.Private, c.Peers = true, []string{transportID(t, "sentry") + "@" + sentryAt}
		}
	})
	home := t.TempDir()
	db, err := store.Open(filepath.Join(home, "db"), store.Options{})
	check(t, err)
	cons, err := secret("sentry").DeriveConsensus("net", 0)
	check(t, err)
	transport, err := secret("sentry").DeriveTransport("net", 0)
	check(t, err)
	node, err := consensus.New(consensus.Config{
		Genesis: n.g, DB: db, Dir: home, Consensus: cons, Transport: transport, Listen: sentryAt, Logger: testLogger(t, 9),
	})
	check(t, err)
	sentry := &running{Node: node, name: "sentry", home: home, dir: home, db: db}
	sentry.start()
	t.Cleanup(func() { sentry.halt(t) })

	want := publicConsensusKey(t, name(hidden))
	for head := range n.nodes[0].Subscribe(t.Context()) {
		if head.Proposer == want {
			break
		}
	}
	if got := n.nodes[hidden].Stats().Peers; got != 1 {
		t.Errorf("the hidden validator has %d peers, want its sentry alone", got)
	}
}

// TestThatFilesRunOutIsToldOnceInAWhile, for every connection meets it then.
func TestThatFilesRunOutIsToldOnceInAWhile(t *testing.T) {
	tells := consensus.FilesTold()
	at := time.Unix(100, 0)
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {0, false}, {4 * time.Second, false}, {5 * time.Second, true}, {9 * time.Second, false}} {
		if got := tells(at.Add(c.after)); got != c.want {
			t.Errorf("after %s: it is told: %v, want %v", c.after, got, c.want)
		}
	}
}

// flaky is a listener whose Accept fails at first, for no reason that is known.
type flaky struct {
	net.Listener
	failed bool
}

func (f *flaky) Accept() (net.Conn, error) {
	if !f.failed {
		f.failed = true
		return nil, errors.New("it did not work")
	}
	return f.Listener.Accept()
}

// TestThePortOutlivesAFailureToAccept, and hands on who comes after it.
func TestThePortOutlivesAFailureToAccept(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer inner.Close() //nolint:errcheck // nothing was written
	outer, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- consensus.RunFront(ctx, &flaky{Listener: outer}, inner.Addr().String()) }()
	c, err := net.Dial("tcp", outer.Addr().String())
	check(t, err)
	defer c.Close() //nolint:errcheck // as above
	_, err = c.Write([]byte("hello"))
	check(t, err)
	in, err := inner.Accept()
	check(t, err)
	got := make([]byte, 5)
	_, err = io.ReadFull(in, got)
	check(t, err)
	if string(got) != "hello" {
		t.Errorf("got %q", got)
	}
	check(t, in.Close())
	stop()
	check(t, <-done)
}

// TestAHiddenValidatorHasAPlaceWhereItCameFrom: it announces no address, so that
// none is kept for it at first. It has one where it dialled from as soon as it has
// shaken hands, as long as it validates; a stranger gets none so.
func TestAHiddenValidatorHasAPlaceWhereItCameFrom(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close() //nolint:errcheck // nothing was written
	f := consensus.NewFront("hidden")
	guarded := f.Guard(l)
	at := netip.MustParseAddr("127.0.0.1")
	for _, c := range []struct {
		who  string
		want int
	}{{"stranger", 0}, {"hidden", 1}} {
		out, err := net.Dial("tcp", l.Addr().String())
		check(t, err)
		defer out.Close() //nolint:errcheck // as above
		in, err := guarded.Accept()
		check(t, err)
		defer in.Close() //nolint:errcheck // as above
		f.Meet(c.who, in)
		if got := f.Names(at, "hidden", "other"); got != c.want {
			t.Errorf("after %s: %d places, want %d", c.who, got, c.want)
		}
	}
	if got := f.Names(at, "other"); got != 0 {
		t.Errorf("%d places for who validates no more", got)
	}
	if got := f.Names(at, "hidden"); got != 0 {
		t.Errorf("%d places for where it was before it left", got)
	}
}

func TestAPrivateNodeNeedsPeers(t *testing.T) {
	n := newNetwork(t, 1)
	db, err := store.Open(t.TempDir(), store.Options{})
	check(t, err)
	defer db.Close() //nolint:errcheck // nothing was written
	cons, err := secret("v0").DeriveConsensus("net", 0)
	check(t, err)
	_, err = consensus.New(consensus.Config{Genesis: n.g, DB: db, Dir: t.TempDir(), Consensus: cons, Transport: cons, Listen: n.addrs[0], Private: true})
	if !errors.Is(err, consensus.ErrConfig) {
		t.Errorf("got %v, want ErrConfig", err)
	}
}

// TestStrangersTakeNoPlaceOfValidators: identities cost nothing, so that what
// counts is what the ledger says of them.
func TestStrangersTakeNoPlaceOfValidators(t *testing.T) {
	n := newNetwork(t, 2)
	candidate := n.g.Seats[1] // has a seat and keys, and too little stake
	hot := secret("candidate")
	cons, err := hot.DeriveTransport("net", 0)
	check(t, err)
	candidate.Hotkey, candidate.Coldkey, candidate.Stake = hot.Public(), secret("candidate cold").Public(), protocol.Unit
	candidate.Consensus = &ledger.Consensus{Key: publicConsensusKey(t, "candidate"), TransportKey: key.TransportPublic(cons)}
	n.g.Seats = append(n.g.Seats, candidate)
	tree := &ledger.MemTree{}
	_, err = ledger.Init(tree, n.g)
	check(t, err)
	stranger := func(i int) string { return fmt.Sprintf("%040x", i) }
	var connected []string
	for i := range 16 {
		connected = append(connected, stranger(i))
	}
	named := stranger(99)
	a := consensus.NewAdmission(tree, false, func() []string { return connected }, named)
	for what, id := range map[string]string{"a validator": transportID(t, "v1"), "a seat": transportID(t, "candidate"), "who the settings name": named} {
		if err := a(id); err != nil {
			t.Errorf("%s beside 16 strangers: %v", what, err)
		}
	}
	if a(stranger(16)) == nil {
		t.Error("a seventeenth stranger may stay")
	}
	connected = append(connected[1:], transportID(t, "v0"), transportID(t, "candidate"), named)
	if err := a(stranger(16)); err != nil {
		t.Errorf("a sixteenth stranger: %v", err)
	}
	private := consensus.NewAdmission(tree, true, func() []string { return nil }, named)
	if private(transportID(t, "v1")) == nil || private(named) != nil {
		t.Error("a private node takes others than those that it names")
	}
}
