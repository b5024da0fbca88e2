package gossip

import (
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// tracer counts what the router drops without asking a handler, and knows who
// is in the mesh of each topic.
type tracer struct {
	metrics *metrics
	names   map[string]Topic // by full name; never changed

	mu     sync.Mutex
	mesh   map[Topic]map[peer.ID]bool // guarded by mu
	closed map[peer.ID][]time.Time    // guarded by mu: ends of streams since they were taken
}

var _ pubsub.RawTracer = (*tracer)(nil)

func (h *Host) newTracer() *tracer {
	t := &tracer{metrics: h.metrics, names: map[string]Topic{}, mesh: map[Topic]map[peer.ID]bool{}, closed: map[peer.ID][]time.Time{}}
	for _, topic := range topics {
		t.names[h.topicName(topic)] = topic
		t.mesh[topic] = map[peer.ID]bool{}
		t.metrics.mesh.WithLabelValues(string(topic)).Set(0)
	}
	return t
}

// inMesh reports whether a peer is in the mesh of a topic. It may be there and
// not listen any more: the router takes it out only when its own stream breaks.
func (t *tracer) inMesh(topic Topic, id peer.ID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mesh[topic][id]
}

// takeClosed returns when streams to peers ended, and forgets it.
func (t *tracer) takeClosed() map[peer.ID][]time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.closed
	t.closed = map[peer.ID][]time.Time{}
	return out
}

func (t *tracer) set(topic Topic, id peer.ID, in bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if topic == "" {
		return
	}
	if in {
		t.mesh[topic][id] = true
	} else {
		delete(t.mesh[topic], id)
	}
	t.metrics.mesh.WithLabelValues(string(topic)).Set(float64(len(t.mesh[topic])))
}

// Graft implements [pubsub.RawTracer].
func (t *tracer) Graft(id peer.ID, name string) { t.set(t.names[name], id, true) }

// Prune implements [pubsub.RawTracer].
func (t *tracer) Prune(id peer.ID, name string) { t.set(t.names[name], id, false) }

// OnClosedOutboundStream implements [pubsub.RawTracer]: the peer is gone, or
// only the stream to it.
func (t *tracer) OnClosedOutboundStream(id peer.ID) {
	t.mu.Lock()
	t.closed[id] = append(t.closed[id], time.Now())
	t.mu.Unlock()
	for _, topic := range topics {
		t.set(topic, id, false)
	}
}

// RejectMessage implements [pubsub.RawTracer].
func (t *tracer) RejectMessage(_ *pubsub.Message, why string) {
	switch why {
	case pubsub.RejectValidationFailed, pubsub.RejectValidationIgnored:
		return // counted with its reason where it was decided
	}
	t.metrics.dropped.WithLabelValues(why).Inc()
}

// DropRPC implements [pubsub.RawTracer].
func (t *tracer) DropRPC(*pubsub.RPC, peer.ID) {
	t.metrics.dropped.WithLabelValues("slow or oversized").Inc()
}

// The rest of [pubsub.RawTracer] is not looked at.

func (*tracer) OnNewOutboundStream(peer.ID, protocol.ID) {}
func (*tracer) Join(string)                              {}
func (*tracer) Leave(string)                             {}
func (*tracer) ValidateMessage(*pubsub.Message)          {}
func (*tracer) DeliverMessage(*pubsub.Message)           {}
func (*tracer) DuplicateMessage(*pubsub.Message)         {}
func (*tracer) ThrottlePeer(peer.ID)                     {}
func (*tracer) RecvRPC(*pubsub.RPC)                      {}
func (*tracer) SendRPC(*pubsub.RPC, peer.ID)             {}
func (*tracer) UndeliverableMessage(*pubsub.Message)     {}
