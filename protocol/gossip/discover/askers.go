package discover

import (
	"net/netip"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/assaynet/assay/protocol/door"
)

const (
	// maxStreams is how many streams with questions stand at once, streamsOfPeer how
	// many of one peer: it needs one.
	maxStreams, streamsOfPeer = 64, 2
	// streamsOfNetwork is how many one network (a /24, a /48 of IPv6) has.
	streamsOfNetwork = 8
)

// askers are the streams with questions that stand. One that is open and asks
// nothing costs who opened it nothing, and an identity does not cost much more. So
// whoever has less than its own share of places gets one: where its network has all
// of its, or none is left at all, a stream ends for it. That is of the network
// which has most, with the newcomer, the one from which no question has come, or
// none for the longest time. The zero value has none.
type askers struct {
	mu    sync.Mutex
	in    map[*asker]bool // guarded by mu
	count uint64          // guarded by mu: of openings and questions
}

// asker is a place that is taken.
type asker struct {
	peer  peer.ID
	from  party
	heard uint64 // its opening or newest question was the heard-th
	asked bool   // a question has come
	shut  func() // ends it; it is called under the lock, so that it sends nothing
}

// party is who shares streamsOfNetwork: a network, or a single peer of a local one.
// Peers of which it cannot be said where they are, as behind a relay, are one.
type party struct {
	network netip.Prefix
	local   peer.ID
}

func partyOf(c network.Conn) party {
	ip, ok := addressOf(c.RemoteMultiaddr())
	switch {
	case !ok:
		return party{}
	case scopeOf(ip) > wide:
		return party{local: c.RemotePeer()}
	}
	return party{network: door.Network(ip)}
}

// enter takes a place for a stream of a peer, for which another may be shut; nil
// where the peer has all of its own. shut must not wait for a peer: everybody who
// enters would wait with it.
func (a *askers) enter(id peer.ID, from party, shut func()) *asker {
	a.mu.Lock()
	defer a.mu.Unlock()
	own, of := 0, map[party]int{from: 1}
	for in := range a.in {
		of[in.from]++
		if in.peer == id {
			own++
		}
	}
	switch {
	case own >= streamsOfPeer:
		return nil
	case of[from] > streamsOfNetwork:
		a.endLocked(func(in *asker) bool { return in.from == from })
	case len(a.in) >= maxStreams:
		most := 0
		for _, n := range of {
			most = max(most, n)
		}
		a.endLocked(func(in *asker) bool { return of[in.from] == most })
	}
	if a.in == nil {
		a.in = map[*asker]bool{}
	}
	a.count++
	in := &asker{peer: id, from: from, heard: a.count, shut: shut}
	a.in[in] = true
	return in
}

// endLocked shuts, of those that may go, the one that has asked nothing for the
// longest time; those that never asked go first, for to open costs nothing.
func (a *askers) endLocked(mayGo func(*asker) bool) {
	var out *asker
	for in := range a.in {
		if mayGo(in) && (out == nil || in.before(out)) {
			out = in
		}
	}
	if out != nil {
		delete(a.in, out)
		out.shut()
	}
}

// before reports whether one goes before another.
func (in *asker) before(other *asker) bool {
	if in.asked != other.asked {
		return other.asked
	}
	return in.heard < other.heard
}

// heard notes a question.
func (a *askers) heard(in *asker) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	in.heard, in.asked = a.count, true
}

// leave gives a place back, unless that was done.
func (a *askers) leave(in *asker) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.in, in)
}
