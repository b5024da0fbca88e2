package validator_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// The other judge copied a root, and invented one; its findings are right all the
// same. It is told, and nothing else.
func TestACardWithoutARunIsTold(t *testing.T) {
	w := newWorld(t)
	w.metrics = prometheus.NewRegistry()
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.judgeAll(v)
	w.settle(v)
	invented := w.trueCard(w.makers[0])
	w.resay(&invented, func(b *inference.Card) { b.Root = protocol.Hash{7} })
	copied := w.trueCard(w.makers[1])
	w.resay(&copied, func(b *inference.Card) { b.Root = w.said(w.cards()[1]).Root }) // ours, in the other's card
	theirs := w.theirs(invented, copied)
	w.step(v, sealEnd+2)
	for _, c := range theirs {
		w.take(v.OnCard(t.Context(), w.card(sealEnd, c)))
	}
	if got := w.falseCards(); got != 2 {
		t.Errorf("%v false cards are told, want 2", got)
	}
}

// falseCards returns how many false cards were counted.
func (w *world) falseCards() float64 {
	w.t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "assay_validator_false_cards_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return 0
}

// A duty of which the answer could not be had in time is left empty, and the rest
// is sealed two blocks before that is due.
func TestWhatCouldNotBeJudgedInTimeIsLeftEmpty(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.take(v.OnAnswer(t.Context(), w.opening(w.makers[1], 0, deadline, nil)))
	w.drawDuties(round)
	for h := deadline + 2; h < sealEnd-2; h++ {
		w.step(v, h)
		w.work(v)
	}
	if len(sent[*wire.SealCards](w)) != 0 {
		t.Fatal("sealed before it is time, and not all is judged")
	}
	w.step(v, sealEnd-2)
	w.work(v)
	if len(sent[*wire.SealCards](w)) != 1 {
		t.Fatal("not sealed when it is time")
	}
	w.evidence = func(wire.AnswerKey) ([]byte, error) { return w.opening(w.makers[0], 0, deadline, nil), nil }
	for h := sealEnd - 1; h <= sealEnd+1; h++ { // too late
		w.step(v, h)
		w.work(v)
	}
	if found := sent[*wire.OpenCards](w); len(found) != 1 || !bytes.Equal(found[0].Findings, []byte{wire.FoundNothing, wire.FoundPassed}) || len(found[0].Shown) != 1 {
		t.Errorf("opened %+v", found)
	}
	if cards := w.cards(); len(cards) != 1 || cards[0].Seat != w.makers[1].id || len(cards[0].Proof) != 0 {
		t.Errorf("published %+v", cards)
	}
}

// A judge that would not see all of its duties waits: one more may be drawn up to a
// lane window before seals are due.
func TestNothingIsSealedWhileDutiesMayBeDrawn(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.judgeAll(v)
	seeds, _, err := ledger.ReadRound(w.tree, round)
	if err != nil {
		t.Fatal(err)
	}
	seeds.DutySeed = protocol.Hash{} // as if those of the round were of an earlier one
	w.put(ledger.RoundKey(round), &seeds)
	last := w.p.LastDraw(epoch)
	for h := over; h < last; h++ {
		w.step(v, h)
	}
	if len(sent[*wire.SealCards](w)) != 0 {
		t.Fatal("sealed while duties may be drawn")
	}
	w.step(v, last)
	if len(sent[*wire.SealCards](w)) != 1 {
		t.Error("not sealed when no duty can be drawn any more")
	}
}

// The hotkey is swapped after the epoch in which it judged. The new one's process,
// in the same home, seals and opens what was found, and sends the cards by the key
// that judged; without that key they stay.
func TestTheNewHotkeySendsTheCardsOfTheFormer(t *testing.T) {
	for _, there := range []bool{true, false} {
		w := newWorld(t)
		home := newMemory()
		v := w.validator(home)
		toOpenings(t, w, v, 5)
		w.judgeAll(v)

		next := named("next")
		w.put(ledger.SeatKey(w.seat.UID), &ledger.Seat{ID: w.seat, Hotkey: next.PublicKey(), Pool: w.self.PublicKey(), Permit: true})
		w.put(ledger.HotkeyKey(next.PublicKey()), &w.seat.UID)
		w.put(ledger.HotkeyNowKey(w.self.PublicKey()), next.PublicKey())
		if err := w.tree.Remove(ledger.HotkeyKey(w.self.PublicKey())); err != nil {
			t.Fatal(err)
		}
		cfg := w.config(home)
		cfg.Hotkey = next
		if there {
			cfg.Former = w.self
		}
		v, err := validator.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		w.settle(v)
		if said, ok, err := ledger.ReadCards(w.tree, epoch, w.seat.UID); err != nil || !ok || !said.Opened() {
			t.Fatalf("got %+v, %v, want it opened", said, err)
		}
		want := 0
		if there {
			want = len(w.makers)
		}
		if len(w.published) != want {
			t.Fatalf("former key here: %v: %d cards left, want %d", there, len(w.published), want)
		}
		for _, raw := range w.published {
			if c, err := wire.OpenCard(raw, chain); err != nil || c.Sender != w.self.PublicKey() {
				t.Errorf("got %+v, %v, want it signed by who judged", c, err)
			}
		}
	}
}

// Of more cards than fit a transaction the ones that the beacon picks are shown,
// when it is known.
func TestOfManyCardsThoseAreShownThatTheBeaconPicks(t *testing.T) {
	w := newWorld(t)
	const slots = 200
	for _, m := range w.makers {
		m.slots = slots
	}
	v := w.validator(newMemory())
	w.rosters(epoch)
	w.drawTasks(round)
	w.step(v, start+4)
	for _, m := range w.makers {
		w.commit(m, round, start+6, slices.Repeat([]int32{5}, slots)...)
	}
	w.step(v, deadline)
	w.openAll(v)
	w.drawAll(round)
	w.step(v, deadline+2)
	w.work(v)
	w.settle(v)
	if got := sent[*wire.OpenCards](w); len(got) != 0 {
		t.Fatalf("opened %d cards before the beacon is known", len(got[0].Shown))
	}
	beacon := protocol.Hash{4}
	w.put(ledger.BeaconKey(sealEnd+1), &ledger.BeaconRecord{Beacon: beacon})
	w.step(v, sealEnd+2)
	found := sent[*wire.OpenCards](w)
	if len(found) != 1 || !found[0].Full() || len(found[0].Shown) >= 2*slots {
		t.Fatalf("opened %+v", found)
	}
	if err := found[0].Check(); err != nil {
		t.Fatal(err)
	}
	first := ledger.PickCard(beacon, w.seat, 2*slots)
	for i := range found[0].Shown {
		c := &found[0].Shown[i]
		leaf := (first + i) % (2 * slots)
		if !wire.MerkleVerify(found[0].Root, c.Leaf(w.self.PublicKey()), leaf, 2*slots, c.Proof) {
			t.Fatalf("card %d is not leaf %d", i, leaf)
		}
	}
	w.step(v, sealEnd+3)
	if len(w.published) != 2*slots {
		t.Errorf("%d cards left, want all", len(w.published))
	}
}
