package gossip_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
)

// TestStrangersTakeNoPlaceOfTheSeated: 32 identities that nobody knows ask for as
// much as they may on both streams, and nothing of it ever ends.
func TestStrangersTakeNoPlaceOfTheSeated(t *testing.T) {
	const strangers, each, served = 32, 8, 32 // served: places of strangers on one stream
	c := config("validator")
	c.Seated = func(k protocol.PublicKey) bool { return k == publicKey(t, "miner") }
	miner := gossip.PeerID(publicKey(t, "miner"))
	validator := launchWith(t, c, func(h *gossip.Host) {
		for _, s := range []gossip.Stream{gossip.StreamState, gossip.StreamSubmit} {
			if err := h.Handle(s, func(ctx context.Context, from string, _ []byte) ([]byte, error) {
				if from != miner {
					<-ctx.Done()
				}
				return []byte("done"), nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
	for i := range strangers {
		s := launch(t, config(fmt.Sprintf("stranger %d", i), validator.Addrs()...))
		eventually(t, "a stranger is connected", func() bool { return len(s.Peers()) == 1 })
		for range each {
			for _, name := range []gossip.Stream{gossip.StreamState, gossip.StreamSubmit} {
				go s.Request(t.Context(), validator.ID(), name, nil) //nolint:errcheck // it ends with the test
			}
		}
	}
	for _, name := range []string{"state", "submit"} {
		eventually(t, "all places of strangers are taken on "+name, func() bool {
			return counted(t, validator, "served_total", "busy", name) >= strangers*each-served
		})
	}
	m := launch(t, config("miner", validator.Addrs()...))
	eventually(t, "the miner is connected", func() bool { return len(m.Peers()) == 1 })
	for _, name := range []gossip.Stream{gossip.StreamState, gossip.StreamSubmit} {
		if got, err := m.Request(t.Context(), validator.ID(), name, nil); err != nil || string(got) != "done" {
			t.Errorf("the miner on %s: got %q, %v", name, got, err)
		}
	}
}

// TestHalfOpenStreamsHoldNoPlace: nine strangers open four streams each, which
// would be more than strangers have places on one, and begin a request on each
// that never ends. What they and others ask whole is answered.
func TestHalfOpenStreamsHoldNoPlace(t *testing.T) {
	validator := launchWith(t, config("validator"), func(h *gossip.Host) {
		if err := h.Handle(gossip.StreamState, func(context.Context, string, []byte) ([]byte, error) { return []byte("done"), nil }); err != nil {
			t.Fatal(err)
		}
	})
	asks := func(h running) {
		t.Helper()
		if got, err := h.Request(t.Context(), validator.ID(), gossip.StreamState, nil); err != nil || string(got) != "done" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	for i := range 9 {
		s := launch(t, config(fmt.Sprintf("stranger %d", i), validator.Addrs()...))
		eventually(t, "a stranger is connected", func() bool { return len(s.Peers()) == 1 })
		if err := gossip.HalfOpen(t.Context(), s.Host, validator.ID(), gossip.StreamState, 4); err != nil {
			t.Fatal(err)
		}
		asks(s)
	}
	other := launch(t, config("other", validator.Addrs()...))
	eventually(t, "connected", func() bool { return len(other.Peers()) == 1 })
	asks(other)
}

// TestWhoBeginsMostGivesWay: of a peer beyond its own places the oldest ends, and
// of all beyond theirs the oldest of who has most; who has one keeps it.
func TestWhoBeginsMostGivesWay(t *testing.T) {
	var r gossip.Readings
	var ended []string
	begin := func(id string, n int) (done func()) {
		return r.Enter(id, func() { ended = append(ended, fmt.Sprint(id, n)) })
	}
	honest := begin("honest", 0)
	const own, all = 8, 256
	for i := range own + 2 {
		begin("greedy", i)
	}
	if want := []string{"greedy0", "greedy1"}; !slices.Equal(ended, want) {
		t.Errorf("one peer: got %v, want %v", ended, want)
	}
	for i := range all - own - 1 {
		begin(fmt.Sprint("other ", i), 0)
	}
	ended = nil
	begin("last", 0)
	if want := []string{"greedy2"}; !slices.Equal(ended, want) {
		t.Errorf("all: got %v, want %v", ended, want)
	}
	honest()
	begin("one more", 0)
	if len(ended) != 1 {
		t.Errorf("got %v, want nobody to go where a place is free", ended)
	}
}

// deaf is a stream of a peer that reads nothing, so that no reset ever leaves.
type deaf struct {
	network.Stream
	in  net.Conn
	end chan struct{}
}

func (d *deaf) Read(b []byte) (int, error)         { return d.in.Read(b) }
func (d *deaf) SetReadDeadline(at time.Time) error { return d.in.SetReadDeadline(at) }
func (d *deaf) Reset() error                       { <-d.end; return nil }

// TestWhoReadsNothingHoldsNobodyUp: a peer begins nine requests and takes nothing
// from its connection. The first gives way without a word to it, and another peer's
// request is read meanwhile.
func TestWhoReadsNothingHoldsNobodyUp(t *testing.T) {
	var v gossip.Service
	end := make(chan struct{})
	defer close(end)
	type read struct {
		request []byte
		err     error
	}
	opens := func(id string) (to net.Conn, got chan read) {
		to, in := net.Pipe()
		got = make(chan read, 1)
		go func() {
			request, err := v.ReadRequest(&deaf{in: in, end: end}, id)
			got <- read{request, err}
		}()
		return to, got
	}
	var first chan read
	for i := range 9 {
		to, got := opens("deaf")
		if i == 0 {
			first = got
		}
		wrote := make(chan error, 1)
		go func() {
			_, err := to.Write([]byte{1}) // it is read when its place is taken
			wrote <- err
		}()
		select {
		case err := <-wrote:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(patience):
			t.Fatalf("request %d waits for a peer that reads nothing", i)
		}
	}
	if r := <-first; !errors.Is(r.err, os.ErrDeadlineExceeded) {
		t.Errorf("the first of nine: got %v, want its time over", r.err)
	}
	frame, err := gossip.WriteFrame(1, []byte("asks"))
	if err != nil {
		t.Fatal(err)
	}
	to, got := opens("other")
	if _, err := to.Write(frame); err != nil {
		t.Fatal(err)
	}
	if r := <-got; r.err != nil || string(r.request) != "asks" {
		t.Errorf("another peer: got %q, %v", r.request, r.err)
	}
}

// TestNobodyFillsThePlacesOfStrangersFromFewAddresses: one network has all four
// places. Another's get two of them, one by one, the newest first, and no more.
func TestNobodyFillsThePlacesOfStrangersFromFewAddresses(t *testing.T) {
	g := gossip.NewGuests(4)
	for i := range 4 {
		g.Enter(fmt.Sprint("a", i), "203.0.113.1")
	}
	for _, c := range []struct {
		id, from, out string
		in            bool
	}{
		{id: "a4", from: "203.0.113.2"},
		{id: "b0", from: "198.51.100.1", out: "a3", in: true},
		{id: "b1", from: "198.51.100.2", out: "a2", in: true},
		{id: "b2", from: "198.51.100.3"},
		{id: "c0", from: "2001:db8::1", out: "b1", in: true},
		{id: "c1", from: "2001:db8:0:1::1"},
		{id: "a0", from: "203.0.113.1", in: true}, // it is there
	} {
		if out, in := g.Enter(c.id, c.from); out != c.out || in != c.in {
			t.Errorf("%s from %s: got %q, %v, want %q, %v", c.id, c.from, out, in, c.out, c.in)
		}
	}
}

// TestAConnectionThatNeverCameToBeHoldsNoPlace: it shook hands, and failed before
// anybody could have been told that it ended.
func TestAConnectionThatNeverCameToBeHoldsNoPlace(t *testing.T) {
	g := gossip.NewGuests(2)
	g.Enter("failed", "203.0.113.1")
	g.Enter("stays", "203.0.113.1")
	g.Stay("stays", "203.0.113.1")
	if _, in := g.Enter("early", "203.0.113.1"); in {
		t.Error("a third has a place of two, and the first might be about to come")
	}
	g.Later(6 * time.Second)
	if _, in := g.Enter("late", "203.0.113.1"); !in {
		t.Error("the place of who failed is held for ever")
	}
	if out := g.Stay("failed", "203.0.113.1"); out != "failed" || g.Count() != 2 { // it did come
		t.Errorf("got %q to go and %d places taken of two, want who came too late to go", out, g.Count())
	}
	if _, in := g.Enter("next", "203.0.113.1"); in {
		t.Error("three have places of two")
	}
}

// TestWhoCameForAnotherIsNotPushedOutByItsConnection: a place was given to another
// network's peer before the connection of who had it was told of. That one takes a
// place like who comes, so that there are never more than there are.
func TestWhoCameForAnotherIsNotPushedOutByItsConnection(t *testing.T) {
	g := gossip.NewGuests(2)
	for _, id := range []string{"a0", "a1"} {
		g.Enter(id, "203.0.113.1")
	}
	if out, in := g.Enter("b0", "198.51.100.1"); out != "a1" || !in {
		t.Fatalf("got %q, %v, want the place of the network that has both", out, in)
	}
	for _, c := range []struct{ id, from, out string }{
		{"a1", "203.0.113.1", "a1"}, // its own network has one, and so has the other
		{"b0", "198.51.100.1", ""},
		{"a0", "203.0.113.1", ""},
		{"a1", "203.0.113.1", "a1"},
	} {
		if out := g.Stay(c.id, c.from); out != c.out || g.Count() != 2 {
			t.Errorf("%s is connected: %q goes and %d places are taken of two, want %q", c.id, out, g.Count(), c.out)
		}
	}
}

// TestOneStrangerCannotOpenAllStreams: a stream that does not say what it is
// for counts against a limit of all peers together, which was 160.
func TestOneStrangerCannotOpenAllStreams(t *testing.T) {
	client, server := served(t, func(context.Context, string, []byte) ([]byte, error) { return []byte("done"), nil })
	mute := launch(t, config("mute", server.Addrs()...))
	eventually(t, "connected", func() bool { return len(mute.Peers()) == 1 })
	if err := gossip.OpenMute(t.Context(), mute.Host, server.ID(), 240); err != nil {
		t.Fatal(err)
	}
	// On one connection, what is asked after the streams is refused after them.
	if _, err := mute.Request(t.Context(), server.ID(), gossip.StreamState, nil); err == nil {
		t.Error("the stranger has more streams than it may")
	}
	if got, err := client.Request(t.Context(), server.ID(), gossip.StreamState, nil); err != nil || string(got) != "done" {
		t.Errorf("another peer: got %q, %v", got, err)
	}
}

// TestWhoWaitsHoldsNoPlaceOfThoseThatAreWorkedOn: a peer has four requests that
// wait, and with them all the eight that it may have in work.
func TestWhoWaitsHoldsNoPlaceOfThoseThatAreWorkedOn(t *testing.T) {
	const polls, work = 4, 8
	entered, release := make(chan string, 32), make(chan struct{})
	c := config("server")
	c.Seated = func(protocol.PublicKey) bool { return true }
	server := launchWith(t, c, func(h *gossip.Host) {
		waits := func(request []byte) bool { return string(request) == "wait" }
		if err := h.HandlePolls(gossip.StreamState, waits, func(ctx context.Context, _ string, request []byte) ([]byte, error) {
			entered <- string(request)
			select {
			case <-release:
			case <-ctx.Done():
			}
			return request, nil
		}); err != nil {
			t.Fatal(err)
		}
	})
	client := launch(t, config("client", server.Addrs()...))
	eventually(t, "connected", func() bool { return len(client.Peers()) == 1 })
	var asked sync.WaitGroup
	ask := func(what string, most int) {
		for range most {
			asked.Go(func() {
				if got, err := client.Request(t.Context(), server.ID(), gossip.StreamState, []byte(what)); err != nil || string(got) != what {
					t.Errorf("%s: got %q, %v", what, got, err)
				}
			})
		}
		for range most {
			if got := <-entered; got != what {
				t.Errorf("got %q, want %q", got, what)
			}
		}
	}
	ask("work", work)
	ask("wait", polls)
	if _, err := client.Request(t.Context(), server.ID(), gossip.StreamState, []byte("work")); !errors.Is(err, gossip.ErrBusy) {
		t.Errorf("one more: got %v, want ErrBusy", err)
	}
	close(release)
	asked.Wait()
}

// TestAPeerThatAsksForTooManyBytesMustPause, and no other.
func TestAPeerThatAsksForTooManyBytesMustPause(t *testing.T) {
	const size = 512 << 10
	const budget = 2 << 20 / size // responses to who has no seat
	server := launchWith(t, config("server"), func(h *gossip.Host) {
		gossip.StopBudgets(h)
		if err := h.Handle(gossip.StreamState, func(context.Context, string, []byte) ([]byte, error) {
			return make([]byte, size), nil
		}); err != nil {
			t.Fatal(err)
		}
	})
	ask := func(h running) error {
		_, err := h.Request(t.Context(), server.ID(), gossip.StreamState, nil)
		return err
	}
	greedy := launch(t, config("greedy", server.Addrs()...))
	other := launch(t, config("other", server.Addrs()...))
	for _, h := range []running{greedy, other} {
		eventually(t, "connected", func() bool { return len(h.Peers()) == 1 })
	}
	n := 0
	for n < 8*budget && !errors.Is(ask(greedy), gossip.ErrBusy) {
		n++
	}
	if n != budget {
		t.Errorf("%d responses of 512 KiB, want %d", n, budget)
	}
	if err := ask(other); err != nil {
		t.Errorf("another peer: %v", err)
	}
}

// TestStrangersShareABudgetOfBytes: each asks for less than one peer may, and all
// of them together for more than is there for them, which is not for who has a
// seat.
func TestStrangersShareABudgetOfBytes(t *testing.T) {
	const size = 512 << 10
	const each, all = 3, 4 << 20 / size // responses
	c := config("server")
	c.Seated = func(k protocol.PublicKey) bool { return k == publicKey(t, "miner") }
	server := launchWith(t, c, func(h *gossip.Host) {
		gossip.StopBudgets(h)
		if err := h.Handle(gossip.StreamState, func(context.Context, string, []byte) ([]byte, error) {
			return make([]byte, size), nil
		}); err != nil {
			t.Fatal(err)
		}
	})
	ask := func(name string, n int) (served int) {
		h := launch(t, config(name, server.Addrs()...))
		eventually(t, "connected", func() bool { return len(h.Peers()) == 1 })
		for range n {
			if _, err := h.Request(t.Context(), server.ID(), gossip.StreamState, nil); err == nil {
				served++
			} else if !errors.Is(err, gossip.ErrBusy) {
				t.Error(err)
			}
		}
		return served
	}
	const strangers = 10
	served := 0
	for i := range strangers {
		served += ask(fmt.Sprint("stranger ", i), each)
	}
	if served != all {
		t.Errorf("%d of %d responses for strangers, want %d", served, strangers*each, all)
	}
	if got := ask("miner", each); got != each {
		t.Errorf("the miner got %d of %d responses", got, each)
	}
}

func TestAMeterFillsWithTime(t *testing.T) {
	var m gossip.Meter
	at := func(seconds float64) time.Time {
		return time.Unix(1, 0).Add(time.Duration(seconds * float64(time.Second)))
	}
	for _, step := range []struct {
		key    string
		at     float64
		take   float64
		want   bool
		spends bool // also what is not there
	}{
		{key: "a", at: 0, take: 10, want: true},
		{key: "a", at: 0, take: 1, want: false},
		{key: "b", at: 0, take: 10, want: true},
		{key: "a", at: 0.5, take: 1, want: true}, // two come back each second
		{key: "a", at: 0.5, take: 1, want: false},
		{key: "a", at: 0.4, take: 1, want: false}, // clocks may step back
		{key: "a", at: 60, take: 11, want: false}, // never more than the burst
		{key: "a", at: 60, take: 30, want: true, spends: true},
		{key: "a", at: 70, take: 0, want: false, spends: true}, // the debt is just paid
		{key: "a", at: 70.5, take: 1, want: true},
	} {
		if got := m.Use(step.key, 10, 2, step.take, at(step.at), step.spends); got != step.want {
			t.Errorf("%s at %g s, %g: got %v, want %v", step.key, step.at, step.take, got, step.want)
		}
	}
}

func TestAMeterRemembersABoundedNumberAndFirstThoseInDebt(t *testing.T) {
	var m gossip.Meter
	now := time.Unix(1, 0)
	m.Use("debtor", 10, 2, 1000, now, true)
	for i := range 3 * gossip.MaxMeters {
		now = now.Add(10 * time.Millisecond)
		m.Use(fmt.Sprint(i), 10, 2, 1, now, false)
	}
	if got := m.Len(); got > gossip.MaxMeters {
		t.Errorf("%d buckets, at most %d", got, gossip.MaxMeters)
	}
	if m.Use("debtor", 10, 2, 1, now, false) {
		t.Error("a peer in debt was forgotten before those that owe nothing")
	}
}
