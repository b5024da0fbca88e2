package door

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// Limits are how many connections there may be: of one host, of one network, and
// of all that nobody names.
type Limits struct{ Host, Net, All int }

// Config is what a [Door] needs.
type Config struct {
	// Handshake is how long a connection may take to be through.
	Handshake time.Duration
	// Waiting bounds the connections of strangers in their handshake, Through those
	// that are through it, but for those of local networks.
	Waiting, Through Limits
	// Named is how many connections in their handshake there may be for each name
	// at an address; never fewer than a stranger's host may have.
	Named int
	// At says how many names there are at an address, zero at a stranger's. It is
	// called for each connection and must not block.
	At func(netip.Addr) int
	// Masked, if it is set, is called once when all of many connections come from one
	// address of a local network: something before the port hides who dials, and
	// nothing here can tell them apart.
	Masked func(netip.Addr)
}

// manyMasked is how many connections from one address are many.
const manyMasked = 16

// Door bounds the connections of some listeners together. All methods may be used
// from any goroutine.
type Door struct {
	cfg Config

	mu    sync.Mutex
	conns map[*Conn]struct{} // guarded by mu: all that are open
	count uint64             // guarded by mu: of connections that came
	stats Stats              // guarded by mu, but Waiting and Through
	told  bool               // guarded by mu: Masked was called
}

// Stats is how a door is doing.
type Stats struct {
	Waiting, Through int    // connections that are in their handshake, and through it
	Came             uint64 // connections in all
	Refused          uint64 // for too many of their host, network or kind are through
	Displaced        uint64 // closed in their handshake for a newer one
	Late             uint64 // closed for their handshake took too long
}

// New returns a door that nobody stands at.
func New(c Config) *Door { return &Door{cfg: c, conns: map[*Conn]struct{}{}} }

// Guard returns a listener whose Accept returns connections that are let in, each
// a [*Conn]. Closing it closes l, and no connection.
func (d *Door) Guard(l net.Listener) net.Listener { return &listener{Listener: l, door: d} }

// Stats returns how the door is doing.
func (d *Door) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.stats
	for c := range d.conns {
		if c.through {
			s.Through++
		} else {
			s.Waiting++
		}
	}
	return s
}

// Pass is [Conn.Through] of the connection with these two ends. It reports whether
// there is one, and whether it may last.
func (d *Door) Pass(local, remote netip.AddrPort, known bool) (found, stays bool) {
	d.mu.Lock()
	var out *Conn
	for c := range d.conns {
		if c.remote == plain(remote) && c.local == plain(local) {
			if found, stays = true, c.passLocked(known); !stays {
				out = c
			}
			break
		}
	}
	d.mu.Unlock()
	if out != nil {
		out.shut()
	}
	return found, stays
}

// listener is a listener with a door before it.
type listener struct {
	net.Listener
	door *Door
}

// acceptPause is how long Accept waits when the system has no descriptor left: some
// connection may end meanwhile.
const acceptPause = 100 * time.Millisecond

// Accept implements [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if passing(err) {
			time.Sleep(acceptPause)
			continue
		}
		if err != nil {
			return nil, err
		}
		return l.door.admit(c), nil
	}
}

// admit takes a connection in.
func (d *Door) admit(c net.Conn) *Conn {
	n := &Conn{Conn: c, door: d, local: endOf(c.LocalAddr()), remote: endOf(c.RemoteAddr())}
	n.host, n.network = hostOf(n.remote.Addr()), Network(n.remote.Addr())
	if d.cfg.At != nil {
		n.names = d.cfg.At(n.remote.Addr())
	}
	out, masked := d.enter(n)
	if out != nil {
		out.shut()
	}
	if masked {
		d.cfg.Masked(n.remote.Addr())
	}
	return n
}

// enter takes n in; out is who must leave for it, and masked is whether Masked is
// to be told of it.
func (d *Door) enter(n *Conn) (out *Conn, masked bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stats.Came++
	if out = d.oldestLocked(n); out != nil {
		d.stats.Displaced++
		delete(d.conns, out)
	}
	d.count++
	n.number = d.count
	n.late = time.AfterFunc(d.cfg.Handshake, n.tooLate)
	d.conns[n] = struct{}{}
	masked = d.cfg.Masked != nil && !d.told && d.maskedLocked(n)
	d.told = d.told || masked
	return out, masked
}

// maskedLocked reports whether n is one of many connections from one address of a
// local network, and there are no others.
func (d *Door) maskedLocked(n *Conn) bool {
	if a := n.remote.Addr(); len(d.conns) < manyMasked || a.IsLoopback() || !local(a) {
		return false
	}
	for c := range d.conns {
		if c.host != n.host {
			return false
		}
	}
	return true
}

// crowdedLocked reports whether as many strangers are through as may be.
func (d *Door) crowdedLocked(n *Conn) bool {
	if local(n.remote.Addr()) {
		return false
	}
	var have Limits
	for c := range d.conns {
		if c.names > 0 || c.known || !c.through || local(c.remote.Addr()) {
			continue
		}
		have.count(c, n)
	}
	most := d.cfg.Through
	return have.Host >= most.Host || have.Net >= most.Net || have.All >= most.All
}

// count counts c among those of n's host, of its network, and of all.
func (l *Limits) count(c, n *Conn) {
	l.All++
	if c.network == n.network {
		l.Net++
	}
	if c.host == n.host {
		l.Host++
	}
}

// oldestLocked returns the connection in its handshake whose place n takes, nil
// where there is a free one.
func (d *Door) oldestLocked(n *Conn) *Conn {
	var have Limits
	nets := map[netip.Prefix]int{}
	for c := range d.conns {
		if !c.through && (c.names > 0) == (n.names > 0) {
			have.count(c, n)
			nets[c.network]++
		}
	}
	most := d.cfg.Waiting
	var among func(*Conn) bool
	switch {
	case n.names > 0 && have.Host < max(n.names*d.cfg.Named, most.Host):
		return nil
	case n.names > 0, have.Host >= most.Host:
		among = func(c *Conn) bool { return c.host == n.host }
	case have.Net >= most.Net:
		among = func(c *Conn) bool { return c.network == n.network }
	case have.All >= most.All:
		top := 0
		for _, k := range nets {
			top = max(top, k)
		}
		among = func(c *Conn) bool { return nets[c.network] == top }
	default:
		return nil
	}
	var oldest *Conn
	for c := range d.conns {
		if !c.through && (c.names > 0) == (n.names > 0) && among(c) && (oldest == nil || c.number < oldest.number) {
			oldest = c
		}
	}
	return oldest
}
