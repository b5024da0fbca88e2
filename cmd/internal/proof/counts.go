package proof

import (
	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Weights of an epoch are made of what was given in the epoch before. The ledger
// has what each seat was asked then, whether it committed in time, which answers
// were given, and what judges found of them: so it has what a score counts. A
// validator that could not get something leaves rounds out, and counts less; none
// counts more.

// part is what a seat does in one kind.
type part struct {
	seat protocol.SeatID
	kind protocol.Kind
}

// counts are those of a score.
type counts struct {
	asked, answered, late, notGiven, exact, inexact int64
}

// countsOf returns what the ledger has of an epoch, by seat and kind.
func countsOf(s *state, e protocol.Epoch) (map[part]*counts, error) {
	roster, err := ledger.ReadRosterSeats(s, e)
	if err != nil {
		return nil, err
	}
	out := map[part]*counts{}
	sched := &s.genesis.Params.Schedule
	for n := sched.RoundOf(sched.EpochStart(e)); n <= sched.RoundOf(sched.EpochEnd(e)); n++ {
		if err := countRound(s, n, roster, out); err != nil {
			return nil, err
		}
	}
	return out, countFindings(s, e, roster, out)
}

// countRound adds what seats were asked in a round and did.
func countRound(s *state, n protocol.Round, roster []ledger.RosterSeat, out map[part]*counts) error {
	p := &s.genesis.Params
	seeds, _, err := ledger.ReadRound(s, n)
	if err != nil || seeds.TaskSeed.IsZero() || seeds.TaskHeight >= p.Schedule.CommitDeadline(n) {
		return err // nobody could answer in time
	}
	due, err := ledger.ReadDue(s, p, n)
	if err != nil {
		return err
	}
	commits, err := ledger.ReadCommits(s, n)
	if err != nil {
		return err
	}
	committed := map[protocol.UID]bool{}
	for i := range commits {
		committed[commits[i].Seat.UID] = true
	}
	list, err := ledger.ReadGivenAnswers(s, n)
	if err != nil {
		return err
	}
	given := map[protocol.UID][]uint16{}
	for _, k := range list {
		given[k.UID] = append(given[k.UID], k.Slot)
	}
	for i := range roster {
		asked := due.Of(s.genesis.ChainID(), p, &roster[i])
		for j := range asked.Due {
			d := &asked.Due[j]
			if d.Seed.IsZero() || d.OnLedger(p) {
				continue
			}
			of := out[part{roster[i].ID, d.Kind}]
			if of == nil {
				of = &counts{}
				out[part{roster[i].ID, d.Kind}] = of
			}
			slots := int64(d.Slots)
			of.asked += slots
			if !committed[roster[i].ID.UID] {
				of.late += slots
				continue
			}
			for _, slot := range given[roster[i].ID.UID] {
				if asked.KindOf(slot) == d.Kind {
					of.answered++
					slots--
				}
			}
			of.notGiven += slots
		}
	}
	return nil
}

// countFindings adds what the judges of an epoch opened: an answer counts once, and
// as inexact if one of them says so.
func countFindings(s *state, e protocol.Epoch, roster []ledger.RosterSeat, out map[part]*counts) error {
	seats := map[protocol.UID]protocol.SeatID{}
	for i := range roster {
		seats[roster[i].ID.UID] = roster[i].ID
	}
	judges, err := ledger.ReadRosterJudges(s, e)
	if err != nil {
		return err
	}
	type finding struct {
		of    *counts
		wrong bool
	}
	found := map[wire.AnswerKey]finding{}
	for i := range judges {
		drawn, _, err := ledger.ReadDrawn(s, e, judges[i].ID.UID)
		if err != nil {
			return err
		}
		said, _, err := ledger.ReadCards(s, e, judges[i].ID.UID)
		if err != nil {
			return err
		}
		if drawn.Judge != judges[i].ID || said.Seat != judges[i].ID || !said.Opened() {
			continue
		}
		number := 0
		for kind, keys := range drawn.Kinds {
			for at := range keys.Len() {
				k, f := keys.At(at), said.Findings[number]
				number++
				of := out[part{seats[k.UID], s.genesis.Params.Kinds[kind].Name}]
				if f == wire.FoundNothing || of == nil {
					continue
				}
				wrong := f != wire.FindingPassed.Byte()
				if planted, err := ledger.IsPlant(s, e, seats[k.UID], k); err != nil {
					return err
				} else if planted && wrong {
					continue // as it should be
				}
				found[k] = finding{of, wrong || found[k].wrong}
			}
		}
	}
	for _, x := range found {
		if x.wrong {
			x.of.inexact++
		} else {
			x.of.exact++
		}
	}
	return nil
}

// compare says whether a score counts what the ledger has; a [wrong] where it
// counts more.
func (c *counts) compare(got *history.Score) (equal bool, err error) {
	equal = true
	for _, x := range []struct {
		name             string
		got, have, bound int64
	}{
		{"asked", got.Asked, c.asked, c.asked},
		{"answered", got.Answered, c.answered, c.answered},
		{"exact", got.Exact, c.exact, c.answered}, // one whose plant, or lie, another saw is not inexact to all
		{"inexact", got.Inexact, c.inexact, c.answered},
		{"late", got.Late, c.late, c.late},
		{"not_given", got.NotGiven, c.notGiven, c.notGiven + c.answered}, // what was given beside a plant that was not opened counts as not given
	} {
		if x.got < 0 || x.got > x.bound {
			return false, wrongf("%s is %d, and by the ledger it is %d", x.name, x.got, x.have)
		}
		equal = equal && x.got == x.have
	}
	return equal, nil
}
