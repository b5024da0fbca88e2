package ledger

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
)

// Who validates in an epoch. Candidates are the seats with the least stake, of
// which the least is their owner's, a consensus key and a beacon chain for all
// that they may propose, that are not jailed; the most staked of them should make
// the set, each with the power of its stake (power.go). But who trusts a set must
// still know most of the next one, and who could change it at will could take it
// over at once: an epoch's changes move at most a fifth of the set's power. They
// come in this order:
//
//	removals  of members that are no candidates: who lied (the most powerful
//	          first), who was silent (the longest first), then the others by stake.
//	          Each moves the power that it had; the first may be more than a fifth,
//	          or who is dead could be too large to be removed. The first other that
//	          does not fit ends all changes
//	entries   of the most staked candidates, with as much of their power as is left
//	          of the fifth. Where there is no place, the one in the next place of that
//	          order goes, or else the least staked; what it had moves, too, and who
//	          enters has no less, or as much as its stake is
//	growth    of members that have less power than their stake gives: who staked more,
//	          who entered with a part, and who may have a larger share of a smaller
//	          set. What is left of the fifth is theirs in proportion
//
// So who has much stake need not wait until nobody small comes or goes, and
// nobody's share leaps, by its own stake or by others' leaving. Power falls at
// once: behind what exceeds the stake there is nothing to lose. A new key is no
// change. The set is never emptied. Who waits to leave gains no power by it.

// candidate is a seat with the stake on its hotkey.
type candidate struct {
	seat  Seat
	stake protocol.Amount
	self  protocol.Amount // its owner's part; looked for where there is a least
}

// able reports whether a seat may be a validator of epoch e. A member of the set
// may stay while its next chain waits: its blocks have no links meanwhile.
func able(p *params.Params, c *candidate, e protocol.Epoch, member bool) bool {
	s := &c.seat
	return c.stake > 0 && c.stake >= p.Seats.MinStake && c.self >= p.Seats.MinSelf && !s.Consensus.Key.IsZero() && s.NoPermit <= e && !s.Jail.Held &&
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
	rank  []int                   // the most staked that are able, as many as there may be
	raw   []uint64                // of members so far that are able, by stake alone, the largest first
	came  map[protocol.UID]uint64 // who entered, with how much power
	ended bool                    // a removal did not fit: nothing else changes
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
	if rest := c.remove(c.leaving()); !c.ended {
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
	c.order()
	return found
}

// order finds who is the most staked of all that are able, and the powers of the
// members among them.
func (c *choice) order() {
	c.came = map[protocol.UID]uint64{}
	for i := range c.all {
		if !c.able[i] {
			continue
		}
		c.rank = append(c.rank, i)
		if c.in[i] {
			c.raw = append(c.raw, rawPower(c.all[i].stake))
		}
	}
	// Of equals the higher uid is before the other, as in Yuma's own choice of permits.
	slices.SortFunc(c.rank, func(a, b int) int {
		return cmp.Or(cmp.Compare(c.all[b].stake, c.all[a].stake), cmp.Compare(b, a))
	})
	c.rank = c.rank[:min(len(c.rank), int(c.p.Seats.MaxValidators))]
	slices.SortFunc(c.raw, falling)
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

// left returns how much power may still move: at first a fifth of what the former
// set had, and all that there can be where there was none.
func (c *choice) left() uint64 {
	if len(c.old) == 0 {
		return math.MaxUint64
	}
	fifth := max(1, sumOf(c.old)/5)
	return fifth - min(fifth, c.moved)
}

// remove takes members out of the set, but for the last one. It returns who is
// left over.
func (c *choice) remove(out []Power) (rest []Power) {
	for i, v := range out {
		if c.size == 1 {
			return out[i:]
		}
		if c.moved > 0 && v.Power > c.left() {
			c.ended = true
			return out[i:]
		}
		c.moved += v.Power
		c.drop(v.UID)
	}
	return nil
}

func (c *choice) drop(uid protocol.UID) {
	c.in[uid] = false
	c.size--
	if c.able[uid] {
		i, _ := slices.BinarySearchFunc(c.raw, rawPower(c.all[uid].stake), falling)
		c.raw = slices.Delete(c.raw, i, i+1)
	}
}

// enter lets candidates in; those of rest go first where a place is needed.
func (c *choice) enter(rest []Power) {
	for _, i := range c.rank {
		if c.in[i] {
			continue
		}
		var goes Power
		if c.size >= int(c.p.Seats.MaxValidators) {
			v := c.displaced(rest)
			if v == nil {
				return
			}
			goes = *v
		}
		raw := rawPower(c.all[i].stake)
		at, _ := slices.BinarySearchFunc(c.raw, raw, falling)
		c.raw = slices.Insert(c.raw, at, raw)
		power, fits := c.entry(min(raw, largestOf(c.raw)), goes.Power)
		if !fits {
			c.raw = slices.Delete(c.raw, at, at+1)
			return
		}
		if goes.Power > 0 {
			c.drop(goes.UID)
		}
		c.moved += goes.Power + power
		c.in[i], c.came[protocol.UID(i)] = true, power
		c.size++
	}
}

// entry returns with how much power one enters who may have want, where another
// goes who had so much, and whether that fits. It has no less than that one, if it
// may, or the set were weaker than before.
func (c *choice) entry(want, goes uint64) (power uint64, fits bool) {
	left, least := c.left(), min(want, max(goes, 1))
	if c.moved > 0 && goes+least > left {
		return 0, false
	}
	return min(want, max(least, left-min(left, goes))), true
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
	var least *Power
	for i := range c.old {
		v := &c.old[i]
		if !c.in[v.UID] || slices.Contains(c.rank, int(v.UID)) {
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
	wants, grown := c.wants(), c.growth()
	var counted []uint64
	for i := range c.all {
		uid := protocol.UID(i)
		if !c.in[i] {
			continue
		}
		v := Power{UID: uid, Key: c.all[i].seat.Consensus.Key, Power: min(rawPower(c.all[i].stake), c.was[i])}
		if c.able[i] {
			v.Power = grown(c.was[i], wants[uid])
			if power, ok := c.came[uid]; ok {
				v.Power = min(power, wants[uid])
			}
			counted = append(counted, v.Power)
		}
		out = append(out, v)
	}
	most := largestPower(counted)
	for i := range out {
		out[i].Power = min(out[i].Power, most)
	}
	return out
}

// wants returns what each member that is able may have.
func (c *choice) wants() map[protocol.UID]uint64 {
	most := largestOf(c.raw)
	out := make(map[protocol.UID]uint64, len(c.raw))
	for i := range c.all {
		if c.in[i] && c.able[i] {
			out[protocol.UID(i)] = min(rawPower(c.all[i].stake), most)
		}
	}
	return out
}

// growth returns what power a member has that had some, and may have another: the
// less of both at once, and of more its part of what is left of the fifth.
func (c *choice) growth() func(had, want uint64) uint64 {
	var asked uint64
	for uid, want := range c.wants() {
		if _, came := c.came[uid]; !came && want > c.was[uid] {
			asked += want - c.was[uid]
		}
	}
	left := c.left()
	if c.ended {
		left = 0
	}
	return func(had, want uint64) uint64 {
		if want <= had || asked <= left {
			return want
		}
		hi, lo := bits.Mul64(want-had, left)
		part, _ := bits.Div64(hi, lo, asked) // left is less than asked, and want-had no more
		return had + part
	}
}
