package validator_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// Chains that begin together do not end together: among hotkeys their ends are
// spread over a quarter of a chain.
func TestChainsOfANetworkAreRenewedAtDifferentTimes(t *testing.T) {
	var quarters [4]int
	for i := range 256 {
		spread := validator.SpreadOf(protocol.PublicKey{2, byte(i)})
		if spread >= validator.ChainSpread {
			t.Fatalf("hotkey %d: %d of %d", i, spread, validator.ChainSpread)
		}
		quarters[spread/(validator.ChainSpread/4)]++
	}
	for i, n := range quarters {
		if n < 40 {
			t.Errorf("%v of 256 hotkeys in quarter %d", n, i)
		}
	}
}

// A seat that was jailed for silence asks to be free when its wait is over; not
// one that signed twice, and not where its owner does not want it.
func TestAJailedSeatAsksToBeFree(t *testing.T) {
	for name, c := range map[string]struct {
		jail ledger.Jail
		off  bool
		want int
	}{
		"for silence":       {jail: ledger.Jail{Held: true, From: epoch, Wait: 1}, want: 1},
		"too early":         {jail: ledger.Jail{Held: true, From: epoch, Wait: 2}},
		"asked":             {jail: ledger.Jail{Held: true, From: epoch, Wait: 1, Asks: true}},
		"for two votes":     {jail: ledger.Jail{Held: true, Lied: true, From: epoch, Wait: 1}},
		"its owner decides": {jail: ledger.Jail{Held: true, From: epoch, Wait: 1}, off: true},
		"free":              {jail: ledger.Jail{From: epoch - 1, Wait: 1}},
	} {
		w := newWorld(t)
		cfg := w.config(newMemory())
		cfg.Unjail = !c.off
		v, err := validator.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		w.put(ledger.SeatKey(w.seat.UID), &ledger.Seat{
			ID: w.seat, Hotkey: w.self.PublicKey(), Beacon: ledger.Chain{Start: 1, Link: protocol.Hash{1}}, Jail: c.jail,
		})
		w.step(v, start+1)
		w.step(v, start+2)
		got := sent[*wire.Unjail](w)
		if len(got) != c.want || len(got) > 0 && got[0].Epoch != epoch {
			t.Errorf("%s: sent %+v, want %d", name, got, c.want)
		}
	}
}
