package doortest_test

import (
	"net"
	"testing"

	"github.com/assaynet/assay/protocol/door/doortest"
)

// A port is free, is lent to one test at a time, and comes back with its end.
func TestAPortIsLentToOneTestAtATime(t *testing.T) {
	lent := map[string]bool{}
	t.Run("borrower", func(t *testing.T) {
		for range 100 {
			at := doortest.FreePort(t)
			if lent[at] {
				t.Errorf("%s was lent twice", at)
			}
			lent[at] = true
			l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil { // a node that stops: the port is its test's still
				t.Error(err)
			}
		}
	})
	for at := range lent {
		_, port, err := net.SplitHostPort(at)
		if err != nil {
			t.Fatal(err)
		}
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.2", port))
		if err != nil {
			t.Fatalf("%s is lent after its test has ended: %v", at, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}
