package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// To make a set of pairs again takes seconds of a core, and were all judges to
// make all sets again, theirs would grow with the square of their number. So a few
// are drawn for each set, when it can no longer be changed: by the duty seed of the
// round in which its ratings fell due, which comes after the last block in which
// link and origins are opened. Whoever of them makes other pairs doubts the set on
// the ledger, and then all judges look.
//
//	a setter that lies    is found out unless each of its checkers is a friend of
//	                      its, or idle: with f of the stake about f^Checkers.
//	                      Were one of four never found out, of honest raters
//	                      0.92 would be paid, not 0.97, and a clique that another
//	                      setter helps no more (assay simulate-raters, the rows of
//	                      who inverts)
//	a checker that lies   has all look at a right set, which each finds right: it
//	                      costs them what it would without any draw, and nobody
//	                      any pay
//	no seed               all judges are checkers
//
// A doubt is no verdict: what counts is what each validator finds itself. It costs
// nothing and goes before all that pays, so that it counts as long as others look:
// who kept doubts for a whole retention could fill all blocks of a window in which
// others seal.

// DoubtLanes is in how many rounds of the lane after its own a set can be doubted,
// and is looked at by all where it was.
const DoubtLanes = 3

// ReadCheckers returns of each of the sets of one round the judges that are to make
// it again, in the order in which they were drawn, given the round in which its
// ratings fell due, and whether its duty seed is drawn: no lists before.
func ReadCheckers(r Reader, p *params.Params, due protocol.Round, sets []preference.Set) (lists [][]protocol.SeatID, drawn bool, err error) {
	round, _, err := ReadRound(r, due)
	if err != nil || round.DutySeed.IsZero() {
		return nil, false, err
	}
	judges, err := ReadRosterJudges(r, p.Schedule.EpochOfRound(due))
	if err != nil {
		return nil, false, err
	}
	lists = make([][]protocol.SeatID, len(sets))
	for i := range sets {
		lists[i] = checkers(p, round.DutySeed, judges, &sets[i])
	}
	return lists, true, nil
}

// checkers draws, by stake, judges of other owners than the setter, each of
// another.
func checkers(p *params.Params, seed protocol.Hash, judges []RosterJudge, set *preference.Set) (out []protocol.SeatID) {
	draw := seatDraw{seed: wire.HashOf("assay/1/preference/checkers", seed[:]), seat: set.Setter}
	left, owner := slices.Clone(judges), set.Coldkey
	for k := range int(p.Preference.Checkers) {
		left = slices.DeleteFunc(left, func(j RosterJudge) bool { return j.Coldkey == owner })
		if len(left) == 0 {
			break
		}
		drawn := &left[draw.one(left, k)]
		out, owner = append(out, drawn.ID), drawn.Coldkey
	}
	return out
}

// checkDoubtPairs says whether a doubt counts: the set is open, nobody doubted it,
// and its signer was drawn to make it again.
func (m *machine) checkDoubtPairs(s *Seat, b *wire.DoubtPairs) error {
	k, err := m.lane()
	if err != nil {
		return err
	}
	due, err := checkRound(k, b.Round)
	if err != nil {
		return err
	}
	now := m.p.Schedule.RoundOf(m.height)
	if b.Round > now || uint64(now-b.Round) >= (DoubtLanes+1)*uint64(k.Rounds) {
		return broken(ErrDeadline, "pairs of round %d doubted in round %d", b.Round, now)
	}
	sets, _ := get[SetsRecord](m.st, SetsKey(b.Round))
	i, known := sets.find(b.Setter.UID)
	switch {
	case !known || sets.Sets[i].Setter != b.Setter || !sets.Sets[i].Opened():
		return broken(ErrUnknown, "seat %d opened no pairs of round %d", b.Setter.UID, b.Round)
	case sets.Sets[i].Doubted:
		return broken(ErrDuplicate, "the pairs of seat %d of round %d are doubted", b.Setter.UID, b.Round)
	}
	round, _ := get[RoundRecord](m.st, RoundKey(due))
	if round.DutySeed.IsZero() {
		return broken(ErrDeadline, "the duty seed of round %d is not drawn", due)
	}
	judges := all[RosterJudge](m.st, RosterJudgePrefix(m.p.Schedule.EpochOfRound(due)))
	if !slices.Contains(checkers(m.p, round.DutySeed, judges, &sets.Sets[i]), s.ID) {
		return broken(ErrNotPermitted, "seat %d is no checker of the pairs of seat %d of round %d", s.ID.UID, b.Setter.UID, b.Round)
	}
	return nil
}

func (m *machine) doubtPairs(s Seat, b *wire.DoubtPairs) error {
	if err := m.checkDoubtPairs(&s, b); err != nil {
		return err
	}
	sets, _ := get[SetsRecord](m.st, SetsKey(b.Round))
	i, _ := sets.find(b.Setter.UID)
	sets.Sets[i].Doubted = true
	put(m.st, SetsKey(b.Round), sets)
	m.emit(Event{Name: EventPairsDoubted, Epoch: m.currentEpoch(), Round: b.Round, Seat: s.ID, Hotkey: s.Hotkey, Hash: sets.Sets[i].Root})
	return nil
}
