package ledger_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// attempt returns what would become of a transaction in the next block, and leaves
// all as it is; it looks at the money of who signs and of m1.
func (x *trying) attempt(name string, body wire.Body) error {
	x.tb.Helper()
	before, m1 := x.account(name).Balance, x.seat("m1").Collateral
	was := *x.network
	x.tree = x.tree.Clone()
	err := x.do(name, body)
	paid := protocol.Amount(0)
	if !body.Type().Lane() {
		paid = x.fee(body)
	}
	if got := x.account(name).Balance; err != nil && (got != before-paid || x.seat("m1").Collateral != m1) {
		x.tb.Errorf("%s has %s of %s, m1 %s of %s", name, got, before, x.seat("m1").Collateral, m1)
	}
	*x.network = was
	return err
}

// What cannot be challenged, and by whom not: each is refused by name, and nobody
// loses more than the fee of the transaction.
func TestWhatCannotBeChallenged(t *testing.T) {
	x := newTrying(t, allPassed)
	mine := x.evidence
	planted := x.proofs[0]
	with := func(change func(*wire.Evidence)) wire.Evidence {
		e := x.ofCard("v1")
		e.Case, e.Cards = mine.Case, nil
		change(&e)
		return e
	}
	refuse := func(what string, e wire.Evidence, want error) {
		t.Helper()
		if err := x.attempt("rich cold", &wire.Challenge{Evidence: e}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	judge := &wire.JudgeChallenge{Epoch: 1, Evidence: mine}
	if early := x.attempt("v1", &wire.JudgeChallenge{Epoch: 0, Evidence: mine}); !errors.Is(early, ledger.ErrDeadline) {
		t.Errorf("of another epoch: %v", early)
	}
	refuse("never given", with(func(e *wire.Evidence) { e.Case.Slot = 3 }), ledger.ErrUnknown)
	refuse("never asked", with(func(e *wire.Evidence) { e.Case.UID, e.Case.Accused = 7, 7 }), ledger.ErrUnknown)
	refuse("of another epoch", with(func(e *wire.Evidence) { e.Case.Round = 2 }), ledger.ErrDeadline)
	refuse("a forged path", with(func(e *wire.Evidence) { e.Proof = []protocol.Hash{{1}} }), ledger.ErrMismatch)
	refuse("another fingerprint", with(func(e *wire.Evidence) { e.Fingerprint[0]++ }), ledger.ErrMismatch)
	refuse("a plant", with(func(e *wire.Evidence) {
		e.Case.Round, e.Salt, e.Digest, e.Fingerprint = planted.Round, planted.Salt, planted.Digest, planted.Fingerprint
	}), ledger.ErrMismatch)
	refuse("of m2, which opened no link", with(func(e *wire.Evidence) { e.Case.UID, e.Case.Accused = x.seat("m2").ID.UID, x.seat("m2").ID.UID }), ledger.ErrUnknown)
	refuse("a card that was not sealed", with(func(e *wire.Evidence) {
		*e = x.ofCard("v1")
		e.Cards[0].Body = []byte("another")
	}), ledger.ErrMismatch)
	refuse("another judge's card", with(func(e *wire.Evidence) {
		*e = x.ofCard("v1")
		e.Case.Accused = x.seat("v2").ID.UID
	}), ledger.ErrMismatch)
	refuse("no card", with(func(e *wire.Evidence) { e.Case.Accused = x.seat("v1").ID.UID }), ledger.ErrUnknown)
	refuse("who is no judge", with(func(e *wire.Evidence) { e.Case.Accused = x.seat("m2").ID.UID }), ledger.ErrUnknown)
	if err := x.attempt("m1", judge); !errors.Is(err, ledger.ErrNotPermitted) {
		t.Errorf("of who is no judge: %v", err)
	}
}

// At the first height and in the last of the next epoch an answer can be
// challenged, and outside of that it cannot; twice it never can; and each as often
// as it may.
func TestAChallengeAtTheEdgesOfItsWindow(t *testing.T) {
	for _, c := range []struct {
		what string
		at   func(x *trying) protocol.Height // of the block that has it
		want error
	}{
		{"first", func(x *trying) protocol.Height { return ledger.ChallengeFrom(x.p.Schedule, 0) }, nil},
		{"last", func(x *trying) protocol.Height { return x.p.Schedule.EpochEnd(1) }, nil},
		{"late", func(x *trying) protocol.Height { return x.p.Schedule.EpochStart(2) }, ledger.ErrDeadline},
	} {
		x := newTrying(t, allPassed)
		x.until(c.at(x) - 1)
		body := &wire.Challenge{Evidence: x.evidence}
		if err := x.do("rich cold", body); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
		if c.want == nil && c.what == "first" {
			if err := x.do("rich cold", body); !errors.Is(err, ledger.ErrDuplicate) {
				t.Errorf("twice: %v", err)
			}
			if err := x.do("v1", &wire.JudgeChallenge{Epoch: 1, Evidence: x.evidence}); !errors.Is(err, ledger.ErrDuplicate) {
				t.Errorf("twice, by a judge: %v", err)
			}
		}
	}
	x := newTrying(t, allPassed)
	x.p.Verdicts.PerChallenger = 1
	for i, name := range []string{"v1", "v2"} {
		err := x.do("rich cold", &wire.Challenge{Evidence: x.ofCard(name)})
		if i == 0 && err != nil || i == 1 && !errors.Is(err, ledger.ErrFull) {
			t.Errorf("challenge %d of who may post one: %v", i, err)
		}
	}
	if err := x.do("v1", &wire.JudgeChallenge{Epoch: 1, Evidence: x.evidence}); err != nil {
		t.Errorf("a judge has one besides: %v", err)
	}
	if err := x.do("v1", &wire.JudgeChallenge{Epoch: 1, Evidence: x.ofCard("v3")}); !errors.Is(err, ledger.ErrDuplicate) {
		t.Errorf("a judge's second: %v", err)
	}
}

// A vote by one who is no elector, opened without a seal, with another salt or by
// other backends, too early, too late or twice.
func TestVotesThatDoNotCount(t *testing.T) {
	x := newTrying(t, allPassed)
	if err := x.do("rich cold", &wire.Challenge{Evidence: x.ofCard("v1")}); err != nil {
		t.Fatal(err)
	}
	c := x.ofCard("v1").Case
	open := &wire.OpenVote{Case: c, Ballot: 1, Finding: wire.FoundPassed, Found: wire.FoundOf([]byte("right")), Backends: wire.ByNative}
	seal := func(name string) *wire.SealVote {
		return &wire.SealVote{Case: c, Ballot: 1, Seal: open.Seal(secret(name).Public())}
	}
	refuse := func(what, name string, body wire.Body, want error) {
		t.Helper()
		if err := x.attempt(name, body); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	refuse("before electors are drawn", "v2", seal("v2"), ledger.ErrDeadline)
	rec := x.challenged(c)
	x.until(rec.Due)
	rec = x.challenged(c)
	refuse("of the accused", "v1", seal("v1"), ledger.ErrNotPermitted)
	refuse("of a miner", "m1", seal("m1"), ledger.ErrNotPermitted)
	refuse("of another ballot", "v2", &wire.SealVote{Case: c, Ballot: 2, Seal: protocol.Hash{1}}, ledger.ErrDeadline)
	refuse("of no challenge", "v2", &wire.SealVote{Case: x.evidence.Case, Ballot: 1, Seal: protocol.Hash{1}}, ledger.ErrUnknown)
	if err := x.do("v2", seal("v2")); err != nil {
		t.Fatal(err)
	}
	refuse("twice", "v2", seal("v3"), ledger.ErrDuplicate)
	last := rec.Called + protocol.Height(x.p.Verdicts.SealBlocks)
	x.until(last - 1)
	refuse("too early", "v2", open, ledger.ErrDeadline)
	x.until(last)
	refuse("sealed too late", "v3", seal("v3"), ledger.ErrDeadline)
	refuse("without a seal", "v3", open, ledger.ErrUnknown)
	wrong := *open
	wrong.Salt[0]++
	refuse("another salt", "v2", &wrong, ledger.ErrMismatch)
	more := *open
	more.Backends |= wire.ByReference
	refuse("by a backend more", "v2", &more, ledger.ErrMismatch)
	x.until(rec.Due - 1)
	if err := x.do("v2", open); err != nil {
		t.Errorf("in the last block: %v", err)
	}
	refuse("when the ballot is over", "v2", open, ledger.ErrDeadline)
}
