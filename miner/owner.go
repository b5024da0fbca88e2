package miner

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// estranged reports whether the seat is another coldkey's than the hotkey works
// for: then nothing is done for it, for all that it earns is that key's. It says
// so when that begins.
func (m *Miner) estranged(r ledger.Reader, p *ledger.Place) (bool, error) {
	var owner protocol.PublicKey
	if !m.cfg.Owner.IsZero() && p.Sits {
		owns, err := ledger.Owns(r, m.cfg.Owner, &p.Seat)
		if err != nil {
			return false, fmt.Errorf("read whose the seat is: %w", err)
		}
		if !owns {
			owner = p.Seat.Coldkey
		}
	}
	m.mu.Lock()
	news := m.status.facts.owner != owner && !owner.IsZero()
	m.status.facts.owner = owner
	if !owner.IsZero() {
		m.closeLocked()
	}
	m.mu.Unlock()
	if news {
		m.cfg.Logger.Error().Str("owner", m.cfg.Owner.String()).Str("seat_of", owner.String()).
			Msg("the seat of this hotkey is another coldkey's, and nothing is done for it")
	}
	return !owner.IsZero(), nil
}

// notePlace notes who else is to work in the seat, or does; it says so when that
// begins.
func (m *Miner) notePlace(head protocol.Height, p *ledger.Place) {
	m.mu.Lock()
	f := &m.status.facts
	before := f.place
	f.place = *p
	if m.judged() {
		f.each = m.cfg.Params.Seats.Collateral
	}
	if !p.Sits {
		m.closeLocked()
	}
	m.mu.Unlock()
	swap := &p.Seat.Swap
	switch {
	case swap.Waits() && before.Seat.Swap != *swap:
		m.cfg.Logger.Warn().Str("next", swap.To.String()).Uint64("from", uint64(swap.From)).Uint64("height", uint64(head)).Msg(swap.Notice())
	case !p.Now.IsZero() && (before.Now != p.Now || before.From != p.From):
		m.cfg.Logger.Error().Str("hotkey_now", p.Now.String()).Uint64("height", uint64(head)).Msg(p.Why())
	}
}

// readOwner notes, once an epoch, whether another key is to sign for the seat's
// owner: whoever stole the coldkey could have announced that.
func (m *Miner) readOwner(r ledger.Reader, head protocol.Height, seat *ledger.Seat) error {
	e := m.cfg.Params.Schedule.EpochOf(head)
	m.mu.Lock()
	known := m.status.facts.ownerRead == e+1
	m.mu.Unlock()
	if known {
		return nil
	}
	_, o, err := ledger.ReadOwner(r, seat.Coldkey)
	if err != nil {
		return fmt.Errorf("read who signs for the owner: %w", err)
	}
	m.mu.Lock()
	m.status.facts.ownerRead, m.status.facts.swap = e+1, nil
	if o.Waits(head + 1) {
		m.status.facts.swap = &o
	}
	m.mu.Unlock()
	if o.Waits(head + 1) {
		m.cfg.Logger.Warn().Str("owner", seat.Coldkey.String()).Str("next", o.Next.String()).Uint64("from", uint64(o.From)).
			Msg("another key is to sign for the owner of this seat; if its owner did not announce that, assay tx stop-swap stops it")
	}
	return nil
}
