package ledger_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// taken returns what is noted of the stake on a hotkey.
func (x *trying) taken(name string) []ledger.Taking {
	x.tb.Helper()
	b, err := x.tree.Get(ledger.TakenKey(secret(name).Public()))
	if err != nil {
		x.tb.Fatal(err)
	}
	if b == nil {
		return nil
	}
	var rec ledger.Takings
	if err := wire.Decode(b, 4096, &rec); err != nil {
		x.tb.Fatal(err)
	}
	return rec.List
}

// TestStakeIsTakenOnceForAllCardsOfAnEpoch: stake was taken for another card of
// v1's of the same epoch, so that this one costs duties alone, and with what was
// noted of it long ago forgotten.
func TestStakeIsTakenOnceForAllCardsOfAnEpoch(t *testing.T) {
	for _, held := range []bool{true, false} {
		x := newTrying(t, map[string]byte{"v1": wire.FoundPassed, "v2": wire.FoundFalse, "v3": wire.FoundFalse})
		x.set(ledger.TakenKey(secret("v1").Public()), ledger.Takings{List: []ledger.Taking{{Epoch: 0, Held: held}}})
		stake := x.stake("v1")
		evidence := x.ofCard("v1")
		if err := x.do("v2", &wire.JudgeChallenge{Epoch: 1, Evidence: evidence}); err != nil {
			t.Fatal(err)
		}
		rec := x.ballot(evidence.Case, map[string]vote{"v2": untrue, "v3": untrue})
		cards, _, err := ledger.ReadCards(x.tree, 0, x.seat("v1").ID.UID)
		if err != nil || rec.Stage != ledger.StageGuilty || rec.Held != 0 || x.stake("v1") != stake || !cards.Lazy {
			t.Errorf("%s, %s held, stake %s of %s, lazy %t, %v", rec.Stage, rec.Held, x.stake("v1"), stake, cards.Lazy, err)
		}
		if got := x.taken("v1"); !slices.Equal(got, []ledger.Taking{{Epoch: 0, Held: held}}) {
			t.Errorf("noted is %+v", got)
		}
	}
}

// TestWhoseStakeWasTakenGetsItBack: v1's card was right. While a part of its stake
// is held nobody comes or goes, who would have a part of what returns, or lose it;
// what earns meanwhile belongs to the same.
func TestWhoseStakeWasTakenGetsItBack(t *testing.T) {
	x := newTrying(t, allPassed)
	judge := secret("v1").Public()
	evidence := x.ofCard("v1")
	if err := x.do("rich cold", &wire.Challenge{Evidence: evidence}); err != nil {
		t.Fatal(err)
	}
	stake := x.stake("v1")
	rec := x.ballot(evidence.Case, map[string]vote{"v2": untrue, "v3": untrue})
	want := part(stake, x.p.Verdicts.Slash)
	if rec.Stage != ledger.StageGuilty || rec.Held != want || !slices.Equal(x.taken("v1"), []ledger.Taking{{Epoch: 0, Held: true}}) {
		t.Fatalf("%s, %s held, want %s; noted is %+v", rec.Stage, rec.Held, want, x.taken("v1"))
	}
	if err := x.do("v1 cold", &wire.Appeal{Case: evidence.Case}); err != nil {
		t.Fatal(err)
	}
	add, remove := &wire.AddStake{Hotkey: judge, Amount: 50 * protocol.Unit}, &wire.RemoveStake{Hotkey: judge}
	for name, body := range map[string]wire.Body{"rich cold": add, "v1 cold": remove} {
		if err := x.do(name, body); !errors.Is(err, ledger.ErrDeadline) {
			t.Errorf("%s while stake is held: %v", name, err)
		}
	}
	same := vote{wire.FoundPassed, string(x.cards["v1"].Body), wire.ByNative}
	rec = x.ballot(evidence.Case, map[string]vote{"v2": same, "v3": same})
	if rec.Stage != ledger.StageFreed {
		t.Fatalf("the challenge is %s", rec.Stage)
	}
	if got := x.stake("v1"); got < stake || len(x.taken("v1")) > 0 {
		t.Errorf("v1 has %s, had %s; noted is %+v", got, stake, x.taken("v1"))
	}
	if err := x.do("rich cold", add); err != nil {
		t.Errorf("when it is decided: %v", err)
	}
}
