package gossip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/assaynet/assay/protocol/wire"
)

// Bounds of the router.
const (
	// framing is what a message may grow by in the router's own encoding.
	framing = 64 << 10
	// queued messages of all topics wait for a worker. It holds what eight peers
	// may bring at once on topic tx, if no worker runs meanwhile.
	queued = 8 * 2048
	// workers put messages into the queue of their topic: they look at ids alone,
	// and so keep up with the one loop that fills queued.
	workers = 2
	// perTopic is how many handlers of one topic run side by side, and waiting how
	// many messages wait for one of them. Each topic has these for itself.
	perTopic = 64
	waiting  = 512
	// onTheirWay is how many goroutines may stand of all topics, with those that
	// have yet to find that their topic's queue is full: out of reach, so that only
	// the topics' own limits are met.
	onTheirWay = 4 * queued
	// handlerTime is how long a message may wait for its handler and be looked at:
	// a check of a signature takes 0.1 ms, a synced write some 10 ms on a busy disk.
	handlerTime = 5 * time.Second
	// seenFor is how long the id of a message is remembered: far longer than
	// one can travel, shorter than a sender waits before it tries again.
	seenFor = 2 * time.Minute
	// promise is how long an advertised message is waited for. The usual 3 s
	// are too short for nine processes with a model each on two cores.
	promise = 10 * time.Second
	// outbound is how many messages wait for a slow peer before some are lost.
	outbound = 256
)

// join makes the router and joins the topics that have a handler.
func (h *Host) join(ctx context.Context, s *session) error {
	router, err := pubsub.NewGossipSub(ctx, s.net, h.routerOptions(s)...)
	if err != nil {
		return err
	}
	s.router, s.topics = router, map[Topic]*pubsub.Topic{}
	for _, t := range topics {
		validate := h.validator(s, t)
		if err := router.RegisterTopicValidator(h.topicName(t), validate,
			pubsub.WithValidatorConcurrency(perTopic+waiting), pubsub.WithValidatorTimeout(h.set.times.handler)); err != nil {
			return err
		}
		topic, err := router.Join(h.topicName(t))
		if err != nil {
			return err
		}
		s.topics[t] = topic
		if h.set.Handlers.of(t) == nil {
			continue
		}
		// A relay takes part in the mesh without a queue of its own: what
		// the node needs of a message, its handler has taken.
		if _, err := topic.Relay(); err != nil {
			return err
		}
	}
	return nil
}

func (h *Host) topicName(t Topic) string { return prefix(h.set.ChainID) + string(t) }

// routerID is the router's protocol. It names the chain because our messages
// are larger than the public network's, and so that nodes of another chain are
// told apart by what they speak.
func (h *Host) routerID() protocol.ID {
	return protocol.ID(prefix(h.set.ChainID) + "meshsub/1.2.0")
}

func (h *Host) routerOptions(s *session) []pubsub.Option {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = h.topicName(t)
	}
	p := pubsub.DefaultGossipSubParams()
	p.IWantFollowupTime = promise
	return []pubsub.Option{
		pubsub.WithGossipSubProtocols([]protocol.ID{h.routerID()}, h.features),
		pubsub.WithGossipSubParams(p),
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID),
		pubsub.WithMaxMessageSize(maxMessage + framing),
		pubsub.WithSeenMessagesTTL(seenFor),
		pubsub.WithFloodPublish(true), // own messages go to all peers: no mesh can withhold them
		pubsub.WithPeerExchange(false),
		pubsub.WithPeerOutboundQueueSize(outbound),
		pubsub.WithValidateQueueSize(queued),
		pubsub.WithValidateThrottle(onTheirWay),
		pubsub.WithValidateWorkers(workers),
		pubsub.WithSubscriptionFilter(pubsub.WrapLimitSubscriptionFilter(
			pubsub.NewAllowlistSubscriptionFilter(names...), 4*len(topics))),
		pubsub.WithAppSpecificRpcInspector(h.sift(s)),
		pubsub.WithPeerScore(h.scoreParams(), h.scoreThresholds()),
		pubsub.WithPeerScoreInspect(func(m map[peer.ID]float64) { h.inspect(s, m) }, scorePeriod),
		pubsub.WithRawTracer(s.tracer),
		pubsub.WithLogger(slog.New(slog.DiscardHandler)),
		pubsub.WithRPCLogger(slog.New(slog.DiscardHandler)),
	}
}

// features says that the one protocol spoken is gossipsub v1.2, without the
// exchange of peers: whom to dial, the ledger says. A peer to which no stream is
// open speaks none: the router would take it into a mesh all the same, tell it
// nothing of that, and keep it there when it speaks later.
func (h *Host) features(f pubsub.GossipSubFeature, id protocol.ID) bool {
	return id == h.routerID() && (f == pubsub.GossipSubFeatureMesh || f == pubsub.GossipSubFeatureIdontwant)
}

// validator judges the messages of a topic before they are passed on. The router
// runs it on a goroutine for each message, which is the topic's queue: they wait
// for one of perTopic places, at most until handlerTime is over.
func (h *Host) validator(s *session, t Topic) pubsub.ValidatorEx {
	handle := h.set.Handlers.of(t)
	room := make(chan struct{}, perTopic)
	return func(ctx context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
		if from == s.net.ID() { // our own: Publish has looked at it
			return pubsub.ValidationAccept
		}
		if !s.gate.enter() {
			return pubsub.ValidationIgnore
		}
		defer s.gate.leave()
		var err error
		if handle != nil {
			select {
			case room <- struct{}{}:
				err = handle(ctx, from.String(), m.Data)
				<-room
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		fate := Decide(err)
		h.metrics.messages.WithLabelValues(string(t), verdict(fate), reason(err)).Inc()
		if err != nil {
			h.set.Logger.Debug().Err(err).Str("topic", string(t)).Str("from", from.String()).Str("verdict", verdict(fate)).Msg("message refused")
		}
		return fate
	}
}

func checkSize(t Topic, b []byte) error {
	switch {
	case len(b) == 0:
		return fmt.Errorf("empty %s message: %w", t, wire.ErrMalformed)
	case len(b) > t.Limit():
		return fmt.Errorf("%s message of %d bytes, at most %d: %w", t, len(b), t.Limit(), wire.ErrTooLarge)
	}
	return nil
}

// Publish sends raw to every peer that listens to the topic. It does not wait
// until they have it, and the host's own handler is not called. It returns
// [ErrNoPeers] when nobody listens: nothing was sent, and the caller may try
// again; [wire.ErrTooLarge], [wire.ErrMalformed], [ErrUnknown], [ErrNotRunning].
// What was published or received within two minutes is not sent again.
func (h *Host) Publish(ctx context.Context, t Topic, raw []byte) error {
	if t.Limit() == 0 {
		return fmt.Errorf("publish to %.40q: %w", string(t), ErrUnknown)
	}
	if err := checkSize(t, raw); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	s := h.session.Load()
	if s == nil {
		return fmt.Errorf("publish to %s: %w", t, ErrNotRunning)
	}
	if len(s.topics[t].ListPeers()) == 0 {
		return fmt.Errorf("publish to %s: %w", t, ErrNoPeers)
	}
	err := s.topics[t].Publish(ctx, raw)
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		err = ErrNotRunning // the router stopped, not the caller
	}
	if err != nil {
		return fmt.Errorf("publish to %s: %w", t, err)
	}
	h.metrics.published.WithLabelValues(string(t)).Inc()
	return nil
}
