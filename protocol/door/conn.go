package door

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Conn is a connection that was let in. Who shakes its hand says when that is over.
type Conn struct {
	net.Conn
	door          *Door
	local, remote netip.AddrPort
	host, network netip.Prefix // of the remote end
	names         int          // at its address, when it came
	known         bool         // whoever shook its hand knows who it is; guarded by door.mu
	number        uint64       // it was the number-th to come; guarded by door.mu
	through       bool         // guarded by door.mu
	late          *time.Timer  // closes it; guarded by door.mu
}

// Through says that the handshake is over, and whether the other end is known:
// whoever is takes no place of strangers. It reports whether the connection may
// last, and closes one that may not.
func (c *Conn) Through(known bool) bool {
	c.door.mu.Lock()
	stays := c.passLocked(known)
	c.door.mu.Unlock()
	if !stays {
		c.shut()
	}
	return stays
}

func (c *Conn) passLocked(known bool) bool {
	if c.through {
		return true
	}
	if c.names == 0 && !known && c.door.crowdedLocked(c) {
		c.door.stats.Refused++
		return false
	}
	c.through, c.known = true, known
	c.late.Stop()
	return true
}

// Close implements [net.Conn].
func (c *Conn) Close() error {
	c.door.mu.Lock()
	delete(c.door.conns, c)
	c.late.Stop()
	c.door.mu.Unlock()
	return c.Conn.Close()
}

// tooLate closes a connection whose handshake is not over.
func (c *Conn) tooLate() {
	c.door.mu.Lock()
	_, open := c.door.conns[c]
	over := !open || c.through
	if !over {
		c.door.stats.Late++
	}
	c.door.mu.Unlock()
	if !over {
		c.shut()
	}
}

// shut closes a connection that is of no use, at once: nothing that was not sent
// yet is worth a socket that lingers.
func (c *Conn) shut() {
	noLinger(c.Conn)
	_ = c.Close()
}

func noLinger(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
}

// endOf returns an end of a connection; the zero value for one that is not TCP's.
func endOf(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return plain(t.AddrPort())
}

// plain writes an IPv4 address in its one form.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// Network returns the network of an address: a /24, or a /48 of IPv6.
func Network(a netip.Addr) netip.Prefix { return prefix(a, 24, 48) }

// hostOf returns the host of an address.
func hostOf(a netip.Addr) netip.Prefix { return prefix(a, 32, 64) }

func prefix(a netip.Addr, four, six int) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := six
	if a.Is4() {
		bits = four
	}
	p, _ := a.Prefix(bits) // fails for the zero address alone
	return p
}

// local reports whether nobody on the internet has an address.
func local(a netip.Addr) bool {
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
}

// passing reports whether an error of Accept passes: the system has no descriptor
// or no memory left, or the connection ended before it was taken.
func passing(err error) bool {
	for _, no := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}
