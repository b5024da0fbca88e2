package gossip

import (
	"maps"
	"net"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/assaynet/assay/protocol/params"
)

// scorePeriod is how often faults fade, and how often scores are looked at.
const scorePeriod = time.Second

// scoreParams puts the points of params into the router's terms.
func (h *Host) scoreParams() *pubsub.PeerScoreParams {
	p := h.set.scores
	forget := time.Duration(p.ForgetSeconds) * time.Second
	out := &pubsub.PeerScoreParams{
		Topics:                      map[string]*pubsub.TopicScoreParams{},
		TopicScoreCap:               float64(p.TopicCap),
		AppSpecificScore:            h.faultScore,
		AppSpecificWeight:           1,
		IPColocationFactorWeight:    -float64(p.SameAddress),
		IPColocationFactorThreshold: int(p.SameAddressFree),
		IPColocationFactorWhitelist: localIPNets(),
		BehaviourPenaltyWeight:      -float64(p.Behaviour),
		BehaviourPenaltyThreshold:   float64(p.BehaviourFree),
		BehaviourPenaltyDecay:       pubsub.ScoreParameterDecay(forget),
		DecayInterval:               scorePeriod,
		DecayToZero:                 pubsub.DefaultDecayToZero,
		RetainScore:                 forget,
		SeenMsgTTL:                  seenFor,
	}
	for _, t := range topics {
		out.Topics[h.topicName(t)] = topicScore(p.Topics[string(t)], forget)
	}
	return out
}

func topicScore(t params.TopicScore, forget time.Duration) *pubsub.TopicScoreParams {
	return &pubsub.TopicScoreParams{
		SkipAtomicValidation:           true, // the rate of deliveries is not scored
		TopicWeight:                    1,
		TimeInMeshWeight:               float64(t.MeshMinute) / 100,
		TimeInMeshQuantum:              time.Minute,
		TimeInMeshCap:                  float64(t.MeshMinuteCap),
		FirstMessageDeliveriesWeight:   float64(t.FirstDelivery) / 100,
		FirstMessageDeliveriesDecay:    pubsub.ScoreParameterDecay(forget),
		FirstMessageDeliveriesCap:      float64(t.FirstDeliveryCap),
		InvalidMessageDeliveriesWeight: -float64(t.InvalidMessage),
		InvalidMessageDeliveriesDecay:  pubsub.ScoreParameterDecay(forget),
	}
}

func (h *Host) scoreThresholds() *pubsub.PeerScoreThresholds {
	p := h.set.scores
	return &pubsub.PeerScoreThresholds{
		GossipThreshold:             float64(p.Gossip),
		PublishThreshold:            float64(p.Publish),
		GraylistThreshold:           float64(p.Graylist),
		OpportunisticGraftThreshold: float64(p.OpportunisticGraft),
	}
}

func localIPNets() []*net.IPNet {
	var out []*net.IPNet
	for _, p := range localNetworks {
		a := p.Addr().AsSlice()
		out = append(out, &net.IPNet{IP: a, Mask: net.CIDRMask(p.Bits(), 8*len(a))})
	}
	return out
}

// scoreboard holds the scores of the last look, for [Host.Peers].
type scoreboard struct {
	mu     sync.Mutex
	scores map[peer.ID]float64
}

func (b *scoreboard) of(id peer.ID) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.scores[id]
}

// inspect takes the router's scores and cuts off who has fallen too low: the
// router only stops listening, and the connection would hold a place.
func (h *Host) inspect(s *session, scores map[peer.ID]float64) {
	if !s.gate.enter() {
		return
	}
	defer s.gate.leave()
	h.scores.mu.Lock()
	h.scores.scores = maps.Clone(scores)
	h.scores.mu.Unlock()
	for id, score := range scores {
		if score >= float64(h.set.scores.Graylist) || !h.gater.ban(id, time.Duration(h.set.scores.BanSeconds)*time.Second) {
			continue
		}
		h.metrics.bans.Inc()
		h.set.Logger.Warn().Str("peer_id", id.String()).Float64("score", score).Msg("peer cut off for false messages")
		if err := s.net.Network().ClosePeer(id); err != nil {
			h.set.Logger.Debug().Err(err).Str("peer_id", id.String()).Msg("close peer")
		}
	}
}
