package validator

import (
	"iter"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// opened is what one judge opened of an epoch.
type opened struct {
	drawn ledger.DrawnRecord
	said  ledger.CardsRecord
}

// opened reads what a judge opened of epoch e, nil where it opened nothing.
func (b *base) opened(now *view, e protocol.Epoch, judge protocol.SeatID) (*opened, error) {
	said, ok, err := ledger.ReadCards(now, e, judge.UID)
	if err != nil || !ok || said.Seat != judge || !said.Opened() {
		return nil, err
	}
	drawn, ok, err := ledger.ReadDrawn(now, e, judge.UID)
	if err != nil || !ok || drawn.Judge != judge {
		return nil, err
	}
	return &opened{drawn, said}, nil
}

// all yields the answers that the judge judged, in the order of its duties, with
// what it found.
func (o *opened) all() iter.Seq2[wire.AnswerKey, byte] {
	return func(yield func(wire.AnswerKey, byte) bool) {
		keys := o.drawn.Flat()
		for i, f := range o.said.Findings {
			if f != wire.FoundNothing && i < keys.Len() && !yield(keys.At(i), f) {
				return
			}
		}
	}
}

// passed returns the answers of which a judge of the epoch before e opened a
// finding, and whether all who did say that it passed.
func (w *weighing) passed(now *view, e protocol.Epoch) (map[wire.AnswerKey]bool, error) {
	out := map[wire.AnswerKey]bool{}
	if e == 0 {
		return out, nil
	}
	judges, err := ledger.ReadRosterJudges(now, e-1)
	if err != nil {
		return nil, err
	}
	for _, j := range judges {
		opened, err := w.opened(now, e-1, j.ID)
		if err != nil {
			return nil, err
		}
		if opened == nil {
			continue
		}
		for k, f := range opened.all() {
			before, known := out[k]
			out[k] = f == wire.FoundPassed && (before || !known)
		}
	}
	return out, nil
}
