package validator_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/validator"
	"github.com/assaynet/assay/validator/record"
)

// closed is the first height at which the scores of the epoch are final.
const closed = start + 40

// finals returns what is counted of the epoch, as text, with what the ledger of
// the world says.
func finals(w *world, v *validator.Validator) (text string, final bool) {
	w.t.Helper()
	list, final, err := v.Finals(w.tree, weighed)
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprintf("%+v", list), final
}

// counts plays the epoch of a network in which 10 is honest and 11 is not, both
// judges say so, and returns what is final of it.
func counts(w *world, v *validator.Validator) string {
	w.t.Helper()
	toOpenings(w.t, w, v, 666)
	w.judgeAll(v)
	theirs := w.truths()
	w.settle(v)
	for _, c := range theirs {
		w.take(v.OnCard(w.t.Context(), w.card(sealEnd, c)))
	}
	w.step(v, sealFrom)
	w.step(v, closed)
	text, final := finals(w, v)
	if !final {
		w.t.Fatal("not final")
	}
	return text
}

// forgetful removes what the ledger forgets after the retention, and gives the
// seats to others.
func (w *world) forgetful() {
	w.tree = new(ledger.MemTree)
	for _, m := range w.makers {
		w.put(ledger.SeatKey(m.id.UID), &ledger.Seat{ID: protocol.SeatID{UID: m.id.UID, Registered: 99}, Hotkey: named("new").PublicKey()})
	}
}

func TestFinalScoresOutliveTheirEvidence(t *testing.T) {
	w := newWorld(t)
	w.p.Tasks.Retention = 4
	s := newMemory()
	v := w.validator(s)
	want := counts(w, v)
	list, _, err := v.Finals(w.tree, weighed)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range []record.Final{{Exact: 1}, {Inexact: 1}} {
		m := w.makers[i]
		x.Seat, x.Kind, x.Hotkey, x.Tasks = m.id, inference.Kind, m.PublicKey(), []protocol.TaskID{m.sealed.Tasks[0].ID}
		if got := fmt.Sprintf("%+v", list[i]); got != fmt.Sprintf("%+v", x) {
			t.Errorf("got %s, want %+v", got, x)
		}
	}
	w.forgetful()
	for e := weighed + 2; e < weighed+12; e++ {
		w.step(v, w.p.Schedule.EpochStart(e)+3)
		if got, final := finals(w, v); got != want || !final {
			t.Errorf("in epoch %d: got %s, final %v, want %s", e, got, final, want)
		}
	}
	if keys, err := v.Answers(round); err != nil || len(keys) != 0 {
		t.Errorf("the evidence is still there: %v, %v", keys, err)
	}
	if got, final := finals(w, w.validator(s.clone())); got != want || !final {
		t.Errorf("after a restart: got %s, final %v", got, final)
	}
}

func TestScoresAreNotFinalWhileCardsMayCome(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 666)
	w.openAll(v)
	w.drawDuties(round)
	theirs := w.truths()
	w.step(v, cardEnd)
	w.take(v.OnCard(t.Context(), w.card(cardEnd, theirs[0])))
	w.step(v, sealFrom)
	some, final := finals(w, v)
	if final {
		t.Error("final when the weights are sealed")
	}
	w.step(v, closed)
	if got, final := finals(w, v); !final || got != some {
		t.Errorf("got %s, final %v, want %s", got, final, some)
	}
	if err := v.OnCard(t.Context(), w.card(closed, theirs[1])); !errors.Is(err, validator.ErrLate) {
		t.Errorf("a card after the end: got %v", err)
	}
	w.step(v, closed+1)
	if got, _ := finals(w, v); got != some {
		t.Errorf("afterwards: got %s, want %s", got, some)
	}
}

// It is stopped before scores are final, and comes back when the network has
// long forgotten everything: it counts what it has before it prunes.
func TestAValidatorThatWasStoppedTooLongCountsBeforeItPrunes(t *testing.T) {
	w := newWorld(t)
	w.p.Tasks.Retention = 4
	want := counts(w, w.validator(newMemory()))

	w = newWorld(t)
	w.p.Tasks.Retention = 4
	s := newMemory()
	v := w.validator(s)
	toOpenings(t, w, v, 666)
	w.judgeAll(v)
	theirs := w.truths()
	w.settle(v)
	for _, c := range theirs {
		w.take(v.OnCard(t.Context(), w.card(sealEnd, c)))
	}
	w.step(v, sealFrom)
	w.forgetful()
	again := w.validator(s.clone())
	w.step(again, w.p.Schedule.EpochStart(epoch+40)+5)
	if got, final := finals(w, again); got != want || !final {
		t.Errorf("got %s, final %v, want %s", got, final, want)
	}
	if keys, err := again.Answers(round); err != nil || len(keys) != 0 {
		t.Errorf("the evidence is still there: %v, %v", keys, err)
	}
}

// From every write on, a process that dies and one that follows end with the
// same final scores, and no step in between shows others as final.
func TestFinalScoresAreTheSameAfterAKillAtAnyWrite(t *testing.T) {
	var copies []*memory
	w := newWorld(t)
	s := newMemory()
	s.after = func(m *memory) { copies = append(copies, m) }
	want := counts(w, w.validator(s))
	if len(copies) < 8 {
		t.Fatalf("%d writes", len(copies))
	}
	for i, snapshot := range copies {
		again := newWorld(t)
		v := again.validator(snapshot)
		toOpenings(t, again, v, 666)
		for _, m := range again.makers {
			if err := v.OnAnswer(t.Context(), again.opening(m, 0, deadline, nil)); err != nil && !errors.Is(err, validator.ErrDuplicate) {
				t.Fatal(err)
			}
		}
		again.drawDuties(round)
		again.step(v, deadline+2)
		again.work(v)
		theirs := again.truths()
		again.settle(v)
		for _, c := range theirs {
			if err := v.OnCard(t.Context(), again.card(sealEnd, c)); err != nil && !errors.Is(err, validator.ErrDuplicate) {
				t.Fatal(err)
			}
		}
		again.step(v, sealFrom)
		if got, final := finals(again, v); final && got != want {
			t.Errorf("killed after write %d: shown as final %s", i+1, got)
		}
		again.step(v, closed)
		if got, final := finals(again, v); got != want || !final {
			t.Errorf("killed after write %d: got %s, final %v, want %s", i+1, got, final, want)
		}
	}
}

// A program that replays old heights over a database that has finals leaves them.
func TestFinalScoresAreNotCountedAgain(t *testing.T) {
	w := newWorld(t)
	s := newMemory()
	want := counts(w, w.validator(s))
	poor := newMemory() // the finals, and no evidence of them
	for k, b := range s.rows {
		for _, table := range []string{"validator-finals", "validator-closed", "validator-epochs", "validator-scores", "validator-marks"} {
			if len(k) > len(table) && k[:len(table)+1] == table+"\x00" {
				poor.rows[k] = b
			}
		}
	}
	v := w.validator(poor)
	for h := start; h < start+60; h++ {
		w.step(v, h)
	}
	if got, final := finals(w, v); got != want || !final {
		t.Errorf("got %s, final %v, want %s", got, final, want)
	}
}

// A database of a program that wrote no finals: what is surely there is counted,
// what was pruned is not shown as if nothing had been.
func TestScoresOfAnOldDatabaseAreFinalOrGone(t *testing.T) {
	old := func(w *world) *memory {
		s := newMemory()
		counts(w, w.validator(s))
		for k := range s.rows {
			for _, table := range []string{"validator-finals", "validator-closed", "validator-marks"} {
				if len(k) > len(table) && k[:len(table)+1] == table+"\x00" {
					delete(s.rows, k)
				}
			}
		}
		return s
	}
	w := newWorld(t)
	w.p.Tasks.Retention = 4
	v := w.validator(old(w))
	w.step(v, w.p.Schedule.EpochStart(weighed+3)+3)
	if text, final := finals(w, v); !final || len(text) < 100 {
		t.Errorf("evidence is there: got %s, final %v", text, final)
	}
	w = newWorld(t)
	w.p.Tasks.Retention = 4
	v = w.validator(old(w))
	w.step(v, w.p.Schedule.EpochStart(weighed+4)+3) // the epoch before the scores' own was pruned
	if page, _, err := v.Scores(weighed, 0, 10); err != nil || len(page) != 0 {
		t.Errorf("evidence may be gone: got %+v, %v", page, err)
	}
	if _, err := v.OldestScores(); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("oldest: %v", err)
	}
}

// TestFinalScoresStay reads them after a century, from the one record that is left.
func TestFinalScoresStay(t *testing.T) {
	w := newWorld(t)
	s := newMemory()
	v := w.validator(s)
	want := counts(w, v)
	page, _, err := v.Scores(weighed, 0, 10)
	if err != nil || len(page) == 0 {
		t.Fatalf("%+v, %v", page, err)
	}
	made, err := v.Weights(weighed)
	if err != nil {
		t.Fatal(err)
	}
	for _, later := range []protocol.Epoch{4096, 4097, 500_000} {
		w.step(v, w.p.Schedule.EpochStart(weighed+later))
		for what, v := range map[string]*validator.Validator{"goes on": v, "opens it": w.validator(s.clone())} {
			if got, final := finals(w, v); got != want || !final {
				t.Errorf("who %s after %d epochs: got %s, final %v, want %s", what, later, got, final, want)
			}
			if got, _, err := v.Scores(weighed, 0, 10); err != nil || !reflect.DeepEqual(got, page) {
				t.Errorf("who %s after %d epochs: scores %+v, %v, want %+v", what, later, got, err, page)
			}
			if got, err := v.Weights(weighed); err != nil || !reflect.DeepEqual(got, made) {
				t.Errorf("who %s after %d epochs: weights %+v, %v, want %+v", what, later, got, err, made)
			}
			if e, err := v.OldestScores(); err != nil || e != weighed {
				t.Errorf("who %s after %d epochs: oldest %d, %v", what, later, e, err)
			}
		}
	}
	for k := range s.rows {
		for _, table := range []string{"validator-scores", "validator-finals", "validator-closed"} {
			if strings.HasPrefix(k, table+"\x00") {
				t.Errorf("a row of %s is left", table)
			}
		}
	}
}

func TestAScoreNamesTasksOfItsSeatAlone(t *testing.T) {
	w := newWorld(t)
	w.makers[0].slots = 4
	v := w.validator(newMemory())
	w.rosters(epoch)
	w.rosters(weighed)
	w.drawTasks(round)
	w.step(v, start+4)
	w.commit(w.makers[0], round, start+6, 5, 5, 5, 5)
	w.commit(w.makers[1], round, start+6, 5)
	w.step(v, deadline)
	w.openAll(v)
	w.step(v, sealFrom)
	list, _, err := v.Finals(w.tree, weighed)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range w.makers {
		var want []protocol.TaskID
		for _, task := range m.sealed.Tasks {
			want = append(want, task.ID)
		}
		if !slices.Equal(list[i].Tasks, want) {
			t.Errorf("seat %d: got %v, want %v", m.id.UID, list[i].Tasks, want)
		}
	}
}
