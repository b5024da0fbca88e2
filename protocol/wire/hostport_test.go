package wire_test

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/wire"
)

var (
	dialable = []string{
		"h:1", "node.example:9662", "node.example.:9662", "a_b.example:1", "xn--bcher-kva.example:65535", "3com.example:80",
		"1.2.3.4:6", "127.0.0.1:9662", "255.255.255.255:1",
		"[::1]:9662", "[2001:db8::1]:1", "[1:2:3:4:5:6:7:8]:1", "[1:2:3:4:5:6:7::]:1", "[::ffff:1.2.3.4]:1", "[1:2:3:4:5:6:1.2.3.4]:1", "[FE80::A]:1",
	}
	undialable = []string{
		"", ":", ":1", "h", "h:", "h:0", "h:00", "h:080", "h:65536", "h:99999", "h:99999999999999999999", "h:-1", "h:+1", "h:http", "h:1 ", " h:1", "a b:9662",
		"http://h:1", "h:1/", "h/x:1", "h@i:1", "-h:1", "h-:1", "a..b:1", ".h:1", "..:1", "hö:1", "h:1\n", strings.Repeat("a", 64) + ":1", "h:1:2",
		"1.2.3:1", "1.2.3.4.5:1", "256.2.3.4:1", "01.2.3.4:1", "0.0.0.0:1", "1:1", "a.1:1", "1.2.3.4.:1", "00.:1",
		"::1:1", "[::1]", "[::1:1", "::1]:1", "[]:1", "[::]:1", "[0:0:0:0:0:0:0:0]:1", "[::0.0.0.0]:1", "[fe80::1%eth0]:1", "[1.2.3.4]:1", "[h]:1", "[:]:1", "[:::]:1",
		"[1::2::3]:1", "[12345::]:1", "[1:2:3:4:5:6:7:8:9]:1", "[1:2:3:4:5:6:7:8::]:1", "[1:2:3:4:5:6:7]:1", "[g::]:1", "[::1.2.3]:1", "[1.2.3.4::]:1", "[:1::]:1", "[1:]:1",
	}
)

func TestAnAddressOnTheLedgerCanBeDialled(t *testing.T) {
	for _, s := range dialable {
		if err := (&wire.SetConsensusKey{Address: s}).Check(); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range undialable {
		if err := wire.CheckHostPort(s); !errors.Is(err, wire.ErrLimit) {
			t.Errorf("%q: got %v, want %v", s, err, wire.ErrLimit)
		}
	}
	for _, s := range undialable[1:] { // a validator that is not dialled has none
		if err := (&wire.SetConsensusKey{Address: s}).Check(); !errors.Is(err, wire.ErrLimit) {
			t.Errorf("on the ledger, %q: got %v, want %v", s, err, wire.ErrLimit)
		}
	}
	if err := (&wire.SetConsensusKey{}).Check(); err != nil {
		t.Errorf("no address: %v", err)
	}
}

// FuzzCheckHostPort compares with the standard library: what is taken is HOST:PORT
// with a port that can be dialled, and an IP address is taken if it is one, but
// for those that stand for all and those with a zone.
func FuzzCheckHostPort(f *testing.F) {
	for _, s := range append(dialable, undialable...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		taken := wire.CheckHostPort(s) == nil
		host, port, err := net.SplitHostPort(s)
		n, perr := strconv.ParseUint(port, 10, 16)
		if taken && (err != nil || perr != nil || n == 0 || host == "" || len(s) > 128) {
			t.Fatalf("%q is taken: %q, %q, %v", s, host, port, err)
		}
		if err != nil || perr != nil || n == 0 || port != strconv.FormatUint(n, 10) {
			return
		}
		ip, err := netip.ParseAddr(host)
		if err != nil {
			if taken && (strings.Contains(host, ":") || strings.Trim(host, "0123456789.") == "") {
				t.Fatalf("%q is taken as an address: %v", s, err)
			}
			return
		}
		bracketed := strings.HasPrefix(s, "[")
		all := ip.IsUnspecified()
		if want := ip.Zone() == "" && !all && ip.Is6() == bracketed; taken != want {
			t.Fatalf("%q: taken %v, want %v", s, taken, want)
		}
	})
}
