package validator_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// What a miner shows to this validator alone is not given: nobody draws it, and it
// is worth nothing.
func TestWhatWasNotGivenIsJudgedByNobodyAndPaidNothing(t *testing.T) {
	w := newWorld(t)
	w.silent = map[protocol.UID]bool{11: true}
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.openAll(v)
	w.drawDuties(round)
	if err := w.tree.Remove(ledger.DutyKey(round, 11)); err != nil {
		t.Fatal(err)
	}
	w.step(v, openEnd+1)
	w.work(v)
	w.settle(v)
	if cards := w.cards(); len(cards) != 1 || cards[0].Seat != w.makers[0].id {
		t.Fatalf("got %+v", cards)
	}
	w.step(v, sealFrom)
	if x, err := v.Score(weighed, 11, inference.Kind); err != nil || x.Raw != 0 || x.Tally.NotGiven != 1 || x.Tally.Opened != 0 || x.Tally.False != 0 {
		t.Errorf("got %+v, %v", x, err)
	}
	if x, err := v.Score(weighed, 10, inference.Kind); err != nil || x.Weight != 65535 || x.Tally.Opened != 1 {
		t.Errorf("got %+v, %v", x, err)
	}
}

// Each judge says what it holds when openings are over, and says it again, whatever
// comes meanwhile, until the ledger has it.
func TestWhatIsHereWhenOpeningsAreOverIsAttested(t *testing.T) {
	w := newWorld(t)
	w.makers[1].slots = 2
	s := newMemory()
	v := w.validator(s)
	w.rosters(epoch)
	w.drawTasks(round)
	w.step(v, start+4)
	w.commit(w.makers[0], round, start+6, 5)
	w.commit(w.makers[1], round, start+7, 5, 6)
	w.step(v, deadline)
	w.take(v.OnAnswer(t.Context(), w.opening(w.makers[0], 0, deadline, nil)))
	w.take(v.OnAnswer(t.Context(), w.opening(w.makers[1], 1, deadline, nil)))
	w.step(v, openEnd-1)
	if got := sent[*wire.Attest](w); len(got) != 0 {
		t.Fatalf("attested while answers may come: %+v", got)
	}
	w.step(v, openEnd)
	w.take(v.OnAnswer(t.Context(), w.opening(w.makers[1], 0, openEnd, nil))) // in time, but later
	again := w.validator(s)
	w.step(again, openEnd+1)
	got := sent[*wire.Attest](w)
	if len(got) != 2 || !reflect.DeepEqual(got[0], got[1]) {
		t.Fatalf("attested %+v, want the same twice", got)
	}
	var leaves []protocol.Hash
	for _, at := range []struct{ maker, slot int }{{0, 0}, {1, 1}} {
		sealed := w.makers[at.maker].sealed
		sum, err := inference.New().Sum(sealed.Answers[at.slot])
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, wire.CustodyLeaf(w.self.PublicKey(), sealed.Salts[at.slot], sum))
	}
	if want := (&wire.Attest{Round: round, Bits: wire.Bits{0b101}, Root: wire.MerkleRoot(leaves)}); !reflect.DeepEqual(got[0], want) {
		t.Errorf("attested %+v, want %+v", got[0], want)
	}
	w.put(ledger.AttestKey(round, w.seat.UID), &ledger.AttestRecord{Seat: w.seat, Bits: got[0].Bits, Root: got[0].Root})
	w.step(again, openEnd+2)
	w.step(again, given)
	if len(sent[*wire.Attest](w)) != 2 {
		t.Error("sent again what the ledger has")
	}
}

// Who attested an answer is asked for it, and asked again while it lies or is
// silent.
func TestAnswersThatWereMissedAreFetchedFromWhoAttestedThem(t *testing.T) {
	w := newWorld(t)
	asked := map[protocol.UID]int{}
	w.evidence = func(k wire.AnswerKey) ([]byte, error) {
		asked[k.UID]++
		switch {
		case k.UID == 10 && asked[10] == 1:
			return w.opening(w.makers[0], 0, deadline, func(a *wire.Answer) { a.Salt[0]++ }), nil
		case k.UID == 10:
			return w.opening(w.makers[0], 0, deadline, nil), nil
		}
		return nil, nil
	}
	v := w.validator(newMemory())
	w.commitFirst()
	w.commit(w.makers[1], round, start+7, 5)
	w.step(v, deadline) // it is there, and misses both
	w.drawDuties(round)
	for h := given; h < given+3; h++ {
		w.step(v, h)
		_ = v.Work(t.Context()) // says whom it asked in vain
	}
	w.settle(v)
	cards := w.cards()
	if len(cards) == 0 || slices.ContainsFunc(cards, func(c wire.Card) bool { return c.Seat.UID != 10 || c.Finding != wire.FindingPassed }) {
		t.Errorf("got %+v, want the answer of 10 judged", cards)
	}
	if asked[10] != 2 || asked[11] != 3 {
		t.Errorf("asked %v, want 10 twice, and 11 at each step", asked)
	}
	if a := sent[*wire.Attest](w); len(a) != 0 { // it was away when they were due
		t.Errorf("attested %+v", a)
	}
}
