package simtest_test

import (
	"context"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/scoring/synthetic/sandbox"
)

// canned says that each run came to the same text.
type canned struct{ miner.TextModel }

func (canned) Text([]int32) string { return "I am a careful assistant. Answer: 42" }

// syntheticParams pays three quarters for inference, and one quarter for two
// records an epoch of sixteen tokens each.
func syntheticParams(model *engine.Model) params.Params {
	p := protocoltest.Params(model.ID())
	p.Kinds[0].Share = 3 * params.One / 4
	p.Kinds = append(p.Kinds, params.Kind{
		Name: synthetic.Kind, Share: params.One / 4, Full: 32, Slots: 1, Judges: 2, Rounds: 1, Keep: params.One / 2, Models: p.Kinds[0].Models,
	})
	p.Synthetic.MaxTokens = 16
	return p
}

// syntheticJudge judges records of a model.
func syntheticJudge(t *testing.T, model *engine.Model) *scoring.Synthetic {
	t.Helper()
	box, err := sandbox.New(t.Context(), sandbox.Compiler, sandbox.Fuel)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close(context.Background()) })
	return scoring.NewSynthetic(box.Passes, bridge.Model{Model: model})
}

func syntheticNetwork(t *testing.T, more ...protocoltest.Actor) *stage {
	return openKinds(t, honest, *seed, protocoltest.Config{Cast: cast(more...), Params: syntheticParams(honest)}, kinds.All(), syntheticJudge(t, honest))
}

// Two make records, one of them answers questions beside. Of those who cheat one
// runs another model, and one says that each run came to the same good text.
func TestRecordsAreMadeVerifiedAndPaid(t *testing.T) {
	t.Parallel()
	cheats := []string{"mallory", "conrad"}
	s := syntheticNetwork(t, protocoltest.Actor{Name: "sue"}, protocoltest.Actor{Name: "sid"},
		protocoltest.Actor{Name: "mallory"}, protocoltest.Actor{Name: "conrad"})
	model := bridge.Model{Model: s.model}
	s.joinWith("sue", miner.NewSynthetic(1, nil, model))
	s.joinWith("sid", miner.NewInference(1, nil, model), miner.NewSynthetic(1, nil, model))
	s.joinWith("mallory", miner.NewSynthetic(1, nil, disguised{bridge.Model{Model: altered}, honest}))
	s.joinWith("conrad", miner.NewSynthetic(1, nil, canned{model}))
	s.play(11)

	s.found("sue", wire.FindingPassed)
	s.found("sid", wire.FindingPassed)
	s.found("mallory", wire.FindingFalse)
	s.found("conrad", wire.FindingMalformed)
	s.minedNothing(cheats...)
	const from, to = 5, 11
	var inference protocol.Amount
	for _, name := range miners {
		inference += s.Mined(name, from, to)
	}
	// Sue and Sid do what the kind pays in full: each can have an eighth of what
	// miners are paid, less while judges know little of them, and Sid has a fourth of
	// the three quarters beside.
	sue, most := s.Mined("sue", from, to), 2*inference/9
	for name, got := range map[string]protocol.Amount{"sue": sue, "sid": s.Mined("sid", from, to) - inference/3} {
		if got > most+most/20 || 2*got < most {
			t.Errorf("%s got %s for records, at most %s are there", name, got, most)
		}
	}
}

// disguised is a model that says it was another.
type disguised struct {
	miner.TextModel
	as *engine.Model
}

func (d disguised) ID() [32]byte { return d.as.ID() }

// A record can be had from a judge, with what the gates say of it.
func TestARecordIsServedWithItsVerdict(t *testing.T) {
	t.Parallel()
	s := syntheticNetwork(t, protocoltest.Actor{Name: "sue"})
	s.joinWith("sue", miner.NewSynthetic(1, nil, bridge.Model{Model: s.model}))
	s.play(5)
	uid := s.seat("sue").ID.UID
	cards := 0
	for n := range s.Params().Schedule.RoundOf(s.Height()) {
		view, err := s.validators["vera"].Slot(wire.AnswerKey{Round: n, UID: uid})
		if err != nil || view == nil || view.Answer == nil {
			continue
		}
		for i := range view.Cards {
			c, err := synthetic.ReadCard(view.Cards[i].Said.Body)
			if err != nil || len(c.Gates) == 0 || len(c.Checks) == 0 {
				t.Errorf("round %d: a card on babble says %+v, %v", n, c, err)
			}
			cards++
		}
	}
	if cards < 4 {
		t.Errorf("%d cards on records", cards)
	}
}
