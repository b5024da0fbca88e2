package simtest_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// openReaders opens the tiny model with room for two responses, and the same with
// altered weights.
func openReaders(t *testing.T) (model, altered bridge.Model) {
	t.Helper()
	options := tiny
	options.Context = 1024
	path, other := filepath.Join(t.TempDir(), "reader.gguf"), filepath.Join(t.TempDir(), "altered.gguf")
	if err := enginetest.Write(path, options); err != nil {
		t.Fatal(err)
	}
	if err := enginetest.Alter(path, other, 0); err != nil {
		t.Fatal(err)
	}
	models := make([]bridge.Model, 2)
	for i, p := range []string{path, other} {
		m, err := engine.Open(t.Context(), p, engine.Config{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.Close() })
		models[i] = bridge.Model{Model: m}
	}
	return models[0], models[1]
}

// contrary runs the model, and says that it prefers the other response.
type contrary struct{ miner.Rater }

func (c contrary) Logits(ctx context.Context, requests []engine.LogitsRequest) ([]engine.Logits, error) {
	out, err := c.Rater.Logits(ctx, requests)
	for _, l := range out {
		l.Values[0], l.Values[1] = l.Values[1], l.Values[0]
	}
	return out, err
}

// posing is a model that says it was another.
type posing struct {
	miner.Rater
	as bridge.Model
}

func (p posing) ID() [32]byte { return p.as.ID() }

// Two judge pairs, one of them answers questions beside. Of those who cheat one
// runs another model, and one runs the right one and turns round what it says.
func TestPairsAreJudgedVerifiedAndPaid(t *testing.T) {
	t.Parallel()
	model, other := openReaders(t)
	p := protocoltest.Params(model.ID())
	p.Kinds[0].Share = 3 * params.One / 4
	p.Kinds = append(p.Kinds, params.Kind{
		Name: judgement.Kind, Share: params.One / 4, Full: 4, Slots: 2, Judges: 2, Rounds: 1, Keep: params.One / 2, Models: p.Kinds[0].Models,
	})
	cast := cast(protocoltest.Actor{Name: "jo"}, protocoltest.Actor{Name: "jim"}, protocoltest.Actor{Name: "mallory"}, protocoltest.Actor{Name: "conrad"})
	s := openKinds(t, model.Model, *seed, protocoltest.Config{Cast: cast, Params: p}, kinds.All(), scoring.NewJudgement(model))
	s.joinWith("jo", miner.NewJudgement(2, nil, model))
	s.joinWith("jim", miner.NewInference(1, nil, model), miner.NewJudgement(2, nil, model))
	s.joinWith("mallory", miner.NewJudgement(2, nil, posing{other, model}))
	s.joinWith("conrad", miner.NewJudgement(2, nil, contrary{model}))
	s.play(11)

	s.found("jo", wire.FindingPassed)
	s.found("jim", wire.FindingPassed)
	s.found("mallory", wire.FindingFalse)
	s.found("conrad", wire.FindingFalse)
	s.minedNothing("mallory", "conrad")
	const from, to = 5, 11
	var inference protocol.Amount
	for _, name := range miners {
		inference += s.Mined(name, from, to)
	}
	// Jo and Jim do what the kind pays in full: each can have an eighth of what miners
	// are paid, less while judges know little of them, and Jim has a fourth of the
	// three quarters beside.
	jo, most := s.Mined("jo", from, to), 2*inference/9
	s.near("jim", s.Mined("jim", from, to)-inference/3, jo, 20)
	if jo > most+most/20 || 2*jo < most {
		t.Errorf("jo got %s for judging, at most %s are there", jo, most)
	}
	s.pairsAreTaken("jo")
}

// pairsAreTaken complains unless a judge has answers and cards of a seat, whose
// bodies can be read.
func (s *stage) pairsAreTaken(name string) {
	s.Helper()
	uid, cards := s.seat(name).ID.UID, 0
	for n := range s.Params().Schedule.RoundOf(s.Height()) {
		view, err := s.validators["vera"].Slot(wire.AnswerKey{Round: n, UID: uid})
		if err != nil || view == nil || view.Answer == nil {
			continue
		}
		for i := range view.Cards {
			if c, err := judgement.ReadCard(view.Cards[i].Said.Body); err != nil || c.Code != judgement.CodeExact {
				s.Errorf("round %d: a card says %+v, %v", n, c, err)
			}
			cards++
		}
	}
	if cards < 2 { // in most rounds it draws none
		s.Errorf("%d cards on pairs", cards)
	}
}
