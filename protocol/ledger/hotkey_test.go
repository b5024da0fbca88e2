package ledger_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// swapHotkey announces that the seat of secret(old) gets secret(to), which agrees
// to work for cold.
func (n *network) swapHotkey(cold, old, to string) *wire.SwapHotkey {
	n.tb.Helper()
	c, err := wire.NewConsent(signer{secret(to)}, wire.DomainConsent, n.chain, secret(cold).Public(), wire.MaxConsent)
	if err != nil {
		n.tb.Fatal(err)
	}
	return &wire.SwapHotkey{Hotkey: secret(old).Public(), To: secret(to).Public(), Consent: c}
}

// renamed has the actor of an old hotkey go on under a new one.
func (n *network) renamed(old, to string) {
	n.names[secret(to).Public()] = to
	n.consKeys[secret(old+" consensus").Public()] = to
	n.makers[to] = n.makers[old]
}

// TestAllThatIsASeatsFollowsItsNewHotkey: v1's machine was lost. Its seat, permit,
// stake, the stakes of others on it, its consensus key and the weights that it
// sealed are those of the new hotkey from the first block of epoch 3 on.
func TestAllThatIsASeatsFollowsItsNewHotkey(t *testing.T) {
	n := newNetwork(t, testGenesis())
	if err := n.do("rich cold", &wire.AddStake{Hotkey: secret("v1").Public(), Amount: 20 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	if err := n.do("v1 cold", n.swapHotkey("v1 cold", "v1", "new")); err != nil {
		t.Fatal(err)
	}
	if s := n.seat("v1"); !s.Swap.Waits() || s.Swap.From != 3 || !slices.Contains(n.events(), ledger.EventHotkeySwap) {
		t.Fatalf("announced in block 2, where removed stake waits 40: %+v, %v", s.Swap, n.events())
	}
	n.sealAndOpen(0, 3, "v1", "v2", "v3")
	n.until(55)
	row := &wire.RevealWeights{Epoch: 2, UIDs: []protocol.UID{3, 4}, Values: []uint16{1, 2}}
	if err := n.do("v1", &wire.CommitWeights{Epoch: 2, Hash: row.Seal(secret("v1").Public())}); err != nil {
		t.Fatal(err)
	}
	before := n.seat("v1")
	n.until(58)
	n.refused(n.tx("new", &wire.ExtendSetter{Start: 1, Anchor: protocol.Hash{1}}), ledger.ErrNoSeat) // one block too early
	n.renamed("v1", "new")
	n.block()
	if got := n.events(); !slices.Contains(got, ledger.EventHotkeySwapped) || slices.Contains(got, ledger.EventPermitLost) {
		t.Errorf("at the end of epoch 2: %v", got)
	}
	s := n.seat("new")
	if s.ID != before.ID || s.Hotkey != secret("new").Public() || s.Coldkey != before.Coldkey || !s.Permit || s.Consensus != before.Consensus || s.Identity != before.Identity {
		t.Errorf("the seat is %+v, and was %+v", s, before)
	}
	if _, ok, _ := ledger.ReadSeatByHotkey(n.tree, secret("v1").Public()); ok {
		t.Error("the old hotkey has a seat still")
	}
	if len(n.last.Validators) != 0 {
		for _, v := range n.last.Validators {
			if v.Key == s.Consensus.Key && v.Power == 0 {
				t.Errorf("the consensus set loses the seat: %+v", n.last.Validators)
			}
		}
	}
	judge, ok, err := ledger.ReadRosterJudge(n.tree, 3, s.ID.UID)
	if err != nil || !ok || judge.Hotkey != s.Hotkey || judge.Stake < 120*protocol.Unit {
		t.Errorf("on the roster of epoch 3: %+v, %v, %v", judge, ok, err)
	}
	// What the old one sealed, the new one opens.
	if err := n.do("new", row); err != nil {
		t.Errorf("weights that were sealed before: %v", err)
	}
	n.refused(n.tx("v1", &wire.ExtendSetter{Start: 8, Anchor: protocol.Hash{1}}), ledger.ErrNoSeat)
	// Who staked finds the stake under the old and the new hotkey, and adds to it
	// under the new one.
	if err := n.do("rich cold", &wire.AddStake{Hotkey: secret("new").Public(), Amount: protocol.Unit}); err != nil {
		t.Error(err)
	}
	if err := n.do("rich cold", &wire.AddStake{Hotkey: secret("v1").Public(), Amount: protocol.Unit}); !errors.Is(err, ledger.ErrNoSeat) {
		t.Errorf("got %v, want %v", err, ledger.ErrNoSeat)
	}
	name, now, err := ledger.ReadHotkey(n.tree, secret("new").Public())
	if err != nil || name != secret("v1").Public() || now != s.Hotkey || s.PoolName() != name {
		t.Errorf("the pool of %s, whose hotkey is %s, %v", name, now, err)
	}
	for _, hotkey := range []string{"v1", "new"} {
		if err := n.do("rich cold", &wire.RemoveStake{Hotkey: secret(hotkey).Public(), Amount: 5 * protocol.Unit}); err != nil {
			t.Errorf("stake taken from %s: %v", hotkey, err)
		}
	}
	if rec, ok, err := ledger.ReadAddress(n.tree, key.AddressOf(s.Consensus.Key)); err != nil || !ok || rec.Seat != s.ID {
		t.Errorf("the consensus address is of %+v, %v, %v", rec, ok, err)
	}
	// The new one binds its own keys.
	n.consKeys[secret("new consensus").Public()] = "new"
	for _, body := range []wire.Body{n.serveAs("new", 1), n.consensusAs("new", " consensus", "h:1")} {
		if err := n.do("new", body); err != nil {
			t.Errorf("%s: %v", body.Type(), err)
		}
	}
	n.until(85)
	if s := n.seat("new"); !s.Permit || n.payment(3, s.ID.UID).Hotkey != s.Hotkey {
		t.Errorf("an epoch later: %+v", s)
	}
}

// TestAHotkeyStopsASwapOnce: its daemon sees what a thief of the coldkey announced.
// But who stole the hotkey does not keep it: then the coldkey alone says.
func TestAHotkeyStopsASwapOnce(t *testing.T) {
	n := newNetwork(t, testGenesis())
	to := secret("new").Public()
	announce := func() protocol.Epoch {
		t.Helper()
		if err := n.do("m1 cold", n.swapHotkey("m1 cold", "m1", "new")); err != nil {
			t.Fatal(err)
		}
		return n.seat("m1").Swap.From
	}
	from := announce()
	if err := n.do("m1 cold", n.swapHotkey("m1 cold", "m1", "another")); !errors.Is(err, ledger.ErrDuplicate) {
		t.Errorf("a second beside it: got %v, want %v", err, ledger.ErrDuplicate)
	}
	for name, c := range map[string]struct {
		by   string
		body wire.Body
		want error
	}{
		"another epoch's":    {"m1", &wire.KeepHotkey{From: from + 1, To: to}, ledger.ErrUnknown},
		"to another":         {"m1", &wire.KeepHotkey{From: from, To: secret("m2").Public()}, ledger.ErrUnknown},
		"another seat's":     {"m2", &wire.KeepHotkey{From: from, To: to}, ledger.ErrUnknown},
		"of another coldkey": {"m2 cold", &wire.StopHotkeySwap{Hotkey: secret("m1").Public(), To: to}, ledger.ErrConsent},
		"not this one":       {"m1 cold", &wire.StopHotkeySwap{Hotkey: secret("m1").Public(), To: secret("m2").Public()}, ledger.ErrUnknown},
	} {
		if err := n.do(c.by, c.body); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	// The thief of the coldkey left it nothing; the veto costs nothing.
	have := n.account("m1 cold").Balance
	drain := &wire.Transfer{To: secret("thief").Public()}
	drain.Amount = have - n.p.Fees.Deposit
	drain.Amount -= n.fee(drain)
	if err := n.do("m1 cold", drain); err != nil {
		t.Fatal(err)
	}
	if err := n.do("m1", &wire.KeepHotkey{From: from, To: to}); err != nil {
		t.Fatal(err)
	}
	if s := n.seat("m1"); s.Swap.Waits() {
		t.Errorf("it waits still: %+v", s.Swap)
	}
	if name, _, _ := ledger.ReadHotkey(n.tree, to); name != to {
		t.Error("the new key is reserved still")
	}
	if err := n.do("rich cold", &wire.Transfer{To: secret("m1 cold").Public(), Amount: 10 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	from = announce()
	if err := n.do("m1", &wire.KeepHotkey{From: from, To: to}); !errors.Is(err, ledger.ErrNotPermitted) {
		t.Errorf("again: got %v, want %v", err, ledger.ErrNotPermitted)
	}
	if err := n.do("m1 cold", &wire.StopHotkeySwap{Hotkey: secret("m1").Public(), To: to}); err != nil {
		t.Fatal(err)
	}
	from = announce() // the coldkey stopped it itself: the hotkey may once more
	if err := n.do("m1", &wire.KeepHotkey{From: from, To: to}); err != nil {
		t.Error(err)
	}
	announce()
	n.until(100)
	if s := n.seat("new"); s.ID.UID != 3 || s.Swap != (ledger.HotkeySwap{}) {
		t.Errorf("the seat is %+v", s)
	}
}

// TestOnlyAFreshHotkeyTakesAnothersPlace, which agreed to work for the owner.
func TestOnlyAFreshHotkeyTakesAnothersPlace(t *testing.T) {
	g := testGenesis()
	g.Params.Seats.Max, g.Params.Seats.Immunity = 6, 1
	n := newNetwork(t, g)
	n.until(2)
	for _, body := range []wire.Body{
		&wire.AddStake{Hotkey: secret("m1").Public(), Amount: protocol.Unit}, n.register("rich cold", "m4", 2*protocol.Unit),
		n.register("rich cold", "m3", 3*protocol.Unit), n.swapHotkey("rich cold", "m3", "held"),
	} {
		if err := n.do("rich cold", body); err != nil {
			t.Fatal(err)
		}
	}
	if _, sits, _ := ledger.ReadSeatByHotkey(n.tree, secret("m1").Public()); sits {
		t.Fatal("m1 was not pruned, whose stake stays")
	}
	for _, to := range []string{"m2", "m1", "m4", "m2 cold", "m2 identity", "v1 consensus", "held", "rich cold"} {
		if err := n.do("m2 cold", n.swapHotkey("m2 cold", "m2", to)); !errors.Is(err, ledger.ErrTaken) {
			t.Errorf("%s: got %v, want %v", to, err, ledger.ErrTaken)
		}
	}
	mute := n.swapHotkey("m2 cold", "m2", "fresh")
	mute.Consent = n.swapHotkey("m1 cold", "m2", "fresh").Consent
	if err := n.do("m2 cold", mute); !errors.Is(err, ledger.ErrConsent) {
		t.Errorf("it agreed to work for another: got %v, want %v", err, ledger.ErrConsent)
	}
	if err := n.do("m1 cold", n.swapHotkey("m1 cold", "m2", "fresh")); !errors.Is(err, ledger.ErrConsent) {
		t.Errorf("another's seat: got %v, want %v", err, ledger.ErrConsent)
	}
	if err := n.do("rich cold", n.register("rich cold", "held", 9*protocol.Unit)); !errors.Is(err, ledger.ErrMoved) {
		t.Errorf("a key that waits: got %v, want %v", err, ledger.ErrMoved)
	}
}

// TestASwappedHotkeyGetsNoSeat, for with it came the stake of all who trusted the
// seat. Its successor does, after it was pruned, and has that stake again.
func TestASwappedHotkeyGetsNoSeat(t *testing.T) {
	g := testGenesis()
	g.Params.Seats.Max, g.Params.Seats.Immunity = 5, 1
	g.Params.Seats.MaxPerColdkey = 8
	n := newNetwork(t, g)
	if err := n.do("rich cold", &wire.AddStake{Hotkey: secret("m1").Public(), Amount: 3 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	if err := n.do("m1 cold", n.swapHotkey("m1 cold", "m1", "new")); err != nil {
		t.Fatal(err)
	}
	n.until(60)
	for i := 0; ; i++ { // m2 and new are pruned
		if _, ok, _ := ledger.ReadSeatByHotkey(n.tree, secret("new").Public()); !ok {
			break
		}
		if err := n.do("rich cold", n.register("rich cold", []string{"m3", "m4"}[i], 10*protocol.Unit)); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.do("rich cold", n.register("rich cold", "m1", 10*protocol.Unit)); !errors.Is(err, ledger.ErrMoved) {
		t.Errorf("the hotkey that was swapped: got %v, want %v", err, ledger.ErrMoved)
	}
	if err := n.do("m2 cold", n.register("m2 cold", "new", 10*protocol.Unit)); err != nil {
		t.Fatal(err)
	}
	s := n.seat("new")
	pool, ok, err := ledger.ReadPool(n.tree, s.PoolName())
	if err != nil || !ok || pool.Amount != 3*protocol.Unit || s.PoolName() != secret("m1").Public() {
		t.Errorf("under %s is %+v, %v, %v", s.PoolName(), pool, ok, err)
	}
}

// TestAPrunedSeatTakesItsSwapAlong: the new key is free again, and whoever gets the
// hotkey next is not bound by what the former owner announced.
func TestAPrunedSeatTakesItsSwapAlong(t *testing.T) {
	g := testGenesis()
	g.Params.Seats.Max, g.Params.Seats.Immunity = 5, 1
	n := newNetwork(t, g)
	n.until(2)
	if err := n.do("m1 cold", n.swapHotkey("m1 cold", "m1", "new")); err != nil {
		t.Fatal(err)
	}
	if err := n.do("rich cold", n.register("rich cold", "m4", 10*protocol.Unit)); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := ledger.ReadSeatByHotkey(n.tree, secret("m1").Public()); ok {
		t.Fatal("m1 was not pruned")
	}
	for _, k := range []string{"m1", "new"} {
		if err := n.do("rich cold", n.register("rich cold", k, 10*protocol.Unit)); err != nil {
			t.Errorf("%s: %v", k, err)
		}
	}
}

// TestWhatJudgesSealedOfARequestOutlivesTheirHotkeys: it is sealed in one epoch and
// opened in another.
func TestWhatJudgesSealedOfARequestOutlivesTheirHotkeys(t *testing.T) {
	n := newNetwork(t, testGenesis())
	if err := n.do("v1 cold", n.swapHotkey("v1 cold", "v1", "new")); err != nil {
		t.Fatal(err)
	}
	from := n.p.Schedule.EpochStart(n.seat("v1").Swap.From)
	n.until(from - 30)
	ask := &wire.Request{Specification: "{}", Count: 1, Price: protocol.Unit, Maximum: protocol.Unit, Deadline: n.next() + 1}
	if err := n.do("rich cold", ask); err != nil {
		t.Fatal(err)
	}
	id := ledger.RequestID(secret("rich cold").Public(), n.height, ask)
	record := &wire.OpenRecord{Request: id, Text: "a text"}
	if err := n.do("m1 cold", &wire.SealRecords{Request: id, Seals: []protocol.Hash{record.Seal(secret("m1 cold").Public())}}); err != nil {
		t.Fatal(err)
	}
	if err := n.do("m1 cold", record); err != nil {
		t.Fatal(err)
	}
	r := n.read(id)
	n.until(r.OpenDeadline(n.p))
	found := &wire.OpenFinding{Request: id, Pays: []wire.RecordPay{{Number: 0, Amount: protocol.Unit}}}
	if err := n.do("v1", &wire.SealFinding{Request: id, Seal: found.Seal(secret("v1").Public())}); err != nil {
		t.Fatal(err)
	}
	n.until(from - 2)
	n.renamed("v1", "new")
	n.until(r.JudgeDeadline(n.p))
	if n.height < from {
		t.Fatalf("height %d, and the swap is of %d", n.height, from)
	}
	if err := n.do("new", found); err != nil {
		t.Error(err)
	}
}
