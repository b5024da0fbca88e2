package gossip

import (
	"slices"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
)

// rate is what one peer may bring on a topic, in messages and in bytes.
type rate struct{ messages, bytes allowance }

// rates leave room for a peer that passes on all that an honest network of 4,096
// seats has to say: a round is opened within some blocks, and its cards come within
// as many. A transaction is checked with a signature, 0.1 ms: one peer may use a
// tenth of a core.
var rates = map[Topic]rate{
	TopicTx:     {allowance{2048, 1024}, allowance{16 << 20, 8 << 20}},
	TopicPairs:  {allowance{1024, 256}, allowance{64 << 20, 16 << 20}},
	TopicAnswer: {allowance{4096, 1024}, allowance{64 << 20, 16 << 20}},
	TopicCard:   {allowance{4096, 1024}, allowance{64 << 20, 16 << 20}},
}

// onTopic is a peer on one topic.
type onTopic struct {
	id    peer.ID
	topic Topic
}

// rateMeters meter what peers bring.
type rateMeters struct{ messages, bytes meter[onTopic] }

// faultsForgotten is how many faults are forgotten in ForgetSeconds: as many as
// cut a peer off.
const faultsForgotten = 5

// sift takes out of a packet what the router must not even hash. It runs in the
// router's only loop.
func (h *Host) sift(s *session) func(peer.ID, *pubsub.RPC) error {
	return func(from peer.ID, packet *pubsub.RPC) error {
		now := time.Now()
		packet.Publish = slices.DeleteFunc(packet.Publish, func(m *pb.Message) bool { return !h.admits(s, from, m, now) })
		return nil
	}
}

// admits reports whether a message may be looked at. What no honest program sends,
// whatever it was sent itself, is a fault of the peer: a topic that nobody here
// ever listens to, no bytes, more than a topic allows. Too many messages are none:
// who is flooded passes on a flood.
func (h *Host) admits(s *session, from peer.ID, m *pb.Message, now time.Time) bool {
	t, ok := s.tracer.names[m.GetTopic()]
	if !ok {
		h.metrics.dropped.WithLabelValues("unknown topic").Inc()
		h.blame(from, now)
		return false
	}
	if err := checkSize(t, m.GetData()); err != nil {
		h.metrics.messages.WithLabelValues(string(t), "reject", reason(err)).Inc()
		h.blame(from, now)
		return false
	}
	k, r := onTopic{from, t}, rates[t]
	if s.rates.messages.take(k, r.messages, 1, now) && s.rates.bytes.take(k, r.bytes, float64(len(m.GetData())), now) {
		return true
	}
	h.metrics.dropped.WithLabelValues("over its rate").Inc()
	return false
}

// blame notes a fault of a peer.
func (h *Host) blame(id peer.ID, now time.Time) { h.faults.spend(id, h.forgiveness(), 1, now) }

// forgiveness is a bucket that holds nothing: each fault is a debt, which time
// pays.
func (h *Host) forgiveness() allowance {
	return allowance{perSecond: faultsForgotten / float64(h.set.scores.ForgetSeconds)}
}

// faultScore is what the faults of a peer cost it.
func (h *Host) faultScore(id peer.ID) float64 {
	n := h.faults.left(id, h.forgiveness(), time.Now())
	return -float64(h.set.scores.Fault) * n * n
}
