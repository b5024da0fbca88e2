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
	seat := ledger.Seat{ID: w.seat, Hotkey: w.hotkey.PublicKey(), Coldkey: thief, Collateral: 10 * protocol.Unit}
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
	w.put(ledger.SeatKey(w.seat.UID), &ledger.Seat{ID: w.seat, Hotkey: w.hotkey.PublicKey(), Coldkey: owner, Collateral: 10 * protocol.Unit})
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

// TestANewColdkeyIsTheOwner, too: the home names the key that signs for the owner
// since a swap, or the owner by which the ledger goes on to call it.
func TestANewColdkeyIsTheOwner(t *testing.T) {
	w := newWorld(t)
	name, signs := protocol.PublicKey{2, 1}, protocol.PublicKey{2, 9}
	cfg := w.config(newMemory(), puppet{})
	cfg.Owner = signs
	cfg.Announce = func() wire.Serve { return wire.Serve{Identity: protocol.PublicKey{2}} }
	m, err := miner.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.put(ledger.SeatKey(w.seat.UID), &ledger.Seat{ID: w.seat, Hotkey: w.hotkey.PublicKey(), Coldkey: name, Collateral: 10 * protocol.Unit})
	w.put(ledger.NameKey(signs), &name)
	w.put(ledger.OwnerKey(name), &ledger.Owner{Now: name, Next: signs, From: start})
	w.step(m, start+1)
	if serve, ok := w.submitted[0].(*wire.Serve); !ok || serve.Coldkey != name || len(m.Status().Faults) != 0 {
		t.Errorf("sent %+v, faults %q", w.submitted, m.Status().Faults)
	}
}

// TestAHotkeySaysWhoTakesItsPlace: before it is done, when it is, and of the new
// one until then.
func TestAHotkeySaysWhoTakesItsPlace(t *testing.T) {
	w := newWorld(t)
	self, other := w.hotkey.PublicKey(), protocol.PublicKey{2, 9}
	m, err := miner.New(w.config(newMemory(), puppet{}))
	if err != nil {
		t.Fatal(err)
	}
	seat := &ledger.Seat{ID: w.seat, Hotkey: self, Collateral: 10 * protocol.Unit, Swap: ledger.HotkeySwap{To: other, From: 7}}
	w.put(ledger.SeatKey(w.seat.UID), seat)
	w.step(m, start+1)
	if s := m.Status(); !strings.Contains(strings.Join(s.Reasons, "\n"), other.String()+", is to work in this seat from epoch 7 on") {
		t.Errorf("before: %q", s.Reasons)
	}
	for name, c := range map[string]struct {
		seat *ledger.Seat
		pool protocol.PublicKey // which has another hotkey now
		want string
	}{
		"it was swapped": {&ledger.Seat{ID: w.seat, Hotkey: other, Pool: self}, self, other.String() + ", took the place of this one"},
		"it waits":       {&ledger.Seat{ID: w.seat, Hotkey: other, Swap: ledger.HotkeySwap{To: self, From: 8}}, other, "has its seat with epoch 8"},
	} {
		w := newWorld(t)
		m, err := miner.New(w.config(newMemory(), puppet{}))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.tree.Remove(ledger.HotkeyKey(self)); err != nil {
			t.Fatal(err)
		}
		w.put(ledger.SeatKey(w.seat.UID), c.seat)
		w.put(ledger.HotkeyKey(other), &w.seat.UID)
		if c.pool == self {
			w.put(ledger.HotkeyNowKey(self), &other)
		} else {
			w.put(ledger.PoolNameKey(self), &other)
		}
		w.step(m, start+1)
		if s := m.Status(); len(w.submitted) != 0 || len(s.Faults) != 1 || !strings.Contains(s.Faults[0], c.want) {
			t.Errorf("%s: sent %+v, faults %q", name, w.submitted, s.Faults)
		}
	}
}
