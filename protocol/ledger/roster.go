package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/preference"
)

// permits decides who validates in epoch e, and sets the seats' permits: of the
// members of the set that are able to. Where nobody is, all stays as it is, but for
// who is jailed.
func (m *machine) permits(all []candidate, e protocol.Epoch) {
	if err := takeSelf(m.st, m.p.Seats.MinSelf, all); err != nil {
		m.st.fail(err)
	}
	old := m.validators()
	signed, _ := get[SignedRecord](m.st, SignedKey())
	set, able := validatorsOf(m.p, all, old.Set, func(uid protocol.UID) protocol.Height { return signed.Of(uid).Last }, e)
	stay := !slices.Contains(able, true)
	for i := range all {
		s := &all[i].seat
		permit := able[i] && slices.ContainsFunc(set, func(v Power) bool { return v.UID == s.ID.UID })
		if stay {
			permit = s.Permit && !s.Jail.Held
		}
		if permit != s.Permit {
			name := EventPermitLost
			if permit {
				name = EventPermit
			}
			m.emit(Event{Name: name, Epoch: e, Seat: s.ID, Hotkey: s.Hotkey, Amount: all[i].stake})
		}
		s.Permit = permit
	}
	m.updates = diff(old.Set, set)
	m.keepSigned(set, old.Set)
	m.setValidators(ValidatorSet{Set: set, Prev: old.Set})
}

// diff returns the updates that make a set of another, one for each key:
// removals with power 0 first.
func diff(old, set []Power) []Power {
	find := func(list []Power, k protocol.PublicKey) int {
		return slices.IndexFunc(list, func(v Power) bool { return v.Key == k })
	}
	var out []Power
	for _, v := range old {
		if find(set, v.Key) < 0 {
			out = append(out, Power{UID: v.UID, Key: v.Key})
		}
	}
	for _, v := range set {
		if i := find(old, v.Key); i < 0 || old[i].Power != v.Power {
			out = append(out, v)
		}
	}
	return out
}

// rosters writes who is asked and who judges in epoch e, and the seats.
func (m *machine) rosters(all []candidate, e protocol.Epoch) {
	var raters []preference.Rater
	for i := range all {
		s := &all[i].seat
		asked := m.asked(s, e)
		s.Slots, s.Asked = 0, len(asked) > 0
		for k := range asked {
			s.Slots += asked[k].Slots
		}
		if s.Asked {
			put(m.st, RosterSeatKey(e, s.ID.UID), RosterSeat{ID: s.ID, Hotkey: s.Hotkey, Coldkey: s.Coldkey, Asked: asked})
		}
		if slices.ContainsFunc(asked, func(a task.Asked) bool { return a.Kind == preference.Kind }) {
			raters = append(raters, preference.Rater{ID: s.ID, Coldkey: s.Coldkey})
		}
		if s.Permit {
			put(m.st, RosterJudgeKey(e, s.ID.UID), RosterJudge{ID: s.ID, Hotkey: s.Hotkey, Coldkey: s.Coldkey, Stake: all[i].stake})
		}
		m.putSeat(*s)
	}
	if len(raters) > 0 {
		put(m.st, RatersKey(e), RatersRecord{Raters: raters})
	}
}

// asked returns what a seat is asked in epoch e, by kind: of each that it offers,
// in a round in which tasks of the kind fall due, twice as much as it gave in such
// a round of epoch e − 2, so that it can grow; of all that, what its collateral
// covers, and of what is judged nothing where it could not plant. A seat that could
// not show anything in e − 2 is asked at once what it offers, where collateral
// stands for it: if all seats grew from one answer a round, a machine behind many
// seats would have more until they are grown.
func (m *machine) asked(s *Seat, e protocol.Epoch) []task.Asked {
	var out []task.Asked
	for i := range s.Offers {
		o := &s.Offers[i]
		kind := m.p.KindIndex(o.Kind)
		if kind < 0 {
			continue
		}
		k := &m.p.Kinds[kind]
		if o.Capacity == 0 || (len(k.Models) > 0 && len(o.Models) == 0) {
			continue
		}
		rounds := m.p.Schedule.RoundsPerEpoch() / uint64(k.Rounds)
		able := uint64(1)
		switch {
		case m.p.Seats.Collateral > 0 && m.newcomer(s, e):
			able = uint64(o.Capacity)
		case e >= 2:
			able = max(1, 2*uint64(m.shown(e-2, s.ID, kind))/rounds)
		}
		slots := uint16(min(uint64(o.Capacity), uint64(k.Slots), able))
		out = append(out, task.Asked{Kind: o.Kind, Slots: slots, Models: o.Models})
	}
	return m.covered(s, m.plantable(s, e, out))
}

// newcomer reports whether a seat could not be asked anything in epoch e − 2.
func (m *machine) newcomer(s *Seat, e protocol.Epoch) bool {
	return e < 2 || s.ID.Registered >= max(1, m.p.Schedule.EpochStart(e-2))
}

// forget removes what is older than the retention: the records of one epoch at
// the end of each. The pots of all epochs stay.
func (m *machine) forget(now protocol.Epoch) {
	if uint64(now) < m.p.Tasks.Retention {
		return
	}
	sched := m.p.Schedule
	e := now - protocol.Epoch(m.p.Tasks.Retention)
	first := sched.RoundOf(sched.EpochStart(e))
	for r := first; r < first+protocol.Round(sched.RoundsPerEpoch()); r++ {
		del(m.st, RoundKey(r))
		delAll(m.st, CommitPrefix(r))
		delAll(m.st, AttestPrefix(r))
		delAll(m.st, GivenPrefix(r))
		delAll(m.st, DutyPrefix(r))
		del(m.st, SetsKey(r))
		delAll(m.st, RatingsPrefix(r))
		if m.p.Verdicts.On() {
			delAll(m.st, ChallengePrefix(r))
			delAll(m.st, VotesPrefix(r))
		}
	}
	del(m.st, RatersKey(e))
	if m.p.Verdicts.On() {
		del(m.st, DocketKey(e))
	}
	for h := sched.EpochStart(e); h <= sched.EpochEnd(e); h++ {
		del(m.st, BeaconKey(h))
	}
	for _, prefix := range [][]byte{
		RosterSeatPrefix(e), RosterJudgePrefix(e), ShownPrefix(e), DrawnPrefix(e), SealPrefix(e), WeightsPrefix(e), CardsPrefix(e), PaymentPrefix(e), PlantsPrefix(e),
	} {
		delAll(m.st, prefix)
	}
}
