package task_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

const chain = "assay-test-01234567"

var (
	p     = params.Local()
	seat  = protocol.SeatID{UID: 7, Registered: 41}
	table = task.Table{echo("echo"), echo("shout")}
	five  = due(wire.HashOf("a"), task.Asked{Kind: "echo", Slots: 2}, task.Asked{Kind: "shout", Slots: 3})
)

// due is what the seat is asked in round 12, with one seed for all.
func due(seed protocol.Hash, asked ...task.Asked) *task.Round {
	r := &task.Round{Chain: chain, Params: &p, Number: 12, Seat: seat}
	for _, a := range asked {
		r.Due = append(r.Due, task.Due{Asked: a, Seed: seed})
	}
	return r
}

// echo is a tiny kind: a task asks for some bytes, and the right answer is these.
type echo protocol.Kind

func (e echo) Name() protocol.Kind { return protocol.Kind(e) }

func (echo) Derive(_ *params.Params, id protocol.TaskID, _ []protocol.ModelID) []byte {
	b := task.NewStream(id).Block()
	return b[:4]
}

func (echo) CheckTask(t *wire.Task) error { return four(t.Body) }

func (echo) CheckAnswer(_ *wire.Task, body []byte) error { return four(body) }

// CheckCard wants to be told what the judge would have answered.
func (echo) CheckCard(c *wire.Card) error { return four(c.Body) }

func (echo) Sum(body []byte) (wire.Sum, error) { return wire.SumOf(body), nil }

func (echo) Work(_ *params.Params, opened []task.Opened) []task.Worth {
	return make([]task.Worth, len(opened))
}

func four(b []byte) error {
	if len(b) != 4 {
		return wire.ErrLimit
	}
	return nil
}

func TestSlotsOfTheKindsFollowEachOther(t *testing.T) {
	tasks, err := table.DeriveAll(five)
	if err != nil || len(tasks) != 5 || five.Slots() != 5 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	seen := map[protocol.TaskID]bool{}
	for i := range tasks {
		want := protocol.Kind("echo")
		if i >= 2 {
			want = "shout"
		}
		if d := &tasks[i]; d.Kind != want || int(d.Slot) != i || d.Seat != seat || d.Round != 12 || seen[d.ID] || table.CheckTask(d) != nil {
			t.Errorf("slot %d: got %+v", i, d)
		}
		seen[tasks[i].ID] = true
	}
	if !five.Asks(4) || five.Asks(5) {
		t.Error("five slots are not those from 0 to 4")
	}
	if _, err := table.Derive(five, 5); !errors.Is(err, task.ErrSlot) {
		t.Errorf("a task for slot 5 of 5: got %v, want ErrSlot", err)
	}
}

func TestWhereNoSeedWasDrawnTheSlotsAreThereAndNothingIsAsked(t *testing.T) {
	r := due(wire.HashOf("a"), task.Asked{Kind: "echo", Slots: 2}, task.Asked{Kind: "shout", Slots: 1})
	r.Due[0].Seed = protocol.Hash{}
	tasks, err := table.DeriveAll(r)
	if err != nil || len(tasks) != 3 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	for slot, asked := range []bool{false, false, true} {
		d := &tasks[slot]
		if r.Asks(uint16(slot)) != asked || d.ID.IsZero() == asked || (len(d.Body) > 0) != asked || int(d.Slot) != slot {
			t.Errorf("slot %d: got %+v, asked %v", slot, d, asked)
		}
	}
	if _, err := table.Derive(r, 0); !errors.Is(err, task.ErrSlot) {
		t.Errorf("a task without a seed: got %v, want ErrSlot", err)
	}
}

func TestANetworkOfAKindThatTheProgramLacksIsRefused(t *testing.T) {
	local := params.Local()
	if err := table.CheckParams(&local); !errors.Is(err, task.ErrKind) {
		t.Errorf("got %v, want ErrKind", err)
	}
	local.Kinds[0].Name, local.Kinds = "echo", local.Kinds[:1]
	if err := table.CheckParams(&local); err != nil {
		t.Error(err)
	}
}

func TestAnotherKindGivesAnotherTask(t *testing.T) {
	a, err := table.Derive(due(wire.HashOf("a"), task.Asked{Kind: "echo", Slots: 1}), 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := table.Derive(due(wire.HashOf("a"), task.Asked{Kind: "shout", Slots: 1}), 0)
	if err != nil {
		t.Fatal(err)
	}
	if a.ID == b.ID || bytes.Equal(a.Body, b.Body) {
		t.Error("two kinds have one task")
	}
}

func TestAKindThatTheProgramDoesNotHaveBlamesNobody(t *testing.T) {
	_, err := table.Derive(due(wire.HashOf("a"), task.Asked{Kind: "whisper", Slots: 1}), 0)
	for what, err := range map[string]error{
		"to derive":       err,
		"to check a task": table.CheckTask(&wire.Task{Kind: "whisper"}),
		"an answer":       table.CheckAnswer(&wire.Task{Kind: "whisper"}, nil),
		"a card":          table.CheckCard(&wire.Card{Kind: "whisper"}),
	} {
		if !errors.Is(err, task.ErrKind) {
			t.Errorf("%s: got %v, want ErrKind", what, err)
		}
	}
}

func TestABodyIsCheckedByItsKind(t *testing.T) {
	of := &wire.Task{Kind: "echo"}
	for what, c := range map[string]struct{ got, want error }{
		"an answer":     {table.CheckAnswer(of, []byte("four")), nil},
		"a long answer": {table.CheckAnswer(of, []byte("five!")), wire.ErrLimit},
		"a card":        {table.CheckCard(&wire.Card{Kind: "echo", Finding: wire.FindingFalse, Body: []byte("four")}), nil},
		"a long card":   {table.CheckCard(&wire.Card{Kind: "echo", Finding: wire.FindingFalse, Body: []byte("five!")}), wire.ErrLimit},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", what, c.got, c.want)
		}
	}
}

func TestAStreamFollowsFromItsIDAlone(t *testing.T) {
	a, b, other := task.NewStream(protocol.TaskID{1}), task.NewStream(protocol.TaskID{1}), task.NewStream(protocol.TaskID{2})
	same := 0
	for i := range 100 {
		n := a.Below(1000)
		if n >= 1000 || n != b.Below(1000) {
			t.Fatalf("number %d is %d", i, n)
		}
		if n == other.Below(1000) {
			same++
		}
	}
	if same > 3 {
		t.Errorf("two streams agree on %d of 100 numbers", same)
	}
	if a.Block() != b.Block() {
		t.Error("blocks of one stream differ")
	}
}

func hotkey(b byte) (k protocol.PublicKey) { k[0], k[1] = 2, b; return k }

// sealed returns three slots, the middle one without an answer.
func sealed(t *testing.T) *task.Sealed {
	t.Helper()
	s := &task.Sealed{}
	for i := range uint16(3) {
		d, err := table.Derive(five, i)
		if err != nil {
			t.Fatal(err)
		}
		s.Tasks = append(s.Tasks, *d)
		s.Salts = append(s.Salts, [32]byte{9, byte(i)})
		s.Answers = append(s.Answers, []byte{byte(i), 5})
	}
	s.Answers[1] = nil
	return s
}

func TestAnOpeningFitsItsOwnSlotOfItsOwnCommitmentOnly(t *testing.T) {
	s := sealed(t)
	root, err := s.Commitment(table, chain, hotkey(1))
	if err != nil {
		t.Fatal(err)
	}
	check := func(root protocol.Hash, slots uint16, k protocol.PublicKey, slot int, a *wire.Answer) error {
		return task.CheckOpening(table, chain, root, slots, k, &s.Tasks[slot], a)
	}
	open := func() *wire.Answer {
		a, err := s.Opening(table, chain, hotkey(1), 2)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if err := check(root, 3, hotkey(1), 2, open()); err != nil {
		t.Fatalf("true opening refused: %v", err)
	}
	if _, err := s.Opening(table, chain, hotkey(1), 1); !errors.Is(err, task.ErrUnanswered) {
		t.Errorf("opening of the empty slot: got %v, want ErrUnanswered", err)
	}
	for what, err := range map[string]error{
		"another root":   check(protocol.Hash{1}, 3, hotkey(1), 2, open()),
		"another size":   check(root, 4, hotkey(1), 2, open()),
		"another hotkey": check(root, 3, hotkey(2), 2, open()),
		"another task":   check(root, 3, hotkey(1), 0, open()),
		"another salt":   check(root, 3, hotkey(1), 2, func() *wire.Answer { a := open(); a.Salt[0]++; return a }()),
		"another body":   check(root, 3, hotkey(1), 2, func() *wire.Answer { a := open(); a.Body = []byte{3}; return a }()),
		"another slot":   check(root, 3, hotkey(1), 2, func() *wire.Answer { a := open(); a.Slot = 0; return a }()),
		"longer proof":   check(root, 3, hotkey(1), 2, func() *wire.Answer { a := open(); a.Proof = append(a.Proof, root); return a }()),
	} {
		if !errors.Is(err, task.ErrOpening) {
			t.Errorf("%s: got %v, want ErrOpening", what, err)
		}
	}
}

func TestCommitmentRefusesPartsThatDoNotBelongTogether(t *testing.T) {
	s := sealed(t)
	s.Salts = s.Salts[:2]
	if _, err := s.Commitment(table, chain, hotkey(1)); !errors.Is(err, task.ErrSlots) {
		t.Errorf("got %v, want ErrSlots", err)
	}
	if _, err := new(task.Sealed).Commitment(table, chain, hotkey(1)); !errors.Is(err, task.ErrSlots) {
		t.Errorf("no slots: got %v, want ErrSlots", err)
	}
}
