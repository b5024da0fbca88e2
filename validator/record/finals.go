package record

import (
	"errors"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Finals returns what judges found of each seat and kind in epoch e, and whether
// that is final; until then it is counted anew from what is there, and l says
// what the ledger has.
func (r *Reader) Finals(l ledger.Reader, e protocol.Epoch) (list []Final, final bool, err error) {
	if final, err = r.IsClosed(e); err != nil {
		return nil, false, err
	}
	if final {
		list, err = scan[Final](r, tableFinals, era(e))
		return list, true, err
	}
	sealed, err := r.Sealed(e)
	if err != nil {
		return nil, false, err
	}
	var rounds []protocol.Round
	if sealed != nil {
		rounds = sealed.Rounds
	}
	list, err = r.CountFinals(l, e, rounds)
	return list, false, err
}

// CountFinals counts what the evidence of some rounds that is here says of the
// seats that have a weight in epoch e, by the kinds in which they have one.
func (r *Reader) CountFinals(l ledger.Reader, e protocol.Epoch, rounds []protocol.Round) ([]Final, error) {
	scores, err := r.ScoresOf(e)
	if err != nil {
		return nil, err
	}
	f := finalCount{r: r, ledger: l, epoch: e - min(e, 1), tasks: map[part][]protocol.TaskID{}, found: map[wire.AnswerKey]finding{}}
	for _, n := range rounds {
		if err := errors.Join(f.addTasks(n), f.addCards(n)); err != nil {
			return nil, err
		}
	}
	out := make([]Final, 0, len(scores))
	at := make(map[part]*Final, len(scores))
	for i := range scores {
		p := part{scores[i].Tally.Seat, scores[i].Tally.Kind}
		hotkey, err := r.owner(l, e, p)
		if err != nil {
			return nil, err
		}
		out = append(out, Final{Seat: p.seat, Kind: p.kind, Hotkey: hotkey, Tasks: f.tasks[p]})
		at[p] = &out[len(out)-1] // there is room for all: it stays where it is
	}
	for _, x := range f.found {
		switch s := at[x.part]; {
		case s == nil: // it has no weight
		case x.wrong:
			s.Inexact++
		case x.exact:
			s.Exact++
		}
	}
	return out, nil
}

// owner returns whose the seat was in epoch e: what was written down while it was
// known, else what the ledger remembers.
func (r *Reader) owner(l ledger.Reader, e protocol.Epoch, p part) (protocol.PublicKey, error) {
	known, err := get[Final](r, tableFinals, partKey(e, p.seat.UID, p.kind))
	if err != nil {
		return protocol.PublicKey{}, err
	}
	if known != nil && !known.Hotkey.IsZero() {
		return known.Hotkey, nil
	}
	return HotkeyOf(l, e, p.seat)
}

// HotkeyOf finds whose seat it was in epoch e: on the roster of the epoch, or
// today. The zero key stands for one that the ledger does not remember.
func HotkeyOf(l ledger.Reader, e protocol.Epoch, id protocol.SeatID) (protocol.PublicKey, error) {
	if s, ok, err := ledger.ReadRosterSeat(l, e, id.UID); err != nil || ok && s.ID == id {
		return s.Hotkey, err
	}
	if s, ok, err := ledger.ReadSeat(l, id.UID); err != nil || ok && s.ID == id {
		return s.Hotkey, err
	}
	if p, ok, err := ledger.ReadPayment(l, e, id.UID); err != nil || ok && p.Seat == id {
		return p.Hotkey, err
	}
	return protocol.PublicKey{}, nil
}

// part is what a seat does in one kind.
type part struct {
	seat protocol.SeatID
	kind protocol.Kind
}

// finalCount gathers the evidence of the rounds of one epoch's weights.
type finalCount struct {
	r      *Reader
	ledger ledger.Reader
	epoch  protocol.Epoch // in which the answers were given
	tasks  map[part][]protocol.TaskID
	found  map[wire.AnswerKey]finding
}

// finding is what judges say of an answer.
type finding struct {
	part         part
	exact, wrong bool
}

// addTasks notes the tasks that were answered in a round.
func (f *finalCount) addTasks(n protocol.Round) error {
	answers, err := f.r.AnswersOf(n)
	for i := range answers {
		t := &answers[i].Task
		if p := (part{t.Seat, t.Kind}); len(f.tasks[p]) < MaxFinalTasks {
			f.tasks[p] = append(f.tasks[p], t.ID)
		}
	}
	return err
}

// addCards notes what the judges found in a round.
func (f *finalCount) addCards(n protocol.Round) error {
	cards, err := f.r.CardsOf(n)
	for i := range cards {
		c := &cards[i].Said
		if planted, err := ledger.IsPlant(f.ledger, f.epoch, c.Seat, c.Key()); err != nil {
			return err
		} else if planted && c.Finding != wire.FindingPassed {
			continue // as it should be
		}
		x := f.found[c.Key()]
		x.part = part{c.Seat, c.Kind}
		switch c.Finding {
		case wire.FindingPassed:
			x.exact = true
		default:
			x.wrong = true
		}
		f.found[c.Key()] = x
	}
	return err
}
