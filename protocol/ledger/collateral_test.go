package ledger_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// covering is a network in which each slot wants a token, with two miners of which
// m1 put one up, and m2 nothing.
func covering(t *testing.T) *network {
	t.Helper()
	g := testGenesis()
	g.Params.Seats.Collateral = protocol.Unit
	g.Seats[3].Collateral = protocol.Unit
	return newNetwork(t, g)
}

func (n *network) supply() ledger.Supply {
	n.tb.Helper()
	counted, err := ledger.CountSupply(n.tree)
	if err != nil {
		n.tb.Fatal(err)
	}
	summed, err := ledger.ReadSupply(n.tree)
	if err != nil || summed != counted || !counted.Conserved() {
		n.tb.Fatalf("supply by sums %+v, counted %+v, %v", summed, counted, err)
	}
	return counted
}

func TestASeatIsAskedWhatItsCollateralCovers(t *testing.T) {
	n := covering(t)
	if got := n.seat("m1"); !got.Asked || got.Slots != 1 {
		t.Errorf("m1 with one token is asked %d slots", got.Slots)
	}
	if got := n.seat("m2"); got.Asked {
		t.Errorf("m2 without collateral is asked %d slots", got.Slots)
	}
	if err := n.do("m2 cold", &wire.AddCollateral{Hotkey: secret("m2").Public(), Amount: protocol.Unit - 1}); err != nil {
		t.Fatal(err)
	}
	n.until(20)
	if n.seat("m2").Asked {
		t.Error("m2 is asked for a unit less than a token")
	}
	if err := n.do("m2 cold", &wire.AddCollateral{Hotkey: secret("m2").Public(), Amount: 1}); err != nil {
		t.Fatal(err)
	}
	n.until(40)
	if got := n.seat("m2"); !got.Asked || got.Collateral != protocol.Unit {
		t.Errorf("m2 with %s is not asked", got.Collateral)
	}
	n.supply()
}

func TestCollateralReturnsAfterTheUnbondingTime(t *testing.T) {
	n := covering(t)
	balance := func() protocol.Amount {
		a, _, err := ledger.ReadAccount(n.tree, secret("m1 cold").Public())
		if err != nil {
			t.Fatal(err)
		}
		return a.Balance
	}
	take := func(a protocol.Amount) {
		t.Helper()
		if err := n.do("m1 cold", &wire.TakeCollateral{Hotkey: secret("m1").Public(), Amount: a}); err != nil {
			t.Fatal(err)
		}
	}
	take(protocol.Unit / 4)
	first := n.height
	n.until(first + 10)
	take(0) // the rest: what waited waits with it
	last, id := n.height, n.seat("m1").ID
	l, ok, err := ledger.ReadLeaving(n.tree, id)
	if want := (ledger.Leaving{Coldkey: secret("m1 cold").Public(), Amount: protocol.Unit, Began: last}); err != nil || !ok || l != want {
		t.Fatalf("leaving %+v, %v, want %+v", l, err, want)
	}
	before := balance()
	n.until(last + 39)
	if got := balance(); got != before {
		t.Errorf("balance %s a block before the time, was %s", got, before)
	}
	n.supply()
	n.until(last + 40)
	if got := balance(); got != before+protocol.Unit {
		t.Errorf("balance %s, want %s and a token", got, before)
	}
	if _, ok, _ := ledger.ReadLeaving(n.tree, id); ok {
		t.Error("what returned is still leaving")
	}
	if got := n.supply().Collateral; got != 0 {
		t.Errorf("collateral of %s, all of it returned", got)
	}
}

func TestCollateralIsTheOwnersAlone(t *testing.T) {
	n := covering(t)
	for name, c := range map[string]struct {
		signer string
		body   wire.Body
		want   ledger.Reason
	}{
		"put up by another": {"m2 cold", &wire.AddCollateral{Hotkey: secret("m1").Public(), Amount: 1}, ledger.ErrConsent},
		"taken by another":  {"m2 cold", &wire.TakeCollateral{Hotkey: secret("m1").Public(), Amount: 1}, ledger.ErrConsent},
		"more than there":   {"m1 cold", &wire.TakeCollateral{Hotkey: secret("m1").Public(), Amount: protocol.Unit + 1}, ledger.ErrCannotPay},
		"all of nothing":    {"m2 cold", &wire.TakeCollateral{Hotkey: secret("m2").Public()}, ledger.ErrCannotPay},
		"more than owned":   {"m1 cold", &wire.AddCollateral{Hotkey: secret("m1").Public(), Amount: 1000 * protocol.Unit}, ledger.ErrCannotPay},
		"of no seat":        {"m1 cold", &wire.AddCollateral{Hotkey: secret("nobody").Public(), Amount: 1}, ledger.ErrNoSeat},
	} {
		if err := n.do(c.signer, c.body); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// A seat that is pruned gets its collateral back, and not before lies could be
// proven.
func TestCollateralOutlivesItsSeat(t *testing.T) {
	g := testGenesis()
	g.Params.Seats.Collateral = protocol.Unit
	g.Params.Seats.Max = 5
	g.Seats[3].Collateral, g.Seats[4].Collateral = 2*protocol.Unit, 3*protocol.Unit
	n := newNetwork(t, g)
	n.until(45)
	old := n.seat("m1")
	if err := n.do("rich cold", n.register("rich cold", "m3", 20*protocol.Unit)); err != nil {
		t.Fatal(err)
	}
	if got := n.seat("m3"); got.ID.UID != old.ID.UID || got.Collateral != 0 {
		t.Fatalf("m3 has seat %+v with %s", got.ID, got.Collateral)
	}
	l, ok, err := ledger.ReadLeaving(n.tree, old.ID)
	if err != nil || !ok || l.Amount != 2*protocol.Unit || l.Coldkey != secret("m1 cold").Public() {
		t.Fatalf("leaving %+v, %v", l, err)
	}
	if got := n.supply().Collateral; got != 5*protocol.Unit {
		t.Errorf("collateral of %s, want 5", got)
	}
	n.until(n.height + protocol.Height(g.Params.Seats.Unbonding))
	if got := n.supply().Collateral; got != 3*protocol.Unit {
		t.Errorf("collateral of %s after the time, want 3", got)
	}
}

func TestShippedNetworksWantCollateralUntilLiesAreProven(t *testing.T) {
	for _, p := range []params.Params{params.Local(), params.Demo()} {
		if p.Seats.Collateral == 0 {
			t.Errorf("%s wants none", p.Name)
		}
		p.Seats.Unbonding = 2*p.Schedule.Tempo - 1
		if err := p.Check(); !errors.Is(err, params.ErrInvalid) {
			t.Errorf("%s with an unbonding of less than two epochs: %v", p.Name, err)
		}
	}
}

// TestANewSeatIsAskedAtOnceWhatItsCollateralCovers, and from the third epoch on
// twice what it showed: so many new seats have no start before a single one of
// their size.
func TestANewSeatIsAskedAtOnceWhatItsCollateralCovers(t *testing.T) {
	n := covering(t)
	if err := n.do("rich cold", n.register("rich cold", "m4", 2*protocol.Unit)); err != nil {
		t.Fatal(err)
	}
	if err := n.do("rich cold", &wire.AddCollateral{Hotkey: secret("m4").Public(), Amount: 3 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	if err := n.do("m4", n.serveAs("m4", 1000)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []uint16{3, 3, 1, 1} { // it answers nothing in epochs 1 and 2
		n.until(n.p.Schedule.EpochEnd(n.p.Schedule.EpochOf(n.next())))
		if got := n.seat("m4").Slots; got != want {
			t.Errorf("in epoch %d it is asked %d slots, want %d", n.p.Schedule.EpochOf(n.next()), got, want)
		}
	}
}
