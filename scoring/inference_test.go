package scoring_test

import (
	"context"
	"errors"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol"
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
	model  scoring.Model
	judge  *scoring.Judge
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
	b.model = scoring.FromEngine(b.engine)
	b.judge = scoring.NewJudge(b.model)
	b.params.Tasks.Models = []params.Model{{ID: b.engine.ID(), Name: "tiny", Class: params.One}}
	b.params.Tasks.MaxTokens = 6
	return b
}

func (b *bench) task(round protocol.Round) wire.Task {
	asked := []task.Asked{{Kind: inference.Kind, Slots: 1, Models: []protocol.ModelID{b.engine.ID()}}}
	t, err := kinds.All().Derive("chain", &b.params, protocol.Hash{7}, round, seat, asked, 0)
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
	prompt, err := b.model.Chat(inference.Messages(body(t, task)))
	if err != nil {
		t.Fatal(err)
	}
	run, err := m.Generate(t.Context(), engine.Request{
		Prompt: prompt, Settings: scoring.Settings(body(t, task)), Binding: engine.Binding{Hotkey: by, Task: task.ID},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := inference.Result{Output: run.Output, Finish: string(run.Finish), Fingerprint: run.Fingerprint}
	for _, l := range run.Leaves {
		r.Leaves = append(r.Leaves, l)
	}
	return r
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
		if !o.Passed() || o.Proven() || len(o.States) != int(o.Tokens) {
			t.Errorf("round %d: got %+v", round, o)
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
		found := false
		for _, w := range c.want {
			found = found || o.Code == w
		}
		if !found || !o.Proven() {
			t.Errorf("%s: found %s at %d, want one of %v", name, o.Code, o.Position, c.want)
		}
		if root := o.Root(hotkey(8)); root.IsZero() == o.Code.NeedsRun() {
			t.Errorf("%s: code %s with root %s", name, o.Code, root.Short())
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
		c := theirs.Card(judge, hotkey(20), seat, key, protocol.Hash{1})
		return &c
	}
	if err := card().Check(); err != nil {
		t.Fatal(err)
	}
	if err := mine.CheckCard(card(), hotkey(20)); err != nil {
		t.Errorf("true card: %v", err)
	}
	if mine.Root(hotkey(20)) == mine.Root(hotkey(21)) {
		t.Error("two judges have one root, which could be copied")
	}
	copied := mine.Card(judge, hotkey(21), seat, key, protocol.Hash{1}) // 20 signs the root of 21
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
		if err := mine.CheckCard(c, hotkey(20)); !errors.Is(err, scoring.ErrFalseCard) {
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
	if o.Code != inference.CodeFailed || o.FailedAt < 0 {
		t.Fatalf("got %+v", o)
	}
	if o.Root(hotkey(1)).IsZero() || o.Root(hotkey(1)) == o.Root(hotkey(2)) {
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
	if back.Root(hotkey(3)) != o.Root(hotkey(3)) || back.FailedAt != -1 {
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
}
