package gossip

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"
)

// A connection can stand while the router has lost the peer. The router keeps
// one stream to each peer and takes one from it; both are opened when a
// connection begins, and each begins with the topics that its side listens to.
// Two things go wrong when the stream to a peer breaks and the connection stays:
//
//   - The router forgets what the peer listens to, although that came on the
//     other stream, which is whole; the peer does not say it again. So nothing
//     is published to it, and it is in no mesh.
//   - The router opens another stream, but only four times in ten minutes, and
//     not at all where the first could not be opened. Then it forgets the peer
//     until there is a new connection.
//
// Either lasts as long as the connection, which may be for ever. A home that
// runs twice does this to all its peers at once: both processes have one peer
// id, a peer takes one stream of an id, the last one, and so each process breaks
// the other's streams until both have used up their four times. Overload does
// it, too, slowly.
//
// A third goes wrong before the router has the peer: a peer is asked once what it
// speaks, when a connection begins, for five seconds. Where a machine stands still
// for as long, the router never hears of the peer, and the dialling side takes the
// connection for one that is there.
//
// So the host looks every few seconds whether each connected peer listens to some
// topic, as every node of its chain does. One that does not, for lost, is let go
// and dialled again, at most once in a pause. Both routers begin anew then. Who
// has lost the other is who sees it, so that both sides must look. Who is of
// another chain is let go sooner when it says so (dial.go).
//
// The bound: once the cause is gone, a peer is heard again after at most
// pause + lost + every, 80 s, and the time of a dial; mostly after lost + every,
// 20 s.

// watchTimes are the periods of the watch. More costs time in which a node is
// deaf; less breaks connections that are only slow.
type watchTimes struct {
	every time.Duration // between two looks
	lost  time.Duration // until a connected peer that listens to nothing is let go
	mute  time.Duration // the same, of one that has not said what it speaks
	pause time.Duration // between two such times, for one peer
	deaf  time.Duration // until an empty mesh is told
	twin  time.Duration // between two questions whether the identity runs elsewhere
}

var defaultWatch = watchTimes{
	every: 5 * time.Second,
	// A busy machine takes seconds to identify a peer and to open a stream.
	lost: 15 * time.Second,
	// It is asked for five seconds.
	mute:  15 * time.Second,
	pause: time.Minute,
	// A mesh is joined within two heartbeats, of a second each.
	deaf: 30 * time.Second,
	// Three small requests; validators of one key may sign against each other
	// meanwhile.
	twin: 10 * time.Second,
}

const (
	// brokenFor is for how long a broken stream is remembered.
	brokenFor = 10 * time.Minute
	// brokenOften is how many streams to one peer break, within that time and
	// with the connection whole, before it is no accident.
	brokenOften = 3
)

// watch is what the watch remembers between two looks; only its loop uses it,
// but for what mu guards.
type watch struct {
	lost    map[peer.ID]time.Time   // listening to nothing, since when
	renewed map[peer.ID]time.Time   // let go and dialled again, when
	empty   map[Topic]time.Time     // without a peer in the mesh, since when
	broken  map[peer.ID][]time.Time // streams that broke in a whole connection
	warned  time.Time               // when the log was last told of lost peers

	keeping sync.Mutex       // held while it is looked at who is worth what
	kept    map[peer.ID]bool // guarded by keeping: whose connections are protected

	mu        sync.Mutex
	deaf      []Topic          // guarded by mu
	elsewhere bool             // guarded by mu
	shown     time.Time        // guarded by mu: when somebody last showed another process of the identity
	parted    map[peer.ID]bool // guarded by mu: whose connections ended since the last look
}

func newWatch() *watch {
	return &watch{
		lost: map[peer.ID]time.Time{}, renewed: map[peer.ID]time.Time{}, empty: map[Topic]time.Time{},
		broken: map[peer.ID][]time.Time{}, parted: map[peer.ID]bool{}, kept: map[peer.ID]bool{},
	}
}

// Deaf returns the topics that this host takes part in and that nobody has
// passed on to it for half a minute, although peers are connected: nobody is in
// the mesh of the topic, and either that is so on all topics, or some peer
// listens to this one. None when not running.
func (h *Host) Deaf() []Topic {
	s := h.session.Load()
	if s == nil {
		return nil
	}
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	return slices.Clone(s.watch.deaf)
}

// Elsewhere reports whether another process seems to use this host's identity:
// in the last ten minutes, a peer had a signature of it that this host did not
// make, or peers broke stream after stream and kept the connection, as they do when
// another comes under the same id.
func (h *Host) Elsewhere() bool {
	s := h.session.Load()
	if s == nil {
		return false
	}
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	return s.watch.elsewhere
}

// watchLoop looks after the peers until ctx is done.
func (h *Host) watchLoop(ctx context.Context, s *session) error {
	s.net.Network().Notify(&network.NotifyBundle{DisconnectedF: func(_ network.Network, c network.Conn) {
		s.watch.mu.Lock()
		defer s.watch.mu.Unlock()
		s.watch.parted[c.RemotePeer()] = true
	}})
	return every(ctx, h.set.watch.every, func() {
		now := time.Now()
		h.renewLost(ctx, s, now, h.connectedPeers(s))
		peers := h.chainPeers(s)
		h.noteDeaf(s, now, len(peers))
		h.noteBroken(s, now, len(peers))
		h.keep(s)
	})
}

// connectedPeers returns the connected peers, and whether each listens to a topic.
func (h *Host) connectedPeers(s *session) map[peer.ID]bool {
	out := map[peer.ID]bool{}
	for _, id := range s.net.Network().Peers() {
		if s.net.Network().Connectedness(id) != network.Limited { // no topic goes over a relay
			out[id] = false
		}
	}
	for _, t := range topics {
		for _, id := range s.topics[t].ListPeers() {
			if _, ok := out[id]; ok {
				out[id] = true
			}
		}
	}
	return out
}

// chainPeers returns those of the connected peers that are known to be of the
// chain.
func (h *Host) chainPeers(s *session) map[peer.ID]bool {
	out := h.connectedPeers(s)
	maps.DeleteFunc(out, func(id peer.ID, _ bool) bool {
		spoken, err := s.net.Peerstore().GetProtocols(id)
		return err != nil || !h.ours(spoken)
	})
	return out
}

// renewLost lets go of the peers that have been lost for long enough, and dials
// them again.
func (h *Host) renewLost(ctx context.Context, s *session, now time.Time, peers map[peer.ID]bool) {
	w := s.watch
	for id := range w.lost {
		if listens, connected := peers[id]; listens || !connected {
			delete(w.lost, id)
		}
	}
	var due []peer.ID
	for id, listens := range peers {
		if listens {
			continue
		}
		if w.lost[id].IsZero() {
			w.lost[id] = now
		}
		if h.overdue(s, id, now) && now.Sub(w.renewed[id]) >= h.set.watch.pause {
			due = append(due, id)
		}
	}
	for id, at := range w.renewed {
		if now.Sub(at) >= h.set.watch.pause {
			delete(w.renewed, id)
		}
	}
	if len(due) == 0 {
		return
	}
	if w.warned.IsZero() || now.Sub(w.warned) >= brokenFor {
		w.warned = now
		h.set.Logger.Warn().Int("lost", len(due)).Int("connected", len(peers)).Msg("connected peers are not heard any more; connecting to them anew")
	}
	var dials errgroup.Group
	dials.SetLimit(dialsAtOnce)
	for _, id := range due {
		w.renewed[id] = now
		delete(w.lost, id)
		dials.Go(func() error {
			h.renew(ctx, s, id)
			return nil
		})
	}
	_ = dials.Wait() // they return nil
}

// overdue reports whether a peer that listens to nothing has done so for too long.
// One that has told what it speaks counts from its youngest connection on, which is
// still being made known to the router; one that has not, from its oldest: more
// connections must not save it.
func (h *Host) overdue(s *session, id peer.ID, now time.Time) bool {
	if s.told(id) {
		from := now.Add(-h.set.watch.lost)
		return !s.watch.lost[id].After(from) && !s.hasConn(id, func(c network.Conn) bool { return c.Stat().Opened.After(from) })
	}
	from := now.Add(-h.set.watch.mute)
	return !s.watch.lost[id].After(from) && s.hasConn(id, func(c network.Conn) bool { return !c.Stat().Opened.After(from) })
}

// hasConn reports whether is holds for a connection to a peer.
func (s *session) hasConn(id peer.ID, is func(network.Conn) bool) bool {
	return slices.ContainsFunc(s.net.Network().ConnsToPeer(id), is)
}

// renew lets go of a peer and dials it, at the addresses of the book and at
// those that it told when it connected. If it cannot be dialled, it dials us.
func (h *Host) renew(ctx context.Context, s *session, id peer.ID) {
	h.metrics.renewed.Inc()
	if err := s.net.Network().ClosePeer(id); err != nil {
		h.set.Logger.Debug().Err(err).Str("peer_id", id.String()).Msg("close peer")
	}
	info, known := h.book.of(id)
	switch {
	case !known && !s.told(id):
		return // nobody named it, nor has it said who it is
	case !known:
		info = peer.AddrInfo{ID: id}
	}
	if err := h.dial(ctx, s, info); err != nil {
		h.set.Logger.Debug().Err(err).Str("peer_id", id.String()).Msg("peer was let go and cannot be dialled")
	}
}

// noteDeaf finds the topics in whose mesh nobody has been for too long.
func (h *Host) noteDeaf(s *session, now time.Time, peers int) {
	w := s.watch
	var joined, empty, deaf []Topic
	for _, t := range topics {
		if h.set.Handlers.of(t) == nil {
			continue
		}
		joined = append(joined, t)
		if !slices.ContainsFunc(s.topics[t].ListPeers(), func(id peer.ID) bool { return s.tracer.inMesh(t, id) }) {
			empty = append(empty, t)
		}
	}
	for _, t := range joined {
		switch {
		case peers == 0, !slices.Contains(empty, t), len(empty) < len(joined) && len(s.topics[t].ListPeers()) == 0:
			delete(w.empty, t)
		case w.empty[t].IsZero():
			w.empty[t] = now
		case now.Sub(w.empty[t]) >= h.set.watch.deaf:
			deaf = append(deaf, t)
		}
	}
	w.mu.Lock()
	was := w.deaf
	w.deaf = deaf
	w.mu.Unlock()
	switch {
	case len(was) == 0 && len(deaf) > 0:
		h.set.Logger.Warn().Strs("topics", names(deaf)).Int("peers", peers).Msg("peers are connected, but none passes messages on")
	case len(was) > 0 && len(deaf) == 0:
		h.set.Logger.Info().Int("peers", peers).Msg("messages are passed on again")
	}
}

// noteBroken counts the streams that broke although the connection stayed.
func (h *Host) noteBroken(s *session, now time.Time, peers int) {
	w := s.watch
	closed := s.tracer.takeClosed()
	w.mu.Lock()
	parted := w.parted
	w.parted = map[peer.ID]bool{}
	w.mu.Unlock()
	for id, times := range closed {
		if !parted[id] { // or the stream ended with its connection
			w.broken[id] = append(w.broken[id], times...)
		}
	}
	often := 0
	for id, times := range w.broken {
		times = slices.DeleteFunc(times, func(t time.Time) bool { return now.Sub(t) >= brokenFor })
		if w.broken[id] = times; len(times) == 0 {
			delete(w.broken, id)
		}
		if len(times) >= brokenOften {
			often++
		}
	}
	elsewhere := often > 0 && (often >= 2 || peers <= 1)
	w.mu.Lock()
	was := w.elsewhere
	elsewhere = elsewhere || !w.shown.IsZero() && now.Sub(w.shown) < brokenFor
	w.elsewhere = elsewhere
	w.mu.Unlock()
	if elsewhere && !was {
		h.set.Logger.Warn().Str("peer_id", h.ID()).Int("peers", often).
			Msg(elsewhereText)
	}
}

const elsewhereText = "this node's identity seems to be in use elsewhere: if its home was copied and runs on another machine, too, stop one of them"

func names(list []Topic) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = string(t)
	}
	return out
}
