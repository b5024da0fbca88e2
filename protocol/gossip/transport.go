package gossip

import (
	"context"
	"net"
	"net/netip"
	"reflect"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/net/reuseport"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/p2p/transport/tcpreuse"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol/door"
)

// The port of gossip has a door (package door). A peer takes three or four round
// trips until it has said who it is and which multiplexer it speaks.
const (
	handshakeTime = 5 * time.Second
	// waitingHost and the like bound handshakes; those of a whole farm of miners
	// that starts again behind one address come by turns.
	waitingHost, waitingNet, waitingAll = 16, 32, 128
	// waitingNamed is for each validator or bootstrap peer: it dials a node once, and
	// again while the connection before may not be known to be dead.
	waitingNamed = 4
	// perAddress is how many connections of strangers one address may have, but for
	// local networks: as many as peers may share one without losing score. Of a network
	// perNetwork. How many there are in all is for [guests], who know identities.
	perAddress, perNetwork, inAll = 16, 128, 4 * maxMaxPeers
)

func newDoor(names *door.Names, handshake time.Duration, log zerolog.Logger) *door.Door {
	return door.New(door.Config{
		Handshake: handshake, Named: waitingNamed, At: names.At,
		Waiting: door.Limits{Host: waitingHost, Net: waitingNet, All: waitingAll},
		Through: door.Limits{Host: perAddress, Net: perNetwork, All: inAll},
		Masked: func(a netip.Addr) {
			log.Warn().Stringer("from", a).Msg("all connections to the port of gossip come from one local address: what forwards them hides who dials, so that strangers cannot be told apart before the handshake; let it keep source addresses")
		},
	})
}

// doored is libp2p's TCP with a door before its listeners.
type doored struct {
	*tcp.TcpTransport
	upgrader transport.Upgrader
	door     *door.Door
	listen   func(ma.Multiaddr) (manet.Listener, error)
}

// newTransport returns what makes the transport for libp2p.
func (h *Host) newTransport() func(transport.Upgrader, network.ResourceManager, *tcpreuse.ConnMgr) (*doored, error) {
	return func(u transport.Upgrader, r network.ResourceManager, shared *tcpreuse.ConnMgr) (*doored, error) {
		d, from := &doored{upgrader: u, door: h.door, listen: manet.Listen}, tcp.DisableReuseport()
		if h.set.Relay { // to punch a hole, both dial from the ports that they listen on
			ports := new(reuseport.Transport)
			d.listen = func(a ma.Multiaddr) (manet.Listener, error) { return listenAlone(ports, a) }
			from = tcp.WithDialerForAddr(func(to ma.Multiaddr) (tcp.ContextDialer, error) { return dialFrom{ports, to}, nil })
		}
		var err error
		d.TcpTransport, err = tcp.NewTCPTransport(u, r, shared, from)
		return d, err
	}
}

// listenAlone listens on a port that dials go out from. The system would give such
// a port to other processes of the user, too: so it is tried first as one that it
// gives to nobody else.
func listenAlone(ports *reuseport.Transport, a ma.Multiaddr) (manet.Listener, error) {
	l, err := manet.Listen(a)
	if err != nil {
		return nil, err
	}
	if err := l.Close(); err != nil {
		return nil, err
	}
	return ports.Listen(a)
}

// dialFrom dials an address from a port that is listened on, where that can be.
type dialFrom struct {
	ports *reuseport.Transport
	to    ma.Multiaddr
}

// DialContext implements [tcp.ContextDialer]; the address is that of to.
func (d dialFrom) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	c, err := d.ports.DialContext(ctx, d.to)
	if err != nil {
		return nil, err
	}
	return bare(c), nil
}

// bare returns the system's connection that the library's own has as its first
// field, and no method for. The transport wraps what it is given once more, and
// finds the system's methods only where nothing is between. It has the connection
// end by a reset, without which the port cannot dial the same peer again for a
// minute, and kept alive; where it cannot, it writes to standard error of each.
func bare(c manet.Conn) net.Conn {
	if v := reflect.Indirect(reflect.ValueOf(c)); v.Kind() == reflect.Struct && v.NumField() > 0 && v.Field(0).CanInterface() {
		if tcp, ok := reflect.TypeAssert[*net.TCPConn](v.Field(0)); ok {
			return tcp
		}
	}
	return c
}

// Listen implements [transport.Transport].
func (d *doored) Listen(a ma.Multiaddr) (transport.Listener, error) {
	l, err := d.listen(a)
	if err != nil {
		return nil, err
	}
	guarded, err := manet.WrapNetListener(d.door.Guard(manet.NetListener(l)))
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return d.upgrader.UpgradeGatedMaListener(d, d.upgrader.GateMaListener(guarded)), nil
}

// passed tells the door that a peer that dialled has shaken hands, and whether it
// is known. It reports whether it may stay.
func (h *Host) passed(c network.Conn, known bool) bool {
	if isRelayed(c) { // the relay has come through the door, not the peer
		return true
	}
	local, here := endOf(c.LocalMultiaddr())
	remote, there := endOf(c.RemoteMultiaddr())
	if !here || !there {
		return true
	}
	found, stays := h.door.Pass(local, remote, known)
	return stays || !found
}

// networkOf returns the network that a peer dialled from.
func networkOf(c network.Conn) netip.Prefix {
	a, _ := endOf(c.RemoteMultiaddr()) // over a relay, that of the relay
	return door.Network(a.Addr())
}

func endOf(a ma.Multiaddr) (netip.AddrPort, bool) {
	n, err := manet.ToNetAddr(a)
	if err != nil {
		return netip.AddrPort{}, false
	}
	end, err := netip.ParseAddrPort(n.String())
	return end, err == nil
}
