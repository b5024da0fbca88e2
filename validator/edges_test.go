package validator_test

import (
	"testing"

	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

func TestACardOfTheLastBlockIsInTime(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.drawDuties(round)
	w.step(v, cardEnd)
	w.take(v.OnCard(t.Context(), w.card(cardEnd, w.trueCard(w.makers[0]))))
	w.step(v, cardEnd+1)
	if c := sent[*wire.CommitCards](w); len(c) != 1 || c[0].Seen[0].Counts[0] != 1 {
		t.Errorf("got %+v, want the card of the last block seen", c)
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
	page, _, err := v.Scores(epoch, 0, 10)
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
	old, err := v.Score(epoch, 10, inference.Kind)
	if err != nil || old.Average.Runs != params.One {
		t.Fatalf("got %+v, %v", old, err)
	}
	w.makers[0].id.Registered = 50
	w.rosters(epoch + 1)
	w.drawTasks(round + 1)
	w.commit(w.makers[0], round+1, start+27, 5)
	w.step(v, deadline+20)
	w.take(v.OnAnswer(t.Context(), w.opening(w.makers[0], 0, deadline+20, nil)))
	w.step(v, sealFrom+20)
	x, err := v.Score(epoch+1, 10, inference.Kind)
	if err != nil || x.Tally.Seat.Registered != 50 || x.Average.Runs != 0 || x.Reason != scoring.ReasonUnproven {
		t.Errorf("got %+v, %v", x, err)
	}
}

func TestAModelWithAlteredWeightsIsFoundOutByOneRun(t *testing.T) {
	w, v := modelWorld(t, newMemory(), []deed{{}}, []deed{{model: 1}})
	w.drawDuties(round)
	w.step(v, deadline+2)
	w.work(v)
	w.step(v, sealFrom)
	s, err := v.Weights(epoch)
	if err != nil || len(s.Weights.Values) != 2 || s.Weights.Values[0] != 65535 || s.Weights.Values[1] != 0 {
		t.Fatalf("got %+v, %v, want the honest miner alone", s, err)
	}
	cards := w.cards()
	if len(cards) < 2 || cards[0].Finding != wire.FindingPassed || cards[1].Finding != wire.FindingFalse || w.said(cards[1]).Root.IsZero() {
		t.Errorf("cards %+v", cards)
	}
}
