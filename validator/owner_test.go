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
