package discover

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	logging "github.com/ipfs/go-log/v2"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/assaynet/assay/protocol/door"
)

const (
	// period is the time between two looks at whether a peer is to be asked; askAgain
	// is how long one that was asked has peace.
	period, askAgain = 5 * time.Second, time.Minute
	// askTime bounds one question.
	askTime = 10 * time.Second
	// maxTable bounds the table; a connection stands behind each of it. The library
	// keeps twenty at each distance.
	maxTable = 256
	// maxOfNetwork is how many of the table one network (a /24, a /48 of IPv6) has at
	// most; local networks are not bounded so.
	maxOfNetwork = 4
	// checksAtOnce is how many new peers are tried side by side.
	checksAtOnce = 16
)

// Config is what the table needs of a node. All functions are called by many at
// once.
type Config struct {
	// Host is connected, by others than the table. Its protocols are those of peers.
	Host host.Host
	// Prefix names the chain: /assay/CHAIN/1.
	Prefix string
	// Serves has the node answer questions, and be named in answers of others.
	Serves bool
	// Learns has that change with what the host finds of whether it can be dialled:
	// it ends where nobody can, and begins where somebody can.
	Learns bool
	// Ours reports whether a connected peer is of the chain.
	Ours func(peer.ID) bool
	// Allow reports whether a peer may ask now.
	Allow func(peer.ID) bool
	// Wants reports whether the node has room for peers that are found.
	Wants func() bool
	// Found takes a peer that was named, at addresses that are worth a dial. Who
	// named it may lie.
	Found func(*peer.AddrInfo)
	// Known is told how many peers the table holds.
	Known func(int)
	// Period is the time between two looks. Default 5 s.
	Period time.Duration
}

// silence ends what the library would write to standard error.
var silence = sync.OnceFunc(func() { logging.SetupLogging(logging.Config{Level: logging.LevelFatal}) })

// table is a table that runs.
type table struct {
	Config
	dht   *dht.IpfsDHT
	ask   *pb.ProtocolMessenger
	asked map[peer.ID]time.Time // of those in the table; of the loop alone
}

// Run serves the table, and looks for peers while the node wants some, until ctx is
// done; it returns nil then, when all that it began has ended. It returns what the
// library says where that does not start.
func Run(ctx context.Context, c Config) error {
	silence()
	if c.Period == 0 {
		c.Period = period
	}
	t := &table{Config: c, asked: map[peer.ID]time.Time{}}
	mode := map[[2]bool]dht.ModeOpt{
		{false, false}: dht.ModeClient, {true, false}: dht.ModeServer,
		{false, true}: dht.ModeAuto, {true, true}: dht.ModeAutoServer,
	}[[2]bool{c.Serves, c.Learns}]
	var err error
	t.dht, err = dht.New(lend(c.Host, c.Allow),
		dht.Mode(mode),
		dht.ProtocolPrefix(protocol.ID(c.Prefix)),
		dht.DisableValues(), dht.DisableProviders(), dht.DisableAutoRefresh(),
		dht.LookupCheckConcurrency(checksAtOnce),
		dht.OnRequestHook(blur),
		dht.RoutingTableFilter(func(d any, id peer.ID) bool { return t.admits(d, id) }),
	)
	if err != nil {
		return fmt.Errorf("hash table: %w", err)
	}
	if t.ask, err = pb.NewProtocolMessenger(t.dht.MessageSender()); err == nil {
		t.loop(ctx)
	}
	return errors.Join(err, t.dht.Close())
}

// blur moves the place that a question is for to another, by a hash, so that
// nobody can ask where a certain peer is: the library would say so of any that is
// known, as of a validator behind sentries.
func blur(_ context.Context, _ network.Stream, m *pb.Message) {
	place := sha256.Sum256(m.GetKey())
	m.Key = place[:]
}

// admits reports whether a peer that is connected may be in the table.
func (t *table) admits(d any, id peer.ID) bool {
	of, local := networkOf(t.Host.Network().ConnsToPeer(id))
	if !t.Ours(id) {
		return false
	}
	all := d.(*dht.IpfsDHT).RoutingTable().ListPeers()
	same := 0
	for _, other := range all {
		if other == id {
			return true
		}
		if n, l := networkOf(t.Host.Network().ConnsToPeer(other)); !l && n == of {
			same++
		}
	}
	return len(all) < maxTable && (local || same < maxOfNetwork)
}

// networkOf returns the network at which a connected peer is, and whether it is a
// local one. Those of which that cannot be said, as over a relay alone, are of one
// network together.
func networkOf(conns []network.Conn) (n netip.Prefix, local bool) {
	for _, c := range conns {
		if ip, ok := addressOf(c.RemoteMultiaddr()); ok {
			return door.Network(ip), scopeOf(ip) > wide
		}
	}
	return netip.Prefix{}, false
}

// loop looks after the table until ctx is done.
func (t *table) loop(ctx context.Context) {
	tick := time.NewTicker(t.Period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			t.sweep()
			if id := t.next(now); id != "" && t.Wants() {
				t.asked[id] = now
				t.question(ctx, id)
			}
		}
	}
}

// sweep takes those out of the table who are not connected: their addresses may be
// nobody's by now.
func (t *table) sweep() {
	in := t.dht.RoutingTable()
	for _, id := range in.ListPeers() {
		if t.Host.Network().Connectedness(id) != network.Connected {
			in.RemovePeer(id)
		}
	}
	all := in.ListPeers()
	t.Known(len(all))
	there := map[peer.ID]bool{}
	for _, id := range all {
		there[id] = true
	}
	for id := range t.asked {
		if !there[id] {
			delete(t.asked, id)
		}
	}
}

// next returns whom to ask: who was never asked, or else not for the longest time.
func (t *table) next(now time.Time) (id peer.ID) {
	oldest := now.Add(-askAgain)
	for _, p := range t.dht.RoutingTable().ListPeers() {
		if at := t.asked[p]; !at.After(oldest) {
			id, oldest = p, at
		}
	}
	return id
}

// question asks a peer of the table for those nearest to a place of chance, and
// passes on some of its answer.
func (t *table) question(ctx context.Context, id peer.ID) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	place := make([]byte, 32)
	rand.Read(place) // it never fails
	named, err := t.ask.GetClosestPeers(ctx, id, peer.ID(place))
	if err != nil {
		return // who does not answer goes with its connection
	}
	for _, info := range chosen(named, reachOf(t.Host.Network().ConnsToPeer(id)), t.Host.ID()) {
		t.Found(info)
	}
}
