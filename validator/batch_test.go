package validator_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
	"github.com/assaynet/assay/validator/record"
)

// drawAll writes that the validator under test judges every slot.
func (w *world) drawAll(n protocol.Round) {
	w.drawDuties(n)
	for _, m := range w.makers {
		var r ledger.DutyRecord
		for slot := range m.slots {
			r.Duties = append(r.Duties, ledger.Duty{Slot: slot, Judge: w.seat})
		}
		w.put(ledger.DutyKey(n, m.id.UID), &r)
	}
	var slots []uint16
	for slot := range w.makers[0].slots {
		slots = append(slots, slot)
	}
	w.drawn(n, w.seat, slots...)
}

// slow needs a second for each answer, of a clock that stands still while
// anybody computes.
type slow struct {
	puppet
	busy, most int
}

func (s *slow) Judge(ctx context.Context, t *wire.Task, by protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	s.mu.Lock()
	s.busy++
	s.most = max(s.most, s.busy)
	s.mu.Unlock()
	time.Sleep(time.Second)
	s.mu.Lock()
	s.busy--
	s.mu.Unlock()
	return s.puppet.Judge(ctx, t, by, answer)
}

func TestAnswersThatWaitAreJudgedSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slots = 10
		w := newWorld(t)
		judge := &slow{}
		cfg := w.config(newMemory())
		cfg.Judges = []validator.Judge{judge}
		v, err := validator.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range w.makers {
			m.slots = slots
		}
		w.rosters(epoch)
		w.drawTasks(round)
		w.step(v, start+4)
		for _, m := range w.makers {
			w.commit(m, round, start+6, 5, 5, 5, 666, 5, 5, 5, 5, 5, 5)
		}
		w.step(v, deadline)
		w.openAll(v)
		w.drawAll(round)
		w.step(v, deadline+2)
		began := time.Now()
		w.work(v)
		if took := time.Since(began); took != 2*time.Second || judge.most != 16 || judge.runs != 2*slots {
			t.Errorf("%d runs of a second took %s, %d at once; want 20, 2s, 16", judge.runs, took, judge.most)
		}
		if len(w.published) > 0 {
			t.Errorf("%d cards left before anything was sealed", len(w.published))
		}
		w.settle(v)
		cards := w.cards()
		if len(cards) != 2*slots {
			t.Fatalf("%d cards, want %d", len(cards), 2*slots)
		}
		for i, c := range cards {
			want := wire.FindingPassed
			if i%slots == 3 {
				want = wire.FindingFalse
			}
			if c.Seat != w.makers[i/slots].id || int(c.Slot) != i%slots || c.Finding != want {
				t.Errorf("card %d: got %+v, want %s", i, c, want)
			}
		}
	})
}

// cheats are answers of cheating and of honest miners, by slot.
var cheats = []deed{
	{name: "honest"},
	{name: "altered weights", model: 1},
	{name: "another token", twist: func(r *inference.Result) { r.Output[1] = (r.Output[1] + 1) % 200 }},
	{name: "honest again"},
	{name: "invented leaf", twist: func(r *inference.Result) { r.Leaves[2][0]++; r.Fingerprint = wire.MerkleRoot(r.Leaves) }},
	{name: "another's fingerprint", by: 1},
	{name: "unreadable"},
	{name: "nothing", twist: func(r *inference.Result) { *r = inference.Result{Finish: "length", Fingerprint: wire.MerkleRoot(nil)} }},
}

const unreadable = 6 // of cheats

// spoil makes the stored envelope of an answer unreadable.
func (w *world) spoil(s *memory, k wire.AnswerKey) {
	w.t.Helper()
	row := "validator-envelopes\x00" + string(k.Bytes())
	if s.rows[row] == nil {
		w.t.Fatal("the answer is not there")
	}
	s.rows[row] = []byte("unreadable")
}

// restarted returns a validator on the store of one that ran models.
func (w *world) restarted(t *testing.T, s *memory) *validator.Validator {
	t.Helper()
	cfg := w.config(s)
	cfg.Judges = []validator.Judge{scoring.NewInference(bridge.Model{Model: openModel(t, 1)})}
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerdictsOfABatchAreThoseOfLoneRuns(t *testing.T) {
	store := newMemory()
	w, _ := modelWorld(t, store, cheats, cheats)
	w.spoil(store, wire.AnswerKey{Round: round, UID: 10, Slot: unreadable})
	v := w.restarted(t, store) // which knows answers by their bytes alone
	w.drawAll(round)
	w.step(v, deadline+2)
	if err := v.Work(t.Context()); !errors.Is(err, record.ErrCorrupt) {
		t.Fatalf("got %v, want ErrRecord of the unreadable answer", err)
	}
	w.settle(v)
	lone := scoring.NewInference(bridge.Model{Model: openModel(t, 1)})
	for _, m := range w.makers {
		for slot, c := range cheats {
			view, err := v.Slot(wire.AnswerKey{Round: round, UID: m.id.UID, Slot: uint16(slot)})
			if err != nil {
				t.Fatal(err)
			}
			if m.id.UID == 10 && slot == unreadable {
				if view.Judgement != nil || len(view.Cards) != 0 {
					t.Errorf("an unreadable answer was judged %+v", view.Judgement)
				}
				continue
			}
			want, err := lone.Judge(t.Context(), &m.sealed.Tasks[slot], m.PublicKey(), m.sealed.Answers[slot])
			if err != nil {
				t.Fatal(err)
			}
			if view.Judgement == nil || len(view.Cards) != 1 || !view.Cards[0].Own {
				t.Fatalf("seat %d, %s: judgement %v, %d cards", m.id.UID, c.name, view.Judgement, len(view.Cards))
			}
			if got := &view.Judgement.Outcome; !sameOutcome(got, &want) {
				t.Errorf("seat %d, %s: found %s, alone %s", m.id.UID, c.name, got.Finding, want.Finding)
			}
			if honest := slot == 0 || slot == 3 || slot == unreadable; want.Passed() != honest {
				t.Errorf("seat %d, %s: found %s", m.id.UID, c.name, want.Finding)
			}
		}
	}
}

// sameOutcome compares what is recorded of two outcomes.
func sameOutcome(a, b *scoring.Outcome) bool {
	return bytes.Equal(wire.Encode(a), wire.Encode(b))
}
