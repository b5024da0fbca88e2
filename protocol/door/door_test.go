package door_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/protocol/door"
)

// arrivals is a listener at which connections arrive from whatever address.
type arrivals struct {
	net.Listener
	queue []net.Conn
	err   error // the first Accept returns it
}

func (a *arrivals) Accept() (net.Conn, error) {
	if err := a.err; err != nil {
		a.err = nil
		return nil, err
	}
	if len(a.queue) == 0 {
		return nil, io.EOF
	}
	c := a.queue[0]
	a.queue = a.queue[1:]
	return c, nil
}

// end is a connection from an address, to port 1.
type end struct {
	net.Conn
	from string
}

func (e end) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(e.from)) }

func (e end) LocalAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort("198.51.100.1:1"))
}

// caller is who dialled: In is nil if it was not let in.
type caller struct {
	In   net.Conn
	wire net.Conn
}

// open reports whether the connection stands: a pipe refuses deadlines once either
// end is closed.
func (c caller) open() bool { return c.In != nil && c.wire.SetReadDeadline(time.Time{}) == nil }

func (c caller) pass() bool { return c.In.(*door.Conn).Through(false) }

// call lets somebody dial from an address.
func call(t *testing.T, d *door.Door, from string) caller {
	t.Helper()
	ours, theirs := net.Pipe()
	a := &arrivals{queue: []net.Conn{end{ours, from}}}
	in, err := d.Guard(a).Accept()
	if err != nil {
		in = nil
	}
	t.Cleanup(func() {
		_ = theirs.Close()
		if in != nil {
			_ = in.Close()
		}
	})
	return caller{in, theirs}
}

var limits = door.Config{
	Handshake: 5 * time.Second,
	Waiting:   door.Limits{Host: 4, Net: 8, All: 16},
	Through:   door.Limits{Host: 2, Net: 4, All: 6},
	Named:     3,
	At: func(a netip.Addr) int {
		if a == netip.MustParseAddr("192.0.2.1") {
			return 2
		}
		return 0
	},
}

func TestWhoDoesNotSayWhoItIsIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := door.New(limits)
		idle, peer := call(t, d, "203.0.113.1:1000"), call(t, d, "203.0.113.1:1001")
		peer.pass()
		time.Sleep(limits.Handshake - time.Millisecond)
		if !idle.open() || !peer.open() {
			t.Error("closed before its time")
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if idle.open() || !peer.open() {
			t.Errorf("the idle one is open: %v, the peer: %v", idle.open(), peer.open())
		}
		if got, want := d.Stats(), (door.Stats{Through: 1, Came: 2, Late: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestTheOldestHandshakeOfAHostGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := door.New(limits)
		var idle []caller
		for i := range 4 {
			idle = append(idle, call(t, d, fmt.Sprintf("203.0.113.1:%d", 1000+i)))
		}
		other := call(t, d, "203.0.113.2:1000")
		idle[1].pass() // through: it takes no place of those that wait
		call(t, d, "203.0.113.1:2000")
		for i, c := range idle {
			if !c.open() {
				t.Errorf("%d is closed, and there is room", i)
			}
		}
		call(t, d, "203.0.113.1:2001")
		for i, want := range []bool{false, true, true, true} {
			if idle[i].open() != want {
				t.Errorf("%d is open: %v, want %v", i, !want, want)
			}
		}
		if !other.open() {
			t.Error("another host gave way")
		}
	})
}

// TestNineHundredStrangersDoNotTouchWhoIsNamed: whatever their addresses.
func TestNineHundredStrangersDoNotTouchWhoIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := door.New(limits)
		var named []caller
		for i := range 6 { // three for each of two names
			named = append(named, call(t, d, fmt.Sprintf("192.0.2.1:%d", 1000+i)))
		}
		for i := range 900 {
			call(t, d, fmt.Sprintf("203.%d.%d.1:1", i/256, i%256))
		}
		for i, c := range named {
			if !c.open() {
				t.Errorf("%d of those that are named is closed", i)
			}
		}
		if got := d.Stats(); got.Waiting != 16+6 || got.Displaced != 900-16 {
			t.Errorf("got %+v", got)
		}
		call(t, d, "192.0.2.1:2000")
		if named[0].open() {
			t.Error("a seventh of two names displaced nobody")
		}
	})
}

// TestWhoComesFromOneNetworkDisplacesItsOwn: one honest connection stands between
// 900 from one network, and then between so many that all places are taken.
func TestWhoComesFromOneNetworkDisplacesItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := door.New(limits)
		honest := call(t, d, "198.51.100.7:1")
		for i := range 900 {
			call(t, d, fmt.Sprintf("203.0.113.%d:%d", i%250, 1000+i))
		}
		if got := d.Stats().Waiting; got != 8+1 {
			t.Errorf("%d wait, want 8 of one network and 1", got)
		}
		for i := range 900 {
			call(t, d, fmt.Sprintf("203.0.%d.%d:%d", 100+i%3, i%250, 1000+i))
		}
		if got := d.Stats().Waiting; got != 16 {
			t.Errorf("%d wait, want all 16", got)
		}
		if !honest.open() {
			t.Error("the honest one gave way to networks that have more")
		}
	})
}

func TestStrangersThatAreThroughAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := door.New(limits)
		in := func(from string) bool {
			c := call(t, d, from)
			return c.pass() && c.open()
		}
		for _, c := range []struct {
			from string
			want bool
		}{
			{"203.0.113.1:1", true},
			{"203.0.113.1:2", true},
			{"203.0.113.1:3", false}, // of its host
			{"203.0.113.2:1", true},
			{"203.0.113.3:1", true},
			{"203.0.113.4:1", false}, // of its network
			{"[2001:db8::1]:1", true},
			{"[2001:db8::2]:1", true},
			{"198.51.100.1:1", false}, // of all
			{"192.0.2.1:1", true},     // it is named
			{"10.0.0.1:1", true},      // a local network
			{"127.0.0.1:1", true},
		} {
			if got := in(c.from); got != c.want {
				t.Errorf("%s is let in: %v, want %v", c.from, got, c.want)
			}
		}
		if got := d.Stats(); got.Refused != 3 || got.Through != 9 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestPassKnowsAConnectionByItsTwoEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := door.New(limits)
		c := call(t, d, "203.0.113.1:1")
		here, there := netip.MustParseAddrPort("198.51.100.1:1"), netip.MustParseAddrPort("[::ffff:203.0.113.1]:1")
		pass := func(local, remote netip.AddrPort) bool {
			found, stays := d.Pass(local, remote, false)
			return found && stays
		}
		if pass(there, here) || pass(here, here) {
			t.Error("passed a connection that is not there")
		}
		if !pass(here, there) {
			t.Error("did not find it")
		}
		time.Sleep(2 * limits.Handshake)
		if !c.open() {
			t.Error("closed although it is through")
		}
		if err := c.In.Close(); err != nil {
			t.Fatal(err)
		}
		if pass(here, there) {
			t.Error("passed a connection that is closed")
		}
	})
}

func TestAcceptOutlivesALackOfDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close() //nolint:errcheck // a pipe
		a := &arrivals{queue: []net.Conn{end{ours, "203.0.113.1:1"}}, err: &net.OpError{Op: "accept", Err: syscall.EMFILE}}
		c, err := door.New(limits).Guard(a).Accept()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestWhoIsKnownSharesAnAddressWithStrangers: all places of strangers at an
// address are taken. One more handshake from there goes on, and what it shows
// decides.
func TestWhoIsKnownSharesAnAddressWithStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := door.New(limits)
		for i := range 2 {
			if !call(t, d, fmt.Sprintf("203.0.113.1:%d", i+1)).pass() {
				t.Error("a stranger was refused, and there is room")
			}
		}
		known, stranger := call(t, d, "203.0.113.1:3"), call(t, d, "203.0.113.1:4")
		if !known.In.(*door.Conn).Through(true) || !known.open() {
			t.Error("who is known was refused")
		}
		if stranger.pass() || stranger.open() {
			t.Error("a third stranger stays")
		}
		if got := d.Stats(); got.Through != 3 || got.Refused != 1 {
			t.Errorf("got %+v", got)
		}
	})
}

// TestANamedAddressIsNoWorseThanAStrangers: with one name at it, which alone gives
// it three handshakes at once, it has the four of a stranger's.
func TestANamedAddressIsNoWorseThanAStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limits
		c.At = func(netip.Addr) int { return 1 }
		d := door.New(c)
		first := call(t, d, "192.0.2.1:1")
		for i := range 3 {
			call(t, d, fmt.Sprintf("192.0.2.1:%d", i+2))
		}
		if !first.open() {
			t.Error("the first of four gave way")
		}
		call(t, d, "192.0.2.1:9")
		if first.open() {
			t.Error("the fifth displaced nobody")
		}
	})
}

// TestWhatHidesWhoDialsIsTold, once: sixteen connections, all from one address of a
// local network. From two addresses, from this machine or from outside they say
// nothing.
func TestWhatHidesWhoDialsIsTold(t *testing.T) {
	for _, c := range []struct {
		other, from string
		told        int
	}{
		{from: "172.17.0.1:%d", told: 1},
		{from: "172.17.0.1:%d", other: "172.17.0.2:1"},
		{from: "127.0.0.1:%d"},
		{from: "203.0.113.1:%d"},
	} {
		synctest.Test(t, func(t *testing.T) {
			told := 0
			wide := limits
			wide.Waiting = door.Limits{Host: 99, Net: 99, All: 99}
			wide.Masked = func(a netip.Addr) {
				if told++; a != netip.MustParseAddr("172.17.0.1") {
					t.Errorf("told of %s", a)
				}
			}
			d := door.New(wide)
			if c.other != "" {
				call(t, d, c.other)
			}
			for i := range 20 {
				call(t, d, fmt.Sprintf(c.from, i+1))
			}
			if told != c.told {
				t.Errorf("%s beside %q: told %d times, want %d", c.from, c.other, told, c.told)
			}
		})
	}
}

// TestNothingExceedsTheLimits: whoever comes, passes and goes, in whatever order.
func TestNothingExceedsTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 0))
		d := door.New(limits)
		var all []caller
		for range 3000 {
			from := fmt.Sprintf("203.0.%d.%d:%d", r.IntN(6), r.IntN(4), 1+r.IntN(60000))
			if r.IntN(4) == 0 {
				from = fmt.Sprintf("192.0.2.1:%d", 1+r.IntN(60000))
			}
			all = append(all, call(t, d, from))
			c := all[r.IntN(len(all))]
			switch what := r.IntN(8); {
			case c.In == nil:
			case what == 0:
				c.pass()
			case what < 4:
				_ = c.In.Close()
			}
			if s := d.Stats(); s.Waiting > limits.Waiting.All+max(2*limits.Named, limits.Waiting.Host) {
				t.Fatalf("seed %d: %d wait", seed, s.Waiting)
			}
		}
		time.Sleep(limits.Handshake)
		synctest.Wait()
		if s := d.Stats(); s.Waiting != 0 {
			t.Errorf("seed %d: %d still wait", seed, s.Waiting)
		}
	})
}
