package miner_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// begin is the first height of an epoch of the world, whose epochs have one
// round of 20 heights.
func begin(e protocol.Epoch) protocol.Height { return start + 20*(protocol.Height(e)-2) }

// commit plays a round of epoch e that the miner answers in time.
func (w *world) commit(m *miner.Miner, e protocol.Epoch) {
	w.t.Helper()
	w.draw(protocol.Round(e))
	w.step(m, begin(e)+3)
	w.work(m)
	w.step(m, begin(e)+4)
	w.include(begin(e) + 5)
	w.step(m, begin(e)+6)
}

// steady asks one slot a round in the first epochs, and pays for each the same.
func (w *world) steady(epochs protocol.Epoch) {
	for e := range epochs {
		w.ask(e, 1)
		w.put(ledger.PaymentKey(e, w.seat.UID), &ledger.Payment{Seat: w.seat, Miner: protocol.Unit})
	}
}

// late plays a round of epoch e that the miner does not answer.
func (w *world) late(m *miner.Miner, e protocol.Epoch) {
	w.t.Helper()
	w.draw(protocol.Round(e))
	w.step(m, begin(e)+3)
	w.step(m, begin(e)+deadline-start)
}

// announcing makes a miner that says this of its seat.
func (w *world) announcing(s wire.Serve) *miner.Miner {
	w.t.Helper()
	c := w.config(newMemory(), puppet{})
	c.Announce = func() wire.Serve { return s }
	m, err := miner.New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// reasons checks that the reasons begin so, one by one, and which are faults.
func reasons(t *testing.T, m *miner.Miner, what string, want ...string) {
	t.Helper()
	s := m.Status()
	if len(s.Reasons) != len(want) {
		t.Errorf("%s: got %q, want %q", what, s.Reasons, want)
		return
	}
	var faults []string
	for i, w := range want {
		text, fault := strings.CutPrefix(w, "FAULT ")
		if !strings.HasPrefix(s.Reasons[i], text) {
			t.Errorf("%s: got %q, want %q", what, s.Reasons[i], text)
		}
		if fault {
			faults = append(faults, s.Reasons[i])
		}
	}
	if !slices.Equal(s.Faults, faults) {
		t.Errorf("%s: faults %q, want %q", what, s.Faults, faults)
	}
}

// TestPayThatFallsIsToldUntilItRises: what the last epoch paid, beside the three
// before it. A miner that has just started knows those as well.
func TestPayThatFallsIsToldUntilItRises(t *testing.T) {
	w := newWorld(t)
	for e, amount := range map[protocol.Epoch]protocol.Amount{2: 10, 3: 10, 4: 10, 5: 9, 6: 6, 8: 5, 9: 12} {
		w.put(ledger.PaymentKey(e, w.seat.UID), &ledger.Payment{Seat: w.seat, Miner: amount * protocol.Unit})
	}
	for e := range protocol.Epoch(12) {
		w.ask(e, 1)
	}
	m := w.miner(newMemory(), puppet{})
	w.step(m, begin(6)) // epochs 2 to 5 are paid
	reasons(t, m, "a tenth less")
	if why := m.Status().Why; why != "earning: 9.000000000 in epoch 5" {
		t.Errorf("got %q", why)
	}
	again := w.miner(newMemory(), puppet{})
	w.step(again, begin(7))
	reasons(t, again, "a miner that starts with it", "pay fell: 6.000000000 in epoch 6, 9.666666666 an epoch in the 3 before")

	m = w.miner(newMemory(), puppet{})
	w.commit(m, 7)
	reasons(t, m, "a third less", "pay fell: 6.000000000 in epoch 6, 9.666666666 an epoch in the 3 before")
	w.commit(m, 8)
	reasons(t, m, "nothing", "pay stopped: nothing in epoch 7, 8.333333333 an epoch in the 3 before")
	w.commit(m, 9)
	reasons(t, m, "as much as of late")
	w.commit(m, 10)
	reasons(t, m, "more")
}

// TestLateRoundsAreToldForAWhile: one is told, three in a row are a fault, and
// what was mended is forgotten.
func TestLateRoundsAreToldForAWhile(t *testing.T) {
	w := newWorld(t)
	w.steady(16)
	m := w.miner(newMemory(), puppet{})
	w.commit(m, 3)
	w.late(m, 4)
	w.step(m, begin(5))
	reasons(t, m, "one late round", "late: 1 rounds without a commitment in time, 1 with one, in the last 3 epochs")
	w.late(m, 5)
	w.late(m, 6)
	w.step(m, begin(7))
	reasons(t, m, "three in a row", "FAULT late: the last 3 rounds had no commitment in time")
	w.commit(m, 7)
	w.step(m, begin(8))
	reasons(t, m, "one in time", "late: 1 rounds without a commitment in time, 1 with one")
	w.commit(m, 8)
	w.commit(m, 9)
	w.step(m, begin(10))
	reasons(t, m, "three in time")
}

// TestWhatJudgesSayIsTold: one wrong answer among many is no reason to say that
// nothing is amiss.
func TestWhatJudgesSayIsTold(t *testing.T) {
	w := newWorld(t)
	w.steady(8)
	judge := named(t, "judge")
	id := protocol.SeatID{UID: 9, Registered: 1}
	var all []wire.Card
	for slot, code := range []inference.Code{inference.CodeExact, inference.CodeExact, inference.CodeToken} {
		all = append(all, wire.Card{Judge: id, Round: round, Seat: w.seat, Slot: uint16(slot), Kind: inference.Kind, Finding: code.Finding(), Answer: protocol.Hash{1}, Body: said(code)})
	}
	leaves := w.opens(judge, all...)
	m := w.miner(newMemory(), puppet{})
	w.commit(m, 2)
	for slot := range all {
		c := &all[slot]
		c.Proof = wire.MerkleProof(leaves, slot)
		e, err := wire.Seal(judge, wire.DomainCard, chain, begin(2)+2, wire.Encode(c))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.OnCard(wire.Encode(e)); err != nil && !errors.Is(err, miner.ErrUnknown) {
			t.Fatal(err)
		}
	}
	w.commit(m, 3)
	reasons(t, m, "cards", "inexact: judges found 1 answers wrong and 2 exact")
	w.commit(m, 4)
	w.commit(m, 5)
	reasons(t, m, "three epochs on")
}

// TestAnAnnouncementThatIsNotOursIsTold: the ledger said what this process
// announces, and says something else now.
func TestAnAnnouncementThatIsNotOursIsTold(t *testing.T) {
	w := newWorld(t)
	w.steady(8)
	seat := ledger.Seat{ID: w.seat, Hotkey: w.hotkey.PublicKey(), Collateral: 10 * protocol.Unit, Offers: []wire.Offer{{Kind: inference.Kind, Capacity: 2}}}
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	m := w.announcing(wire.Serve{Offers: []wire.Offer{{Kind: inference.Kind, Capacity: 2}}})
	w.commit(m, 3)
	reasons(t, m, "as announced")
	seat.Offers[0].Capacity = 5
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	w.commit(m, 4)
	reasons(t, m, "another's", "another process announced other addresses or models for this hotkey in epoch 4: its home runs somewhere else, too")
	if len(w.submitted) == 0 {
		t.Error("it does not announce itself again")
	}
}
