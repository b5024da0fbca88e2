package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// What a seat has to lose. Collateral is put up by the seat's owner, beside any
// stake, and is the seat's: nobody else has a part of it, and it earns nothing.
// A seat is asked in a round no more answers of kinds that are judged than it
// covers, so that who splits a machine into many seats puts up no less.
//
//	taken back  by the owner, all of it when the seat is pruned: it still answers
//	            for what the seat did, as long as removed stake waits, and then
//	            returns. What is taken back while some waits begins the wait of both
//	            anew, so that there is one entry for a seat
//
// What people rate is judged by nobody, so that nothing is put up for it.

// addCollateral moves tokens from the balance to a seat's collateral.
func (m *machine) addCollateral(name protocol.PublicKey, b *wire.AddCollateral) error {
	s, err := m.ownSeat(name, b.Hotkey)
	if err != nil {
		return err
	}
	if err := m.debit(name, b.Amount); err != nil {
		return err
	}
	s.Collateral += b.Amount // both at most what was issued
	m.meta.Collateral += b.Amount
	m.putSeat(s)
	return nil
}

// takeCollateral begins to take it back. The seat is asked less from the next epoch
// on.
func (m *machine) takeCollateral(name protocol.PublicKey, b *wire.TakeCollateral) error {
	s, err := m.ownSeat(name, b.Hotkey)
	if err != nil {
		return err
	}
	amount := b.Amount
	if amount == 0 {
		amount = s.Collateral
	}
	if amount == 0 || amount > s.Collateral {
		return broken(ErrCannotPay, "%s, collateral %s", amount, s.Collateral)
	}
	s.Collateral -= amount
	m.putSeat(s)
	m.release(&s, amount)
	return nil
}

// release puts collateral that its seat has no more on the way to its owner.
func (m *machine) release(s *Seat, amount protocol.Amount) {
	if amount == 0 {
		return
	}
	l, waits := get[Leaving](m.st, LeavingKey(s.ID))
	if waits {
		del(m.st, leavingWaitKey(l.Began, s.ID))
	}
	l.Coldkey, l.Amount, l.Began = s.Coldkey, l.Amount+amount, m.height
	put(m.st, LeavingKey(s.ID), l)
	m.wait(collateralWaits, seatID(nil, s.ID)...)
}

// matureCollateral returns what no proof took by the end of its wait.
func (m *machine) matureCollateral() {
	for _, e := range m.waited(collateralWaits) {
		key := append([]byte{leavingLetter}, e.what...)
		l, _ := get[Leaving](m.st, key)
		if err := m.credit(l.Coldkey, l.Amount); err != nil {
			m.st.fail(err)
		}
		m.meta.Collateral -= l.Amount
		del(m.st, key)
	}
}

// ReadLeaving returns the collateral of a seat that is on its way back.
func ReadLeaving(r Reader, id protocol.SeatID) (Leaving, bool, error) {
	return read[Leaving](r, LeavingKey(id))
}

// covered takes from what a seat is to be asked what its collateral does not cover:
// one slot after the other is given to the kinds that are judged, in turn.
func (m *machine) covered(s *Seat, want []task.Asked) []task.Asked {
	each := m.p.Seats.Collateral
	if each == 0 {
		return want
	}
	left := uint64(s.Collateral / each)
	given := make([]uint16, len(want))
	for again := true; again; {
		again = false
		for i := range want {
			free := m.p.Kind(want[i].Kind).OnLedger()
			if given[i] == want[i].Slots || !free && left == 0 {
				continue
			}
			given[i]++
			again = true
			if !free {
				left--
			}
		}
	}
	var out []task.Asked
	for i := range want {
		if want[i].Slots = given[i]; given[i] > 0 {
			out = append(out, want[i])
		}
	}
	return out
}
