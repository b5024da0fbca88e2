package gossip

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/libp2p/go-libp2p/p2p/protocol/holepunch"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// A host that nobody can dial dials, and that is enough for the gossip. A request
// to it from who is not connected to it finds no way. For that alone there are
// relays (circuit v2 of libp2p): bootstrap peers and validators that allow it, at
// which the host keeps a place, and which pass on what two peers that they cannot
// read say to each other. A relay is the last resort: it is asked where a dial
// failed, carries requests and no topics, and ends soon. Whom it connects is shown
// apart from the peers ([Host.Relayed]).
//
// Whom a relay carries to a host, that host dials at once, where it has told an
// address of the internet, and else both dial each other at the same moment, from
// the ports that they listen on, so that the routers of both take it for an answer
// (DCUtR of libp2p, "hole punching"). For that a host learns at which address peers
// see it. Where it works, the two are peers as others are. Each says at which
// addresses it is to be dialled so, and may have others dialled: those of the
// internet alone are, and few (internetOnly).
//
// Whoever relays lends out its line. So it does that for identities on both sides
// that the ledger binds to seats, for few, and little.

// carried returns the bounds of a relay: 16 places, four peers a place at once,
// each for some minutes and 128 KiB in each direction.
func carried(each time.Duration) relay.Resources {
	return relay.Resources{
		Limit:           &relay.RelayLimit{Duration: each, Data: 128 << 10},
		ReservationTTL:  placeTime,
		MaxReservations: 16, MaxCircuits: 4, BufferSize: 2048,
		MaxReservationsPerIP: 4, MaxReservationsPerASN: 8,
	}
}

const (
	// placeTime is how long a place at a relay is kept, carryTime how long two peers
	// are carried.
	placeTime, carryTime = time.Hour, 2 * time.Minute
	// wantedRelays is at how many relays a host keeps a place, askedRelays how many
	// are asked for one: more, for the first may be full, or known to one side alone.
	wantedRelays, askedRelays = 2, 4
	// reserveTime bounds a question for a place, reserveAgain is the pause after one
	// that was refused.
	reserveTime, reserveAgain = 10 * time.Second, time.Minute
)

// maxPunched is at how many addresses a peer is dialled that is to be reached
// through its router.
const maxPunched = 8

// internetOnly keeps who names addresses for that from having a network behind the
// router looked through.
type internetOnly struct{}

var _ holepunch.AddrFilter = internetOnly{}

// FilterLocal implements [holepunch.AddrFilter]; the library has those of the
// internet alone.
func (internetOnly) FilterLocal(_ peer.ID, own []ma.Multiaddr) []ma.Multiaddr { return own }

// FilterRemote implements [holepunch.AddrFilter].
func (internetOnly) FilterRemote(_ peer.ID, named []ma.Multiaddr) (out []ma.Multiaddr) {
	for _, a := range named {
		if _, ok := endOf(a); ok && len(a) == 2 && manet.IsPublicAddr(a) && len(out) < maxPunched {
			out = append(out, a)
		}
	}
	return out
}

// relayOptions are those of libp2p; without Config.Relay there is none.
func (h *Host) relayOptions() []libp2p.Option {
	punch := libp2p.EnableHolePunching(holepunch.WithAddrFilter(internetOnly{}))
	switch {
	case !h.set.Relay:
		return []libp2p.Option{libp2p.DisableRelay(), libp2p.DisableIdentifyAddressDiscovery()}
	case !h.set.Serves:
		return []libp2p.Option{libp2p.EnableRelay(), punch}
	}
	return []libp2p.Option{
		libp2p.EnableRelay(), punch,
		libp2p.EnableRelayService(relay.WithResources(carried(h.set.times.carry)), relay.WithACL(seatsOnly{h})),
	}
}

// seatsOnly allows what seats ask for, and kept peers.
type seatsOnly struct{ h *Host }

var _ relay.ACLFilter = seatsOnly{}

// AllowReserve implements [relay.ACLFilter].
func (a seatsOnly) AllowReserve(id peer.ID, _ ma.Multiaddr) bool { return a.h.trusts(id) }

// AllowConnect implements [relay.ACLFilter].
func (a seatsOnly) AllowConnect(from peer.ID, _ ma.Multiaddr, _ peer.ID) bool {
	return a.h.trusts(from)
}

// trusts reports whether an identity costs something: a seat, or who is kept.
func (h *Host) trusts(id peer.ID) bool { return h.isKept(id) || h.classOf(id) == seated }

// isRelayed reports whether a connection goes over a relay.
func isRelayed(c network.Conn) bool {
	_, is := relayOf(c.RemoteMultiaddr())
	return is
}

// relayOf returns the relay that an address goes over, and whether it goes over
// one.
func relayOf(a ma.Multiaddr) (relay peer.ID, is bool) {
	for _, part := range a {
		switch part.Protocol().Code {
		case ma.P_P2P:
			relay = peer.ID(part.RawValue())
		case ma.P_CIRCUIT:
			return relay, true
		}
	}
	return "", false
}

// Relayed returns the ids of the peers that a relay alone connects, in order; they
// are not among [Host.Peers].
func (h *Host) Relayed() []string {
	s := h.session.Load()
	if s == nil {
		return nil
	}
	var out []string
	for _, id := range s.net.Network().Peers() {
		if s.net.Network().Connectedness(id) == network.Limited {
			out = append(out, id.String())
		}
	}
	slices.SortFunc(out, strings.Compare)
	return out
}

// relays returns the connected peers that may carry something to a peer: kept ones
// that say they do, in an order that both sides have alike, and that is another
// for each peer (highest random weight: Thaler and Ravishankar 1998). So who looks
// for a peer asks first where that has its places, however many relays there are.
func (h *Host) relays(s *session, to peer.ID) (out []peer.ID) {
	for _, id := range s.net.Network().Peers() {
		if !h.isKept(id) || s.net.Network().Connectedness(id) != network.Connected {
			continue
		}
		if p, err := s.net.Peerstore().FirstSupportedProtocol(id, proto.ProtoIDv2Hop); err == nil && p != "" {
			out = append(out, id)
		}
	}
	sortFor(to, out)
	return out
}

// sortFor puts relays in the order in which one peer has them.
func sortFor(to peer.ID, relays []peer.ID) {
	weights := make(map[peer.ID][sha256.Size]byte, len(relays))
	for _, r := range relays {
		weights[r] = sha256.Sum256([]byte(to + r)) // an id says how long it is
	}
	slices.SortFunc(relays, func(a, b peer.ID) int {
		x, y := weights[a], weights[b]
		return bytes.Compare(x[:], y[:])
	})
}

// relayLoop keeps places at relays while nobody can dial the host, until ctx is
// done.
func (h *Host) relayLoop(ctx context.Context, s *session) error {
	if !h.set.Relay {
		return nil
	}
	held, next := map[peer.ID]time.Time{}, map[peer.ID]time.Time{}
	return every(ctx, h.set.watch.every, func() {
		h.reserve(ctx, s, held, next)
		h.metrics.relayed.Set(float64(len(h.Relayed())))
		h.metrics.reserved.Set(float64(len(held)))
		places := slices.Collect(maps.Keys(held))
		s.places.Store(&places)
	})
}

// reserve asks for places where there are too few. held says until when each is
// kept, next when a relay is asked again.
func (h *Host) reserve(ctx context.Context, s *session, held, next map[peer.ID]time.Time) {
	now := time.Now()
	for id, until := range held { // a place goes with its connection; a new one is had in time
		if s.net.Network().Connectedness(id) != network.Connected || now.After(until.Add(-placeTime/4)) {
			delete(held, id)
		}
	}
	if h.Reachability() != ReachPrivate {
		clear(held) // they end by themselves
		return
	}
	for id, at := range next {
		if now.After(at) {
			delete(next, id)
		}
	}
	n := 0 // of the first; a later one's place, from before an earlier one came, ends by itself
	for _, id := range h.relays(s, s.net.ID()) {
		if n == wantedRelays {
			break
		}
		if _, has := held[id]; has {
			n++
			continue
		}
		if now.Before(next[id]) {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, reserveTime)
		r, err := client.Reserve(limited, within{s.net}, peer.AddrInfo{ID: id})
		cancel()
		if err != nil {
			next[id] = now.Add(reserveAgain)
			h.set.Logger.Debug().Err(err).Str("relay", id.String()).Msg("no place at a relay")
			continue
		}
		held[id] = r.Expiration
		n++
	}
}

// within is a host whose streams end with the context that opened them: the library
// waits a minute for a relay that answers nothing, whatever that says.
type within struct{ host.Host }

// NewStream implements [host.Host].
func (w within) NewStream(ctx context.Context, id peer.ID, names ...protocol.ID) (network.Stream, error) {
	st, err := w.Host.NewStream(ctx, id, names...)
	if err == nil {
		context.AfterFunc(ctx, func() { st.Reset() }) //nolint:errcheck // nobody is there to be told
	}
	return st, err
}

var errNoRelay = errors.New("no relay carries to it")

// byRelay connects to a peer over one of the relays; one that answers nothing has
// its share of the time and no more.
func (h *Host) byRelay(ctx context.Context, s *session, id peer.ID) error {
	if s.net.Network().Connectedness(id) == network.Limited {
		return nil
	}
	relays := slices.DeleteFunc(h.relays(s, id), func(r peer.ID) bool { return r == id })
	relays = relays[:min(len(relays), askedRelays)]
	for i, r := range relays {
		over, err := ma.NewMultiaddr("/p2p/" + r.String() + "/p2p-circuit")
		if err != nil {
			return err
		}
		share := reserveTime
		if end, ok := ctx.Deadline(); ok {
			share = min(share, time.Until(end)/time.Duration(len(relays)-i))
		}
		limited, cancel := context.WithTimeout(ctx, share)
		err = s.net.Connect(network.WithAllowLimitedConn(limited, "a request"), peer.AddrInfo{ID: id, Addrs: []ma.Multiaddr{over}})
		cancel()
		s.net.Peerstore().SetAddr(id, over, 0) // a direct dial does not try it
		if err == nil {
			return nil
		}
		h.set.Logger.Debug().Err(err).Str("peer_id", id.String()).Str("relay", r.String()).Msg("not reached over a relay")
	}
	return errNoRelay
}
