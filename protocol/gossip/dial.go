package gossip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	"golang.org/x/sync/errgroup"
)

// dialsAtOnce bounds the dials under way.
const dialsAtOnce = 8

// dialLoop keeps the host connected until ctx is done.
func (h *Host) dialLoop(ctx context.Context, s *session) error {
	var dials errgroup.Group
	free := make(chan struct{}, dialsAtOnce) // one token for each dial under way
	connected := func(id peer.ID) bool { return s.net.Network().Connectedness(id) == network.Connected }
	err := every(ctx, max(h.set.Redial/2, time.Millisecond), func() {
		h.metrics.peers.Set(float64(len(s.net.Network().Peers())))
		dialled := s.dialled()
		h.metrics.outbound.Set(float64(len(dialled)))
		for _, info := range h.book.due(time.Now(), connected, h.book.chosen(dialled), h.set.Degree, dialsAtOnce-len(free)) {
			free <- struct{}{}
			dials.Go(func() error {
				defer func() { <-free }()
				h.dialKnown(ctx, s, info)
				return nil
			})
		}
	})
	return errors.Join(err, dials.Wait())
}

func (h *Host) dialKnown(ctx context.Context, s *session, info peer.AddrInfo) {
	err := h.dial(ctx, s, info)
	if h.book.dialled(info.ID, time.Now(), err) && ctx.Err() == nil {
		h.set.Logger.Warn().Err(err).Str("peer_id", info.ID.String()).Strs("addrs", texts(info.Addrs)).Msg("peer cannot be reached; trying again")
	}
}

// dial connects to a peer and checks that it is of our chain.
func (h *Host) dial(ctx context.Context, s *session, info peer.AddrInfo) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if n, ok := s.net.Network().(interface{ Backoff() *swarm.DialBackoff }); ok {
		n.Backoff().Clear(info.ID) // the pauses are the book's
	}
	if err := s.net.Connect(ctx, info); err != nil {
		h.metrics.dials.WithLabelValues("failed").Inc()
		return fmt.Errorf("dial %s: %w", info.ID, err)
	}
	s.awaitTold(ctx, info.ID)
	spoken, err := s.net.Peerstore().GetProtocols(info.ID)
	switch {
	case err == nil && s.told(info.ID) && !h.ours(spoken):
		h.metrics.dials.WithLabelValues("other_chain").Inc()
		h.letGo(s, info.ID, spoken)
		return &foreignError{info.ID, chainOf(spoken)}
	case err != nil || !s.told(info.ID) || s.net.Network().Connectedness(info.ID) != network.Connected:
		h.metrics.dials.WithLabelValues("hung_up").Inc()
		return errors.Join(err, fmt.Errorf("dial %s: %w", info.ID, ErrHungUp))
	}
	h.metrics.dials.WithLabelValues("ok").Inc()
	return nil
}

// foreignError is [ErrOtherChain] of a peer, with the chain that it is of.
type foreignError struct {
	id    peer.ID
	chain string
}

func (e *foreignError) Error() string {
	return fmt.Sprintf("dial %s, which is of %s: %v", e.id, e.chain, ErrOtherChain)
}

func (e *foreignError) Unwrap() error { return ErrOtherChain }

// Connect dials a peer at an address that ends in /p2p/ID, once. It returns
// [ErrAddress], [ErrOtherChain], [ErrHungUp], [ErrNotRunning], or why it was
// not reached.
func (h *Host) Connect(ctx context.Context, addr string) error {
	info, err := parsePeer(addr)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	s := h.session.Load()
	if s == nil {
		return fmt.Errorf("connect: %w", ErrNotRunning)
	}
	return h.dial(ctx, s, *info)
}

// SetLedgerPeers replaces what the ledger says of peers. The host dials some of
// them while it has dialled fewer than Degree, and keeps those connections, and
// the validators' whoever dialled, when it lets others go. Announcements that
// cannot be read are left out; it returns how many remain.
func (h *Host) SetLedgerPeers(addrs []Addr) int {
	var infos []*peer.AddrInfo
	validators := map[peer.ID]bool{}
	addrs = addrs[:min(len(addrs), maxLedgerPeers)]
	for _, a := range addrs {
		if id, err := peerID(a.Identity); a.Validator && err == nil {
			validators[id] = true
		}
		if len(a.Addresses) == 0 {
			continue // it dials, and is not dialled
		}
		info, err := a.resolve()
		if err != nil {
			h.set.Logger.Debug().Err(err).Msg("address on the ledger")
			continue
		}
		infos = append(infos, info)
	}
	h.book.setLedger(infos)
	h.validators.Store(&validators)
	h.keepPlaces(slices.DeleteFunc(slices.Clone(infos), func(i *peer.AddrInfo) bool { return !validators[i.ID] }))
	return len(infos)
}

// ours reports whether a peer that speaks these protocols is of our chain.
func (h *Host) ours(spoken []protocol.ID) bool { return slices.Contains(spoken, h.routerID()) }

// awaitTold waits until a connected peer has told what it speaks, or is asked no
// longer. Connect does so of a connection that it makes, and not of one that is
// there: what is known by then may be of an earlier time.
func (s *session) awaitTold(ctx context.Context, id peer.ID) {
	asks, ok := s.net.(interface{ IDService() identify.IDService })
	if !ok {
		return
	}
	for _, c := range s.net.Network().ConnsToPeer(id) {
		select {
		case <-asks.IDService().IdentifyWait(c):
		case <-ctx.Done():
		}
	}
}

// told reports whether a peer has told what it speaks, now or when it was here
// last. Of one that has not, a protocol may be known by a stream that was opened.
func (s *session) told(id peer.ID) bool {
	_, err := s.net.Peerstore().Get(id, "ProtocolVersion")
	return err == nil
}

// chainOf says what a peer is, by the protocols that it speaks.
func chainOf(spoken []protocol.ID) string {
	for _, p := range spoken {
		if rest, ok := strings.CutPrefix(string(p), "/assay/"); ok {
			chain, _, _ := strings.Cut(rest, "/")
			return fmt.Sprintf("chain %.*q", maxChainID, chain)
		}
	}
	return "another network"
}

// watchIdentified begins to listen for peers that told what they speak.
func (s *session) watchIdentified() (event.Subscription, error) {
	sub, err := s.net.EventBus().Subscribe(new(event.EvtPeerIdentificationCompleted))
	if err != nil {
		return nil, fmt.Errorf("watch peers: %w", err)
	}
	return sub, nil
}

// courtesy is how long a peer of another chain that dialled us may stay: time
// to read who we are, and to tell its operator so.
const courtesy = time.Second

// checkChains lets go of those that dialled us and are of another chain.
func (h *Host) checkChains(ctx context.Context, s *session, identified event.Subscription) error {
	defer identified.Close() //nolint:errcheck // it only drains
	type stranger struct {
		event.EvtPeerIdentificationCompleted
		until time.Time
	}
	var strangers []stranger // the oldest first
	tick := time.NewTicker(courtesy / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-identified.Out():
			if p, ok := e.(event.EvtPeerIdentificationCompleted); ok && !h.ours(p.Protocols) {
				strangers = append(strangers, stranger{p, time.Now().Add(courtesy)})
			}
		case now := <-tick.C:
			for len(strangers) > 0 && !now.Before(strangers[0].until) {
				h.letGo(s, strangers[0].Peer, strangers[0].Protocols)
				strangers = strangers[1:]
			}
		}
	}
}

func (h *Host) letGo(s *session, id peer.ID, spoken []protocol.ID) {
	h.metrics.foreign.Inc()
	h.set.Logger.Debug().Str("peer_id", id.String()).Str("of", chainOf(spoken)).Msg("peer of another chain let go")
	if err := s.net.Network().ClosePeer(id); err != nil {
		h.set.Logger.Debug().Err(err).Str("peer_id", id.String()).Msg("close peer")
	}
}
