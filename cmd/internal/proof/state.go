package proof

import (
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

// state is what the ledger has of an epoch whose rows are final.
type state struct {
	ledger.Reader
	*run
	epoch protocol.Epoch
	dues  map[protocol.Round]ledger.Due
	seats map[place]*asked
}

// place is a seat's round.
type place struct {
	round protocol.Round
	uid   protocol.UID
}

// asked is what a seat was asked in a round, and what it committed to.
type asked struct {
	roster ledger.RosterSeat
	round  task.Round
	commit *ledger.CommitRecord // nil where there is none
}

// at returns when a block was made; zero where that is not known.
func (s *state) at(h protocol.Height) time.Time {
	if nanos, ok := s.times[h]; ok {
		return time.Unix(0, nanos).UTC()
	}
	return time.Time{}
}

// asked returns what a seat was asked in a round of the epoch; nil where it was
// not.
func (s *state) asked(n protocol.Round, uid protocol.UID) (*asked, error) {
	if x, known := s.seats[place{n, uid}]; known {
		return x, nil
	}
	p := &s.genesis.Params
	if p.Schedule.EpochOfRound(n) != s.epoch || n > p.Schedule.RoundOf(p.Schedule.EpochEnd(s.epoch)) {
		return nil, nil
	}
	roster, ok, err := ledger.ReadRosterSeat(s, s.epoch, uid)
	if err != nil || !ok {
		return nil, err
	}
	due, known := s.dues[n]
	if !known {
		if due, err = ledger.ReadDue(s, p, n); err != nil {
			return nil, err
		}
		if s.dues == nil {
			s.dues, s.seats = map[protocol.Round]ledger.Due{}, map[place]*asked{}
		}
		s.dues[n] = due
	}
	x := &asked{roster: roster, round: due.Of(s.genesis.ChainID(), p, &roster)}
	commit, ok, err := ledger.ReadCommit(s, n, uid)
	if err != nil {
		return nil, err
	}
	if ok && commit.Seat == roster.ID {
		x.commit = &commit
	}
	s.seats[place{n, uid}] = x
	return x, nil
}

// task derives the task of a slot that is published and judged; nil where there is
// none.
func (x *asked) task(slot uint16) (*wire.Task, error) {
	if x == nil || !x.round.Asks(slot) {
		return nil, nil
	}
	return kinds.All().Derive(&x.round, slot)
}

// given counts the answers of the epoch that the ledger has as given and that are
// not among seen.
func (s *state) given(seen map[wire.AnswerKey]bool) (missing int64, err error) {
	sched := &s.genesis.Params.Schedule
	for n := sched.RoundOf(sched.EpochStart(s.epoch)); n <= sched.RoundOf(sched.EpochEnd(s.epoch)); n++ {
		list, err := ledger.ReadGivenAnswers(s, n)
		if err != nil {
			return 0, err
		}
		for _, k := range list {
			if !seen[k] {
				missing++
			}
		}
	}
	return missing, nil
}
