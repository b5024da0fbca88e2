package gossip

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A stream that is open and has not said what it asks costs who opened it nothing.
// So a request takes a place of those that are worked on when it has been read, and
// until then one of these, of which nobody is refused: where there is none left the
// oldest goes, of the same peer, or of the peer of the same class that has most. An
// honest request is there within a round trip of its stream. Each reads at most
// [MaxRequest] bytes.
type readings struct {
	mu    sync.Mutex
	by    map[peer.ID][]*reading // guarded by mu: oldest first
	all   [classes]int           // guarded by mu
	count uint64                 // guarded by mu
}

// reading is a request that is being read.
type reading struct {
	class  class
	number uint64 // it was the number-th that began
	shut   func() // ends it; it is called under the lock, so that it sends nothing
}

// readQuotas are how many requests on one stream are read side by side.
var readQuotas = quotas{seated: {peer: 16, all: 512}, unknown: {peer: 8, all: 256}}

// enter takes a place, for which another may be shut; done gives it back. shut must
// not wait for a peer: everybody who enters would wait with it.
func (r *readings) enter(id peer.ID, c class, shut func()) (done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = map[peer.ID][]*reading{}
	}
	switch q := readQuotas[c]; {
	case len(r.by[id]) >= q.peer:
		r.shutLocked(id)
	case r.all[c] >= q.all:
		r.shutLocked(r.greediestLocked(c))
	}
	r.count++
	in := &reading{class: c, number: r.count, shut: shut}
	r.by[id] = append(r.by[id], in)
	r.all[c]++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for i, x := range r.by[id] {
			if x == in {
				r.dropLocked(id, i)
				return
			}
		}
	}
}

// greediestLocked returns the peer of a class that has most, of several the one
// whose oldest is the oldest.
func (r *readings) greediestLocked(c class) (out peer.ID) {
	var most []*reading
	for id, all := range r.by {
		if all[0].class != c || len(all) < len(most) {
			continue
		}
		if len(all) > len(most) || all[0].number < most[0].number {
			out, most = id, all
		}
	}
	return out
}

// shutLocked ends the oldest of a peer.
func (r *readings) shutLocked(id peer.ID) {
	if all := r.by[id]; len(all) > 0 {
		all[0].shut()
		r.dropLocked(id, 0)
	}
}

func (r *readings) dropLocked(id peer.ID, i int) {
	all := r.by[id]
	r.all[all[i].class]--
	if all = append(all[:i:i], all[i+1:]...); len(all) == 0 {
		delete(r.by, id)
		return
	}
	r.by[id] = all
}
