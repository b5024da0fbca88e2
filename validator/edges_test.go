package validator_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

func TestACardOfTheLastBlockIsInTime(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.drawDuties(round)
	theirs := w.truths()
	w.step(v, cardEnd)
	w.take(v.OnCard(t.Context(), w.card(cardEnd, theirs[0])))
	w.step(v, cardEnd+1)
	if err := v.OnCard(t.Context(), w.card(cardEnd, theirs[1])); !errors.Is(err, validator.ErrLate) {
		t.Errorf("a block later: got %v, want %v", err, validator.ErrLate)
	}
}

func TestNobodyWeighsHimself(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	w.makers = append(w.makers, &maker{signer: w.self, id: w.seat, slots: 1})
	toOpenings(t, w, v, 5)
	w.commit(w.makers[2], round, start+6, 5)
	w.step(v, deadline)
	w.openAll(v)
	w.step(v, sealFrom)
	page, _, err := v.Scores(weighed, 0, 10)
	if err != nil || len(page) != 2 || page[0].Tally.Seat.UID != 10 {
		t.Errorf("got %+v, %v, want seats 10 and 11", page, err)
	}
}

// A seat that changed hands starts anew, and its former holder is forgotten.
func TestANewHolderOfAUIDInheritsNothing(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.judgeAll(v)
	w.step(v, sealFrom)
	old, err := v.Score(weighed, 10, inference.Kind)
	if err != nil || old.Average.Runs != params.One {
		t.Fatalf("got %+v, %v", old, err)
	}
	w.makers[0].id.Registered = 70
	w.rosters(epoch + 2)
	w.rosters(epoch + 3)
	w.drawTasks(round + 2)
	w.commit(w.makers[0], round+2, start+47, 5)
	w.step(v, deadline+40)
	w.take(v.OnAnswer(t.Context(), w.opening(w.makers[0], 0, deadline+40, nil)))
	w.step(v, sealFrom+40)
	x, err := v.Score(weighed+2, 10, inference.Kind)
	if err != nil || x.Tally.Seat.Registered != 70 || x.Average.Runs != 0 || x.Reason != scoring.ReasonUnproven {
		t.Errorf("got %+v, %v", x, err)
	}
}

func TestAModelWithAlteredWeightsIsFoundOutByOneRun(t *testing.T) {
	w, v := modelWorld(t, newMemory(), []deed{{}}, []deed{{model: 1}})
	w.drawDuties(round)
	w.step(v, deadline+2)
	w.work(v)
	w.settle(v)
	w.rosters(weighed)
	w.step(v, sealFrom)
	s, err := v.Weights(weighed)
	if err != nil || len(s.Weights.Values) != 2 || s.Weights.Values[0] != 65535 || s.Weights.Values[1] != 0 {
		t.Fatalf("got %+v, %v, want the honest miner alone", s, err)
	}
	cards := w.cards()
	if len(cards) < 2 || cards[0].Finding != wire.FindingPassed || cards[1].Finding != wire.FindingFalse || w.said(cards[1]).Root.IsZero() {
		t.Errorf("cards %+v", cards)
	}
}
