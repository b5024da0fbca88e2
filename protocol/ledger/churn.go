package ledger

import (
	"cmp"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
)

// Who validates in an epoch. Candidates are the seats with the least stake, a
// consensus key and a beacon chain for all that they may propose, that are not
// jailed; the most staked of them should make the set. But who trusts a set must
// still know most of the next one, and who could change it at will could take it
// over at once: an epoch's changes move at most a fifth of the set's power, or are
// a single one. They come in this order, and the first that does not fit ends
// them:
//
//	removals  of members that are no candidates: who lied (the most powerful
//	          first), who was silent (the longest first), then the others by stake
//	entries   of the most staked candidates; where there is no place, the one in the
//	          next place of that order goes with it, or else the least staked
//
// A change moves the power that a member had, or would have. What a member's power
// changes by its stake is no change of the set, and neither is a new key. The set
// is never emptied. Who waits to leave gains no power by it.

// candidate is a seat with the stake on its hotkey.
type candidate struct {
	seat  Seat
	stake protocol.Amount
}

// able reports whether a seat may be a validator of epoch e. A member of the set
// may stay while its next chain waits: its blocks have no links meanwhile.
func able(p *params.Params, c *candidate, e protocol.Epoch, member bool) bool {
	s := &c.seat
	return c.stake > 0 && c.stake >= p.Seats.MinStake && !s.Consensus.Key.IsZero() && s.NoPermit <= e && !s.Jail.Held &&
		(lasts(p.Schedule, s, e) || member && s.NextFrom > e)
}

// lasts reports whether the seat has a link for every height that it may
// propose as a validator of epoch e: from the second block of the epoch to the
// first of the next, which a chain that waits may serve.
func lasts(sched protocol.Schedule, s *Seat, e protocol.Epoch) bool {
	last := sched.EpochEnd(e)
	if s.NextFrom != e+1 {
		last++
	}
	return !s.Beacon.Link.IsZero() && s.Beacon.Start <= sched.EpochStart(e)+1 && s.Beacon.End() > last
}

// choice is how the consensus set of an epoch is chosen.
type choice struct {
	p     *params.Params
	all   []candidate // by uid
	epoch protocol.Epoch
	old   []Power
	was   []uint64                           // by uid: power in old
	last  func(protocol.UID) protocol.Height // when a member last took part
	able  []bool                             // by uid
	in    []bool                             // by uid: in the set so far
	size  int
	moved uint64
}

// validatorsOf chooses the set of epoch e, by uid; able says of every seat whether
// it may hold a permit. Where nobody is able the old set stays.
func validatorsOf(p *params.Params, all []candidate, old []Power, last func(protocol.UID) protocol.Height, e protocol.Epoch) (set []Power, able []bool) {
	n := len(all)
	c := &choice{p: p, all: all, epoch: e, old: old, was: make([]uint64, n), last: last, able: make([]bool, n), in: make([]bool, n), size: len(old)}
	for _, v := range old {
		c.in[v.UID], c.was[v.UID] = true, v.Power
	}
	if !c.look() {
		return old, c.able
	}
	rest, fits := c.remove(c.leaving())
	if fits {
		c.enter(rest)
	}
	return c.set(), c.able
}

// look finds who is able, and whether anybody is.
func (c *choice) look() (found bool) {
	for i := range c.all {
		c.able[i] = able(c.p, &c.all[i], c.epoch, c.in[i])
		found = found || c.able[i]
	}
	return found
}

// leaving returns the members that are not able, in the order in which they go.
// Of those that lied the most powerful is the first: small ones, convicted one an
// epoch, would else keep it in the set.
func (c *choice) leaving() []Power {
	var out []Power
	for _, v := range c.old {
		if !c.able[v.UID] {
			out = append(out, v)
		}
	}
	class := func(j Jail) int {
		switch {
		case j.Held && j.Lied:
			return 0
		case j.Held:
			return 1
		}
		return 2
	}
	slices.SortFunc(out, func(x, y Power) int {
		a, b := &c.all[x.UID], &c.all[y.UID]
		first := cmp.Compare(class(a.seat.Jail), class(b.seat.Jail))
		switch {
		case first != 0 || !a.seat.Jail.Held:
		case a.seat.Jail.Lied:
			first = cmp.Compare(y.Power, x.Power)
		default:
			first = cmp.Compare(c.last(x.UID), c.last(y.UID))
		}
		return cmp.Or(first, cmp.Compare(a.stake, b.stake), cmp.Compare(x.UID, y.UID))
	})
	return out
}

// move reports whether a change of so much power may still be made, and counts it.
func (c *choice) move(power uint64) bool {
	if len(c.old) > 0 && c.moved > 0 && c.moved+power > sumOf(c.old)/5 {
		return false
	}
	c.moved += power
	return true
}

// remove takes members out of the set, but for the last one. It returns who is
// left over, and whether further changes may be made.
func (c *choice) remove(out []Power) (rest []Power, fits bool) {
	for i, v := range out {
		if c.size == 1 {
			return out[i:], true
		}
		if !c.move(v.Power) {
			return out[i:], false
		}
		c.drop(v.UID)
	}
	return nil, true
}

func (c *choice) drop(uid protocol.UID) {
	c.in[uid] = false
	c.size--
}

// enter lets candidates in; those of rest go first where a place is needed.
func (c *choice) enter(rest []Power) {
	for _, i := range c.ranked() {
		if c.in[i] {
			continue
		}
		c.in[i] = true
		set := c.set()
		c.in[i] = false
		power := set[slices.IndexFunc(set, func(v Power) bool { return v.UID == protocol.UID(i) })].Power
		var goes *Power
		if c.size >= int(c.p.Seats.MaxValidators) {
			if goes = c.displaced(rest); goes == nil {
				return
			}
			power += goes.Power
		}
		if !c.move(power) {
			return
		}
		if goes != nil {
			c.drop(goes.UID)
		}
		c.in[i] = true
		c.size++
	}
}

// ranked returns the most staked candidates, as many as there may be validators,
// the first in rank first. Of equals the higher uid is before the other, as in
// Yuma's own choice of permits.
func (c *choice) ranked() []int {
	var out []int
	for i := range c.all {
		if c.able[i] {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b int) int {
		return cmp.Or(cmp.Compare(c.all[b].stake, c.all[a].stake), cmp.Compare(b, a))
	})
	return out[:min(len(out), int(c.p.Seats.MaxValidators))]
}

// displaced returns the member that makes room: the first of rest that is still
// there, else the least in rank of those that are not among the first; nil for
// none.
func (c *choice) displaced(rest []Power) *Power {
	for i := range rest {
		if c.in[rest[i].UID] {
			return &rest[i]
		}
	}
	ranked := c.ranked()
	var least *Power
	for i := range c.old {
		v := &c.old[i]
		if !c.in[v.UID] || slices.Contains(ranked, int(v.UID)) {
			continue
		}
		if least == nil || c.all[v.UID].stake < c.all[least.UID].stake {
			least = v
		}
	}
	return least
}

// set returns the set so far, by uid, with the powers that its members have in it.
// Only those that are able say what one may have: who waits to leave, without
// stake perhaps, would else have a share for it. Nor does it get more than it had:
// of fewer members one may have more, and who is dead would then stop the chain.
func (c *choice) set() []Power {
	var out []Power
	var counted []uint64
	for i := range c.all {
		if !c.in[i] {
			continue
		}
		v := Power{UID: protocol.UID(i), Key: c.all[i].seat.Consensus.Key, Power: rawPower(c.all[i].stake)}
		out = append(out, v)
		if c.able[i] {
			counted = append(counted, v.Power)
		}
	}
	most := largestPower(counted)
	for i := range out {
		out[i].Power = min(out[i].Power, most)
		if uid := out[i].UID; !c.able[uid] { // nobody enters that is not
			out[i].Power = min(out[i].Power, c.was[uid])
		}
	}
	return out
}
