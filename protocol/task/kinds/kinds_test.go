package kinds_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

// TestEveryKindOfTheTableAsksWhatItTakesItself walks the table: a kind has a name
// that a seat may offer, once, and the tasks that it draws are tasks for all.
func TestEveryKindOfTheTableAsksWhatItTakesItself(t *testing.T) {
	p := params.Local()
	models := []protocol.ModelID{p.Kinds[0].Models[0].ID}
	table := kinds.All()
	if err := table.CheckParams(&p); err != nil {
		t.Error(err)
	}
	seen := map[protocol.Kind]bool{}
	for _, k := range table {
		name := k.Name()
		if seen[name] {
			t.Errorf("%s stands twice in the table", name)
		}
		seen[name] = true
		serve := wire.Serve{Offers: []wire.Offer{{Kind: name, Capacity: 1, Models: models}}}
		if err := serve.Check(); err != nil {
			t.Errorf("%s cannot be offered: %v", name, err)
		}
		due := task.Due{Asked: task.Asked{Kind: name, Slots: 2, Models: models}, Seed: protocol.Hash{1}}
		tasks, err := table.DeriveAll(&task.Round{Chain: "chain", Params: &p, Number: 3, Seat: protocol.SeatID{UID: 4}, Due: []task.Due{due}})
		if err != nil || len(tasks) != 2 {
			t.Fatalf("%s: %d tasks, %v", name, len(tasks), err)
		}
		for i := range tasks {
			if err := errors.Join(tasks[i].Check(), table.CheckTask(&tasks[i])); err != nil {
				t.Errorf("%s refuses what it draws: %v", name, err)
			}
		}
		worth := k.Work(&p, []task.Opened{{Task: &tasks[0], Body: []byte{0xff}}, {Task: &tasks[1]}})
		if !slices.Equal(worth, make([]task.Worth, 2)) {
			t.Errorf("%s pays for garbage: %+v", name, worth)
		}
		for what, err := range map[string]error{
			"a task":    table.CheckTask(&wire.Task{Kind: name, Body: []byte{0xff}}),
			"an answer": table.CheckAnswer(&tasks[0], []byte{0xff}),
			"a card":    table.CheckCard(&wire.Card{Kind: name, Finding: wire.FindingPassed, Body: []byte{0xff}}),
		} {
			if err == nil {
				t.Errorf("%s takes garbage for %s", name, what)
			}
		}
	}
}
