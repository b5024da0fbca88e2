package gossip_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol/gossip"
)

func TestPeersThatADiscoveryFindsAreDialled(t *testing.T) {
	a, b := launch(t, config("a")), launch(t, config("b"))
	if err := gossip.Discover(t.Context(), a.Host, b.Addrs()[0], errors.New("no multicast here")); err != nil {
		t.Errorf("got %v: a discovery that fails must not end the host", err)
	}
	eventually(t, "connected", func() bool { return len(a.Peers()) == 1 && len(b.Peers()) == 1 })
}

// Whether the machine has multicast or not, a host with the switch on works.
func TestAHostOnTheLocalNetworkStartsAndStops(t *testing.T) {
	c := config("a")
	c.MDNS = true
	launch(t, c).stop()
}
