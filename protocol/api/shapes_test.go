package api_test

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

// TestEveryKindHasItsShapeAndItsSchemas walks the kinds that are judged: the bodies
// of task, answer and card have a schema each, which is named where a body of some
// kind may stand, and a task that the beacon draws is shown as its schema says.
func TestEveryKindHasItsShapeAndItsSchemas(t *testing.T) {
	s := readSpec(t)
	n := network(t)
	p := &n.Genesis.Params
	var names []protocol.Kind
	for _, k := range kinds.Judged() {
		names = append(names, k.Name())
		prefix := strings.ToUpper(string(k.Name()[:1])) + string(k.Name()[1:])
		for of, part := range map[string]string{"Task": "Task", "Answer": "Answer", "Card": "Card", "Receipt": "Task"} {
			ref := "#/components/schemas/" + prefix + part
			body := s.Components.Schemas[of].Properties["body"]
			if s.Components.Schemas[prefix+part] == nil || !slices.ContainsFunc(body.OneOf, func(c *schema) bool { return c.Ref == ref }) {
				t.Errorf("the kind %s has no schema %s%s, or the body of %s does not name it", k.Name(), prefix, part, of)
			}
		}
		due := task.Due{Asked: task.Asked{Kind: k.Name(), Slots: 1, Models: []protocol.ModelID{apitest.ModelID}}, Seed: protocol.Hash{1}}
		of := &task.Round{Chain: n.Genesis.ChainID(), Params: p, Number: 3, Seat: protocol.SeatID{UID: 2}, Due: []task.Due{due}}
		d, err := kinds.All().Derive(of, 0)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := api.TaskBody(d)
		if err != nil {
			t.Fatal(err)
		}
		var body any
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Fatal(err)
		}
		if why := s.check(&schema{Ref: "#/components/schemas/" + prefix + "Task"}, body, string(k.Name())); why != "" {
			t.Error(why)
		}
		d.Body = []byte{0xff}
		if _, err := api.TaskBody(d); err == nil {
			t.Errorf("%s shows garbage as a task", k.Name())
		}
	}
	if got := api.ShapeNames(); !slices.Equal(got, names) {
		t.Errorf("shapes of %v, the kinds are %v", got, names)
	}
}

// TestAKindThatThisProgramDoesNotHaveIsShownByItsBytes asks for a task, and for
// its receipt, of a kind that came after the program.
func TestAKindThatThisProgramDoesNotHaveIsShownByItsBytes(t *testing.T) {
	n, h := seeded(t)
	of := n.TaskOf(apitest.Round+1, 2)
	of.Kind, of.Body = "echo", []byte("four")
	ev, err := n.Sign(&of, &inference.Result{Finish: "length"}, func(_ protocol.UID, c *inference.Card) { c.Root = protocol.Hash{1} })
	if err != nil {
		t.Fatal(err)
	}
	n.Work.Tasks[of.ID] = ev
	want := func(what string, body json.RawMessage, bytes []byte) {
		var b api.OtherBody
		if err := json.Unmarshal(body, &b); err != nil || string(b.CBOR) != string(bytes) {
			t.Errorf("%s: got %s, %v", what, body, err)
		}
	}
	var shown api.Task
	decode(t, get(t, h, "/v1/tasks/"+of.ID.String()), &shown)
	answer, err := wire.ReadAnswer(ev.Answers[0].Raw)
	if err != nil {
		t.Fatal(err)
	}
	card, err := wire.ReadCard(ev.Cards[0].Raw)
	if err != nil {
		t.Fatal(err)
	}
	if shown.Kind != "echo" || shown.Cards[0].Finding != wire.FindingPassed {
		t.Errorf("got %+v", shown)
	}
	want("task", shown.Body, of.Body)
	want("answer", shown.Answers[0].Body, answer.Answer.Body)
	want("card", shown.Cards[0].Body, card.Card.Body)
	var r api.Receipt
	decode(t, get(t, h, "/v1/receipts/"+of.ID.String()), &r)
	want("receipt", r.Body, of.Body)
}
