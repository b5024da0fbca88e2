package ledger_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// swap announces that secret(to) signs for the name of secret(owner).
func (n *network) swap(owner, to string) *wire.SwapColdkey {
	n.tb.Helper()
	c, err := wire.NewConsent(signer{secret(to)}, wire.DomainSwap, n.chain, secret(owner).Public(), wire.MaxConsent)
	if err != nil {
		n.tb.Fatal(err)
	}
	return &wire.SwapColdkey{To: secret(to).Public(), Consent: c}
}

// signs returns which key signs for a name in the next block, and whether a swap
// waits.
func (n *network) signs(name string) (protocol.PublicKey, bool) {
	n.tb.Helper()
	_, o, err := ledger.ReadOwner(n.tree, secret(name).Public())
	if err != nil {
		n.tb.Fatal(err)
	}
	return o.Signer(n.next()), o.Waits(n.next())
}

// TestAStolenColdkeyCannotBeSwappedInSecret: the thief announces a key of his own,
// the owner sees it and stops it in time, and both go on as before.
func TestAStolenColdkeyCannotBeSwappedInSecret(t *testing.T) {
	n := newNetwork(t, testGenesis())
	if err := n.do("rich cold", n.swap("rich cold", "thief")); err != nil {
		t.Fatal(err)
	}
	if _, waits := n.signs("rich cold"); !waits {
		t.Fatal("nothing can be seen")
	}
	if err := n.do("rich cold", n.swap("rich cold", "another")); !errors.Is(err, ledger.ErrDuplicate) {
		t.Errorf("a second beside it: got %v, want %v", err, ledger.ErrDuplicate)
	}
	n.refused(n.tx("thief", &wire.Transfer{To: secret("m1").Public(), Amount: protocol.Unit}), ledger.ErrMoved)
	n.until(38) // the one after the next is the last in which it can be stopped: removed stake waits 40
	if err := n.do("rich cold", &wire.StopSwap{To: secret("m1").Public()}); !errors.Is(err, ledger.ErrUnknown) {
		t.Errorf("another swap than waits: got %v, want %v", err, ledger.ErrUnknown)
	}
	if err := n.do("rich cold", &wire.StopSwap{To: secret("thief").Public()}); err != nil {
		t.Fatal(err)
	}
	n.until(60)
	if now, waits := n.signs("rich cold"); waits || now != secret("rich cold").Public() {
		t.Errorf("%s signs, another waits: %v", now, waits)
	}
	if err := n.do("rich cold", &wire.Transfer{To: secret("m1").Public(), Amount: protocol.Unit}); err != nil {
		t.Error(err)
	}
	if o, ok, _ := ledger.ReadOwnerRecord(n.tree, secret("rich cold").Public()); ok {
		t.Errorf("the state keeps %+v", o)
	}
}

// TestAllThatIsAColdkeysFollowsItsSwap: the old key may be on any disk that was
// thrown away, and signs for nothing any more.
func TestAllThatIsAColdkeysFollowsItsSwap(t *testing.T) {
	n := newNetwork(t, testGenesis())
	ask := &wire.Request{Specification: "{}", Count: 2, Price: 2, Maximum: 3, Deadline: 50}
	for _, body := range []wire.Body{
		n.register("rich cold", "m3", 2*protocol.Unit), &wire.AddStake{Hotkey: secret("v1").Public(), Amount: 20 * protocol.Unit},
		&wire.RemoveStake{Hotkey: secret("v1").Public(), Amount: 5 * protocol.Unit}, ask, n.swap("rich cold", "new"),
	} {
		if err := n.do("rich cold", body); err != nil {
			t.Fatal(err)
		}
	}
	// The old key signs while the new one waits, up to block 44.
	n.until(43)
	if err := n.do("rich cold", &wire.Transfer{To: secret("m1").Public(), Amount: protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	n.refused(n.tx("rich cold", &wire.Transfer{To: secret("m1").Public(), Amount: 1}), ledger.ErrMoved)
	n.until(52) // the request found nobody; what was unbonding has returned
	before := n.account("rich cold").Balance
	if err := n.do("m1 cold", &wire.Transfer{To: secret("new").Public(), Amount: 3 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	if got := n.account("rich cold").Balance - before; got != 3*protocol.Unit || n.account("new").Balance != 0 {
		t.Errorf("what is sent to the new key: %s are the name's, %s its own", got, n.account("new").Balance)
	}
	for _, body := range []wire.Body{
		&wire.Transfer{To: secret("m1").Public(), Amount: protocol.Unit}, &wire.RemoveStake{Hotkey: secret("v1").Public()}, // all
		n.register("rich cold", "m4", 3*protocol.Unit), &wire.SetPayout{Hotkey: secret("m3").Public(), To: secret("m2 cold").Public()},
	} {
		if err := n.do("new", body); err != nil {
			t.Errorf("%s: %v", body.Type(), err)
		}
	}
	if s := n.seat("m4"); s.Coldkey != secret("rich cold").Public() {
		t.Errorf("the new seat is %s's, want the name's", s.Coldkey)
	}
	if left, err := ledger.ReadStake(n.tree, secret("v1").Public(), secret("rich cold").Public()); err != nil || left != 0 {
		t.Errorf("stake of %s is left, %v", left, err)
	}
	// And on: who signed for it once, or gave it its name, does not again.
	if err := n.do("new", n.swap("rich cold", "newer")); err != nil {
		t.Fatal(err)
	}
	n.until(n.height + 40)
	for _, old := range []string{"new", "rich cold"} {
		n.refused(n.tx(old, &wire.Transfer{To: secret("m1").Public(), Amount: 1}), ledger.ErrMoved)
	}
	if err := n.do("newer", &wire.Transfer{To: secret("m1").Public(), Amount: 1}); err != nil {
		t.Error(err)
	}
}

// TestNobodyIsInTheWayOfASwap: whoever sees the announcement come pays the new key
// a deposit first. The owner gets that, too, and the swap goes on.
func TestNobodyIsInTheWayOfASwap(t *testing.T) {
	n := newNetwork(t, testGenesis())
	swap := n.swap("rich cold", "new")
	before := n.account("rich cold").Balance - n.fee(swap)
	gift := &wire.Transfer{To: secret("new").Public(), Amount: n.p.Fees.Deposit + 7}
	for i, r := range n.block(n.tx("m1 cold", gift), n.tx("rich cold", swap)).Txs {
		if r.Err != nil {
			t.Fatalf("transaction %d: %v", i, r.Err)
		}
	}
	if got, want := n.account("rich cold").Balance, before+gift.Amount; got != want {
		t.Errorf("the name has %s, want %s", got, want)
	}
	if a, ok, err := ledger.ReadAccount(n.tree, secret("new").Public()); ok || err != nil {
		t.Errorf("the new key keeps %+v, %v", a, err)
	}
	n.until(n.height + 40)
	if err := n.do("new", &wire.Transfer{To: secret("m1").Public(), Amount: protocol.Unit}); err != nil {
		t.Error(err)
	}
}

// TestOnlyAFreshKeyThatAgreesTakesAnothersPlace: it could sign for nothing of its
// own any more, and a mistyped address for nothing at all.
func TestOnlyAFreshKeyThatAgreesTakesAnothersPlace(t *testing.T) {
	n := newNetwork(t, testGenesis())
	if err := n.do("m1 cold", n.swap("m1 cold", "held")); err != nil {
		t.Fatal(err)
	}
	if err := n.do("m2 cold", &wire.Transfer{To: secret("signed").Public(), Amount: 2 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	if err := n.do("signed", &wire.AddStake{Hotkey: secret("v1").Public(), Amount: protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		to   string
		want error
	}{
		"one with a seat":           {"m2 cold", ledger.ErrTaken},
		"one that staked":           {"signed", ledger.ErrTaken},
		"a hotkey":                  {"m2", ledger.ErrTaken},
		"one that waits already":    {"held", ledger.ErrTaken},
		"one that will be replaced": {"m1 cold", ledger.ErrTaken},
		"itself":                    {"rich cold", ledger.ErrTaken},
	} {
		if err := n.do("rich cold", n.swap("rich cold", c.to)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	mute := n.swap("m2 cold", "fresh") // agreed to sign for another
	if err := n.do("rich cold", mute); !errors.Is(err, ledger.ErrConsent) {
		t.Errorf("one that did not agree: got %v, want %v", err, ledger.ErrConsent)
	}
	seat := n.register("rich cold", "m3", protocol.Unit) // agreed to be the hotkey of a seat, no more
	if err := n.do("rich cold", &wire.SwapColdkey{To: seat.Hotkey, Consent: seat.Consent}); !errors.Is(err, ledger.ErrConsent) {
		t.Errorf("a hotkey that agreed to work: got %v, want %v", err, ledger.ErrConsent)
	}
	sign := n.swap("rich cold", "m4") // agreed to sign in its place, not to work
	if err := n.do("rich cold", &wire.Register{Hotkey: sign.To, MaxPrice: 2 * protocol.Unit, Consent: sign.Consent}); !errors.Is(err, ledger.ErrConsent) {
		t.Errorf("a coldkey that agreed to sign: got %v, want %v", err, ledger.ErrConsent)
	}
}

// TestAKeyThatHasStakeIsNotFresh, though it never signed and its seat was pruned:
// the stake that the genesis gave it would be nobody's.
func TestAKeyThatHasStakeIsNotFresh(t *testing.T) {
	g := testGenesis()
	g.Params.Seats.Max, g.Params.Seats.Immunity = 5, 1
	g.Seats[3].Stake = 5 * protocol.Unit // less than a validator's
	n := newNetwork(t, g)
	n.until(2)
	if err := n.do("rich cold", n.register("rich cold", "m4", 2*protocol.Unit)); err != nil {
		t.Fatal(err)
	}
	if uid := n.seat("m4").ID.UID; uid != 3 {
		t.Fatalf("m4 has seat %d, want that of m1", uid)
	}
	if err := n.do("rich cold", n.swap("rich cold", "m1 cold")); !errors.Is(err, ledger.ErrTaken) {
		t.Errorf("got %v, want %v", err, ledger.ErrTaken)
	}
	if err := n.do("m1 cold", &wire.RemoveStake{Hotkey: secret("m1").Public()}); err != nil {
		t.Errorf("it has no way to its stake: %v", err)
	}
}

// TestPayGoesWhereItsOwnerSays, and only its owner says it.
func TestPayGoesWhereItsOwnerSays(t *testing.T) {
	n := newNetwork(t, testGenesis())
	pay := &wire.SetPayout{Hotkey: secret("m1").Public(), To: secret("purse").Public()}
	if err := n.do("rich cold", pay); !errors.Is(err, ledger.ErrConsent) {
		t.Errorf("got %v, want %v", err, ledger.ErrConsent)
	}
	if err := n.do("rich cold", &wire.SetPayout{Hotkey: secret("m4").Public()}); !errors.Is(err, ledger.ErrNoSeat) {
		t.Errorf("got %v, want %v", err, ledger.ErrNoSeat)
	}
	if err := n.do("m1 cold", pay); err != nil {
		t.Fatal(err)
	}
	own := n.account("m1 cold").Balance
	n.sealAndOpen(0, 3, "v1", "v2", "v3")
	n.sealAndOpen(1, 3, "v1", "v2", "v3")
	n.until(59)
	if got := n.account("purse").Balance; got == 0 || got != n.payment(2, 3).Miner || n.account("m1 cold").Balance != own {
		t.Errorf("the purse has %s of %s", got, n.payment(2, 3).Miner)
	}
	if err := n.do("m1 cold", &wire.SetPayout{Hotkey: secret("m1").Public()}); err != nil {
		t.Fatal(err)
	}
	own = n.account("m1 cold").Balance
	n.until(79)
	if got := n.account("m1 cold").Balance - own; got == 0 || got != n.payment(3, 3).Miner {
		t.Errorf("m1 has %s of %s", got, n.payment(3, 3).Miner)
	}
}
