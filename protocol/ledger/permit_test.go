package ledger_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// TestTheOutlookOnAPermitComesTrue follows a new validator from its seat to its
// permit: at each step it is told what lacks, and in the end when the permit
// comes, and then it does.
func TestTheOutlookOnAPermitComesTrue(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(22) // in epoch 1
	v4, start := secret("v4").Public(), n.p.Schedule.EpochStart(3)
	outlook := func(want ledger.Outlook) {
		t.Helper()
		got, err := ledger.PermitOutlook(n.tree, n.p, v4, n.p.Schedule.EpochOf(n.next()))
		if err != nil || got != want {
			t.Errorf("at %d: got %+v, %v, want %+v", n.height, got, err, want)
		}
	}
	do := func(who string, body wire.Body) {
		t.Helper()
		if err := n.do(who, body); err != nil {
			t.Fatal(err)
		}
	}
	outlook(ledger.Outlook{Lacks: ledger.LackSeat})
	do("rich cold", n.register("rich cold", "v4", 50*protocol.Unit))
	outlook(ledger.Outlook{Lacks: ledger.LackStake, Needs: 10 * protocol.Unit})
	do("rich cold", &wire.AddStake{Hotkey: v4, Amount: 9 * protocol.Unit})
	outlook(ledger.Outlook{Lacks: ledger.LackStake, Stake: 9 * protocol.Unit, Needs: 10 * protocol.Unit})
	do("rich cold", &wire.AddStake{Hotkey: v4, Amount: 41 * protocol.Unit})
	outlook(ledger.Outlook{Lacks: ledger.LackKey, Stake: 50 * protocol.Unit})
	do("v4", n.consensusAs("v4", " consensus", "h:4"))
	outlook(ledger.Outlook{Lacks: ledger.LackChain, Stake: 50 * protocol.Unit})
	do("v4", &wire.ExtendBeacon{Start: start, Anchor: chainOf("v4", start).Anchor()})
	outlook(ledger.Outlook{From: 3, Stake: 50 * protocol.Unit})

	// Two blocks before the epoch it is still so, and the last one gives it.
	n.until(n.p.Schedule.EpochEnd(2) - 1)
	outlook(ledger.Outlook{From: 3, Stake: 50 * protocol.Unit})
	if n.seat("v4").Permit {
		t.Error("the permit is there before its epoch")
	}
	n.until(n.p.Schedule.EpochEnd(2))
	if !n.seat("v4").Permit {
		t.Error("no permit in the epoch for which it was announced")
	}
}

func TestWhoHasTooLittleForTheLastPlaceIsToldHowMuchItHas(t *testing.T) {
	g := testGenesis()
	g.Params.Seats.MaxValidators = 2
	n := newNetwork(t, g)
	n.until(2)
	got, err := ledger.PermitOutlook(n.tree, n.p, secret("v3").Public(), 0)
	want := ledger.Outlook{Lacks: ledger.LackRank, Stake: 50 * protocol.Unit, Needs: 60 * protocol.Unit}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if err := n.tree.Set(ledger.SeatKey(2), []byte{0xff}); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.PermitOutlook(n.tree, n.p, secret("v3").Public(), 0); err == nil {
		t.Error("a corrupt state has an outlook")
	}
}
