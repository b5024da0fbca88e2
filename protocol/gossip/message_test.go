package gossip_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	pubsub "github.com/libp2p/go-libp2p-pubsub"

	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

func TestDecideRejectsOnlyWhatBlamesTheSender(t *testing.T) {
	cases := []struct {
		err  error
		want pubsub.ValidationResult
	}{
		{nil, pubsub.ValidationAccept},
		{wire.ErrTooLarge, pubsub.ValidationReject},
		{wire.ErrMalformed, pubsub.ValidationReject},
		{wire.ErrNotCanonical, pubsub.ValidationReject},
		{wire.ErrLimit, pubsub.ValidationReject},
		{wire.ErrSignature, pubsub.ValidationReject},
		{fmt.Errorf("transaction of type 99: %w", wire.ErrUnknown), pubsub.ValidationIgnore}, // a newer version may know it
		{fmt.Errorf("body: %w", wire.ErrMalformed), pubsub.ValidationReject},
		{wire.ErrChain, pubsub.ValidationReject},
		{context.DeadlineExceeded, pubsub.ValidationIgnore},
		{errors.New("late"), pubsub.ValidationIgnore},
	}
	for _, c := range cases {
		if got := gossip.Decide(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
	}
}

// star starts a hub and n-1 leaves that know only the hub; each remembers
// answers.
func star(t *testing.T, n int) ([]running, []*inbox) {
	t.Helper()
	hosts, boxes := make([]running, n), make([]*inbox, n)
	for i := range hosts {
		c := config(fmt.Sprintf("host %d", i))
		if i > 0 {
			c.Bootstrap = hosts[0].Addrs()
		}
		boxes[i] = &inbox{}
		c.Handlers.Answer = boxes[i].handle
		hosts[i] = launch(t, c)
	}
	seen := func() (lines string) {
		for i, h := range hosts {
			lines += fmt.Sprintf("\nhost %d is %s, with the peers %+v", i, h.ID(), h.Peers())
		}
		return lines
	}
	for i, h := range hosts {
		want := 1
		if i == 0 {
			// All leaves, which a mesh holds up to twelve: what is sent
			// after a leaf's graft and before the hub has read it reaches
			// that leaf by neither mesh nor gossip.
			want = n - 1
		}
		eventually(t, fmt.Sprintf("the mesh of host %d stands", i), func() bool { return meshed(h, gossip.TopicAnswer, want) }, seen)
	}
	return hosts, boxes
}

func TestMessagesReachEveryHostOnceAndNotTheirSender(t *testing.T) {
	hosts, boxes := star(t, 9)
	for i, h := range hosts {
		if err := h.Publish(t.Context(), gossip.TopicAnswer, message(i)); err != nil {
			t.Fatal(err)
		}
	}
	for i, b := range boxes {
		eventually(t, "all messages have come", func() bool { return b.len() >= len(hosts)-1 })
		for j := range hosts {
			want := 1
			if i == j {
				want = 0
			}
			if got := b.count(message(j)); got != want {
				t.Errorf("host %d got message %d %d times, want %d", i, j, got, want)
			}
		}
	}
	// Nine hosts on one address, all honest: nobody is below zero.
	for _, p := range hosts[0].Peers() {
		if p.Score < 0 {
			t.Errorf("peer %s has score %g", p.ID, p.Score)
		}
	}
	if len(boxes[1].from) == 0 || boxes[1].from[0] != hosts[0].ID() {
		t.Errorf("from: got %q, want the hub %q", boxes[1].from, hosts[0].ID())
	}
}

func TestPublishRefusesWhatItCannotSend(t *testing.T) {
	a := launch(t, config("a"))
	cases := []struct {
		topic gossip.Topic
		raw   []byte
		want  error
	}{
		{gossip.TopicTx, message(1), gossip.ErrNoPeers},
		{gossip.TopicTx, nil, wire.ErrMalformed},
		{gossip.TopicTx, make([]byte, wire.MaxTxBytes+1), wire.ErrTooLarge},
		{gossip.TopicAnswer, make([]byte, wire.MaxAnswerBytes+1), wire.ErrTooLarge},
		{gossip.TopicCard, make([]byte, wire.MaxCardBytes+1), wire.ErrTooLarge},
		{"nonsense", message(1), gossip.ErrUnknown},
	}
	for _, c := range cases {
		if err := a.Publish(t.Context(), c.topic, c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s, %d bytes: got %v, want %v", c.topic, len(c.raw), err, c.want)
		}
	}
}

func TestTheLargestMessagePasses(t *testing.T) {
	in := &inbox{}
	sender, _ := pair(t, in)
	largest := make([]byte, wire.MaxAnswerBytes)
	if err := sender.Publish(t.Context(), gossip.TopicAnswer, largest); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has come", func() bool { return in.count(largest) == 1 })
}

func TestOversizedMessagesAreRejectedBeforeTheHandler(t *testing.T) {
	c := config("receiver")
	in := &inbox{}
	c.Handlers.Tx = in.handle
	receiver := launch(t, c)
	sender := launch(t, config("sender", receiver.Addrs()...))
	eventually(t, "connected", func() bool { return listening(sender, gossip.TopicTx, 1) })
	if err := gossip.PublishUnchecked(t.Context(), sender.Host, gossip.TopicTx, make([]byte, wire.MaxTxBytes+1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it was rejected", func() bool {
		return counted(t, receiver, "messages_total", "too_large", "tx", "reject") == 1
	})
	if in.len() != 0 {
		t.Error("the handler was called")
	}
	eventually(t, "the score fell", func() bool { s, _ := score(receiver, sender.ID()); return s < 0 })
}

func TestRejectedMessagesCutTheirSenderOff(t *testing.T) {
	in := &inbox{err: fmt.Errorf("test: %w", wire.ErrSignature)}
	sender, receiver := pair(t, in)
	if err := sender.Publish(t.Context(), gossip.TopicAnswer, message(0)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the score fell", func() bool { s, ok := score(receiver, sender.ID()); return ok && s < 0 })
	for i := 1; i < 5; i++ { // the fifth is one too many (params)
		if err := sender.Publish(t.Context(), gossip.TopicAnswer, message(i)); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it was judged", func() bool {
			return counted(t, receiver, "messages_total", "signature", "answer", "reject") == i+1
		})
	}
	eventually(t, "the sender was cut off", func() bool { _, there := score(receiver, sender.ID()); return !there })
	// The sender goes on trying, and so does this test; both fail.
	tries := func() int {
		return counted(t, sender, "dials_total", "ok") + counted(t, sender, "dials_total", "failed") + counted(t, sender, "dials_total", "hung_up")
	}
	before := tries()
	eventually(t, "the sender has tried again", func() bool { return tries() > before+1 })
	if _, there := score(receiver, sender.ID()); there {
		t.Error("the sender was let in again")
	}
}

func TestIgnoredMessagesCostNothingAndGoNoFurther(t *testing.T) {
	last := &inbox{}
	in := &inbox{err: errors.New("too early")}
	sender, receiver := pair(t, in)
	c := config("last", receiver.Addrs()...)
	c.Handlers.Answer = last.handle
	end := launch(t, c)
	eventually(t, "connected", func() bool {
		return meshed(receiver, gossip.TopicAnswer, 1) && meshed(end, gossip.TopicAnswer, 1)
	})
	const n = 20
	for i := range n {
		if err := sender.Publish(t.Context(), gossip.TopicAnswer, message(i)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all were judged", func() bool { return counted(t, receiver, "messages_total", "other", "answer", "ignore") == n })
	if s, there := score(receiver, sender.ID()); !there || s < 0 {
		t.Errorf("score %g, there %v", s, there)
	}
	// A message that is passed on arrives after what came before it.
	in.mu.Lock()
	in.err = nil
	in.mu.Unlock()
	if err := sender.Publish(t.Context(), gossip.TopicAnswer, message(n)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the good one was passed on", func() bool { return last.count(message(n)) == 1 })
	if last.len() != 1 {
		t.Errorf("%d messages were passed on, want 1", last.len())
	}
}

func TestSameContentOnAnotherTopicIsAnotherMessage(t *testing.T) {
	if gossip.MessageID("/assay/c/1/tx", message(1)) == gossip.MessageID("/assay/c/1/answer", message(1)) {
		t.Fatal("the ids are equal: who repeats a message on a wrong topic would suppress it")
	}
	in, tx := &inbox{err: wire.ErrUnknown}, &inbox{}
	c := config("receiver")
	c.Handlers.Answer, c.Handlers.Tx = in.handle, tx.handle
	receiver := launch(t, c)
	sender := launch(t, config("sender", receiver.Addrs()...))
	eventually(t, "connected", func() bool { return listening(sender, gossip.TopicTx, 1) })
	for _, topic := range []gossip.Topic{gossip.TopicAnswer, gossip.TopicTx} {
		if err := sender.Publish(t.Context(), topic, message(1)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the transaction has come", func() bool { return tx.count(message(1)) == 1 })
}

func TestShippedScoresKeepTheirPromises(t *testing.T) {
	p := params.DefaultPeerScores()
	most := int32(0)
	for _, name := range []string{"tx", "pairs", "answer", "card"} {
		s, ok := p.Topics[name]
		if !ok {
			t.Fatalf("topic %s has no score", name)
		}
		most += (s.FirstDelivery*s.FirstDeliveryCap + s.MeshMinute*s.MeshMinuteCap) / 100
		if s.InvalidMessage <= p.TopicCap {
			t.Errorf("%s: one wrong message costs %d, good behaviour earns up to %d", name, s.InvalidMessage, p.TopicCap)
		}
		if 16*s.InvalidMessage >= -p.Graylist || 25*s.InvalidMessage-p.TopicCap <= -p.Graylist {
			t.Errorf("%s: not the fifth wrong message cuts off, and no earlier one", name)
		}
	}
	if 16*p.Fault >= -p.Graylist || 25*p.Fault-p.TopicCap <= -p.Graylist {
		t.Error("not the fifth fault cuts off, and no earlier one")
	}
	if most < p.OpportunisticGraft {
		t.Errorf("at most %d can be earned, %d are asked for", most, p.OpportunisticGraft)
	}
	if p.Graylist >= p.Publish || p.Publish >= p.Gossip || p.Gossip >= 0 {
		t.Error("the thresholds are out of order")
	}
}
