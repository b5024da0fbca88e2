package miner_test

import (
	"strings"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// TestNothingIsDoneForASeatOfAnothersColdkey: all that it earned would be that
// key's.
func TestNothingIsDoneForASeatOfAnothersColdkey(t *testing.T) {
	w := newWorld(t)
	owner, thief := protocol.PublicKey{2, 1}, protocol.PublicKey{2, 9}
	cfg := w.config(newMemory(), puppet{})
	cfg.Owner = owner
	cfg.Announce = func() wire.Serve { return wire.Serve{Identity: protocol.PublicKey{2}} }
	m, err := miner.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	seat := ledger.Seat{ID: w.seat, Hotkey: w.hotkey.PublicKey(), Coldkey: thief}
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	for h := start; h < start+19; h++ {
		w.step(m, h)
	}
	if len(w.submitted) != 0 {
		t.Errorf("sent %+v", w.submitted)
	}
	if s := m.Status(); len(s.Faults) != 1 || s.Asked || !strings.Contains(s.Faults[0], thief.String()) || !strings.Contains(s.Faults[0], "--coldkey") {
		t.Errorf("faults: %q", s.Faults)
	}
	seat.Coldkey = owner
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	w.step(m, start+19)
	if serve, ok := w.submitted[0].(*wire.Serve); !ok || serve.Coldkey != owner || len(m.Status().Faults) != 0 {
		t.Errorf("sent %+v, faults %q", w.submitted, m.Status().Faults)
	}
}

// TestASwapOfTheOwnersKeyIsTold: who stole it could have announced it.
func TestASwapOfTheOwnersKeyIsTold(t *testing.T) {
	w := newWorld(t)
	owner, next := protocol.PublicKey{2, 1}, protocol.PublicKey{2, 9}
	m, err := miner.New(w.config(newMemory(), puppet{}))
	if err != nil {
		t.Fatal(err)
	}
	w.put(ledger.SeatKey(w.seat.UID), &ledger.Seat{ID: w.seat, Hotkey: w.hotkey.PublicKey(), Coldkey: owner})
	w.put(ledger.OwnerKey(owner), &ledger.Owner{Now: owner, Next: next, From: start + 30})
	w.step(m, start+1)
	if s := m.Status(); !strings.Contains(strings.Join(s.Reasons, "\n"), next.String()+", is to sign for the owner") {
		t.Errorf("reasons: %q", s.Reasons)
	}
	w.step(m, start+40)
	if s := m.Status(); strings.Contains(strings.Join(s.Reasons, "\n"), next.String()) {
		t.Errorf("it is done, and still told: %q", s.Reasons)
	}
}
