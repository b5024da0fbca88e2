package miner_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/ledger"
)

// TestEachEpochIsOneLine: what it paid, against the one before, and why: two seats
// came, and the share of this one halved.
func TestEachEpochIsOneLine(t *testing.T) {
	w := newWorld(t)
	w.steady(4)
	for e, seats := range map[protocol.Epoch]uint32{5: 4, 6: 6} {
		share := uint16(32768)
		if e == 6 {
			share /= 2
		}
		w.put(ledger.PaymentKey(e, w.seat.UID), &ledger.Payment{Seat: w.seat, Incentive: share, Miner: protocol.Amount(share) * 100_000})
		w.put(ledger.EpochKey(e), &ledger.EpochRecord{Epoch: e, Miners: 65535 * 100_000, Seats: seats})
	}
	var log bytes.Buffer
	c := w.config(newMemory(), puppet{})
	c.Logger = zerolog.New(&log)
	m, err := miner.New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.step(m, begin(6))
	w.step(m, begin(7))
	w.step(m, begin(7)+1) // says nothing again
	var lines []string
	for line := range strings.Lines(log.String()) {
		var l struct{ Level, Message string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(l.Message, "epoch ") {
			lines = append(lines, l.Message)
		}
	}
	want := []string{"epoch 5: paid 3.2768", "epoch 6: paid 1.6384, −1.6384: 2 new seats"}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got %q\nwant %q", lines, want)
	}
	s := m.Status()
	newest := s.Pays[len(s.Pays)-1]
	if wantPay := (miner.Pay{Epoch: 6, Paid: 1_638_400_000, Change: "−1.6384", Causes: []earning.Cause{{Reason: earning.ReasonOthers, Text: "2 new seats"}}}); !reflect.DeepEqual(newest, wantPay) {
		t.Errorf("got %+v, want %+v", newest, wantPay)
	}
}

// TestWhatComesNextIsSaid: the deadlines of a round that asks, and the end of the
// round, which is the epoch's here.
func TestWhatComesNextIsSaid(t *testing.T) {
	w := newWorld(t)
	w.steady(4)
	m := w.miner(newMemory(), puppet{})
	for _, tc := range []struct {
		at   protocol.Height
		want miner.Event
	}{
		{begin(3), miner.Event{What: "the commitment of round 3 is due", Height: begin(3) + 10}},
		{begin(3) + 10, miner.Event{What: "the answers of round 3 are due", Height: begin(3) + 13}},
		{begin(4) - 1, miner.Event{What: "round 4 begins", Height: begin(4)}},
	} {
		w.draw(protocol.Round(3))
		w.step(m, tc.at)
		if got := m.Status().Next; got != tc.want {
			t.Errorf("at %d: got %+v, want %+v", tc.at, got, tc.want)
		}
	}
}
