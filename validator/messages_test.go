package validator_test

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

func TestAnAnswerThatIsEarlyIsHeldAndNotLost(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	w.commitFirst()
	raw := w.opening(w.makers[0], 0, deadline, nil)
	if err := v.OnAnswer(t.Context(), raw); !errors.Is(err, validator.ErrEarly) {
		t.Fatalf("before the first block: got %v, want ErrEarly", err)
	}
	w.step(v, deadline-2)
	w.step(v, deadline-1)
	if err := v.OnAnswer(t.Context(), raw); !errors.Is(err, validator.ErrEarly) {
		t.Fatalf("before the deadline: got %v, want ErrEarly", err)
	}
	if held := v.Status().Held; held != 1 {
		t.Errorf("%d held, want one message once", held)
	}
	w.step(v, deadline)
	if _, err := v.Slot(wire.AnswerKey{Round: round, UID: 10}); err != nil {
		t.Errorf("the early answer was lost: %v", err)
	}
	if held := v.Status().Held; held != 0 {
		t.Errorf("%d still held", held)
	}
}

func TestAStrangersAnswerIsNotHeld(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	w.commitFirst()
	w.step(v, start+4)
	a, err := w.makers[0].sealed.Opening(kinds.All(), chain, w.makers[0].PublicKey(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.OnAnswer(t.Context(), w.seal(named("stranger"), wire.DomainAnswer, chain, start, a)); !errors.Is(err, validator.ErrNoSeat) {
		t.Errorf("got %v, want ErrNoSeat", err)
	}
	w.step(v, start+2) // nine blocks before the deadline nobody's answer is held
	if err := v.OnAnswer(t.Context(), w.opening(w.makers[0], 0, start, nil)); !errors.Is(err, validator.ErrWindow) {
		t.Errorf("got %v, want ErrWindow", err)
	}
}

func TestWhatIsHeldOutlastsSeveralBlocksAndNoMore(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	w.commitFirst()
	w.step(v, start+4)
	if err := v.OnAnswer(t.Context(), w.opening(w.makers[0], 0, start+4, nil)); !errors.Is(err, validator.ErrEarly) {
		t.Fatal(err)
	}
	for i := range 9 {
		if held := v.Status().Held; held != 1 {
			t.Errorf("after %d blocks: %d held", i, held)
		}
		w.step(v, start+5)
	}
	if held := v.Status().Held; held != 0 {
		t.Errorf("still held")
	}
}

func TestOneSenderCannotFillTheRoomForEarlyMessages(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	w.commitFirst()
	w.step(v, start+4)
	full := 0
	for i := range 80 {
		if errors.Is(v.OnAnswer(t.Context(), w.opening(w.makers[0], 0, deadline, func(a *wire.Answer) { a.Salt[31] = byte(i) })), validator.ErrFull) {
			full++
		}
	}
	if full != 16 {
		t.Errorf("%d of 80 refused, want 16", full)
	}
	w.commit(w.makers[1], round, start+6, 5)
	if err := v.OnAnswer(t.Context(), w.opening(w.makers[1], 0, deadline, nil)); errors.Is(err, validator.ErrFull) {
		t.Error("no room for another sender")
	}
}

func TestAnswersAreRefusedForOneReasonEach(t *testing.T) {
	for name, c := range map[string]struct {
		head protocol.Height
		make func(w *world, v *validator.Validator) []byte
		want error
	}{
		"late": {openEnd + 1, func(w *world, _ *validator.Validator) []byte { return w.opening(w.makers[0], 0, openEnd, nil) }, validator.ErrLate},
		"far future round": {deadline, func(w *world, _ *validator.Validator) []byte {
			return w.opening(w.makers[0], 0, deadline, func(a *wire.Answer) { a.Round += 9 })
		}, validator.ErrWindow},
		"for a round that has not begun": {deadline, func(w *world, _ *validator.Validator) []byte {
			return w.opening(w.makers[0], 0, deadline, func(a *wire.Answer) { a.Round++ })
		}, validator.ErrWindow},
		"signed long ago": {start + 61, func(w *world, _ *validator.Validator) []byte { return w.opening(w.makers[0], 0, start, nil) }, validator.ErrWindow},
		"signed in the future": {deadline, func(w *world, _ *validator.Validator) []byte {
			return w.opening(w.makers[0], 0, deadline+61, nil)
		}, validator.ErrWindow},
		"second": {deadline, func(w *world, v *validator.Validator) []byte {
			w.take(v.OnAnswer(context.Background(), w.opening(w.makers[0], 0, deadline, nil)))
			return w.opening(w.makers[0], 0, deadline+1, nil)
		}, validator.ErrDuplicate},
		"of a seat that was not asked": {deadline, func(w *world, _ *validator.Validator) []byte {
			return w.opening(w.makers[0], 0, deadline, func(a *wire.Answer) { a.Seat.UID = 40 })
		}, validator.ErrNoSeat},
		"of a former holder of the seat": {deadline, func(w *world, _ *validator.Validator) []byte {
			return w.opening(w.makers[0], 0, deadline, func(a *wire.Answer) { a.Seat.Registered-- })
		}, validator.ErrNoSeat},
		"signed by another miner": {deadline, func(w *world, _ *validator.Validator) []byte {
			a, _ := w.makers[0].sealed.Opening(kinds.All(), chain, w.makers[0].PublicKey(), 0)
			return w.seal(w.makers[1].signer, wire.DomainAnswer, chain, deadline, a)
		}, validator.ErrNoSeat},
		"without commitment": {deadline, func(w *world, _ *validator.Validator) []byte {
			if err := w.tree.Remove(ledger.CommitKey(round, 10)); err != nil {
				panic(err)
			}
			return w.opening(w.makers[0], 0, deadline, nil)
		}, validator.ErrNoCommitment},
		"another answer than committed": {deadline, func(w *world, _ *validator.Validator) []byte {
			return w.opening(w.makers[0], 0, deadline, func(a *wire.Answer) { a.Body[5]++ })
		}, validator.ErrBadProof},
		"copied from another seat": {deadline, func(w *world, _ *validator.Validator) []byte {
			a, _ := w.makers[0].sealed.Opening(kinds.All(), chain, w.makers[0].PublicKey(), 0)
			a.Seat = w.makers[1].id
			return w.seal(w.makers[1].signer, wire.DomainAnswer, chain, deadline, a)
		}, validator.ErrBadProof},
		"wrong signature": {deadline, func(w *world, _ *validator.Validator) []byte {
			raw := w.opening(w.makers[0], 0, deadline, nil)
			raw[len(raw)-1] ^= 1
			return raw
		}, wire.ErrSignature},
		"another chain": {deadline, func(w *world, _ *validator.Validator) []byte {
			a, _ := w.makers[0].sealed.Opening(kinds.All(), chain, w.makers[0].PublicKey(), 0)
			return w.seal(w.makers[0].signer, wire.DomainAnswer, "assay-other-1", deadline, a)
		}, wire.ErrChain},
		"a card on the topic of answers": {deadline, func(w *world, _ *validator.Validator) []byte { return w.card(deadline, w.trueCard(w.makers[0])) }, wire.ErrUnknown},
		"slot outside the tree": {deadline, func(w *world, _ *validator.Validator) []byte {
			return w.opening(w.makers[0], 0, deadline, func(a *wire.Answer) { a.Slot = 1 })
		}, wire.ErrLimit},
		"not canonical": {deadline, func(w *world, _ *validator.Validator) []byte {
			raw := w.opening(w.makers[0], 0, deadline, nil)
			return append([]byte{0x98, raw[0] & 0x1f}, raw[1:]...) // the array's length in two bytes
		}, wire.ErrNotCanonical},
		"garbage":   {deadline, func(*world, *validator.Validator) []byte { return []byte("garbage") }, wire.ErrMalformed},
		"too large": {deadline, func(*world, *validator.Validator) []byte { return make([]byte, wire.MaxAnswerBytes+1) }, wire.ErrTooLarge},
	} {
		w := newWorld(t)
		w.metrics = prometheus.NewRegistry()
		store := newMemory()
		v := w.validator(store)
		toOpenings(t, w, v, 5)
		raw := c.make(w, v)
		w.step(v, c.head)
		writes := store.writes
		if err := v.OnAnswer(t.Context(), raw); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if store.writes != writes {
			t.Errorf("%s: something was written", name)
		}
		if got, want := w.counted("answer"), map[string]int{validator.ReasonOf(c.want): 1}; !maps.Equal(got, want) {
			t.Errorf("%s: counted %v, want %v", name, got, want)
		}
	}
}

func TestCardsAreRefusedForOneReasonEach(t *testing.T) {
	for name, c := range map[string]struct {
		head protocol.Height
		make func(w *world, c wire.Card) []byte
		want error
	}{
		"late": {cardEnd + 1, func(w *world, c wire.Card) []byte { return w.card(cardEnd, c) }, validator.ErrLate},
		"by a hotkey that is no judge": {sealEnd + 1, func(w *world, c wire.Card) []byte {
			return w.seal(named("nobody"), wire.DomainCard, chain, deadline, &c)
		}, validator.ErrNoSeat},
		"in another judge's name": {sealEnd + 1, func(w *world, c wire.Card) []byte {
			c.Judge = w.seat
			return w.card(deadline, c)
		}, validator.ErrNoSeat},
		"about what was not drawn": {sealEnd + 1, func(w *world, c wire.Card) []byte { c.Slot = 3; return w.card(deadline, c) }, validator.ErrNotDrawn},
		"about another task":       {sealEnd + 1, func(w *world, c wire.Card) []byte { c.Task[0]++; return w.card(deadline, c) }, validator.ErrNotDrawn},
		"without a root": {sealEnd + 1, func(w *world, c wire.Card) []byte {
			w.resay(&c, func(b *inference.Card) { b.Root = protocol.Hash{} })
			return w.card(deadline, c)
		}, wire.ErrLimit},
		"with an unknown finding": {sealEnd + 1, func(w *world, c wire.Card) []byte { c.Finding = "fine"; return w.card(deadline, c) }, wire.ErrUnknown},
		"second":                  {sealEnd + 2, func(w *world, _ wire.Card) []byte { return w.card(deadline+1, w.truths()[1]) }, validator.ErrDuplicate},
		"signed in the future":    {sealEnd + 1, func(w *world, c wire.Card) []byte { return w.card(sealEnd+1+61, c) }, validator.ErrWindow},
		"of another chain": {sealEnd + 1, func(w *world, c wire.Card) []byte {
			return w.seal(w.makers[0].signer, wire.DomainCard, "assay-other-1", deadline, &c)
		}, wire.ErrChain},
		"too large": {sealEnd + 1, func(*world, wire.Card) []byte { return make([]byte, wire.MaxCardBytes+1) }, wire.ErrTooLarge},
		"with another body": {sealEnd + 1, func(w *world, c wire.Card) []byte {
			w.resay(&c, func(b *inference.Card) { b.Root[0]++ })
			return w.card(deadline, c)
		}, wire.ErrOtherCard},
		"with another finding": {sealEnd + 1, func(w *world, c wire.Card) []byte {
			c.Finding = wire.FindingFalse
			w.resay(&c, func(b *inference.Card) { b.Code = inference.CodeToken })
			return w.card(deadline, c)
		}, wire.ErrOtherCard},
		"without its proof": {sealEnd + 1, func(w *world, c wire.Card) []byte { c.Proof = nil; return w.card(deadline, c) }, wire.ErrOtherCard},
		"that its judge left empty": {sealEnd + 1, func(w *world, c wire.Card) []byte {
			w.theirs(wire.Card{}, w.trueCard(w.makers[1]))
			return w.card(deadline, c)
		}, wire.ErrOtherCard},
		"of a judge that opened nothing": {shownEnd + 1, func(w *world, c wire.Card) []byte {
			w.put(ledger.CardsKey(epoch, w.otherID.UID), &ledger.CardsRecord{Seat: w.otherID, Seal: protocol.Hash{1}})
			return w.card(deadline, c)
		}, validator.ErrNoCommitment},
		"garbage": {sealEnd + 1, func(*world, wire.Card) []byte { return []byte{0} }, wire.ErrMalformed},
	} {
		w := newWorld(t)
		w.metrics = prometheus.NewRegistry()
		v := w.validator(newMemory())
		toOpenings(t, w, v, 5)
		w.drawDuties(round)
		theirs := w.truths()
		w.step(v, sealEnd+1)
		w.take(v.OnCard(t.Context(), w.card(sealEnd, theirs[1])))
		raw := c.make(w, theirs[0])
		w.step(v, c.head)
		if err := v.OnCard(t.Context(), raw); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if got, want := w.counted("card"), map[string]int{validator.ReasonOf(c.want): 1}; !maps.Equal(got, want) {
			t.Errorf("%s: counted %v, want %v", name, got, want)
		}
	}
}

// TestACardOfTheOwnHotkeyThatWasNotMadeHereIsTold: the home runs somewhere else,
// too. Own cards that come back, and those that are out of time, tell nothing.
func TestACardOfTheOwnHotkeyThatWasNotMadeHereIsTold(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.judgeAll(v)
	w.settle(v)
	if len(w.published) == 0 {
		t.Fatal("no own card")
	}
	for _, raw := range w.published {
		w.take(v.OnCard(t.Context(), raw))
	}
	foreign := w.cards()[0]
	foreign.Slot = 77
	w.take(v.OnCard(t.Context(), w.seal(w.self, wire.DomainCard, chain, 3, &wire.Card{
		Round: 0, Judge: foreign.Judge, Seat: foreign.Seat, Answer: foreign.Answer, Kind: foreign.Kind, Finding: foreign.Finding, Body: foreign.Body,
	})))
	if v.Status().Twin {
		t.Error("own cards, and old ones, are taken for another process's")
	}
	w.take(v.OnCard(t.Context(), w.seal(w.self, wire.DomainCard, chain, deadline+2, &foreign)))
	if !v.Status().Twin {
		t.Error("a card that was made elsewhere is not told")
	}
}

// TestACardIsHeldUntilWhatItsJudgeFoundIsOpenHere, for the ledger of who sent it
// may be a block ahead.
func TestACardIsHeldUntilWhatItsJudgeFoundIsOpenHere(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	raw := w.card(sealEnd, w.truths()[0])
	if err := w.tree.Remove(ledger.CardsKey(epoch, w.otherID.UID)); err != nil {
		t.Fatal(err)
	}
	if err := v.OnCard(t.Context(), raw); !errors.Is(err, validator.ErrEarly) { // no duties yet
		t.Fatalf("got %v, want ErrEarly", err)
	}
	w.drawDuties(round)
	w.step(v, sealEnd)
	if cards, err := v.CardsOf(round); err != nil || len(cards) != 0 {
		t.Errorf("%d cards, %v, of a judge that opened nothing", len(cards), err)
	}
	w.truths()
	w.step(v, sealEnd+1)
	if cards, err := v.CardsOf(round); err != nil || len(cards) != 1 {
		t.Errorf("%d cards, %v, want the held one", len(cards), err)
	}
}

func FuzzMessages(f *testing.F) {
	w := newWorld(f)
	v := w.validator(newMemory())
	toOpenings(f, w, v, 5)
	w.drawDuties(round)
	theirs := w.truths()
	f.Add(w.opening(w.makers[0], 0, deadline, nil))
	f.Add(w.card(deadline+2, theirs[0]))
	w.step(v, sealEnd+1)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		_ = v.OnAnswer(t.Context(), raw)
		_ = v.OnCard(t.Context(), raw)
	})
}
