// Package doortest lends ports of loopback to tests whose nodes must know their own
// before they listen.
//
// Who asks the kernel for a free port and closes it again may find that the kernel
// has handed it to another process, or to a connection that somebody dialled. So
// [FreePort] takes ports that the kernel hands to nobody, and keeps other tests
// away from one as long as its test lasts.
package doortest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// The range is below that from which Linux takes ports for outgoing connections,
// 32,768 and up, and below that of the programs' own networks (cmd/process).
const (
	portsFrom = 10_000
	portsTo   = 12_000
	tries     = 10_000
)

// FreePort returns an address of 127.0.0.1 that nobody listens on, and that no
// other test is given before t has ended, in whatever process: who has the port's
// number listens on 127.0.0.2 meanwhile.
func FreePort(t testing.TB) string {
	t.Helper()
	var listen net.ListenConfig
	for range tries {
		port := strconv.Itoa(portsFrom + rand.IntN(portsTo-portsFrom))
		claim, err := listen.Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.2", port))
		if err != nil {
			continue
		}
		addr := net.JoinHostPort("127.0.0.1", port)
		l, err := listen.Listen(t.Context(), "tcp", addr)
		if err != nil {
			_ = claim.Close()
			continue
		}
		t.Cleanup(func() { _ = claim.Close() })
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return addr
	}
	t.Fatalf("no port of loopback is free between %d and %d", portsFrom, portsTo)
	return ""
}
