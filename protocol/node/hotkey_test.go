package node_test

import (
	"context"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/wire"
)

// TestAValidatorGoesOnWithItsNewHotkey: it is alone, so that no block is made
// without it. From the first block of the epoch for which the swap was announced
// the node with the old hotkey makes none. That of the new one, in the same home,
// signs by what followed from the old, until the ledger has its own keys; then it
// needs the old no more.
func TestAValidatorGoesOnWithItsNewHotkey(t *testing.T) {
	n := newNetwork(t, 1)
	s := &n.g.Params.Schedule
	*s = protocol.Schedule{
		Tempo: 8, RoundLength: 8, CommitBlocks: 1, OpenBlocks: 2, AttestBlocks: 3, SealCardsBlocks: 2, OpenCardsBlocks: 6, WeightBlocks: 7,
	}
	n.g.Params.Seats.Unbonding, n.g.Params.Seats.Collateral = 1, 0
	home := node.FullConfig{Config: n.config(t, "v0"), Dir: t.TempDir(), ConsensusListen: n.ports[0]}
	home.Listen = n.g.Seats[0].Addresses
	old, cold, next := hotkey(t, "v0"), hotkey(t, "v0 cold"), hotkey(t, "v0 next")

	v, stop := started(t, home)
	agreed, err := wire.NewConsent(next, wire.DomainConsent, n.g.ChainID(), cold.PublicKey(), 1000)
	check(t, err)
	swap := &wire.SwapHotkey{Hotkey: old.PublicKey(), To: next.PublicKey(), Consent: agreed}
	tx, err := ledger.NewTx(cold, n.g.ChainID(), &n.g.Params.Fees, 0, swap)
	check(t, err)
	submit(t, v, wire.Encode(tx))
	var last protocol.Height
	until(t, v, "the swap announced", func(r ledger.Reader, _ protocol.Height) bool {
		seat, _, err := ledger.ReadSeat(r, 0)
		check(t, err)
		last = s.EpochStart(seat.Swap.From) - 1
		return seat.Swap.Waits()
	})
	until(t, v, "the last block of the old hotkey", func(_ ledger.Reader, h protocol.Height) bool {
		if h > last {
			t.Fatalf("block %d by a hotkey whose seat ended with %d", h, last)
		}
		return h == last
	})
	r, _ := v.Latest()
	if p, err := ledger.ReadPlace(r, old.PublicKey()); err != nil || p.Sits || p.Now != next.PublicKey() {
		t.Fatalf("the old hotkey: %+v, %v", p, err)
	}
	stop()

	home.Hotkey, home.Former, home.Registerer = next, old, nil
	v, stop = started(t, home)
	until(t, v, "blocks of the new hotkey", func(_ ledger.Reader, h protocol.Height) bool { return h > last+1 })
	r, _ = v.Latest()
	seat, _, err := ledger.ReadSeat(r, 0)
	check(t, err)
	if v.Makes(seat.Beacon) {
		t.Error("the new hotkey's node takes the old one's chain for its own")
	}
	key, err := node.ConsensusKey(next, n.g, 0, n.ports[0])
	check(t, err)
	check(t, v.Submit(t.Context(), &key))
	start := extend(t, v, *s)
	until(t, v, "blocks by its own keys", func(r ledger.Reader, h protocol.Height) bool {
		seat, _, err := ledger.ReadSeat(r, 0)
		check(t, err)
		signs, err := ledger.SignsNext(r, key.Key)
		check(t, err)
		return signs && h > start && v.Makes(seat.Beacon)
	})
	_, h := v.Latest()
	stop()

	home.Former = nil
	v, stop = started(t, home)
	until(t, v, "blocks without the old hotkey", func(_ ledger.Reader, at protocol.Height) bool { return at > h+2 })
	stop()
}

// started runs a node until the function is called that it returns.
func started(t *testing.T, c node.FullConfig) (*node.Full, func()) {
	t.Helper()
	f, err := node.NewFull(c)
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	return f, func() {
		cancel()
		check(t, <-done)
	}
}
