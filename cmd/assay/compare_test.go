package main

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/wire"
)

// TestWhyTwoValidatorsDiffer: what their cards say decides the words.
func TestWhyTwoValidatorsDiffer(t *testing.T) {
	task := func(id byte, cards ...api.Card) *api.Task {
		return &api.Task{ID: protocol.TaskID{id}, UID: 7, Cards: cards}
	}
	card := func(judge protocol.UID, f wire.Finding) api.Card { return api.Card{Judge: judge, Finding: f} }
	const a, b = 1, 2
	for name, tc := range map[string]struct {
		tasks []*api.Task
		want  string
		judge [2]int
	}{
		"disagree":    {[]*api.Task{task(0xab, card(a, wire.FindingPassed), card(b, wire.FindingFalse))}, "they disagree about 1 answers: one of the two is wrong, see assay task ab0000000000", [2]int{1, 1}},
		"luck of one": {[]*api.Task{task(1, card(a, wire.FindingFalse)), task(2, card(b, wire.FindingPassed))}, "1 drew a false answer, and 2 did not", [2]int{1, 1}},
		"and another": {[]*api.Task{task(1, card(a, wire.FindingPassed)), task(2, card(b, wire.FindingFalse))}, "2 drew a false answer, and 1 did not", [2]int{1, 1}},
		"one is away": {[]*api.Task{task(1, card(a, wire.FindingPassed), card(9, wire.FindingFalse))}, "one of the two judged nothing of it: what it knows is from earlier epochs", [2]int{1, 0}},
		"both":        {[]*api.Task{task(1, card(a, wire.FindingPassed)), task(2, card(b, wire.FindingPassed))}, "each has run other answers, so each is sure to another degree", [2]int{1, 1}},
	} {
		o := opinion{UID: 7, WeightA: 5}
		for _, x := range tc.tasks {
			o.count(x, a, b)
		}
		if got := o.why(a, b); got != tc.want || [2]int{o.JudgedA, o.JudgedB} != tc.judge {
			t.Errorf("%s: got %q, %d and %d judged", name, got, o.JudgedA, o.JudgedB)
		}
	}
}
