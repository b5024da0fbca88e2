package lane

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	kind "github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/scoring/fixed"
	"github.com/assaynet/assay/scoring/preference"
)

// Rated is what one seat did in the lane in an epoch, and is worth for it.
type Rated struct {
	Seat  protocol.SeatID
	Asked uint32         // pairs it was dealt that count
	Rated uint32         // of them it rated
	Row   preference.Row // what the score says
	Worth uint64         // in 65536ths of a unit
	Golds uint32         // of Asked; how many there were is known when they are open
	owner protocol.PublicKey
}

// Epoch is the lane in an epoch.
type Epoch struct {
	Seats []Rated // of all that were dealt a pair that counts, by uid
	Lane  preference.Lane
	Share uint32 // which part of its share the lane pays, in 65536ths
}

// Pairs is the pairs of a round of the lane that count, as the score takes them.
type Pairs struct {
	Lane  ledger.Lane
	Table *kind.Table
	List  []preference.Pair
}

// Read returns the lane in epoch e, whose blocks the state must hold to the end,
// and the epochs before as far as they enter. skip says of a setter's pairs that
// they count as not set; nil says so of none. Errors are those of the ledger, and
// of the score where there is more than it takes.
func Read(r ledger.Reader, p *params.Params, e protocol.Epoch, skip func(n protocol.Round, setter protocol.SeatID) bool) (*Epoch, error) {
	book, err := preference.New(p.Preference.Score)
	if err != nil {
		return nil, err
	}
	out := &epoch{Epoch: &Epoch{}, seats: map[protocol.SeatID]*Rated{}, setters: map[string]bool{}}
	first := e + 1 - min(e+1, protocol.Epoch(p.Preference.Memory))
	for old := first; old <= e; old++ {
		rounds, err := pairsOf(r, p, old, skip)
		if err != nil {
			return nil, err
		}
		for i := range rounds {
			for k := range rounds[i].List {
				if err := book.Add(&rounds[i].List[k]); err != nil {
					return nil, err
				}
			}
			if old == e {
				out.count(rounds[i])
			}
		}
	}
	if out.Lane.Asked == 0 {
		return out.Epoch, nil // the score would speak of an epoch before
	}
	rows, err := book.Score()
	if err != nil {
		return nil, err
	}
	out.pay(p, rows)
	return out.Epoch, nil
}

// pairsOf returns the rounds of the lane that fell due in an epoch.
func pairsOf(r ledger.Reader, p *params.Params, e protocol.Epoch, skip func(protocol.Round, protocol.SeatID) bool) ([]*Pairs, error) {
	s := p.Schedule
	var out []*Pairs
	for due := s.RoundOf(s.EpochStart(e)); due < s.RoundOf(s.EpochStart(e+1)); due++ {
		l, ok, err := ledger.ReadLane(r, p, due)
		if err != nil {
			return nil, err
		}
		if !ok || len(l.Sets) == 0 {
			continue
		}
		pairs, err := ReadPairs(r, p, &l, skip)
		if err != nil {
			return nil, err
		}
		out = append(out, pairs)
	}
	return out, nil
}

// ReadPairs returns the pairs of one round of the lane that count, with what was
// opened of their answers. skip is as for [Read].
func ReadPairs(r ledger.Reader, p *params.Params, l *ledger.Lane, skip func(protocol.Round, protocol.SeatID) bool) (*Pairs, error) {
	out := &Pairs{Lane: *l, Table: l.Deal(p)}
	ratings := make([][]uint8, len(l.Raters))
	for i := range l.Raters {
		asked := len(out.Table.Seats[i])
		rec, ok, err := ledger.ReadRatings(r, l.Due, l.Raters[i].ID.UID)
		if err != nil {
			return nil, err
		}
		if ok && rec.Seat == l.Raters[i].ID {
			ratings[i], _ = kind.Unpack(rec.Ratings, asked)
		}
	}
	for i := range l.Sets {
		set := &l.Sets[i]
		if !set.Opened() || skip != nil && skip(l.Set, set.Setter) {
			continue
		}
		for k, dealt := range out.Table.Pairs[i] {
			if len(dealt) == 0 {
				continue
			}
			o, err := pair.ParseOrigin(set.Origins[k])
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ledger.ErrCorrupt, err) // wire refuses others
			}
			out.List = append(out.List, preference.Pair{
				ID: fmt.Sprintf("%d/%d/%d", l.Set, set.Setter.UID, k), Setter: set.Coldkey.String(),
				Epoch:  uint64(p.Schedule.EpochOfRound(l.Due)),
				Length: o.Sign, Z: o.Z, Gold: preference.Choice(o.Gold), Cell: o.Cell,
				Answers: answers(l.Raters, dealt, ratings),
			})
		}
	}
	return out, nil
}

// answers returns what the raters of a pair said of it.
func answers(raters []kind.Rater, dealt []kind.Dealt, ratings [][]uint8) []preference.Answer {
	out := make([]preference.Answer, len(dealt))
	for i, d := range dealt {
		out[i] = preference.Answer{Rater: RaterID(raters[d.Rater].ID), Choice: preference.Absent}
		if ratings[d.Rater] == nil {
			continue
		}
		if side, said := kind.Side(ratings[d.Rater][d.Place], d.Swapped); said {
			out[i].Choice = preference.Choice(side)
		}
	}
	return out
}

// RaterID names a seat in the score. It says when the seat was registered, so that
// nothing is remembered of who held the uid before.
func RaterID(id protocol.SeatID) string { return fmt.Sprintf("%d/%d", id.UID, id.Registered) }

// epoch gathers the newest epoch.
type epoch struct {
	*Epoch
	seats   map[protocol.SeatID]*Rated
	order   []protocol.SeatID
	setters map[string]bool // owners
	pairs   uint64
}

// count adds a round to what is known of the epoch beside the score.
func (e *epoch) count(round *Pairs) {
	raters := round.Lane.Raters
	byID := map[string]*Rated{}
	for i := range raters {
		if len(round.Table.Seats[i]) == 0 {
			continue
		}
		if e.seats[raters[i].ID] == nil {
			e.seats[raters[i].ID] = &Rated{Seat: raters[i].ID, owner: raters[i].Coldkey}
			e.order = append(e.order, raters[i].ID)
		}
		byID[RaterID(raters[i].ID)] = e.seats[raters[i].ID]
	}
	for i := range round.List {
		list := round.List[i].Answers
		e.Lane.Asked += uint64(len(list))
		e.pairs++
		e.setters[round.List[i].Setter] = true
		for _, a := range list {
			seat := byID[a.Rater]
			seat.Asked++
			if a.Choice != preference.Absent {
				seat.Rated++
			}
			if round.List[i].Gold != preference.Equal {
				seat.Golds++
			}
		}
	}
}

// pay says what the seats are worth.
func (e *epoch) pay(p *params.Params, rows []preference.Row) {
	byID := map[string]preference.Row{}
	for _, row := range rows {
		byID[row.Rater] = row
	}
	owners := map[protocol.PublicKey]bool{}
	for _, id := range e.order {
		seat := e.seats[id]
		seat.Row = byID[RaterID(id)]
		e.Lane.Pay += seat.Row.Pay
		if seat.Row.Pay > 0 {
			owners[seat.owner] = true
		}
	}
	e.Lane.Raters = uint32(e.Lane.Asked / e.pairs) // the mean: one setter that rates, too, must not decide it
	e.Lane.Owners, e.Lane.Setters = uint32(len(owners)), uint32(len(e.setters))
	e.Share = p.Preference.Score.Share(e.Lane)
	for _, id := range e.order {
		seat := e.seats[id]
		if e.Lane.Pay > 0 {
			seat.Worth = fixed.MulDiv(seat.Row.Pay, uint64(e.Share)*params.One, e.Lane.Pay)
		}
		e.Seats = append(e.Seats, *seat)
	}
}
