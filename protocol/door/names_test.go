package door_test

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/protocol/door"
)

func TestNamesCountsWhoIsAtAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var moved atomic.Bool
		n := door.NewNames()
		door.SetLookup(n, func(ctx context.Context, host string) ([]netip.Addr, error) {
			switch {
			case host == "gone.example" && moved.Load():
				return nil, errors.New("no such host")
			case host == "moves.example" && moved.Load():
				return []netip.Addr{netip.MustParseAddr("203.0.113.9")}, nil
			case host == "hangs.example":
				<-ctx.Done()
				return nil, ctx.Err()
			case host == "many.example":
				var out []netip.Addr
				for i := range byte(200) {
					out = append(out, netip.AddrFrom4([4]byte{198, 51, 100, i}))
				}
				return out, nil
			}
			return []netip.Addr{netip.MustParseAddr("203.0.113.5"), netip.MustParseAddr("203.0.113.5")}, nil
		})
		at := func(a string) int { return n.At(netip.MustParseAddr(a)) }
		n.Set([]string{"203.0.113.5", "203.0.113.5", "2001:db8::1", "moves.example", "gone.example", "hangs.example", "many.example"})
		if at("203.0.113.5") != 2 || at("2001:db8::ffff") != 1 || at("2001:db8:0:1::1") != 0 {
			t.Error("addresses do not count before names are looked up")
		}
		go n.Run(t.Context()) //nolint:errcheck // it returns nil
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if got := at("203.0.113.5"); got != 4 {
			t.Errorf("%d at the address of two names and two addresses, want 4", got)
		}
		if at("198.51.100.3") != 1 || at("198.51.100.4") != 0 {
			t.Error("one name counts at more than four addresses")
		}
		moved.Store(true)
		time.Sleep(time.Minute + 4*time.Second)
		synctest.Wait()
		if at("203.0.113.5") != 3 || at("203.0.113.9") != 1 {
			t.Errorf("%d at the old address, %d at the new one; want 3 and 1", at("203.0.113.5"), at("203.0.113.9"))
		}
		n.Set(nil)
		if at("203.0.113.5") != 0 {
			t.Error("who is not named any more counts")
		}
	})
}
