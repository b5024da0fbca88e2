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

// mayBeFalse reports whether an own run shows that what is challenged is false, or
// nothing yet, and it is not decided.
func (t *trying) mayBeFalse(now *view, c *ledger.ChallengeRecord) (bool, error) {
	own, err := t.said(now, c)
	if err != nil || own == nil {
		return !c.Stage.Ended(), err
	}
	return own.Finding != c.Finding || c.OfCard() && own.Found != c.Said, nil
}
