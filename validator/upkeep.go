package validator

import (
	"context"
	"encoding/binary"
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
	// chainEpochs is how many epochs before its end a chain is followed by another
	// at the latest: that serves after two, and may be lost on the way.
	chainEpochs = 4
	// chainSpread is over how many heights before that the chains of a network, which
	// may begin together, are followed by others, each at its own time: a quarter of
	// a chain. If all ended together, no beacon moved until the next ones serve.
	chainSpread = chainLinks / 4
)

// upkeep keeps the seat's entry on the ledger current. Step alone uses it.
type upkeep struct {
	*base
	sent map[wire.TxType]protocol.Height // when each was last sent
}

// keepCurrent sends what the ledger does not say of the own seat yet: how it is
// reached, its consensus key, and a hash chain before the last one runs out.
func (u *upkeep) keepCurrent(ctx context.Context, now *view, seat *ledger.Seat) error {
	var errs []error
	if u.cfg.Announce != nil {
		want := u.cfg.Announce()
		want.Coldkey = seat.Coldkey
		if !seat.Announced(&want) {
			errs = append(errs, u.mend(ctx, now.head, &want))
		}
	}
	if u.cfg.ConsensusKey != nil {
		want := u.cfg.ConsensusKey()
		if seat.Consensus.Key != want.Key || seat.Consensus.TransportKey != want.TransportKey || seat.Consensus.Address != want.Address {
			errs = append(errs, u.mend(ctx, now.head, &want))
		}
	}
	return errors.Join(append(errs, u.extendChain(ctx, now.head, seat), u.leaveJail(ctx, now.head, seat))...)
}

// extendChain registers a hash chain that serves from the epoch after the next,
// if the seat has none, or has one that ends before another could follow, or that
// of a former hotkey.
func (u *upkeep) extendChain(ctx context.Context, head protocol.Height, seat *ledger.Seat) error {
	s := u.schedule()
	e := s.EpochOf(head)
	lasts := !seat.Beacon.Link.IsZero() && s.EpochStart(e+chainEpochs)+spreadOf(u.self) <= seat.Beacon.Start+chainLinks && u.makes(seat.Beacon)
	nearEnd := head+upkeepEvery > s.EpochEnd(e) // it could come into the next epoch's blocks, where it is void
	if u.cfg.Chain == nil || lasts || !seat.NextChain.Link.IsZero() || nearEnd {
		return nil
	}
	start := s.EpochStart(e + 2)
	anchor, err := u.cfg.Chain(start)
	if err != nil {
		return fmt.Errorf("hash chain from height %d: %w", start, err)
	}
	return u.mend(ctx, head, &wire.ExtendBeacon{Start: start, Anchor: anchor})
}

// makes reports whether a chain is the own hotkey's, and not that of one in whose
// place it came.
func (u *upkeep) makes(c ledger.Chain) bool { return u.cfg.Makes == nil || u.cfg.Makes(c) }

// spreadOf is how many heights before it must a seat's chain is followed by
// another.
func spreadOf(hotkey protocol.PublicKey) protocol.Height {
	h := wire.HashOf("assay/1/validator/renewal", hotkey[:])
	return protocol.Height(binary.BigEndian.Uint64(h[:]) % chainSpread)
}

// leaveJail asks that a seat that was jailed for silence may judge again, once its
// wait is over: that this program runs and follows is what was missing. Who signed
// twice is not helped by a program: its owner must find out why.
func (u *upkeep) leaveJail(ctx context.Context, head protocol.Height, seat *ledger.Seat) error {
	e := u.schedule().EpochOf(head + 1)
	if j := &seat.Jail; !u.cfg.Unjail || !j.Held || j.Lied || j.Asks || e+1 < j.Free() {
		return nil
	}
	return u.mend(ctx, head, &wire.Unjail{Epoch: e})
}

// mend sends a transaction that the ledger should have, not too often.
func (u *upkeep) mend(ctx context.Context, head protocol.Height, body wire.Body) error {
	if last, sent := u.sent[body.Type()]; sent && head < last+upkeepEvery {
		return nil
	}
	if err := u.cfg.Submit(ctx, body); err != nil {
		return fmt.Errorf("keep the seat current: %w", err)
	}
	u.sent[body.Type()] = head
	return nil
}
