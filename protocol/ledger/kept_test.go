package ledger_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// fourSeats has room for four validators and nobody else: who buys a seat takes
// that of one that left the set, and the one before, which is so an epoch later.
func fourSeats(t *testing.T) *network {
	t.Helper()
	g := fourValidators()
	g.Params.Seats.Max, g.Params.Seats.Immunity = 4, 0
	return newNetwork(t, g)
}

func (n *network) proven(proofs ...ledger.Misbehaviour) {
	n.tb.Helper()
	b := n.draft()
	b.Misbehaviour = proofs
	n.apply(b)
}

func (n *network) buys(hotkey string) {
	n.tb.Helper()
	if err := n.do("v4 cold", n.register("v4 cold", hotkey, 100*protocol.Unit)); err != nil {
		n.tb.Fatal(err)
	}
}

// v4 lied, left the set, was pruned by a seat that its owner bought for another
// hotkey, and bought one for the old hotkey again. It is jailed as it was.
func TestPruningFreesNobodyOfJail(t *testing.T) {
	n := fourSeats(t)
	n.until(22)
	n.proven(proof("v4", 20))
	n.until(62)
	n.buys("another")
	n.buys("v4")
	want := ledger.Jail{Held: true, Lied: true, From: 2, Wait: 16, Told: 2}
	if s := n.seat("v4"); s.Jail != want || s.ID.Registered != n.height {
		t.Errorf("registered in block %d: got %+v, want %+v", s.ID.Registered, s.Jail, want)
	}
	// It has it once: a seat for yet another hotkey begins without.
	n.buys("another")
	if s := n.seat("another"); s.Jail != (ledger.Jail{}) {
		t.Errorf("a fresh hotkey: got %+v", s.Jail)
	}
}

// v4 removes its stake and leaves the set; its seat is pruned. What it signed twice
// before is proven after that, and is waiting for it when it comes back; what is
// proven after it came back meets its new seat.
func TestAProofMeetsWhoWasPrunedBefore(t *testing.T) {
	n := fourSeats(t)
	n.until(22)
	if err := n.do("v4 cold", &wire.RemoveStake{Hotkey: secret("v4").Public()}); err != nil {
		t.Fatal(err)
	}
	n.until(62)
	n.buys("another")
	n.proven(proof("v4", 30))
	n.proven(proof("v4", 31)) // the same lie
	at := n.p.Schedule.EpochOf(n.height)
	n.buys("v4")
	want := ledger.Jail{Held: true, Lied: true, From: at + 1, Wait: 16, Told: at + 1}
	if got := n.seat("v4").Jail; got != want {
		t.Errorf("proven while it had no seat: got %+v, want %+v", got, want)
	}

	n = fourSeats(t)
	n.until(22)
	if err := n.do("v4 cold", &wire.RemoveStake{Hotkey: secret("v4").Public()}); err != nil {
		t.Fatal(err)
	}
	n.until(62)
	n.buys("another")
	n.buys("v4")
	n.proven(proof("v4", 30))
	at = n.p.Schedule.EpochOf(n.height)
	want = ledger.Jail{Held: true, Lied: true, From: at + 1, Wait: 16, Told: at + 1}
	if got := n.seat("v4").Jail; got != want {
		t.Errorf("proven when it has another seat: got %+v, want %+v", got, want)
	}
}

// v4 lied, sat that out, and was jailed for silence later. Another proof of the
// time of the lie costs it nothing more; one of later does.
func TestALieIsPunishedOnceWhateverComesBetween(t *testing.T) {
	n := newNetwork(t, fourValidators())
	n.until(22)
	n.proven(proof("v4", 20))
	n.until(n.p.Schedule.EpochStart(17))
	if err := n.do("v4", &wire.Unjail{Epoch: 17}); err != nil {
		t.Fatal(err)
	}
	n.silent = map[string]bool{"v4": true}
	n.until(n.p.Schedule.EpochEnd(20))
	was := n.seat("v4").Jail
	if !was.Held || was.Lied {
		t.Fatalf("got %+v, want it jailed for silence", was)
	}
	n.proven(proof("v4", 21))
	if got := n.seat("v4").Jail; got != was {
		t.Errorf("an old lie: got %+v, want %+v still", got, was)
	}
	n.proven(proof("v4", 45))
	if got := n.seat("v4").Jail; !got.Lied || got.Wait != 16 || got.Told != 22 {
		t.Errorf("a lie of later: got %+v", got)
	}
}
