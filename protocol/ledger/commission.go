package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// What the owner of a validator takes of its dividends, before they are stake of
// all who have a part of the pool. It begins with what the network says, and is the
// owner's to change: a fall counts at once, a rise only after as long as a swap can
// be stopped, so that who does not want to pay it has left by then.

// Commission is a part of dividends, in 65536ths.
type Commission struct {
	_    struct{} `cbor:",toarray"`
	Rate uint32   // until Next counts
	// Next counts from epoch From on; both are 0 where nothing was announced.
	Next uint32
	From protocol.Epoch
}

// At returns what is taken in epoch e.
func (c *Commission) At(e protocol.Epoch) uint32 {
	if c.From > 0 && e >= c.From {
		return c.Next
	}
	return c.Rate
}

// setCommission says what the owner of a seat takes from now on, or will take. It
// goes before what was announced and does not count yet.
func (m *machine) setCommission(name protocol.PublicKey, b *wire.SetCommission) error {
	s, err := m.ownSeat(name, b.Hotkey)
	if err != nil {
		return err
	}
	now := s.Commission.At(m.currentEpoch())
	s.Commission = Commission{Rate: b.Rate}
	from := m.currentEpoch()
	if b.Rate > now {
		from = m.p.Schedule.EpochOf(m.height+m.swapDelay()-1) + 1
		s.Commission = Commission{Rate: now, Next: b.Rate, From: from}
	}
	m.putSeat(s)
	m.emit(Event{Name: EventCommission, Epoch: from, Seat: s.ID, Hotkey: s.Hotkey})
	return nil
}

// takeSelf finds what of the stake on each seat is its owner's, where the network
// asks for some.
func takeSelf(r Reader, least protocol.Amount, all []candidate) error {
	for i := range all {
		if least == 0 || all[i].stake == 0 {
			continue
		}
		own, err := ReadStake(r, all[i].seat.PoolName(), all[i].seat.Coldkey)
		if err != nil {
			return err
		}
		all[i].self = own
	}
	return nil
}
