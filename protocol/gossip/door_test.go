package gossip_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/gossip"
)

// TestIdleConnectionsDoNotLockAValidatorOut: 900 connections to a validator's port
// say nothing, from the very address of a validator that restarts and from others.
// libp2p has room for 40 handshakes, and gave each 15 seconds.
func TestIdleConnectionsDoNotLockAValidatorOut(t *testing.T) {
	node := launch(t, config("node"))
	node.SetLedgerPeers([]gossip.Addr{{Identity: publicKey(t, "v1"), Addresses: []string{"/ip4/127.0.0.1/tcp/1"}, Validator: true}})
	at := strings.Split(transport(node.Addrs()[0]), "/") // "", "ip4", host, "tcp", port
	for i := range 900 {
		from := "127.0.0.1" // a third of them from the address of the validator
		if i%3 > 0 {
			from = fmt.Sprintf("127.%d.%d.1", i%3, i/3%250)
		}
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort(at[2], at[4]))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	v1 := launch(t, config("v1", node.Addrs()...))
	eventually(t, "the validator is connected", func() bool { return len(v1.Peers()) == 1 })
	if came, displaced := counted(t, node, "door_came_total"), counted(t, node, "door_displaced_total"); came < 900 || displaced < 600 {
		t.Errorf("%d connections came and %d were displaced", came, displaced)
	}
	if late := counted(t, node, "door_late_total"); late > 0 {
		t.Errorf("the validator waited until %d idle connections had timed out", late)
	}
}

// TestStrangersThatShakeHandsLeaveRoomForTheSeated: as many identities as a host
// has peers dial it and stay.
func TestStrangersThatShakeHandsLeaveRoomForTheSeated(t *testing.T) {
	const most = 6
	c := config("node")
	c.Degree, c.MaxPeers = 1, most
	node := launch(t, c)
	node.SetLedgerPeers([]gossip.Addr{{Identity: publicKey(t, "validator"), Validator: true}})
	for i := range most + 2 {
		launch(t, config(fmt.Sprint("stranger ", i), node.Addrs()...))
	}
	eventually(t, "a stranger was sent away", func() bool { return counted(t, node, "full_total") > 0 })
	v := launch(t, config("validator", node.Addrs()...))
	eventually(t, "the validator is connected", func() bool { return len(v.Peers()) == 1 })
	if got := len(node.Peers()); got > most+1 {
		t.Errorf("%d peers, at most %d strangers and the validator", got, most)
	}
}
