package ledger_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// sealAndOpen has some validators seal a row in epoch e and open it in the next.
func (n *network) sealAndOpen(e protocol.Epoch, uid protocol.UID, names ...string) {
	n.tb.Helper()
	row := &wire.RevealWeights{Epoch: e, UIDs: []protocol.UID{uid}, Values: []uint16{1}}
	n.until(n.p.Schedule.EpochStart(e) + protocol.Height(n.p.Schedule.WeightBlocks))
	for _, name := range names {
		if err := n.do(name, &wire.CommitWeights{Epoch: e, Hash: row.Seal(secret(name).Public())}); err != nil {
			n.tb.Fatal(err)
		}
	}
	n.until(n.p.Schedule.EpochEnd(e))
	for _, name := range names {
		if err := n.do(name, row); err != nil {
			n.tb.Fatal(err)
		}
	}
}

func (n *network) paid(e protocol.Epoch) ledger.EpochRecord {
	n.tb.Helper()
	rec, ok, err := ledger.ReadEpoch(n.tree, e)
	if err != nil || !ok {
		n.tb.Fatalf("epoch %d: %v, %v", e, ok, err)
	}
	return rec
}

// TestWhoSilencesAllOthersTakesNoPot: v3, with 10 of 170 tokens of stake, keeps all
// transactions but its own out of blocks until others no longer count as active.
// The pot would be its own miner's.
func TestWhoSilencesAllOthersTakesNoPot(t *testing.T) {
	g := testGenesis()
	g.Seats[2].Stake = 10 * protocol.Unit
	n := newNetwork(t, g)
	const last = 9 // beyond the cutoff of activity, 100 blocks
	for e := range protocol.Epoch(last) {
		n.sealAndOpen(e, 4, "v3")
	}
	n.until(n.p.Schedule.EpochEnd(last))
	for e := range protocol.Epoch(last + 1) {
		if rec := n.paid(e); rec.Miners != 0 || rec.Validators != 0 {
			t.Errorf("epoch %d pays %s to miners and %s to validators, for rows of 6 %% of stake", e, rec.Miners, rec.Validators)
		}
	}
	if got, want := n.paid(last).Carried, n.paid(last).Issued-n.paid(0).Issued+n.paid(0).Emission; got != want {
		t.Errorf("carried %s, want all of %s", got, want)
	}
}

// TestExactlyHalfOfStakeIsNoQuorum: a little more is. Yuma's kappa asks for 51 %.
func TestExactlyHalfOfStakeIsNoQuorum(t *testing.T) {
	for stake, want := range map[protocol.Amount]bool{100: false, 105: true} {
		g := testGenesis()
		for i, s := range []protocol.Amount{stake, 60, 40} {
			g.Seats[i].Stake = s * protocol.Unit
		}
		n := newNetwork(t, g)
		n.sealAndOpen(0, 3, "v1")
		n.until(59)
		if got := n.paid(2).Miners > 0; got != want {
			t.Errorf("rows of %d of %d tokens: paid is %v, want %v", stake, stake+100, got, want)
		}
	}
}

// TestStakeThatComesAfterTheSilenceIsNoQuorum: the stake is that of the epoch's
// roster.
func TestStakeThatComesAfterTheSilenceIsNoQuorum(t *testing.T) {
	g := testGenesis()
	g.Accounts[5].Balance = 1000 * protocol.Unit
	n := newNetwork(t, g)
	n.sealAndOpen(0, 4, "v3")
	if err := n.do("rich cold", &wire.AddStake{Hotkey: secret("v3").Public(), Amount: 900 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	n.until(59)
	if rec := n.paid(2); rec.Miners != 0 {
		t.Errorf("v3 pays its miner %s", rec.Miners)
	}
}

// TestACarriedPotIsPaidOverManyEpochs: an epoch issues 20 tokens, and pays 25 at
// most.
func TestACarriedPotIsPaidOverManyEpochs(t *testing.T) {
	n := newNetwork(t, testGenesis())
	for e := range protocol.Epoch(4) {
		n.sealAndOpen(e, 3, "v1", "v2", "v3")
	}
	n.until(n.p.Schedule.EpochEnd(5))
	const most = 25 * protocol.Unit
	for e := protocol.Epoch(2); e <= 5; e++ {
		rec := n.paid(e)
		if rec.Emission != most {
			t.Errorf("epoch %d had %s to pay, want %s", e, rec.Emission, most)
		}
		if want := 20*protocol.Unit*protocol.Amount(e+1) - protocol.Unit - n.allPaid(e); rec.Carried != want { // epoch 0 is a block short
			t.Errorf("epoch %d carries %s, want %s", e, rec.Carried, want)
		}
	}
}

// TestWhatWasCarriedIsPaidWhenNothingIsIssuedAnyMore: all that there can be is
// issued, and 256 tokens of it are in the pot. Each epoch pays a 256th of what is
// left.
func TestWhatWasCarriedIsPaidWhenNothingIsIssuedAnyMore(t *testing.T) {
	n := newNetwork(t, testGenesis())
	for e := range protocol.Epoch(3) {
		n.sealAndOpen(e, 3, "v1", "v2", "v3")
	}
	meta, _, err := ledger.ReadMeta(n.tree)
	if err != nil {
		t.Fatal(err)
	}
	left := 256 * protocol.Unit
	meta.Issued += left - meta.Pot
	meta.Pot = left
	n.p.Emission.MaxSupply = meta.Issued
	n.set(ledger.MetaKey(), meta)
	for e := protocol.Epoch(3); e <= 5; e++ {
		n.sealAndOpen(e, 3, "v1", "v2", "v3")
		rec := n.paid(e)
		if want := (left + 255) / 256; rec.Emission != want || rec.Miners == 0 {
			t.Errorf("epoch %d had %s to pay, and paid miners %s; want %s", e, rec.Emission, rec.Miners, want)
		}
		if left -= rec.Miners + rec.Validators; rec.Carried != left {
			t.Errorf("epoch %d carries %s, want %s", e, rec.Carried, left)
		}
	}
}

// allPaid is what epochs up to e paid.
func (n *network) allPaid(e protocol.Epoch) (sum protocol.Amount) {
	for i := range e + 1 {
		rec := n.paid(i)
		sum += rec.Miners + rec.Validators
	}
	return sum
}

// TestWhoDrewNothingIsPaidByTheWindow: in epoch 0 m1 commits, all judges draw, and
// v1 alone opens what it found. In epoch 2 nobody commits, so that at the end of
// epoch 3 nobody has duties of the epoch before.
func TestWhoDrewNothingIsPaidByTheWindow(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(3)
	if err := n.do("m1", &wire.Commit{Round: 0, Root: protocol.Hash{1}}); err != nil {
		t.Fatal(err)
	}
	n.sealAndOpen(0, 3, "v1", "v2", "v3")
	drawn := make([]uint32, 3)
	for uid := range protocol.UID(3) {
		d, _, err := ledger.ReadDrawn(n.tree, 0, uid)
		if err != nil || len(d.Kinds) == 0 {
			t.Fatalf("duties of v%d: %+v, %v", uid+1, d, err)
		}
		drawn[uid] = d.Counts()[0]
	}
	n.finds("v1", n.opens("v1", 0, nil, 1))
	n.sealAndOpen(1, 3, "v1", "v2", "v3")
	n.until(79)
	for uid, want := range map[protocol.UID]uint16{0: 65535, 1: 0, 2: 0} {
		first, later := n.payment(1, uid), n.payment(3, uid)
		if first.Drawn != drawn[uid] || first.Duty != want {
			t.Errorf("v%d in epoch 1: %d of %d duties, %d; want %d", uid+1, first.Fulfilled, first.Drawn, first.Duty, want)
		}
		if later.Drawn != 0 || later.Duty != want || (later.Validator > 0) != (want > 0) {
			t.Errorf("v%d in epoch 3, which drew nothing: %d duties, %d, paid %s; want %d", uid+1, later.Drawn, later.Duty, later.Validator, want)
		}
	}
}
