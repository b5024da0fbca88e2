package validator

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// accused are seats against which a challenge would bring nothing more: they are
// guilty, or somebody challenged what may be false. Whoever lies could have a
// friend challenge what is right of it, for a fee: that does not count, as soon as
// an own run has shown it.
type accused struct {
	seats  []protocol.SeatID // of what costs collateral or stake
	mildly []protocol.SeatID // of what costs duties alone
	bare   []protocol.SeatID // by answers have nothing more to lose, or soon will not
}

// of reports whether a seat is accused of what is as grave.
func (a *accused) of(who protocol.SeatID, mildness int) bool {
	return slices.Contains(a.seats, who) || mildness > 0 && slices.Contains(a.mildly, who)
}

// accused returns who is accused in epoch e, of answers and cards of the one
// before.
func (t *trying) accused(now *view, e protocol.Epoch) (*accused, error) {
	docket, err := ledger.ReadDocket(now, e)
	if err != nil {
		return nil, err
	}
	out, s := &accused{seats: slices.Clone(docket.Guilty)}, t.schedule()
	if out.bare, err = t.bare(now, e); err != nil {
		return nil, err
	}
	for n := s.RoundOf(s.EpochStart(e - 1)); n < s.RoundOf(s.EpochStart(e)); n++ {
		list, err := ledger.ReadChallenges(now, n)
		if err != nil {
			return nil, err
		}
		for i := range list {
			c := &list[i]
			if may, err := t.mayBeFalse(now, c); err != nil {
				return nil, err
			} else if !may {
				continue
			}
			if c.OfCard() && c.Finding != wire.FoundPassed {
				out.mildly = append(out.mildly, c.Accused)
			} else {
				out.seats = append(out.seats, c.Accused)
			}
		}
	}
	return out, nil
}

// bare returns the seats to which a false answer of the epoch before e costs
// nothing: they were found guilty then, and have no collateral left, or a
// challenge of what an own run found false as well is voted on the first time,
// which takes all of it.
func (t *trying) bare(now *view, e protocol.Epoch) (list []protocol.SeatID, err error) {
	docket, err := ledger.ReadDocket(now, e-1)
	if err != nil {
		return nil, err
	}
	for _, id := range docket.Guilty {
		seat, ok, err := ledger.ReadSeat(now, id.UID)
		if err != nil {
			return nil, err
		}
		leaving, _, err := ledger.ReadLeaving(now, id)
		if err != nil {
			return nil, err
		}
		if (!ok || seat.ID != id || seat.Collateral == 0) && leaving.Amount == 0 {
			list = append(list, id)
		}
	}
	if e < 2 {
		return list, nil
	}
	s := t.schedule()
	for n := s.RoundOf(s.EpochStart(e - 2)); n < s.RoundOf(s.EpochStart(e-1)); n++ {
		open, err := ledger.ReadChallenges(now, n)
		if err != nil {
			return nil, err
		}
		for i := range open {
			c := &open[i]
			if c.OfCard() || c.Stage != ledger.StageVoting || c.Ballot > 1 {
				continue
			}
			if own, err := t.said(now, c); err != nil {
				return nil, err
			} else if own != nil && own.Finding != c.Finding {
				list = append(list, c.Accused)
			}
		}
	}
	return list, nil
}

// mayBeFalse reports whether an own run shows that what is challenged is false, or
// nothing yet, and it is not decided.
func (t *trying) mayBeFalse(now *view, c *ledger.ChallengeRecord) (bool, error) {
	own, err := t.said(now, c)
	if err != nil || own == nil {
		return !c.Stage.Ended(), err
	}
	return own.Finding != c.Finding || c.OfCard() && own.Found != c.Said, nil
}
