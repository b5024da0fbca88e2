package validator

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// What was planted, once the links are open. A plant is found false by all who
// look; what it is worth shows by hashing then, before weights are made.

// opening is what is known of the plants of an epoch while its weights are made.
type opening struct {
	w     *weighing
	now   *view
	epoch protocol.Epoch
	seats map[protocol.SeatID]*ledger.PlantsRecord // nil where nothing is known
	seeds map[protocol.Round]protocol.Hash
}

// openingOf reads what seats opened of their plants of an epoch.
func (w *weighing) openingOf(now *view, e protocol.Epoch) *opening {
	return &opening{w: w, now: now, epoch: e, seats: map[protocol.SeatID]*ledger.PlantsRecord{}, seeds: map[protocol.Round]protocol.Hash{}}
}

// of returns what a seat opened; nil where nothing is known of it.
func (o *opening) of(seat protocol.SeatID) (*ledger.PlantsRecord, error) {
	rec, known := o.seats[seat]
	if known || o.w.cfg.Params.Plants.Rate == 0 {
		return rec, nil
	}
	r, ok, err := ledger.ReadPlants(o.now, o.epoch, seat.UID)
	if err != nil {
		return nil, err
	}
	if ok && r.Seat == seat {
		rec = &r
	}
	o.seats[seat] = rec
	return rec, nil
}

// void reports whether the answers of a seat count as not given.
func (o *opening) void(seat protocol.SeatID) (bool, error) {
	rec, err := o.of(seat)
	return rec != nil && rec.Void(), err
}

// finding returns what was found of an answer, in the light of the open link.
func (o *opening) finding(k wire.AnswerKey, j *record.Judgement) (wire.Finding, error) {
	found := j.Outcome.Finding
	rec, err := o.of(j.Seat)
	if err != nil || rec == nil || rec.Link.IsZero() || found != wire.FindingFalse {
		return found, err
	}
	seed, known := o.seeds[k.Round]
	if !known {
		r, _, err := ledger.ReadRound(o.now, k.Round)
		if err != nil {
			return found, err
		}
		seed, o.seeds[k.Round] = r.TaskSeed, r.TaskSeed
	}
	plants := plant.Of(rec.Link, seed, j.Seat)
	if !plants.Has(k.Slot, o.w.cfg.Params.Plants.Rate) {
		return found, nil
	}
	answer, err := o.w.book.Answer(k)
	if err != nil || answer == nil {
		return found, err
	}
	body, err := o.w.bodyOf(answer)
	if err != nil {
		return found, err
	}
	right, err := o.w.judges.planted(&j.Outcome, answer.Hotkey, body, plants, k.Slot)
	if err != nil || !right {
		return found, err
	}
	return wire.FindingPassed, nil
}

// settled reports whether the ledger says what is to be thought of an answer that
// was not judged here: it counts as not given, or is proven to be planted.
func (o *opening) settled(k wire.AnswerKey) (void, planted bool, err error) {
	if o.w.cfg.Params.Plants.Rate == 0 {
		return false, false, nil
	}
	roster, ok, err := ledger.ReadRosterSeat(o.now, o.epoch, k.UID)
	if err != nil || !ok {
		return false, false, err
	}
	if void, err = o.void(roster.ID); err != nil || void {
		return void, false, err
	}
	planted, err = ledger.IsPlant(o.now, o.epoch, roster.ID, k)
	return false, planted, err
}

// tallyOwn adds what was found here of the answers of the epoch before, but of
// those that count as not given.
func (w *weighing) tallyOwn(e protocol.Epoch, opened *opening, t tallies) error {
	for n, end := w.rounds(e); n < end; n++ {
		keys, err := w.book.Judged(n)
		if err != nil {
			return err
		}
		for _, k := range keys {
			j, err := w.book.Judgement(k)
			if err != nil {
				return err
			}
			if void, err := opened.void(j.Seat); err != nil {
				return err
			} else if void {
				continue
			}
			found, err := opened.finding(k, j)
			if err != nil {
				return err
			}
			t.of(j.Seat, j.Outcome.Kind).Judged(found)
		}
	}
	return nil
}
