package validator_test

import (
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// TestNothingIsDoneForASeatOfAnothersColdkey: all that it earned would be that
// key's.
func TestNothingIsDoneForASeatOfAnothersColdkey(t *testing.T) {
	w := newWorld(t)
	owner, thief := protocol.PublicKey{2, 1}, protocol.PublicKey{2, 9}
	cfg := w.config(newMemory())
	cfg.Owner = owner
	cfg.Announce = func() wire.Serve { return wire.Serve{Identity: protocol.PublicKey{2}} }
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	seat := ledger.Seat{ID: w.seat, Hotkey: w.self.PublicKey(), Coldkey: thief, Permit: true}
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	for h := start + 1; h < start+20; h++ {
		w.step(v, h)
	}
	if s := v.Status(); len(w.submitted) != 0 || s.Judge || !strings.Contains(s.Why, thief.String()) || !strings.Contains(s.Why, "--coldkey") {
		t.Errorf("sent %+v, status %+v", w.submitted, s)
	}
	seat.Coldkey = owner
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	w.step(v, start+20)
	if serve := sent[*wire.Serve](w); len(serve) != 1 || serve[0].Coldkey != owner {
		t.Errorf("sent %+v", w.submitted)
	}
}

// TestASwapIsTold of the owner's key and of the hotkey, and who works in the seat
// since: whoever stole the coldkey could have announced it.
func TestASwapIsTold(t *testing.T) {
	w := newWorld(t)
	self, other, owner := w.self.PublicKey(), protocol.PublicKey{2, 9}, protocol.PublicKey{2, 1}
	cfg := w.config(newMemory())
	cfg.Owner = protocol.PublicKey{2, 8} // signs for the owner since
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	seat := ledger.Seat{ID: w.seat, Hotkey: self, Coldkey: owner, Permit: true, Swap: ledger.HotkeySwap{To: other, From: 7}}
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	w.put(ledger.NameKey(cfg.Owner), &owner)
	w.put(ledger.OwnerKey(owner), &ledger.Owner{Now: cfg.Owner, Next: other, From: start + 30})
	w.step(v, start+1)
	if s := v.Status(); len(s.Swaps) != 2 || !strings.Contains(s.Swaps[0], "from epoch 7 on") || !strings.Contains(s.Swaps[1], "sign for the owner from block") || !s.Registered {
		t.Errorf("status %+v", s)
	}
	seat.Hotkey, seat.Pool, seat.Swap = other, self, ledger.HotkeySwap{}
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	w.put(ledger.HotkeyKey(other), &w.seat.UID)
	w.put(ledger.HotkeyNowKey(self), &other)
	if err := w.tree.Remove(ledger.HotkeyKey(self)); err != nil {
		t.Fatal(err)
	}
	before := len(w.submitted)
	for h := start + 2; h < start+20; h++ {
		w.step(v, h)
	}
	if s := v.Status(); s.Registered || s.Judge || !strings.Contains(s.Why, other.String()+", took the place of this one") || len(w.submitted) != before {
		t.Errorf("sent %d more, status %+v", len(w.submitted)-before, s)
	}
}

// TestTheChainOfAFormerHotkeyIsFollowedByAnother, though it lasts: its links come
// from a key that is to be thrown away.
func TestTheChainOfAFormerHotkeyIsFollowedByAnother(t *testing.T) {
	w := newWorld(t)
	cfg := w.config(newMemory())
	own := ledger.Chain{Start: 1, Link: protocol.Hash{2}}
	cfg.Chain = func(protocol.Height) (protocol.Hash, error) { return protocol.Hash{3}, nil }
	cfg.Makes = func(c ledger.Chain) bool { return c == own }
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	seat := ledger.Seat{ID: w.seat, Hotkey: w.self.PublicKey(), Beacon: own}
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	w.step(v, start+1)
	if x := sent[*wire.ExtendBeacon](w); len(x) != 0 {
		t.Errorf("beside its own: %+v", x)
	}
	seat.Beacon.Link = protocol.Hash{1}
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	w.step(v, start+2)
	if x := sent[*wire.ExtendBeacon](w); len(x) != 1 || x[0].Start != w.p.Schedule.EpochStart(epoch+2) {
		t.Errorf("beside a former hotkey's: %+v", x)
	}
}
