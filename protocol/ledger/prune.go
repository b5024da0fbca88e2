package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol"
)

// Who is pruned. A seat that is bought when all are taken takes the place of the
// one of least (average of emission, height of registration, uid) among those that
// are neither immune nor in a consensus set, where all permitted seats are, and
// some others whose beacon chain is still needed. The state keeps these seats in
// that order, so that a purchase looks at one of them, however many there are:
//
//	a seat is bought       it is immune, and noted under the block that ends this
//	its immunity ends      at the end of the block before: it joins the order
//	                       unless it is in a set
//	an epoch ends          averages and sets change: the order is written anew
//
// How many seats an owner has is counted when they come and go.

// freeSeat returns the next uid, or that of the seat that it prunes.
func (m *machine) freeSeat(coldkey protocol.PublicKey) (protocol.UID, error) {
	if own, _ := get[uint32](m.st, OwnedKey(coldkey)); own >= m.p.Seats.MaxPerColdkey {
		return 0, broken(ErrFull, "coldkey has %d seats, at most %d", own, m.p.Seats.MaxPerColdkey)
	}
	if m.meta.Seats < m.p.Seats.Max {
		m.meta.Seats++
		return protocol.UID(m.meta.Seats - 1), nil
	}
	worst, ok := m.worst()
	if !ok {
		return 0, broken(ErrFull, "all %d seats are taken, and none can be pruned", m.meta.Seats)
	}
	m.prune(&worst)
	return worst.ID.UID, nil
}

// worst returns the seat that is pruned next, false where none can be.
func (m *machine) worst() (Seat, bool) {
	var first []protocol.UID
	err := walk(m.st, PrunePrefix(), func(_ []byte, uid protocol.UID) bool {
		first = append(first, uid)
		return false
	})
	if err != nil {
		m.st.fail(err)
	}
	if len(first) == 0 {
		return Seat{}, false
	}
	return get[Seat](m.st, SeatKey(first[0]))
}

// prune takes a seat from its holder. What names the seat by uid and height of
// registration (commitments, weights, duties) stays and counts no more; the
// stake stays with the stakers, and jail with the stake.
func (m *machine) prune(s *Seat) {
	del(m.st, PruneKey(s))
	m.release(s, s.Collateral)
	m.own(s.Coldkey, -1)
	del(m.st, HotkeyKey(s.Hotkey))
	if !s.Identity.IsZero() {
		del(m.st, IdentityKey(s.Identity))
	}
	if !s.Consensus.Key.IsZero() {
		del(m.st, ConsensusKeyKey(s.Consensus.Key))
		m.leaveAddress(s)
	}
	m.dropTransport(s)
	m.keepJail(s)
	if s.Swap.Waits() {
		del(m.st, PoolNameKey(s.Swap.To))
	}
	del(m.st, BondsKey(s.ID.UID))
	del(m.st, CoverKey(s.ID.UID))
	del(m.st, SetterKey(s.ID.UID))
	del(m.st, PlanterKey(s.ID.UID))
	m.emit(Event{Name: EventPruned, Epoch: m.currentEpoch(), Seat: s.ID, Hotkey: s.Hotkey})
}

// own counts the seats of a coldkey. The count of one that never signed, which only
// a genesis makes, stays when it is zero: it says that the key has had stake, and
// has it still.
func (m *machine) own(coldkey protocol.PublicKey, change int) {
	n, _ := get[uint32](m.st, OwnedKey(coldkey))
	if n = uint32(int(n) + change); n == 0 {
		if acc, _ := get[Account](m.st, AccountKey(coldkey)); acc.Nonce > 0 {
			del(m.st, OwnedKey(coldkey))
			return
		}
	}
	put(m.st, OwnedKey(coldkey), n)
}

// shelter notes when the immunity of a new seat ends.
func (m *machine) shelter(s *Seat) {
	if m.p.Seats.Immunity == 0 { // it is in no set yet
		put(m.st, PruneKey(s), s.ID.UID)
		return
	}
	put(m.st, ImmuneKey(s.ID.Registered+protocol.Height(m.p.Seats.Immunity), s.ID.UID), s.ID)
}

// expose puts the seats whose immunity ends with this block into the order.
func (m *machine) expose() {
	ids := all[protocol.SeatID](m.st, ImmunePrefix(m.height+1))
	if len(ids) == 0 {
		return
	}
	set := m.validators()
	for _, id := range ids {
		del(m.st, ImmuneKey(m.height+1, id.UID))
		s, ok := get[Seat](m.st, SeatKey(id.UID))
		if ok && s.ID == id && !set.holds(id.UID) {
			put(m.st, PruneKey(&s), id.UID)
		}
	}
}

// reorder writes the order of pruning for the next block anew.
func (m *machine) reorder(seats []candidate) {
	delAll(m.st, PrunePrefix())
	set := m.validators()
	for i := range seats {
		s := &seats[i].seat
		if uint64(m.height+1-s.ID.Registered) >= m.p.Seats.Immunity && !set.holds(s.ID.UID) {
			put(m.st, PruneKey(s), s.ID.UID)
		}
	}
}

// average takes the emission of an epoch into what pruning looks at.
func (s *Seat) average() { s.Average = s.Average - s.Average/10 + s.Emission/10 }

func (v *ValidatorSet) holds(uid protocol.UID) bool {
	is := func(p Power) bool { return p.UID == uid }
	return slices.ContainsFunc(v.Set, is) || slices.ContainsFunc(v.Prev, is)
}
