package validator_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// ask asks for evidence as a peer does.
func ask(t *testing.T, v *validator.Validator, part wire.EvidencePart, k wire.AnswerKey) []byte {
	t.Helper()
	b, err := v.Serve(wire.Encode(&wire.EvidenceRequest{Part: part, Key: k}))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnswersAndCardsAreServedUntilTheirRetentionEnds(t *testing.T) {
	w := newWorld(t)
	w.p.Tasks.Retention = 4
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	answer := w.opening(w.makers[0], 0, deadline, nil)
	w.take(v.OnAnswer(t.Context(), answer))
	w.drawDuties(round)
	w.step(v, deadline+2)
	w.work(v)
	k := wire.AnswerKey{Round: round, UID: w.makers[0].id.UID}
	if raw := ask(t, v, wire.EvidenceCards, k); raw != nil {
		t.Errorf("a card is shown before anything was sealed: %x", raw)
	}
	foreign := w.card(sealEnd, w.truths()[0])
	w.settle(v)
	w.take(v.OnCard(t.Context(), foreign))
	for _, at := range []struct {
		name  string
		there bool
	}{{"at once", true}, {"at the end of the retention", true}, {"after it", false}} {
		switch at.name {
		case "at the end of the retention":
			w.step(v, w.p.Schedule.EpochStart(epoch+4))
		case "after it":
			w.step(v, w.p.Schedule.EpochStart(epoch+5))
		}
		if got := ask(t, v, wire.EvidenceAnswer, k); bytes.Equal(got, answer) != at.there || (got == nil) == at.there {
			t.Errorf("%s: answer %x", at.name, got)
		}
		raw := ask(t, v, wire.EvidenceCards, k)
		if !at.there {
			if raw != nil {
				t.Errorf("%s: cards %x", at.name, raw)
			}
			continue
		}
		var list wire.CardList
		if err := wire.Decode(raw, wire.MaxReceiptBytes, &list); err != nil || len(list.Cards) != 2 {
			t.Fatalf("%s: %d cards, %v, want one's own and the other judge's", at.name, len(list.Cards), err)
		}
		if !bytes.Equal(list.Cards[0], foreign) && !bytes.Equal(list.Cards[1], foreign) {
			t.Errorf("%s: the other judge's card is not as it came", at.name)
		}
	}
}

func TestRequestsForEvidenceThatMakeNoSenseAreRefused(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	for what, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"nothing":         {nil, wire.ErrMalformed},
		"an unknown part": {wire.Encode(&wire.EvidenceRequest{Part: 9}), wire.ErrUnknown},
		"too long":        {make([]byte, 100), wire.ErrTooLarge},
	} {
		if b, err := v.Serve(c.raw); b != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: got %x, %v, want %v", what, b, err, c.want)
		}
	}
	for _, part := range []wire.EvidencePart{wire.EvidenceAnswer, wire.EvidenceCards} {
		if b := ask(t, v, part, wire.AnswerKey{Round: 99}); b != nil {
			t.Errorf("evidence that is not there: %x", b)
		}
	}
}
