package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// unstaked returns a network in which rich staked four times two tokens on v1, and
// took them back in four blocks.
func unstaked(t *testing.T, blocks, seconds uint64) (n *network, last protocol.Height) {
	g := testGenesis()
	g.Params.Seats.Unbonding, g.Params.Seats.UnbondingSeconds = blocks, seconds
	n = newNetwork(t, g)
	v1 := secret("v1").Public()
	if err := n.do("rich cold", &wire.AddStake{Hotkey: v1, Amount: 8 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if err := n.do("rich cold", &wire.RemoveStake{Hotkey: v1, Amount: 2 * protocol.Unit}); err != nil {
			t.Fatal(err)
		}
	}
	return n, n.height
}

// waiting is what is on its way back.
func (n *network) waiting() protocol.Amount { return n.supply().Unbonding }

func TestStakeReturnsWhenBlocksAndSecondsHavePassed(t *testing.T) {
	const two = 2 * protocol.Unit
	for name, c := range map[string]struct{ blocks, seconds uint64 }{
		"blocks are the longer wait":  {40, 60},
		"seconds are the longer wait": {20, 70},
	} {
		n, last := unstaked(t, c.blocks, c.seconds)
		for n.height < last+60 {
			n.block()
			want := protocol.Amount(0)
			for i := range protocol.Height(4) {
				began := last - i
				if n.height < began+protocol.Height(c.blocks) || n.timeAt(n.height)-n.timeAt(began) < int64(c.seconds)*1e9 {
					want += two
				}
			}
			if got := n.waiting(); got != want {
				t.Fatalf("%s: block %d: %s wait, want %s", name, n.height, got, want)
			}
		}
		if n.waiting() != 0 {
			t.Errorf("%s: %s did not return", name, n.waiting())
		}
	}
}

// After a time without blocks all waits are over at once. A block ends what two
// blocks began, so that none is as long as all of them.
func TestWhatWaitedThroughAStandstillReturnsStepByStep(t *testing.T) {
	n, last := unstaked(t, 5, 1000)
	n.until(last + 20)
	if got := n.waiting(); got != 8*protocol.Unit {
		t.Fatalf("%s wait after 20 blocks, want all 8", got)
	}
	n.stood = time.Hour
	for _, want := range []protocol.Amount{4, 0} {
		n.block()
		if got := n.waiting(); got != want*protocol.Unit {
			t.Errorf("block %d: %s wait, want %d", n.height, got, want)
		}
	}
}

func TestAnOwnerTakesLessAtOnceAndMoreLater(t *testing.T) {
	n := newNetwork(t, testGenesis())
	v1 := secret("v1").Public()
	set := func(who string, rate uint32) error {
		return n.do(who, &wire.SetCommission{Hotkey: v1, Rate: rate})
	}
	taken := func() uint32 {
		c := n.seat("v1").Commission
		return c.At(n.p.Schedule.EpochOf(n.height))
	}
	if got := taken(); got != n.p.Seats.Commission {
		t.Fatalf("takes %d at first, want %d", got, n.p.Seats.Commission)
	}
	if err := set("v2 cold", 0); !errors.Is(err, ledger.ErrConsent) {
		t.Errorf("set by another: %v", err)
	}
	if err := set("v1 cold", 100); err != nil || taken() != 100 {
		t.Fatalf("takes %d after a fall to 100, %v", taken(), err)
	}
	if err := set("v1 cold", params.One); err != nil || taken() != 100 {
		t.Fatalf("takes %d at once after a rise, want 100, %v", taken(), err)
	}
	// As long as a swap can be stopped: forty blocks, and to the next epoch's begin.
	from := n.p.Schedule.EpochOf(n.height+40-1) + 1
	n.until(n.p.Schedule.EpochStart(from) - 1)
	if got := taken(); got != 100 {
		t.Errorf("takes %d in epoch %d, want 100", got, from-1)
	}
	n.block()
	if got := taken(); got != params.One {
		t.Errorf("takes %d in epoch %d, want all", got, from)
	}
	// A rise that waits goes with the next word.
	if err := errors.Join(set("v1 cold", 200), set("v1 cold", 300), set("v1 cold", 150)); err != nil || taken() != 150 {
		t.Errorf("takes %d, want 150, %v", taken(), err)
	}
	if c := n.seat("v1").Commission; c != (ledger.Commission{Rate: 150}) {
		t.Errorf("a rise still waits: %+v", c)
	}
}

// Who judges has some of the stake itself: others' alone gives no permit.
func TestAPermitNeedsTheOwnersOwnStake(t *testing.T) {
	g := testGenesis()
	g.Params.Seats.MinSelf = 5 * protocol.Unit
	n := newNetwork(t, g)
	v3 := secret("v3").Public()
	if err := n.do("rich cold", &wire.AddStake{Hotkey: v3, Amount: 50 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	own, err := ledger.ReadStake(n.tree, v3, secret("v3 cold").Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.do("v3 cold", &wire.RemoveStake{Hotkey: v3, Amount: own - 5*protocol.Unit + 1}); err != nil {
		t.Fatal(err)
	}
	o, err := ledger.PermitOutlook(n.tree, n.p, v3, 0)
	if err != nil || o.Lacks != ledger.LackSelf || o.Needs != 5*protocol.Unit {
		t.Errorf("a unit less than the least of its own: %+v, %v", o, err)
	}
	n.until(20)
	if n.seat("v3").Permit {
		t.Error("v3 has a permit")
	}
	if err := n.do("v3 cold", &wire.AddStake{Hotkey: v3, Amount: protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	n.until(60)
	if !n.seat("v3").Permit {
		t.Error("v3 has no permit, with more than the least of its own")
	}
}
