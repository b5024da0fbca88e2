package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

const domainBeacon = "assay/1/beacon"

// finalise decides what the block before did to the beacon, once it is known
// which proposers could rightly have made it, and keeps this block's link.
//
//	beacon_h = H(beacon_{h−1} ‖ link)  if the header named a true proposer
//	beacon_h = H(beacon_{h−1})         otherwise, or if the link is zero
//
// A proposer knows its own link long before, and can only withhold it: then it
// loses the block. To name another's turn is no third way, for such a link does
// not count, and in round 0 it costs the permit of the one whose turn it was. Nor
// is a zero link: it is valid only where the chain has no link, so that the network
// goes on though all chains have ended, and counts for no seed.
func (m *machine) finalise(eligible []protocol.PublicKey) {
	if m.height > 1 {
		h := m.height - 1
		rec := BeaconRecord{Beacon: wire.HashOf(domainBeacon, m.meta.Beacon[:])}
		rightly := slices.Contains(eligible, m.meta.PendingKey)
		if rightly && !m.meta.Pending.IsZero() {
			rec.Beacon = wire.HashOf(domainBeacon, m.meta.Beacon[:], m.meta.Pending[:])
			rec.Proposer, rec.Counted = m.meta.PendingSeat, true
		} else if !rightly && len(eligible) == 1 {
			m.punish(eligible[0])
		}
		put(m.st, BeaconKey(h), rec)
		m.meta.Beacon = rec.Beacon
		m.emit(Event{Name: EventBeacon, Epoch: m.p.Schedule.EpochOf(h), Round: m.p.Schedule.RoundOf(h), Seat: rec.Proposer, Hash: rec.Beacon})
		if rec.Counted {
			m.seeds(h, &rec)
		}
	}
	m.meta.Pending, m.meta.PendingSeat, m.meta.PendingKey = m.link, m.proposer, m.proposerKey
}

// punish takes the permit of the validator with a consensus key, for the rest
// of this epoch and the next.
func (m *machine) punish(k protocol.PublicKey) {
	set := m.validators()
	members := slices.Concat(set.Set, set.Prev)
	i := slices.IndexFunc(members, func(v Power) bool { return v.Key == k })
	if i < 0 {
		return
	}
	s, ok := get[Seat](m.st, SeatKey(members[i].UID))
	if !ok || !s.Permit {
		return
	}
	s.Permit = false
	s.NoPermit = m.currentEpoch() + 2
	m.putSeat(s)
	m.emit(Event{Name: EventPermitLost, Epoch: m.currentEpoch(), Seat: s.ID, Hotkey: s.Hotkey})
}

// seeds draws what the final beacon of height g is enough for, in the round of
// g and in the one before, whose duties may have come late.
func (m *machine) seeds(g protocol.Height, rec *BeaconRecord) {
	r := m.p.Schedule.RoundOf(g)
	if r > 0 {
		m.seedRound(r-1, g, rec)
	}
	m.seedRound(r, g, rec)
}

// seedRound counts a link that followed, at height g. A seed is the beacon by
// which links of two different proposers have followed all that it decides on,
// so that none of them could have chosen it alone; where the set has only one
// member, one must do.
func (m *machine) seedRound(n protocol.Round, g protocol.Height, rec *BeaconRecord) {
	set := m.validators()
	alone := len(set.Set) < 2
	sched := m.p.Schedule
	r, _ := get[RoundRecord](m.st, RoundKey(n))
	r.Round = n
	deadline := sched.CommitDeadline(n)
	epoch := sched.EpochOfRound(n)
	switch {
	case r.TaskSeed.IsZero() && g > sched.RoundStart(n) && m.height < deadline: // or nobody could answer
		if alone || r.TaskHas && r.TaskFirst != rec.Proposer {
			r.TaskSeed, r.TaskHeight = rec.Beacon, m.height
			m.emit(Event{Name: EventTaskSeed, Epoch: epoch, Round: n, Hash: r.TaskSeed})
		} else if !r.TaskHas {
			r.TaskFirst, r.TaskHas = rec.Proposer, true
		}
	case !r.TaskSeed.IsZero() && r.DutySeed.IsZero() && g > sched.AttestDeadline(n) && m.height <= m.p.LastDraw(epoch):
		if alone || r.DutyHas && r.DutyFirst != rec.Proposer {
			r.DutySeed, r.DutyHeight = rec.Beacon, m.height
			drawn := m.drawDuties(&r)
			m.emit(Event{Name: EventDutySeed, Epoch: epoch, Round: n, Hash: r.DutySeed, Count: drawn})
		} else if !r.DutyHas {
			r.DutyFirst, r.DutyHas = rec.Proposer, true
		}
	default:
		return
	}
	put(m.st, RoundKey(n), r)
}
