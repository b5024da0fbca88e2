package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
)

// Due is the kinds whose tasks fall due in a round, with the seeds that these
// follow from: that of the round itself, or, where a kind has longer, of the
// round in which they were set ([params.Kind.Set]).
type Due struct {
	Round protocol.Round
	kinds []dueKind // in the network's order
}

type dueKind struct {
	name protocol.Kind
	seed protocol.Hash // zero where none was drawn
}

// ReadDue returns what falls due in round n. It reads the records of the rounds
// in which tasks were set, one for each length.
func ReadDue(r Reader, p *params.Params, n protocol.Round) (Due, error) {
	d := Due{Round: n}
	seeds := map[protocol.Round]protocol.Hash{}
	for i := range p.Kinds {
		set, due := p.Kinds[i].Set(n)
		if !due {
			continue
		}
		if _, known := seeds[set]; !known {
			rec, _, err := ReadRound(r, set)
			if err != nil {
				return Due{}, err
			}
			seeds[set] = rec.TaskSeed
		}
		d.kinds = append(d.kinds, dueKind{p.Kinds[i].Name, seeds[set]})
	}
	return d, nil
}

// Of returns what a seat on the roster of the round's epoch is asked in it.
func (d *Due) Of(chain string, p *params.Params, seat *RosterSeat) task.Round {
	r := task.Round{Chain: chain, Params: p, Number: d.Round, Seat: seat.ID}
	for i := range seat.Asked {
		for _, k := range d.kinds {
			if k.name == seat.Asked[i].Kind {
				r.Due = append(r.Due, task.Due{Asked: seat.Asked[i], Seed: k.seed})
			}
		}
	}
	return r
}

// Due reports whether anything that the seat is asked falls due in a round.
func (s *RosterSeat) Due(p *params.Params, n protocol.Round) bool {
	return slices.ContainsFunc(s.Asked, func(a task.Asked) bool {
		k := p.Kind(a.Kind)
		if k == nil {
			return false
		}
		_, due := k.Set(n)
		return due
	})
}

// ReadTasks returns what a seat on the roster is asked in round n: [ReadDue] for
// one seat.
func ReadTasks(r Reader, chain string, p *params.Params, n protocol.Round, seat *RosterSeat) (task.Round, error) {
	d, err := ReadDue(r, p, n)
	if err != nil {
		return task.Round{}, err
	}
	return d.Of(chain, p, seat), nil
}
