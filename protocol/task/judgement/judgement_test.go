package judgement_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
)

func bits(x float32) uint32 { return math.Float32bits(x) }

// TestTheMarginIsAddedInOneOrder: each case would have another sign, or another
// bit, by another order or with more digits.
func TestTheMarginIsAddedInOneOrder(t *testing.T) {
	const big = 1 << 24 // from here on binary32 has even numbers only
	for _, c := range []struct {
		logits [2][2]float32
		want   float32
		side   int8
	}{
		{[2][2]float32{{3, 1}, {2, 1.5}}, 2.5, pair.A},
		{[2][2]float32{{1, 3}, {1.5, 2}}, -2.5, pair.B},
		{[2][2]float32{{1, 3}, {3, 1}}, 0, pair.Neither},
		{[2][2]float32{{-0.5, -0.5}, {0, 0}}, 0, pair.Neither},
		{[2][2]float32{{big, -1}, {-big, 0}}, 0, pair.Neither},    // 2^24 + 1 is no binary32 number
		{[2][2]float32{{-1, -big}, {0, big}}, -1, pair.B},         // nor is 2^24 − 1 … it is
		{[2][2]float32{{0x1p-149, 0}, {0, 0}}, 0x1p-149, pair.A},  // the least there is
		{[2][2]float32{{0, 0x1p-149}, {0, 0}}, -0x1p-149, pair.B}, // and below zero
		{[2][2]float32{{3e38, -3e38}, {0, 0}}, float32(math.Inf(1)), pair.A},
		{[2][2]float32{{3e38, -3e38}, {-3e38, 3e38}}, float32(math.NaN()), pair.Neither},
	} {
		r := judgement.Result{Logits: [2][2]uint32{{bits(c.logits[0][0]), bits(c.logits[0][1])}, {bits(c.logits[1][0]), bits(c.logits[1][1])}}}
		got := math.Float32frombits(r.Margin())
		if (got != c.want && got == got) || r.Side() != c.side {
			t.Errorf("%v: margin %g, side %d, want %g, %d", c.logits, got, r.Side(), c.want, c.side)
		}
	}
}

func TestATaskIsDrawnFromItsID(t *testing.T) {
	p := params.Local()
	model := p.Kind(judgement.Kind).Models[0].ID
	seen := map[string]bool{}
	for i := range 50 {
		id := protocol.TaskID{byte(i)}
		drawn := judgement.Draw(&p, id, []protocol.ModelID{{1}, model})
		if drawn.Model != model {
			t.Fatalf("asks model %s, which is not paid for", drawn.Model.Short())
		}
		if *drawn != *judgement.Draw(&p, id, []protocol.ModelID{{1}, model}) {
			t.Fatal("an id has two tasks")
		}
		seen[drawn.Prompt+drawn.A+drawn.B] = true
	}
	if len(seen) < 49 {
		t.Errorf("%d tasks of 50 ids", len(seen))
	}
}

// TestTasksAreThoseRecorded: forty ids and what they ask, which the oracle that is
// written from SPEC.md draws as well. A change here is another network.
func TestTasksAreThoseRecorded(t *testing.T) {
	type recorded struct {
		ID    protocol.TaskID  `json:"id"`
		Model protocol.ModelID `json:"model"`
		Body  string           `json:"body"`
	}
	p := params.Local()
	model := p.Kind(judgement.Kind).Models[0].ID
	var drawn []recorded
	for i := range 40 {
		id := wire.HashOf("test", []byte{byte(i)})
		drawn = append(drawn, recorded{id, model, hex.EncodeToString(wire.Encode(judgement.Draw(&p, id, []protocol.ModelID{model})))})
	}
	got, err := json.MarshalIndent(drawn, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/tasks.json"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got)+"\n" != string(want) {
		t.Errorf("tasks differ from %s", path)
	}
}

// TestAModelIsShownBothOrders: what differs is the place of the responses alone.
func TestAModelIsShownBothOrders(t *testing.T) {
	two := judgement.Conversations(pair.Pair{Prompt: "Why?", A: "Since %s.", B: "No."})
	first, second := two[0][0].Content, two[1][0].Content
	if !strings.Contains(first, "Response A: Since %s.\n\nResponse B: No.") || !strings.Contains(second, "Response A: No.\n\nResponse B: Since %s.") {
		t.Errorf("shown %q and %q", first, second)
	}
	if strings.Replace(first, "Since %s.\n\nResponse B: No.", "No.\n\nResponse B: Since %s.", 1) != second {
		t.Error("the orders differ by more than the order")
	}
}

func TestWhatNoHonestProgramMakesIsRefused(t *testing.T) {
	task := judgement.Task{Prompt: "a", A: "b", B: "c"}
	long := task
	long.B = strings.Repeat("x", pair.MaxBytes+1)
	empty := task
	empty.A = ""
	result := judgement.Result{Leaves: [2]protocol.Hash{{1}, {2}}}
	infinite, nan := result, result
	infinite.Logits[1][0], nan.Logits[0][1] = 0xff800000, 0x7fc00000
	root := protocol.Hash{1}
	for name, err := range map[string]error{
		"a task":             second(judgement.ReadTask(wire.Encode(&task))),
		"an answer":          second(judgement.ReadResult(wire.Encode(&result))),
		"a card":             second(judgement.ReadCard(wire.Encode(&judgement.Card{Code: judgement.CodeExact, Root: root}))),
		"a card of an order": second(judgement.ReadCard(wire.Encode(&judgement.Card{Code: judgement.CodeLogit, Order: 1, Root: root}))),
	} {
		if err != nil {
			t.Errorf("%s is refused: %v", name, err)
		}
	}
	for name, c := range map[string]struct{ err, want error }{
		"a long response":     {second(judgement.ReadTask(wire.Encode(&long))), wire.ErrLimit},
		"an empty response":   {second(judgement.ReadTask(wire.Encode(&empty))), wire.ErrLimit},
		"an infinite logit":   {second(judgement.ReadResult(wire.Encode(&infinite))), wire.ErrLimit},
		"no number":           {second(judgement.ReadResult(wire.Encode(&nan))), wire.ErrLimit},
		"an unknown code":     {second(judgement.ReadCard(wire.Encode(&judgement.Card{Code: "token", Root: root}))), wire.ErrUnknown},
		"a third order":       {second(judgement.ReadCard(wire.Encode(&judgement.Card{Code: judgement.CodeState, Order: 2, Root: root}))), wire.ErrLimit},
		"an order of nothing": {second(judgement.ReadCard(wire.Encode(&judgement.Card{Code: judgement.CodeExact, Order: 1, Root: root}))), wire.ErrLimit},
		"no root":             {second(judgement.ReadCard(wire.Encode(&judgement.Card{Code: judgement.CodeExact}))), wire.ErrLimit},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.err, c.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestAnAnswerIsWorthItsModel: the class alone, and nothing where the model is not
// paid for or the network has no such kind.
func TestAnAnswerIsWorthItsModel(t *testing.T) {
	p := params.Local()
	k := p.Kind(judgement.Kind)
	k.Models[0].Class = 3 * params.One
	paid := task.Opened{Task: &wire.Task{Body: wire.Encode(&judgement.Task{Model: k.Models[0].ID, Prompt: "a", A: "b", B: "c"})}, Body: wire.Encode(&judgement.Result{}), Delay: 9, Median: 1}
	other := paid
	other.Task = &wire.Task{Body: wire.Encode(&judgement.Task{Model: protocol.ModelID{1}, Prompt: "a", A: "b", B: "c"})}
	worth := judgement.New().Work(&p, []task.Opened{paid, other})
	if worth[0] != (task.Worth{Units: 1, Work: 3 * params.One}) || worth[1].Work != 0 {
		t.Errorf("got %+v", worth)
	}
	p.Kinds = p.Kinds[:1]
	if worth := judgement.New().Work(&p, []task.Opened{paid}); worth[0] != (task.Worth{}) {
		t.Errorf("a network without the kind pays %+v", worth)
	}
}

// FuzzBodies: what can be read says the same when it is written again.
func FuzzBodies(f *testing.F) {
	f.Add(wire.Encode(&judgement.Task{Prompt: "a", A: "b", B: "c"}))
	f.Add(wire.Encode(&judgement.Result{Logits: [2][2]uint32{{1, 2}, {3, 4}}}))
	f.Add(wire.Encode(&judgement.Card{Code: judgement.CodeLogit, Order: 1, Root: protocol.Hash{1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := judgement.ReadTask(b); err == nil && string(wire.Encode(v)) != string(b) {
			t.Errorf("task %x", b)
		}
		if v, err := judgement.ReadResult(b); err == nil {
			if string(wire.Encode(v)) != string(b) {
				t.Errorf("result %x", b)
			}
			v.Side()
		}
		if v, err := judgement.ReadCard(b); err == nil && string(wire.Encode(v)) != string(b) {
			t.Errorf("card %x", b)
		}
	})
}
