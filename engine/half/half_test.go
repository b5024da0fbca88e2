package half_test

import (
	"math"
	"testing"

	"github.com/assaynet/assay/engine/half"
)

func TestHalfRoundTripsAndRoundsToNearestEven(t *testing.T) {
	for h := range 1 << 16 {
		w := half.Widen(uint16(h))
		if w != w {
			if n := half.Narrow(w); n&0x7c00 != 0x7c00 || n&0x3ff == 0 {
				t.Fatalf("%#04x is NaN and narrows to %#04x", h, n)
			}
			continue
		}
		if n := half.Narrow(w); n != uint16(h) {
			t.Fatalf("%#04x widens to %x and narrows to %#04x", h, w, n)
		}
		// Halfway to the next larger magnitude goes to the even one; a hair
		// beside it to the nearer.
		if h&0x7fff >= 0x7bff {
			continue
		}
		next := half.Widen(uint16(h + 1))
		mid := w + (next-w)/2
		want := uint16(h + h&1)
		if n := half.Narrow(mid); n != want {
			t.Fatalf("%x narrows to %#04x, want %#04x", mid, n, want)
		}
		if n := half.Narrow(math.Nextafter32(mid, next)); n != uint16(h+1) {
			t.Fatalf("above %x narrows to %#04x, want %#04x", mid, n, h+1)
		}
		if n := half.Narrow(math.Nextafter32(mid, w)); n != uint16(h) {
			t.Fatalf("below %x narrows to %#04x, want %#04x", mid, n, h)
		}
	}
	for x, want := range map[float32]uint16{65519: 0x7bff, 65520: 0x7c00, -65520: 0xfc00, 1e30: 0x7c00, 0: 0} {
		if n := half.Narrow(x); n != want {
			t.Errorf("%v narrows to %#04x, want %#04x", x, n, want)
		}
	}
}
