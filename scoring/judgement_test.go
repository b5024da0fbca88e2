package scoring_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// reader is a tiny model with room for pairs, a judge of its judgements, and a
// task.
type reader struct {
	model bridge.Model
	judge *scoring.Judgement
	task  wire.Task
	asked judgement.Task
}

func setUpJudgement(t *testing.T, o enginetest.Options) *reader {
	t.Helper()
	o.Context = 1024
	r := &reader{model: bridge.Model{Model: open(t, enginetest.Tiny(t, o))}}
	r.judge = scoring.NewJudgement(r.model)
	r.asked = judgement.Task{Model: r.model.ID(), Prompt: "Who is it?", A: "It is Ada.", B: "Listen. It is Bob."}
	r.task = wire.Task{ID: protocol.TaskID{9}, Kind: judgement.Kind, Body: wire.Encode(&r.asked)}
	return r
}

// answer asks a model, as the miner with this hotkey.
func (r *reader) answer(t *testing.T, m bridge.Model, id protocol.TaskID, by protocol.PublicKey) judgement.Result {
	t.Helper()
	requests, err := bridge.Judgement(m, r.asked.Pair())
	if err != nil {
		t.Fatal(err)
	}
	ran, err := m.Logits(t.Context(), requests[:])
	if err != nil {
		t.Fatal(err)
	}
	result, err := bridge.JudgementResult(requests, ran, engine.Binding{Hotkey: by, Task: id}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return *result
}

func (r *reader) judgeIt(t *testing.T, by protocol.PublicKey, said judgement.Result) (*scoring.Outcome, *judgement.Card) {
	t.Helper()
	o, err := r.judge.Judge(t.Context(), &r.task, by, wire.Encode(&said))
	if err != nil {
		t.Fatal(err)
	}
	return &o, r.card(t, &o, hotkey(2))
}

func (r *reader) card(t *testing.T, o *scoring.Outcome, judge protocol.PublicKey) *judgement.Card {
	t.Helper()
	body, err := r.judge.Body(o, judge)
	if err != nil {
		t.Fatal(err)
	}
	c, err := judgement.ReadCard(body)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestOnlyTheModelsOwnPreferenceIsExact: what is changed in an answer, and what
// is found of it.
func TestOnlyTheModelsOwnPreferenceIsExact(t *testing.T) {
	r := setUpJudgement(t, enginetest.Options{})
	other := bridge.Model{Model: open(t, enginetest.Tiny(t, enginetest.Options{Seed: 99, Context: 1024}))}
	honest := func() judgement.Result { return r.answer(t, r.model, r.task.ID, hotkey(1)) }
	change := func(f func(*judgement.Result)) judgement.Result {
		x := honest()
		f(&x)
		return x
	}
	for what, c := range map[string]struct {
		said  judgement.Result
		code  judgement.Code
		order uint8
	}{
		"an honest one":            {honest(), judgement.CodeExact, 0},
		"how long it took":         {change(func(x *judgement.Result) { x.Millis = 5 }), judgement.CodeExact, 0},
		"another model's":          {r.answer(t, other, r.task.ID, hotkey(1)), judgement.CodeState, 0},
		"another miner's":          {r.answer(t, r.model, r.task.ID, hotkey(7)), judgement.CodeState, 0},
		"another task's":           {r.answer(t, r.model, protocol.TaskID{8}, hotkey(1)), judgement.CodeState, 0},
		"a logit's last bit":       {change(func(x *judgement.Result) { x.Logits[0][1] ^= 1 }), judgement.CodeLogit, 0},
		"a logit of the second":    {change(func(x *judgement.Result) { x.Logits[1][0] ^= 1 }), judgement.CodeLogit, 1},
		"the sides turned round":   {change(func(x *judgement.Result) { x.Logits[0][0], x.Logits[0][1] = x.Logits[0][1], x.Logits[0][0] }), judgement.CodeLogit, 0},
		"the second leaf":          {change(func(x *judgement.Result) { x.Leaves[1][0]++ }), judgement.CodeState, 1},
		"the orders turned round":  {change(func(x *judgement.Result) { x.Leaves[0], x.Leaves[1] = x.Leaves[1], x.Leaves[0] }), judgement.CodeState, 0},
		"a logit and then a leaf":  {change(func(x *judgement.Result) { x.Logits[0][0] ^= 1; x.Leaves[1][0]++ }), judgement.CodeLogit, 0},
		"a leaf before its logits": {change(func(x *judgement.Result) { x.Logits[1][0] ^= 1; x.Leaves[1][0]++ }), judgement.CodeState, 1},
	} {
		o, card := r.judgeIt(t, hotkey(1), c.said)
		if card.Code != c.code || card.Order != c.order || o.Finding != c.code.Finding() {
			t.Errorf("%s: got %+v, %s; want %s in order %d", what, card, o.Finding, c.code, c.order)
		}
		// Whatever was said, the root is that of the judge's own answer.
		own := r.answer(t, r.model, r.task.ID, hotkey(2))
		if card.Root != wire.MerkleRoot(own.Leaves[:]) {
			t.Errorf("%s: root %s", what, card.Root.Short())
		}
	}
}

// TestOneRunGivesTheCardOfEveryJudge, and none is another's.
func TestOneRunGivesTheCardOfEveryJudge(t *testing.T) {
	r := setUpJudgement(t, enginetest.Options{})
	mine, _ := r.judgeIt(t, hotkey(1), r.answer(t, r.model, r.task.ID, hotkey(1)))
	theirs, _ := r.judgeIt(t, hotkey(1), r.answer(t, r.model, r.task.ID, hotkey(1)))
	if !bytes.Equal(mine.Found, theirs.Found) {
		t.Error("two judges found different things")
	}
	if *r.card(t, mine, hotkey(3)) != *r.card(t, theirs, hotkey(3)) || r.card(t, mine, hotkey(3)).Root == r.card(t, mine, hotkey(4)).Root {
		t.Error("a card is not its judge's own")
	}
}

// TestAPairOnWhichTheModelFailsHasNoRightAnswer: byte 70 fails, and stands in
// one of the responses.
func TestAPairOnWhichTheModelFailsHasNoRightAnswer(t *testing.T) {
	r := setUpJudgement(t, enginetest.Options{FailToken: enginetest.ByteToken + '~'})
	said := r.answer(t, r.model, r.task.ID, hotkey(1))
	r.asked.B = "It is ~."
	r.task.Body = wire.Encode(&r.asked)
	o, card := r.judgeIt(t, hotkey(1), said)
	if card.Code != judgement.CodeFailed || card.Order != 0 || o.Finding != wire.FindingFalse || card.Root.IsZero() {
		t.Errorf("got %+v, %s", card, o.Finding)
	}
}

func TestAJudgeOfPairsSaysWhatItLacks(t *testing.T) {
	r := setUpJudgement(t, enginetest.Options{})
	p := params.Local()
	if err := r.judge.Check(&p); !errors.Is(err, scoring.ErrModel) {
		t.Errorf("a model that it does not have: %v", err)
	}
	p.Kind(judgement.Kind).Models = []params.Model{{ID: r.model.ID(), Class: 1}}
	if err := r.judge.Check(&p); err != nil {
		t.Error(err)
	}
	if err := scoring.NewJudgement(mute{r.model}).Check(&p); err == nil {
		t.Error("a model without letters is taken")
	}
	p.Kinds = slices.DeleteFunc(p.Kinds, func(k params.Kind) bool { return k.Name == judgement.Kind })
	if err := scoring.NewJudgement().Check(&p); err != nil {
		t.Errorf("a network without the kind: %v", err)
	}
	said := wire.Encode(&judgement.Result{})
	if _, err := scoring.NewJudgement().Judge(t.Context(), &r.task, hotkey(1), said); !errors.Is(err, scoring.ErrModel) {
		t.Errorf("got %v, want ErrModel", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.judge.Judge(ctx, &r.task, hotkey(1), said); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's", err)
	}
	if _, err := r.judge.Body(&scoring.Outcome{Found: []byte{0xff}}, hotkey(1)); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
}

// mute is a model without letters.
type mute struct{ bridge.Model }

func (mute) Letter(string) (int32, error) { return 0, errors.New("no such token") }
