package ledger_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// v2 signed two blocks of one height. A share of its stake is burned, once, and it
// never validates again, whatever it asks. What its owner took back in the epoch of
// the first offence, though before it, was a part of the power that signed; what
// left in the epoch before was not.
func TestADoubleSignatureBurnsStakeOnceAndRemovesForGood(t *testing.T) {
	g := testGenesis()
	g.Params = verdictParams()
	n := newNetwork(t, g)
	sched := n.p.Schedule
	take := func(at protocol.Height, amount protocol.Amount) {
		t.Helper()
		n.until(at - 1)
		if err := n.do("v2 cold", &wire.RemoveStake{Hotkey: secret("v2").Public(), Amount: amount}); err != nil {
			t.Fatal(err)
		}
	}
	first, second := sched.EpochEnd(0), sched.OpenPlantsDeadline(0)+1
	take(first, 10*protocol.Unit)
	take(second, 8*protocol.Unit)
	n.until(sched.EpochStart(2) + 3)
	offences := []ledger.Misbehaviour{proof("v2", uint64(n.height)), proof("v2", uint64(second+1))}
	owner, burned := n.account("v2 cold").Balance, n.supply().Burned
	before := n.pool("v2")
	lost := part(before, n.p.Verdicts.DoubleSign)
	for range 2 {
		b := n.draft()
		b.Misbehaviour = offences
		n.apply(b)
		offences = []ledger.Misbehaviour{proof("v2", uint64(n.height))}
	}
	if got := n.pool("v2"); got != before-lost || n.supply().Burned != burned+lost {
		t.Errorf("v2 has %s of %s, %s is burned", got, before, n.supply().Burned-burned)
	}
	wait := protocol.Height(n.p.Seats.Unbonding)
	for n.timeAt(first+wait)-n.timeAt(first) < int64(n.p.Seats.UnbondingSeconds)*1e9 {
		wait++
	}
	n.until(first + wait)
	if got, want := n.account("v2 cold").Balance, owner+10*protocol.Unit; got != want {
		t.Errorf("what was taken back in the epoch before brings %s, want %s", got, want)
	}
	n.until(second + wait)
	if got, want := n.account("v2 cold").Balance, owner+18*protocol.Unit-part(8*protocol.Unit, n.p.Verdicts.DoubleSign); got != want {
		t.Errorf("what was taken back in the epoch of the offence brings %s, want %s", got, want)
	}
	n.until(sched.EpochEnd(20))
	if err := n.do("v2", &wire.Unjail{Epoch: 21}); !errors.Is(err, ledger.ErrDeadline) {
		t.Errorf("v2 asks to be free: %v", err)
	}
	if s := n.seat("v2"); s.Permit || !s.Jail.ForGood() {
		t.Errorf("v2 has a permit: %t, jail %+v", s.Permit, s.Jail)
	}
}

// pool is the stake on a hotkey that was never swapped.
func (n *network) pool(name string) protocol.Amount {
	n.tb.Helper()
	p, _, err := ledger.ReadPool(n.tree, secret(name).Public())
	if err != nil {
		n.tb.Fatal(err)
	}
	return p.Amount
}

// v1 judged without looking before, and is jailed for that. The jail is no shelter
// for two blocks that it signed before it began; and after those, another judgement
// without looking does not make of for good sixteen epochs.
func TestNeitherJailTakesThePlaceOfTheOther(t *testing.T) {
	var x *planting
	for seed := range byte(64) {
		if x = tryPlantingWith(t, seed, verdictParams()); len(x.proofs) == 1 && x.proofs[0].Round == 0 { // all judge what a seat gives first
			break
		}
	}
	x.judge(map[string]byte{"v1": wire.FoundPassed, "v2": wire.FoundFalse, "v3": wire.FoundFalse})
	x.until(x.p.Schedule.OpenCardsDeadline(0))
	s := x.seat("v1")
	s.Jail = ledger.Jail{Held: true, Lied: true, From: 1, Wait: 16, Told: 1}
	x.set(ledger.SeatKey(s.ID.UID), s)
	x.set(ledger.LazyKey(s.PoolName()), protocol.Epoch(0))
	before := x.stake("v1")
	b := x.draft(x.tx("m1", &wire.OpenPlants{Epoch: 0, Link: x.link, Proofs: x.proofs}))
	b.Misbehaviour = []ledger.Misbehaviour{proof("v1", 3)}
	x.apply(b)
	jail := x.seat("v1").Jail
	if got := x.stake("v1"); got != before-part(before, x.p.Verdicts.DoubleSign) || !jail.ForGood() {
		t.Errorf("v1 has %s of %s, jail %+v", got, before, jail)
	}
	before = x.stake("v1")
	x.until(x.p.Schedule.OpenPlantsDeadline(0))
	jail = x.seat("v1").Jail
	if got := x.stake("v1"); got != before-part(before, x.p.Plants.Slash) || !jail.ForGood() {
		t.Errorf("v1 has %s of %s after its plant, jail %+v", got, before, jail)
	}
}

// v3's seat is another's before its card is found false: its stake answers all the
// same, that on its way back included. An appeal gives back what this card cost,
// and not what another did in the same block.
func TestStakeAnswersForASeatThatIsGone(t *testing.T) {
	x := newTrying(t, allPassed)
	evidence, v3 := x.ofCard("v3"), secret("v3").Public()
	if err := x.do("v3 cold", &wire.RemoveStake{Hotkey: v3, Amount: 20 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	if err := x.do("rich cold", &wire.Challenge{Evidence: evidence}); err != nil {
		t.Fatal(err)
	}
	x.until(x.challenged(evidence.Case).Due)
	x.silent = map[string]bool{"v3": true}
	gone := x.seat("v3")
	gone.ID.Registered, gone.Hotkey = x.height, secret("m4").Public()
	x.set(ledger.SeatKey(gone.ID.UID), gone)
	x.set(ledger.HotkeyKey(gone.Hotkey), gone.ID.UID)
	if err := x.tree.Remove(ledger.HotkeyKey(v3)); err != nil {
		t.Fatal(err)
	}
	other := ledger.Slash{At: x.challenged(evidence.Case).Due, Share: x.p.Verdicts.Slash}
	x.set(ledger.SlashedKey(v3), ledger.Slashes{List: []ledger.Slash{other}})
	before := x.pool("v3")
	rec := x.ballot(evidence.Case, map[string]vote{"v1": untrue, "v2": untrue})
	if want := part(before, x.p.Verdicts.Slash); rec.Stage != ledger.StageGuilty || rec.Held != want || x.pool("v3") != before-want {
		t.Fatalf("%s, %s held, want %s; stake %s of %s", rec.Stage, rec.Held, want, x.pool("v3"), before)
	}
	x.slashed(v3, other, other)
	if err := x.do("v3 cold", &wire.Appeal{Case: evidence.Case}); err != nil {
		t.Fatal(err)
	}
	accused := vote{wire.FoundPassed, string(x.cards["v3"].Body), wire.ByNative}
	if rec = x.ballot(evidence.Case, map[string]vote{"v1": accused, "v2": accused}); rec.Stage != ledger.StageFreed || x.pool("v3") < before {
		t.Errorf("%s, stake %s of %s", rec.Stage, x.pool("v3"), before)
	}
	x.slashed(v3, other)
}

// slashed compares what stake loses that leaves a pool.
func (n *network) slashed(name protocol.PublicKey, want ...ledger.Slash) {
	n.tb.Helper()
	b, err := n.tree.Get(ledger.SlashedKey(name))
	if err != nil {
		n.tb.Fatal(err)
	}
	var got ledger.Slashes
	if err := wire.DecodeOwn(b, len(b), &got); err != nil || !slices.Equal(got.List, want) {
		n.tb.Errorf("noted: %+v, want %+v, %v", got.List, want, err)
	}
}
