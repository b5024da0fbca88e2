package ledger_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// vote has all validators seal and open the same row in epochs e and e + 1.
func (n *network) vote(e protocol.Epoch, uids []protocol.UID, values []uint16) {
	n.tb.Helper()
	row := &wire.RevealWeights{Epoch: e, UIDs: uids, Values: values}
	sched := n.p.Schedule
	n.until(sched.EpochStart(e) + protocol.Height(sched.WeightBlocks))
	for _, name := range []string{"v1", "v2", "v3"} {
		if err := n.do(name, &wire.CommitWeights{Epoch: e, Hash: row.Seal(secret(name).Public())}); err != nil {
			n.tb.Fatal(err)
		}
	}
	n.until(sched.EpochEnd(e))
	for _, name := range []string{"v1", "v2", "v3"} {
		if err := n.do(name, row); err != nil {
			n.tb.Fatal(err)
		}
	}
}

func (n *network) payment(e protocol.Epoch, uid protocol.UID) ledger.Payment {
	n.tb.Helper()
	p, ok, err := ledger.ReadPayment(n.tree, e, uid)
	if err != nil || !ok {
		n.tb.Fatalf("payment of seat %d in epoch %d: %v, %v", uid, e, ok, err)
	}
	return p
}

func TestEmissionIsHalvedBetweenMinersAndValidators(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.vote(0, []protocol.UID{3}, []uint16{1})
	before := n.account("m1 cold").Balance
	n.until(59)
	// One token a block: of the pot of epochs 0, 1 and 2, carried over until
	// weights count, as much as an epoch pays at most.
	rec, _, _ := ledger.ReadEpoch(n.tree, 2)
	if rec.Emission != 25*protocol.Unit {
		t.Errorf("emission: got %s, want 25", rec.Emission)
	}
	// I32F32 shares are rounded down: less than a millionth stays in the pot.
	const dust = protocol.Unit / 10_000
	half := rec.Emission / 2
	if rec.Miners > half || rec.Miners < half-dust || rec.Validators > half || rec.Validators < half-dust {
		t.Errorf("miners %s, validators %s, want just below %s each", rec.Miners, rec.Validators, half)
	}
	if rec.Miners+rec.Validators+rec.Carried != 59*protocol.Unit {
		t.Errorf("%s + %s + %s is not 59", rec.Miners, rec.Validators, rec.Carried)
	}
	if got := n.account("m1 cold").Balance - before; got != rec.Miners || n.payment(2, 3).Miner != got || n.seat("m1").Emission != got {
		t.Errorf("m1 got %s, want all of %s", got, rec.Miners)
	}
	if p := n.payment(2, 4); p.Miner != 0 || p.Incentive != 0 {
		t.Errorf("m2, for whom nobody voted, got %s", p.Miner)
	}
	meta, _, _ := ledger.ReadMeta(n.tree)
	if meta.Pot != rec.Carried || rec.Inputs.IsZero() || meta.LastStep != 59 {
		t.Errorf("pot %s, carried %s, inputs %s, last step %d", meta.Pot, rec.Carried, rec.Inputs, meta.LastStep)
	}
}

// TestDividendsAreStakeOfAllInProportion: less a tenth for the owner, whose machine
// judges.
func TestDividendsAreStakeOfAllInProportion(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(2)
	if err := n.do("rich cold", &wire.AddStake{Hotkey: secret("v1").Public(), Amount: 25 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	n.vote(0, []protocol.UID{3, 4}, []uint16{1, 1})
	balances := n.account("v1 cold").Balance + n.account("rich cold").Balance
	n.until(59)
	own, other := n.staked("v1", "v1 cold")-100*protocol.Unit, n.staked("v1", "rich cold")-25*protocol.Unit
	got := n.payment(2, 0).Validator
	if pool, _, _ := ledger.ReadPool(n.tree, secret("v1").Public()); got == 0 || pool.Amount != 125*protocol.Unit+got {
		t.Errorf("125 tokens and %s are not %s", got, pool.Amount)
	}
	commission, _ := got.MulDiv(uint64(n.p.Seats.Commission), params.One)
	if d := int64(other) - int64((got-commission)/5); d < -4 || d > 4 {
		t.Errorf("25 of 125 tokens earn %s, want a fifth of %s without %s", other, got, commission)
	}
	if d := int64(own+other) - int64(got); d < -4 || d > 4 {
		t.Errorf("%s + %s is not %s", own, other, got)
	}
	if now := n.account("v1 cold").Balance + n.account("rich cold").Balance; now != balances {
		t.Errorf("balances changed from %s to %s", balances, now)
	}
	// All of it goes home, whatever it came to be worth.
	if err := n.do("rich cold", &wire.RemoveStake{Hotkey: secret("v1").Public()}); err != nil || n.staked("v1", "rich cold") != 0 {
		t.Errorf("%v, %s are left", err, n.staked("v1", "rich cold"))
	}
}

// staked returns what the stake of a coldkey on a hotkey is worth.
func (n *network) staked(hotkey, coldkey string) protocol.Amount {
	n.tb.Helper()
	a, err := ledger.ReadStake(n.tree, secret(hotkey).Public(), secret(coldkey).Public())
	if err != nil {
		n.tb.Fatal(err)
	}
	return a
}

func TestWeightsAreForWhoSatThereWhenTheyWereSealed(t *testing.T) {
	g := testGenesis()
	g.Params.Seats.Max, g.Params.Seats.Immunity = 5, 1
	n := newNetwork(t, g)
	n.vote(0, []protocol.UID{3}, []uint16{1})
	if err := n.do("rich cold", n.register("rich cold", "m4", 2*protocol.Unit)); err != nil {
		t.Fatal(err)
	}
	if uid := n.seat("m4").ID.UID; uid != 3 {
		t.Fatalf("m4 has seat %d, want that of m1", uid)
	}
	// New weights do not make the old ones count for the new holder.
	n.until(n.p.Schedule.WeightsStart(1) - 1)
	for _, name := range []string{"v1", "v2", "v3"} {
		if err := n.do(name, &wire.CommitWeights{Epoch: 1}); err != nil {
			t.Fatal(err)
		}
	}
	n.until(59)
	if p := n.payment(2, 3); p.Incentive != 0 || p.Miner != 0 || p.Seat.Registered == 0 {
		t.Errorf("m4 inherits the weights of m1: %+v", p)
	}
	if rec, _, _ := ledger.ReadEpoch(n.tree, 2); rec.Carried != 59*protocol.Unit {
		t.Errorf("carried %s, want all", rec.Carried)
	}
}

func TestValidatorThatDoesNotOpenItsWeightsEarnsNothing(t *testing.T) {
	n := newNetwork(t, testGenesis())
	row := &wire.RevealWeights{Epoch: 0, UIDs: []protocol.UID{3}, Values: []uint16{1}}
	n.until(n.p.Schedule.WeightsStart(0) - 1)
	for _, name := range []string{"v1", "v2", "v3"} {
		if err := n.do(name, &wire.CommitWeights{Epoch: 0, Hash: row.Seal(secret(name).Public())}); err != nil {
			t.Fatal(err)
		}
	}
	n.until(20)
	for _, name := range []string{"v1", "v2"} {
		if err := n.do(name, row); err != nil {
			t.Fatal(err)
		}
	}
	n.until(59)
	if n.payment(2, 2).Validator != 0 {
		t.Error("v3 earns for weights that nobody saw")
	}
	if n.payment(2, 0).Validator == 0 || n.payment(2, 1).Validator == 0 {
		t.Error("who opened earns nothing")
	}
}

func TestWeightsForUnknownSeatsFail(t *testing.T) {
	n := newNetwork(t, testGenesis())
	row := &wire.RevealWeights{Epoch: 0, UIDs: []protocol.UID{9}, Values: []uint16{1}}
	n.until(n.p.Schedule.WeightsStart(0) - 1)
	if err := n.do("v1", &wire.CommitWeights{Epoch: 0, Hash: row.Seal(secret("v1").Public())}); err != nil {
		t.Fatal(err)
	}
	n.until(20)
	if err := n.do("v1", row); ledger.ReasonOf(err) != ledger.ErrUnknown {
		t.Errorf("got %v, want %v", err, ledger.ErrUnknown)
	}
}

func TestCapacityIsBelievedOnlyAsFarAsItWasShown(t *testing.T) {
	n := newNetwork(t, testGenesis())
	if err := n.do("m1", n.serveAs("m1", 1000)); err != nil {
		t.Fatal(err)
	}
	n.until(20)
	if got := n.seat("m1").Slots; got != 1 {
		t.Errorf("a declared capacity of 1000 gives %d slots, want 1", got)
	}
	id := n.seat("m1").ID
	n.set(ledger.ShownKey(0, id.UID), ledger.ShownRecord{Seat: id, Counts: []uint32{3}})
	n.until(40)
	if got := n.seat("m1").Slots; got != 3 { // 2 × 3 answers ÷ 2 rounds
		t.Errorf("got %d slots, want 3", got)
	}
	r, ok, _ := ledger.ReadRosterSeat(n.tree, 2, 3)
	if !ok || r.Asked[0].Slots != 3 {
		t.Errorf("roster: got %+v", r)
	}
}

// TestNewHolderDoesNotInheritTheCapacityOfTheOld: whether the seat changes hands in
// the epoch in which its answers were given, or after.
func TestNewHolderDoesNotInheritTheCapacityOfTheOld(t *testing.T) {
	for _, height := range []protocol.Height{4, 20} {
		g := testGenesis()
		g.Params.Seats.Max, g.Params.Seats.Immunity = 5, 1
		n := newNetwork(t, g)
		n.until(height)
		if err := n.do("rich cold", n.register("rich cold", "m4", 2*protocol.Unit)); err != nil {
			t.Fatal(err)
		}
		if err := n.do("m4", n.serveAs("m4", 9)); err != nil {
			t.Fatal(err)
		}
		n.until(max(height, 20))
		n.set(ledger.ShownKey(0, 3), ledger.ShownRecord{Seat: protocol.SeatID{UID: 3}, Counts: []uint32{4}})
		n.until(40)
		if s := n.seat("m4"); s.ID.UID != 3 || s.Slots != 1 {
			t.Errorf("bought after %d: seat %d has %d slots, want seat 3 with 1", height, s.ID.UID, s.Slots)
		}
	}
}
