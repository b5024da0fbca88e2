package miner

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// announce sends a Serve when the ledger says of the seat what is no longer true.
func (m *Miner) announce(ctx context.Context, head protocol.Height, seat *ledger.Seat) error {
	if m.cfg.Announce == nil {
		return nil
	}
	want := m.cfg.Announce()
	want.Coldkey = seat.Coldkey
	if seat.Announced(&want) {
		m.mu.Lock()
		m.agreed = true
		m.mu.Unlock()
		return nil
	}
	m.mu.Lock()
	changed := m.agreed // and this process announces the same all its life
	m.agreed = false
	if changed {
		m.status.facts.changed = m.cfg.Params.Schedule.EpochOf(head) + 1
	}
	due := m.announced == 0 || head >= m.announced+announceEvery
	m.mu.Unlock()
	if changed {
		m.cfg.Logger.Warn().Strs("addresses", seat.Addresses).Interface("offers", seat.Offers).
			Msg("the ledger says of the seat what this miner did not announce: its home runs somewhere else, too")
	}
	if !due {
		return nil
	}
	if err := m.cfg.Submit(ctx, &want); err != nil {
		return fmt.Errorf("announce the seat: %w", err)
	}
	m.mu.Lock()
	m.announced = head
	m.mu.Unlock()
	m.cfg.Logger.Info().Interface("offers", want.Offers).Strs("addresses", want.Addresses).Msg("announced the seat")
	return nil
}
