package miner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// accused is a world in which the seat gave two answers in epoch 2.
func accused(t *testing.T, s *memory) (*world, *miner.Miner, *prometheus.Registry) {
	t.Helper()
	w, r := newWorld(t), prometheus.NewRegistry()
	w.p = w.p.WithVerdicts()
	cfg := w.config(s, puppet{})
	cfg.Metrics = r
	m, err := miner.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	given := ledger.GivenRecord{Seat: w.seat}
	given.Slots.Set(0)
	given.Slots.Set(3)
	w.put(ledger.GivenKey(round, w.seat.UID), &given)
	return w, m, r
}

// held returns what the miner's metrics say is held.
func held(t *testing.T, r *prometheus.Registry) protocol.Amount {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "assay_miner_held" {
			return protocol.Amount(f.GetMetric()[0].GetGauge().GetValue())
		}
	}
	t.Fatal("no metric says what is held")
	return 0
}

// An answer is challenged by judge 2 and found false: the status says from the
// block of the challenge on by whom, what it could lose, what is held until when,
// and what was lost; also a process that starts when it is over.
func TestAnAccusedMinerIsToldWhatItLosesAndWhy(t *testing.T) {
	w, m, r := accused(t, newMemory())
	at := w.p.Schedule.EpochStart(3) + 15
	w.step(m, at)
	if s := m.Status(); len(s.Trials) > 0 {
		t.Fatalf("before anything is challenged: %q", s.Trials)
	}
	c := ledger.ChallengeRecord{
		Case: wire.Case{Round: round, UID: w.seat.UID, Slot: 3, Accused: w.seat.UID}, Accused: w.seat, Judge: protocol.SeatID{UID: 2},
		Posted: at + 1, Stage: ledger.StageVoting, Due: at + 12,
	}
	w.put(ledger.DocketKey(3), &ledger.Docket{Posted: []protocol.SeatID{{UID: 2}}})
	burned := c
	for _, at := range []struct {
		change func()
		says   []string
		held   protocol.Amount
		fault  bool
	}{
		{func() {}, []string{"slot 3 of seat 5 in round 2 is challenged by judge 2: voting, goes on in block 87", "would cost all collateral, 10"}, 0, false},
		{func() { c.Stage, c.Convicted, c.Held, c.Due = ledger.StageGuilty, 87, 10*protocol.Unit, 107 }, []string{"found false", "10.000000000 is held, and burned in block 107", "assay tx appeal"}, 10 * protocol.Unit, true},
		{func() { c.Stage, c.Appealed = ledger.StageCalled, true }, []string{"appealed", "10.000000000 is held until then"}, 10 * protocol.Unit, true},
		{func() { c.Stage = ledger.StageBurned; burned = c }, []string{"found false", "10.000000000 was lost"}, 0, true},
	} {
		at.change()
		w.put(ledger.ChallengeKey(c.Case), &c)
		w.step(m, w.p.Schedule.EpochStart(3)+16)
		s := m.Status()
		text := strings.Join(s.Reasons, "\n")
		for _, part := range at.says {
			if len(s.Trials) != 1 || !strings.Contains(s.Trials[0], part) || !strings.Contains(text, part) {
				t.Errorf("%s: %q lacks %q, in %q", c.Stage, s.Trials, part, s.Reasons)
			}
		}
		if s.Held != at.held || held(t, r) != at.held || slices.ContainsFunc(s.Faults, func(f string) bool { return strings.Contains(f, "slot 3") }) != at.fault {
			t.Errorf("%s: %s is held, want %s; faults %q", c.Stage, s.Held, at.held, s.Faults)
		}
	}
	for stage, want := range map[ledger.Stage]string{ledger.StageBurned: "was lost", ledger.StageFreed: "by judge 2 in block 76: freed"} {
		w, m, _ = accused(t, newMemory())
		burned.Stage = stage
		w.put(ledger.DocketKey(3), &ledger.Docket{Posted: []protocol.SeatID{{UID: 2}}})
		w.put(ledger.ChallengeKey(burned.Case), &burned)
		w.step(m, w.p.Schedule.EpochStart(6))
		if s := m.Status(); len(s.Trials) != 1 || !strings.Contains(s.Trials[0], want) {
			t.Errorf("a process that starts afterwards says %q", s.Trials)
		} else if told := strings.Contains(strings.Join(s.Reasons, "\n"), "slot 3"); told != (stage == ledger.StageBurned) {
			t.Errorf("%s: the reasons %q name it: %t", stage, s.Reasons, told)
		}
	}
}

// A seat that gave more answers than are looked up in a block is told of a
// challenge of the last of them in one of the next, though others are challenged
// in each; and of one that was posted in the last block of an epoch, which it did
// not see.
func TestNoChallengeIsOverlooked(t *testing.T) {
	w, m, _ := accused(t, newMemory())
	given := ledger.GivenRecord{Seat: w.seat}
	for slot := range 150 {
		given.Slots.Set(slot)
	}
	w.put(ledger.GivenKey(round, w.seat.UID), &given)
	challenge := func(slot uint16) {
		c := ledger.ChallengeRecord{
			Case: wire.Case{Round: round, UID: w.seat.UID, Slot: slot, Accused: w.seat.UID}, Accused: w.seat, Judge: protocol.SeatID{UID: 2},
			Stage: ledger.StageCalled, Due: w.p.Schedule.EpochStart(4) + 1,
		}
		w.put(ledger.ChallengeKey(c.Case), &c)
	}
	docket := ledger.Docket{}
	told := func(at protocol.Height) int {
		w.step(m, at)
		return len(m.Status().Trials)
	}
	at := w.p.Schedule.EpochStart(3) + 15
	challenge(149)
	var got []int
	for i := range protocol.Height(3) {
		docket.Posted = append(docket.Posted, protocol.SeatID{UID: protocol.UID(2 + i)})
		w.put(ledger.DocketKey(3), &docket)
		got = append(got, told(at+i))
	}
	if !slices.Equal(got, []int{0, 0, 1}) {
		t.Errorf("in three blocks it knows of %v challenges", got)
	}
	for range 3 {
		told(at + 3)
	}
	challenge(7)
	docket.Posted = append(docket.Posted, protocol.SeatID{UID: 9})
	w.put(ledger.DocketKey(3), &docket)
	n := 0
	for i := range protocol.Height(3) {
		n = told(w.p.Schedule.EpochStart(4) + i)
	}
	if n != 2 {
		t.Errorf("in the next epoch it knows of %d challenges, want 2", n)
	}
}
