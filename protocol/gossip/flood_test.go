package gossip_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/assaynet/assay/protocol/gossip"
)

// busy is a handler that is busy until the host stops.
func busy(ctx context.Context, _ string, _ []byte) error {
	<-ctx.Done()
	return ctx.Err()
}

// flooded starts a host with handlers, and a rogue that connects to it.
func flooded(t *testing.T, handlers gossip.Handlers) (rogue *gossip.Rogue, receiver running) {
	t.Helper()
	c := config("receiver")
	c.Handlers = handlers
	receiver = launch(t, c)
	eventually(t, "the rogue is connected", func() bool {
		var err error
		rogue, err = gossip.NewRogue(t.Context(), config("rogue"), receiver.Addrs()[0])
		return err == nil
	})
	t.Cleanup(func() {
		if err := rogue.Close(); err != nil {
			t.Error(err)
		}
	})
	return rogue, receiver
}

// flood is n messages of a topic that are all different.
func flood(topic gossip.Topic, n int) []gossip.Message {
	out := make([]gossip.Message, n)
	for i := range out {
		out[i] = gossip.Message{Topic: topic, Data: fmt.Appendf(nil, "%s %d", topic, i)}
	}
	return out
}

func send(t *testing.T, from *gossip.Rogue, messages []gossip.Message) {
	t.Helper()
	if err := from.Send(messages); err != nil {
		t.Fatal(err)
	}
}

// TestAFloodOfTransactionsLosesNoAnswer: the answer comes at the end of a packet of
// 20,000 transactions, none of which anybody comes to look at.
func TestAFloodOfTransactionsLosesNoAnswer(t *testing.T) {
	in := &inbox{}
	rogue, _ := flooded(t, gossip.Handlers{Tx: busy, Answer: in.handle})
	answer := []byte("the answer")
	send(t, rogue, append(flood(gossip.TopicTx, 20_000), gossip.Message{Topic: gossip.TopicAnswer, Data: answer}))
	eventually(t, "the answer has come", func() bool { return in.count(answer) == 1 })
}

// TestTwoFloodedTopicsStarveNoThird: handlers of two topics are all busy.
func TestTwoFloodedTopicsStarveNoThird(t *testing.T) {
	in := &inbox{}
	rogue, _ := flooded(t, gossip.Handlers{Tx: busy, Card: busy, Answer: in.handle})
	answer := []byte("the answer")
	packet := append(flood(gossip.TopicTx, 200), flood(gossip.TopicCard, 200)...)
	send(t, rogue, append(packet, gossip.Message{Topic: gossip.TopicAnswer, Data: answer}))
	eventually(t, "the answer has come", func() bool { return in.count(answer) == 1 })
}

// TestMessagesWaitForAHandler: a burst of more messages than handlers run side by
// side used to be lost, and stayed so for two minutes.
func TestMessagesWaitForAHandler(t *testing.T) {
	const burst = 400
	in := &inbox{}
	release := make(chan struct{})
	rogue, receiver := flooded(t, gossip.Handlers{Answer: func(ctx context.Context, from string, raw []byte) error {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return in.handle(ctx, from, raw)
	}})
	send(t, rogue, append(flood(gossip.TopicAnswer, burst), gossip.Message{Topic: "nonsense"}))
	eventually(t, "the whole packet was read", func() bool { return counted(t, receiver, "dropped_total", "unknown topic") == 1 })
	close(release)
	eventually(t, "all have come", func() bool { return in.len() == burst })
}

// TestAFloodIsCutToItsRateAndCostsNoScore: who is flooded passes on a flood. All of
// a packet comes at one time, so that it is known how many are dropped.
func TestAFloodIsCutToItsRateAndCostsNoScore(t *testing.T) {
	const sent, most = 20_000, 2048 // at once, of one peer
	in, tx := &inbox{}, &inbox{}
	rogue, receiver := flooded(t, gossip.Handlers{Tx: tx.handle, Answer: in.handle})
	send(t, rogue, append(flood(gossip.TopicTx, sent), gossip.Message{Topic: gossip.TopicAnswer, Data: []byte("end")}))
	eventually(t, "the end has come", func() bool { return in.len() == 1 })
	dropped := counted(t, receiver, "dropped_total", "over its rate")
	if dropped != sent-most {
		t.Errorf("%d of %d dropped, want all but %d", dropped, sent, most)
	}
	if s, there := score(receiver, rogue.ID()); !there || s < 0 {
		t.Errorf("score %g, there %v", s, there)
	}
	other := launch(t, config("other", receiver.Addrs()...))
	eventually(t, "another is connected", func() bool { return listening(other, gossip.TopicTx, 1) })
	if err := other.Publish(t.Context(), gossip.TopicTx, message(1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another's transaction has come", func() bool { return tx.count(message(1)) == 1 })
}

// TestWhatNoProgramSendsCutsItsSenderOff, before any of it is looked at.
func TestWhatNoProgramSendsCutsItsSenderOff(t *testing.T) {
	in := &inbox{}
	rogue, receiver := flooded(t, gossip.Handlers{Answer: in.handle})
	send(t, rogue, []gossip.Message{
		{Topic: "nonsense", Data: []byte("x")},
		{Topic: gossip.TopicAnswer},
	})
	eventually(t, "the score fell", func() bool { s, there := score(receiver, rogue.ID()); return there && s < -30 })
	send(t, rogue, flood("nonsense", 3))
	eventually(t, "the sender was cut off", func() bool { _, there := score(receiver, rogue.ID()); return !there })
	if got := counted(t, receiver, "dropped_total", "unknown topic"); got != 4 {
		t.Errorf("%d of no topic, want 4", got)
	}
	if got := counted(t, receiver, "messages_total", "malformed", "answer", "reject"); got != 1 || in.len() != 0 {
		t.Errorf("%d empty answers rejected, want 1; %d seen by the handler", got, in.len())
	}
}
