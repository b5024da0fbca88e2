package validator_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// fiveAttest writes that five judges beside the validator attested all answers of
// the round, and has them asked: those that ask returns nothing for hang until
// nobody waits for them. It returns a validator that missed every opening.
func fiveAttest(t *testing.T, w *world, slots uint16, ask func(judge int, k wire.AnswerKey) []byte) *validator.Validator {
	t.Helper()
	var judges []signer
	for i := range 5 {
		judges = append(judges, named("attester "+string(rune('a'+i))))
	}
	cfg := w.config(newMemory())
	cfg.Evidence = func(ctx context.Context, holder protocol.PublicKey, k wire.AnswerKey) ([]byte, error) {
		judge := slices.IndexFunc(judges, func(s signer) bool { return s.PublicKey() == holder })
		if judge < 0 {
			t.Error("asked who holds nothing")
			return nil, nil
		}
		if raw := ask(judge, k); raw != nil {
			return raw, nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]int32, slots)
	for i := range first {
		first[i] = 5
	}
	for _, m := range w.makers {
		m.slots = slots
	}
	w.rosters(epoch)
	w.rosters(epoch + 1)
	w.drawTasks(round)
	for _, m := range w.makers {
		w.commit(m, round, start+6, first...)
	}
	for i, s := range judges {
		id := protocol.SeatID{UID: protocol.UID(3 + i), Registered: 1}
		w.put(ledger.RosterJudgeKey(epoch, id.UID), &ledger.RosterJudge{ID: id, Hotkey: s.PublicKey(), Stake: 5})
		w.put(ledger.AttestKey(round, id.UID), &ledger.AttestRecord{Seat: id, Bits: slices.Repeat([]byte{0xff}, 8)})
	}
	if err := w.tree.Remove(ledger.AttestKey(round, w.otherID.UID)); err != nil {
		t.Fatal(err)
	}
	w.drawDuties(round)
	w.step(v, given)
	return v
}

// TestWhoLiesAndHangsHoldsUpNoRound: one of five attesters gives false answers and
// hangs, by turns. All answers of the round are here within three seconds, and it
// counts.
func TestWhoLiesAndHangsHoldsUpNoRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var mu sync.Mutex
		lies := 0
		v := fiveAttest(t, w, 24, func(judge int, k wire.AnswerKey) []byte {
			mu.Lock()
			defer mu.Unlock()
			m := w.makers[k.UID-10]
			if judge != 0 {
				return w.opening(m, k.Slot, deadline, nil)
			}
			if lies++; lies%2 == 1 {
				return nil
			}
			return w.opening(m, k.Slot, deadline, func(a *wire.Answer) { a.Salt[0]++ })
		})
		begun := time.Now()
		w.work(v)
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
		if keys, err := v.Answers(round); err != nil || len(keys) != 48 {
			t.Errorf("%d answers are here, %v, want 48", len(keys), err)
		}
		w.step(v, sealFrom)
		if s, err := v.Weights(weighed); err != nil || !slices.Contains(s.Rounds, round) {
			t.Errorf("the round does not count: %+v, %v", s, err)
		}
	})
}

// TestAMinorityThatHoldsAnAnswerIsEnough while all others hang.
func TestAMinorityThatHoldsAnAnswerIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.makers = w.makers[:1]
		v := fiveAttest(t, w, 1, func(judge int, k wire.AnswerKey) []byte {
			if judge < 3 {
				return nil
			}
			return w.opening(w.makers[0], k.Slot, deadline, nil)
		})
		begun := time.Now()
		w.work(v)
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
		if a, err := v.Slot(wire.AnswerKey{Round: round, UID: 10}); err != nil || a == nil {
			t.Errorf("got %v, %v", a, err)
		}
	})
}

// TestWhatIsOutOfTimeIsNotAskedFor any more, though it waited since before.
func TestWhatIsOutOfTimeIsNotAskedFor(t *testing.T) {
	for _, at := range []protocol.Height{cardEnd, cardEnd + 1} {
		w := newWorld(t)
		asked := 0
		w.evidence = func(wire.AnswerKey) ([]byte, error) { asked++; return nil, nil }
		v := w.validator(newMemory())
		w.commitFirst()
		w.drawDuties(round)
		w.step(v, given)
		w.step(v, at)
		w.work(v)
		if want := int(cardEnd + 1 - at); asked != want {
			t.Errorf("height %d, in time until %d: asked %d times, want %d", at, cardEnd, asked, want)
		}
	}
}
