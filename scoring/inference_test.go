package scoring_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// bench is a tiny model with a judge of it.
type bench struct {
	engine *engine.Model
	model  bridge.Model
	judge  *scoring.Inference
	params params.Params
}

func open(t *testing.T, path string) *engine.Model {
	t.Helper()
	m, err := engine.Open(t.Context(), path, engine.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func setUp(t *testing.T, o enginetest.Options) *bench {
	t.Helper()
	b := &bench{engine: open(t, enginetest.Tiny(t, o)), params: params.Local()}
	b.model = bridge.Model{Model: b.engine}
	b.judge = scoring.NewInference(b.model)
	b.params.Kinds[0].Models = []params.Model{{ID: b.engine.ID(), Name: "tiny", Class: params.One}}
	b.params.Inference.MaxTokens = 6
	return b
}

func (b *bench) task(round protocol.Round) wire.Task {
	asked := task.Asked{Kind: inference.Kind, Slots: 1, Models: []protocol.ModelID{b.engine.ID()}}
	t, err := kinds.All().Derive(&task.Round{
		Chain: "chain", Params: &b.params, Number: round, Seat: seat, Due: []task.Due{{Asked: asked, Seed: protocol.Hash{7}}},
	}, 0)
	if err != nil {
		panic(err) // asked names the kind and the slot
	}
	return *t
}

// body reads what a task asks.
func body(t testing.TB, of *wire.Task) *inference.Task {
	t.Helper()
	b, err := inference.ReadTask(of.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hotkey(n byte) (k protocol.PublicKey) { k[0], k[1] = 2, n; return k }

// answer runs a task with a model, as the miner with this hotkey.
func (b *bench) answer(t *testing.T, m *engine.Model, task *wire.Task, by protocol.PublicKey) inference.Result {
	t.Helper()
	request, err := bridge.Request(b.model, task.ID, body(t, task), by)
	if err != nil {
		t.Fatal(err)
	}
	run, err := m.Generate(t.Context(), request, nil)
	if err != nil {
		t.Fatal(err)
	}
	return *bridge.Result(run, 0)
}

// found reads what the judge says of an answer, and what it found.
func found(t *testing.T, o *scoring.Outcome) *scoring.Comparison {
	t.Helper()
	c, err := scoring.ReadComparison(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// said is what the judge with this hotkey says of an outcome.
func (b *bench) said(t *testing.T, o *scoring.Outcome, hotkey protocol.PublicKey) []byte {
	t.Helper()
	body, err := b.judge.Body(o, hotkey)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func (b *bench) judgeIt(t *testing.T, task *wire.Task, by protocol.PublicKey, r inference.Result) scoring.Outcome {
	t.Helper()
	o, err := b.judge.Judge(t.Context(), task, by, wire.Encode(&r))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestHonestAnswersAreExactGreedyAndSampled(t *testing.T) {
	b := setUp(t, enginetest.Options{})
	sampled := 0
	for round := range protocol.Round(12) {
		task := b.task(round)
		if body(t, &task).TemperatureBits != 0 {
			sampled++
		}
		o := b.judgeIt(t, &task, hotkey(1), b.answer(t, b.engine, &task, hotkey(1)))
		if c := found(t, &o); !o.Passed() || o.Proven() || len(c.States) != int(c.Tokens) {
			t.Errorf("round %d: got %+v", round, c)
		}
	}
	if sampled == 0 || sampled == 12 {
		t.Errorf("%d of 12 tasks sampled: the test saw one way only", sampled)
	}
}

func TestAnswersThatAreNotTheModelsAreFoundFalse(t *testing.T) {
	b := setUp(t, enginetest.Options{})
	task, other := b.task(1), b.task(2)
	honest := func() inference.Result { return b.answer(t, b.engine, &task, hotkey(1)) }
	altered := t.TempDir() + "/altered.gguf"
	if err := enginetest.Write(altered, enginetest.Options{Seed: 99}); err != nil {
		t.Fatal(err)
	}
	relabel := func(r inference.Result) inference.Result { r.Fingerprint = wire.MerkleRoot(r.Leaves); return r }
	for name, c := range map[string]struct {
		r    inference.Result
		want []inference.Code
	}{
		"altered weights":            {b.answer(t, open(t, altered), &task, hotkey(1)), []inference.Code{inference.CodeToken, inference.CodeState}},
		"copied from another hotkey": {b.answer(t, b.engine, &task, hotkey(2)), []inference.Code{inference.CodeState}},
		"fingerprint of another task": {func() inference.Result {
			r := honest()
			o := b.answer(t, b.engine, &other, hotkey(1))
			n := min(len(r.Leaves), len(o.Leaves))
			copy(r.Leaves, o.Leaves[:n])
			return relabel(r)
		}(), []inference.Code{inference.CodeState}},
		"another token": {func() inference.Result { r := honest(); r.Output[1] = (r.Output[1] + 1) % 200; return r }(), []inference.Code{inference.CodeToken}},
		"stopped after one token": {func() inference.Result {
			r := honest()
			r.Output, r.Leaves = r.Output[:1], r.Leaves[:1]
			return relabel(r)
		}(), []inference.Code{inference.CodeEnd}},
		"invented leaf":             {func() inference.Result { r := honest(); r.Leaves[2][0]++; return relabel(r) }(), []inference.Code{inference.CodeState}},
		"leaves without their root": {func() inference.Result { r := honest(); r.Fingerprint[0]++; return r }(), []inference.Code{inference.CodeLeaves}},
		"nothing":                   {inference.Result{Finish: "length"}, []inference.Code{inference.CodeLength}},
	} {
		o := b.judgeIt(t, &task, hotkey(1), c.r)
		f := found(t, &o)
		if !slices.Contains(c.want, f.Code) || !o.Proven() {
			t.Errorf("%s: found %s at %d, want one of %v", name, f.Code, f.Position, c.want)
		}
		if root := f.Root(task.ID, hotkey(8)); root.IsZero() == f.Code.NeedsRun() {
			t.Errorf("%s: code %s with root %s", name, f.Code, root.Short())
		}
	}
}

func TestOneRunChecksTheCardOfEveryJudge(t *testing.T) {
	b := setUp(t, enginetest.Options{})
	task := b.task(1)
	r := b.answer(t, b.engine, &task, hotkey(1))
	mine, theirs := b.judgeIt(t, &task, hotkey(1), r), b.judgeIt(t, &task, hotkey(1), r)
	key := wire.AnswerKey{Round: task.Round, UID: seat.UID}
	judge := protocol.SeatID{UID: 20}
	card := func() *wire.Card {
		c := theirs.Card(judge, seat, key, protocol.Hash{1}, b.said(t, &theirs, hotkey(20)))
		return &c
	}
	if err := card().Check(); err != nil {
		t.Fatal(err)
	}
	want := b.said(t, &mine, hotkey(20))
	if err := mine.CheckCard(card(), want); err != nil {
		t.Errorf("true card: %v", err)
	}
	another := b.said(t, &mine, hotkey(21))
	if bytes.Equal(want, another) {
		t.Error("two judges say the same, which could be copied")
	}
	copied := mine.Card(judge, seat, key, protocol.Hash{1}, another) // 20 signs the root of 21
	say := func(change func(*inference.Card)) *wire.Card {
		c := card()
		b, err := inference.ReadCard(c.Body)
		if err != nil {
			t.Fatal(err)
		}
		change(b)
		c.Finding, c.Body = b.Code.Finding(), wire.Encode(b)
		return c
	}
	failing := say(func(b *inference.Card) { b.Code, b.Position = inference.CodeToken, 2 })
	invented := say(func(b *inference.Card) { b.Root = protocol.Hash{1} })
	foreign := card()
	foreign.Task = protocol.TaskID{5}
	for name, c := range map[string]*wire.Card{"copied root": &copied, "failing card of an exact answer": failing, "invented root": invented, "another task": foreign} {
		if err := mine.CheckCard(c, want); !errors.Is(err, scoring.ErrFalseCard) {
			t.Errorf("%s: got %v, want ErrFalseCard", name, err)
		}
	}
}

func TestARunThatFailsHasARootOfItsOwn(t *testing.T) {
	b := setUp(t, enginetest.Options{FailToken: 70})
	task := b.task(1)
	r := inference.Result{Output: []int32{71, 70, 72, 73, 74, 75}, Finish: "length"}
	for i := range r.Output {
		r.Leaves = append(r.Leaves, protocol.Hash{byte(i)})
	}
	r.Fingerprint = wire.MerkleRoot(r.Leaves)
	o := b.judgeIt(t, &task, hotkey(1), r)
	c := found(t, &o)
	if c.Code != inference.CodeFailed || c.FailedAt < 0 {
		t.Fatalf("got %+v", c)
	}
	if c.Root(task.ID, hotkey(1)).IsZero() || c.Root(task.ID, hotkey(1)) == c.Root(task.ID, hotkey(2)) {
		t.Error("the root of a failed run is not bound to its judge")
	}
}

func TestAnOutcomeIsARecord(t *testing.T) {
	b := setUp(t, enginetest.Options{})
	task := b.task(1)
	o := b.judgeIt(t, &task, hotkey(1), b.answer(t, b.engine, &task, hotkey(1)))
	var back scoring.Outcome
	if err := wire.Decode(wire.Encode(&o), 1<<20, &back); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.said(t, &back, hotkey(3)), b.said(t, &o, hotkey(3))) || found(t, &back).FailedAt != -1 {
		t.Errorf("got %+v, want %+v", back, o)
	}
}

func TestJudgeRefusesAModelThatItDoesNotHaveAndACancelledContext(t *testing.T) {
	b := setUp(t, enginetest.Options{})
	task := b.task(1)
	r := b.answer(t, b.engine, &task, hotkey(1))
	answer := wire.Encode(&r)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.judge.Judge(ctx, &task, hotkey(1), answer); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	asks := body(t, &task)
	asks.Model = protocol.ModelID{1}
	task.Body = wire.Encode(asks)
	if _, err := b.judge.Judge(t.Context(), &task, hotkey(1), answer); !errors.Is(err, scoring.ErrModel) {
		t.Errorf("got %v, want ErrModel", err)
	}
	if err := b.judge.Check(&b.params); err != nil {
		t.Errorf("with all models: %v", err)
	}
	b.params.Kinds[0].Models = append(b.params.Kinds[0].Models, params.Model{ID: protocol.ModelID{1}, Name: "other", Class: params.One})
	if err := b.judge.Check(&b.params); !errors.Is(err, scoring.ErrModel) {
		t.Errorf("a model is missing: got %v, want ErrModel", err)
	}
}

// attentive keeps the context of a verification.
type attentive struct {
	bridge.Model
	ctx string
}

func (a *attentive) Verify(ctx context.Context, run engine.Run) (engine.Report, error) {
	a.ctx = fmt.Sprint(ctx) // a context prints its values
	return a.Model.Verify(ctx, run)
}

func TestMinersTakeTurnsAtTheJudgesEngine(t *testing.T) {
	b := setUp(t, enginetest.Options{})
	task := b.task(1)
	r := b.answer(t, b.engine, &task, hotkey(1))
	m := &attentive{Model: b.model}
	if _, err := scoring.NewInference(m).Judge(t.Context(), &task, hotkey(1), wire.Encode(&r)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.ctx, hotkey(1).String()) {
		t.Errorf("the engine cannot tell whose answer it computes: %s", m.ctx)
	}
}
