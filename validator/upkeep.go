package validator

import (
	"context"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

const (
	// upkeepEvery is after how many blocks an entry that is not on the ledger is
	// sent again.
	upkeepEvery = 4
	// chainLinks is how many heights one hash chain serves (wire.ExtendBeacon).
	chainLinks = 1 << 20
)

// keepCurrent sends what the ledger does not say of the own seat yet: how it is
// reached, its consensus key, and a hash chain before the last one runs out.
func (v *Validator) keepCurrent(ctx context.Context, now *view, seat *ledger.Seat) error {
	var errs []error
	if v.cfg.Announce != nil {
		want := v.cfg.Announce()
		if !seat.Announced(&want) {
			errs = append(errs, v.mend(ctx, now.head, &want))
		}
	}
	if v.cfg.ConsensusKey != nil {
		want := v.cfg.ConsensusKey()
		if seat.Consensus.Key != want.Key || seat.Consensus.TransportKey != want.TransportKey || seat.Consensus.Address != want.Address {
			errs = append(errs, v.mend(ctx, now.head, &want))
		}
	}
	return errors.Join(append(errs, v.extendChain(ctx, now.head, seat))...)
}

// extendChain registers a hash chain that serves from the epoch after the next,
// if the seat has none, or has one that ends before another could follow.
func (v *Validator) extendChain(ctx context.Context, head protocol.Height, seat *ledger.Seat) error {
	s := &v.cfg.Params.Schedule
	e := s.EpochOf(head)
	lasts := !seat.Beacon.Link.IsZero() && s.EpochStart(e+4) <= seat.Beacon.Start+chainLinks
	nearEnd := head+upkeepEvery > s.EpochEnd(e) // it could come into the next epoch's blocks, where it is void
	if v.cfg.Chain == nil || lasts || !seat.NextChain.Link.IsZero() || nearEnd {
		return nil
	}
	start := s.EpochStart(e + 2)
	anchor, err := v.cfg.Chain(start)
	if err != nil {
		return fmt.Errorf("hash chain from height %d: %w", start, err)
	}
	return v.mend(ctx, head, &wire.ExtendBeacon{Start: start, Anchor: anchor})
}

// mend sends a transaction that the ledger should have, not too often.
func (v *Validator) mend(ctx context.Context, head protocol.Height, body wire.Body) error {
	v.mu.Lock()
	last, sent := v.upkeep[body.Type()]
	v.mu.Unlock()
	if sent && head < last+upkeepEvery {
		return nil
	}
	if err := v.cfg.Submit(ctx, body); err != nil {
		return fmt.Errorf("keep the seat current: %w", err)
	}
	v.mu.Lock()
	v.upkeep[body.Type()] = head
	v.mu.Unlock()
	return nil
}
