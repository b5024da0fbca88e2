package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

// TestEveryKindHasItsPrintersAndItsChecker walks the kinds that are judged: what
// the beacon draws is printed by the kind's own printer, and there are printers of
// the rest and a checker.
func TestEveryKindHasItsPrintersAndItsChecker(t *testing.T) {
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	var names, want []protocol.Kind
	for _, k := range taskKinds() {
		names = append(names, k.name)
	}
	for _, k := range kinds.Judged() {
		want = append(want, k.Name())
		own := taskKindOf(k.Name())
		if own.task == nil || own.answer == nil || own.card == nil || own.check == nil {
			t.Fatalf("%s lacks a printer or the checker", k.Name())
		}
		due := task.Due{Asked: task.Asked{Kind: k.Name(), Slots: 1, Models: []protocol.ModelID{apitest.ModelID}}, Seed: protocol.Hash{1}}
		of := &task.Round{Chain: "chain", Params: &n.Genesis.Params, Number: 3, Seat: protocol.SeatID{UID: 2}, Due: []task.Due{due}}
		d, err := kinds.All().Derive(of, 0)
		if err != nil {
			t.Fatal(err)
		}
		body, err := api.TaskBody(d)
		if err != nil {
			t.Fatal(err)
		}
		if pairs, err := own.task(body); err != nil || len(pairs) == 0 || pairs[0].name == "body" {
			t.Errorf("%s: a drawn task is printed as %v, %v", k.Name(), pairs, err)
		}
		for what, print := range map[string]func(json.RawMessage) (string, error){"answer": own.answer, "card": own.card} {
			if _, err := print(json.RawMessage(`[1]`)); err == nil {
				t.Errorf("%s prints garbage for the body of a %s", k.Name(), what)
			}
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("printers of %v, the kinds are %v", names, want)
	}
}

// strange is a receipt of a kind that this program does not have, as a newer node
// gives it.
func strange(t *testing.T) api.Receipt {
	t.Helper()
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	of := n.TaskOf(apitest.Round, 2)
	of.Kind, of.Body = "echo", []byte("four")
	ev, err := n.Sign(&of, &inference.Result{Finish: "length"}, func(_ protocol.UID, c *inference.Card) { c.Root = protocol.Hash{1} })
	if err != nil {
		t.Fatal(err)
	}
	f, err := api.NewReceipt(&wire.Receipt{ChainID: n.Genesis.ChainID(), Task: of, Answer: ev.Answers[0].Raw, Cards: [][]byte{ev.Cards[0].Raw}}, ev.Hotkey)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAKindThatThisProgramDoesNotHaveIsShownAsItCame(t *testing.T) {
	body := json.RawMessage(`{"says":"hello\n` + "\u009b" + `2J"}`) // with a control sequence of a terminal
	pairs, err := taskText(&api.Task{
		Kind: "echo", Body: body, Answers: []api.Answer{{Body: body}},
		Cards: []api.Card{{Finding: wire.FindingFalse, Body: body}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range pairs[4:] {
		lines = append(lines, p.name+"="+p.value)
	}
	want := `body={"says":"hello\n�2J"}
=this program does not have the kind echo: what is asked, answered and found is shown as it came
answer={"says":"hello\n�2J"}
received at height 0
card=uid 0: false: {"says":"hello\n�2J"}`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAReceiptOfAKindThatThisProgramDoesNotHaveIsReadAndNotChecked(t *testing.T) {
	r, err := readReceipt(encodeReceipt(t, strange(t)))
	if err != nil {
		t.Fatal(err)
	}
	kind := taskKindOf(r.Task.Kind)
	if _, err := kind.check(nil, r); err == nil || !strings.Contains(err.Error(), `the signatures hold, but this program does not have the kind "echo"`) {
		t.Errorf("got %v", err)
	}
}
