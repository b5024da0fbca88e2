package validator_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/validator"
)

// What was found of an epoch is sealed in the next, and then opened; what the
// status says of it follows the ledger and the deadlines.
func TestTheStatusSaysWhereFindingsStand(t *testing.T) {
	sched := protocol.Schedule{Tempo: 20, RoundLength: 20, SealCardsBlocks: 6, OpenCardsBlocks: 11, WeightBlocks: 17}
	seat := protocol.SeatID{UID: 3, Registered: 7}
	sealed := &ledger.CardsRecord{Seat: seat, Seal: protocol.Hash{1}}
	opened := &ledger.CardsRecord{Seat: seat, Seal: protocol.Hash{1}, Root: protocol.Hash{2}}
	others := &ledger.CardsRecord{Seat: protocol.SeatID{UID: 3, Registered: 1}, Seal: protocol.Hash{1}}
	for _, c := range []struct {
		head  protocol.Height
		said  *ledger.CardsRecord
		drawn protocol.SeatID
		want  string
	}{
		{head: 44, drawn: seat, want: "findings of epoch 1: to be sealed by block 46"},
		{head: 44, drawn: seat, said: others, want: "findings of epoch 1: to be sealed by block 46"},
		{head: 46, drawn: seat, want: "findings of epoch 1: not sealed by block 46, so that its duties count as not fulfilled"},
		{head: 44, drawn: seat, said: sealed, want: "findings of epoch 1: sealed, to be opened in blocks 47 to 51"},
		{head: 51, drawn: seat, said: sealed, want: "findings of epoch 1: sealed and never opened, so that its duties count as not fulfilled"},
		{head: 51, drawn: seat, said: opened, want: "findings of epoch 1: sealed and opened"},
		{head: 51, drawn: others.Seat, said: opened, want: ""},
		{head: 19, drawn: seat, want: ""},
	} {
		w := newWorld(t)
		w.put(ledger.DrawnKey(1, 3), &ledger.DrawnRecord{Judge: c.drawn})
		if c.said != nil {
			w.put(ledger.CardsKey(1, 3), c.said)
		}
		if got, err := validator.FindingsOf(w.tree, &sched, seat, true, c.head); err != nil || got != c.want {
			t.Errorf("block %d: got %q, %v, want %q", c.head, got, err, c.want)
		}
	}
}

// A jailed seat shows in the metrics, why it is, and until when.
func TestMetricsSayThatTheSeatIsJailed(t *testing.T) {
	for _, c := range []struct {
		jail        ledger.Jail
		kind, until float64
	}{
		{jail: ledger.Jail{From: 3, Wait: 2}},
		{jail: ledger.Jail{Held: true, From: 3, Wait: 2}, kind: 1, until: 5},
		{jail: ledger.Jail{Held: true, Lied: true, From: 3, Wait: 16}, kind: 2, until: 19},
	} {
		w := newWorld(t)
		cfg := w.config(newMemory())
		registry := prometheus.NewRegistry()
		cfg.Metrics = registry
		v, err := validator.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		w.put(ledger.SeatKey(w.seat.UID), &ledger.Seat{ID: w.seat, Hotkey: w.self.PublicKey(), Jail: c.jail})
		w.step(v, start+1)
		for name, want := range map[string]float64{"assay_validator_jailed": c.kind, "assay_validator_jail_ends_epoch": c.until} {
			got, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range got {
				if f.GetName() == name {
					found = f.GetMetric()[0].GetGauge().GetValue() == want
				}
			}
			if !found {
				t.Errorf("%+v: %s is not %g", c.jail, name, want)
			}
		}
	}
}

// A seat is jailed as for misbehaviour for two signatures and for plants: the
// status says both, and for silence neither.
func TestTheStatusOfAJailedSeatSaysWhatItMayHaveDone(t *testing.T) {
	for _, lied := range []bool{false, true} {
		w := newWorld(t)
		v := w.validator(newMemory())
		w.put(ledger.SeatKey(w.seat.UID), &ledger.Seat{
			ID: w.seat, Hotkey: w.self.PublicKey(), Jail: ledger.Jail{Held: true, Lied: lied, From: epoch + 1, Wait: 16},
		})
		w.step(v, start+1)
		why := v.Status().Why
		for _, word := range []string{"signed twice", "planted answers right"} {
			if strings.Contains(why, word) != lied {
				t.Errorf("lied %t: %q", lied, why)
			}
		}
		if !strings.HasPrefix(why, "jailed since") {
			t.Errorf("lied %t: %q", lied, why)
		}
	}
}
