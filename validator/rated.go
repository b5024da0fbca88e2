package validator

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/scoring/preference/lane"
)

// rated says what seats are worth that rate for people's lane: in the weights of an
// epoch, what they rated in the one before, of which the ledger has all. It follows
// from the ledger alone, but for pairs that own runs found false.
func (w *weighing) rated(now *view, o *opinion) ([]scoring.Explanation, error) {
	if w.cfg.Params.Kind(preference.Kind) == nil || o.epoch == 0 {
		return nil, nil
	}
	var failed error
	l, err := lane.Read(now, w.cfg.Params, o.epoch-1, func(n protocol.Round, setter protocol.SeatID) bool {
		c, err := w.book.Checked(n, setter.UID)
		if err != nil {
			failed = err
		}
		return c != nil && c.Setter == setter && c.False
	})
	if err != nil || failed != nil {
		return nil, firstOf(failed, err)
	}
	var list []scoring.Explanation
	for i := range l.Seats {
		seat, ok, err := ledger.ReadSeat(now, l.Seats[i].Seat.UID)
		if err != nil {
			return nil, err
		}
		if !ok || seat.ID != l.Seats[i].Seat || seat.ID.UID == o.self {
			continue // another sits there now; and nobody weighs himself
		}
		list = append(list, explainRated(o.epoch, &l.Seats[i]))
	}
	return list, nil
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// explainRated shows a rater's score by the factors that all kinds have: the mean
// agreement beyond chance as work, the gate as bound, what was rated of what was
// asked as availability.
func explainRated(e protocol.Epoch, r *lane.Rated) scoring.Explanation {
	x := scoring.Explanation{
		Epoch: e,
		Tally: scoring.Tally{
			Seat: r.Seat, Kind: preference.Kind, Asked: r.Asked, Opened: r.Rated, NotGiven: r.Asked - r.Rated,
			Units: uint64(r.Rated), Work: r.Row.Pay, Commits: 1,
		},
		Average: scoring.Average{Seat: r.Seat, Kind: preference.Kind},
		Work:    uint64(max(0, r.Row.Q)), Bound: r.Row.Gate, Availability: params.One, Speed: params.One, Raw: r.Worth,
		Reason: scoring.ReasonPaid,
	}
	if r.Asked > 0 {
		x.Availability = uint32(uint64(r.Rated) * params.One / uint64(r.Asked))
	}
	switch {
	case r.Rated == 0:
		x.Reason = scoring.ReasonIdle
	case r.Worth == 0:
		x.Reason = scoring.ReasonFailed
	}
	return x
}
