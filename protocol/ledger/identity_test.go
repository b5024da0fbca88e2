package ledger_test

import (
	"errors"
	"math"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// TestNobodyGetsASeatForAnothersHotkey: m3's hotkey is known, for its own Register
// waits for a block, or its seat was pruned and its daemon still runs. Who
// registers it first would have all that it earns.
func TestNobodyGetsASeatForAnothersHotkey(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(2)
	const most = 2 * protocol.Unit
	agreed := n.register("m1 cold", "m3", most)
	later := *agreed
	later.Consent.Until++
	for name, stolen := range map[string]*wire.Register{
		"no consent":             {Hotkey: agreed.Hotkey, MaxPrice: most, Consent: wire.Consent{Until: wire.MaxConsent}},
		"the one to its owner":   agreed,
		"one that was stretched": &later,
		"the thief's own":        {Hotkey: agreed.Hotkey, MaxPrice: most, Consent: n.register("rich cold", "m4", most).Consent},
	} {
		if err := n.do("rich cold", stolen); !errors.Is(err, ledger.ErrConsent) {
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrConsent)
		}
	}
	if err := n.do("m1 cold", agreed); err != nil {
		t.Fatal(err)
	}
	if s := n.seat("m3"); s.Coldkey != secret("m1 cold").Public() {
		t.Errorf("the seat is %s's", s.Coldkey)
	}
}

// TestAConsentEnds: or it could be used again after the seat was pruned. One that
// ends when nobody remembers it does not count either.
func TestAConsentEnds(t *testing.T) {
	for until, want := range map[protocol.Height]error{
		6: nil, 5: ledger.ErrDeadline, 6 + wire.MaxConsent: nil, 7 + wire.MaxConsent: ledger.ErrDeadline, math.MaxUint64: ledger.ErrDeadline,
	} {
		n := newNetwork(t, testGenesis())
		n.until(5)
		c, err := wire.NewConsent(signer{secret("m3")}, wire.DomainConsent, n.chain, secret("rich cold").Public(), until)
		if err != nil {
			t.Fatal(err)
		}
		err = n.do("rich cold", &wire.Register{Hotkey: secret("m3").Public(), MaxPrice: 2 * protocol.Unit, Consent: c})
		if !errors.Is(err, want) {
			t.Errorf("used in block 6, good until %d: got %v, want %v", until, err, want)
		}
	}
}

// TestAConsentIsOfOneNetwork: a hotkey may be used in two.
func TestAConsentIsOfOneNetwork(t *testing.T) {
	n := newNetwork(t, testGenesis())
	other := testGenesis()
	other.Time++
	c, err := wire.NewConsent(signer{secret("m3")}, wire.DomainConsent, other.ChainID(), secret("rich cold").Public(), wire.MaxConsent)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.do("rich cold", &wire.Register{Hotkey: secret("m3").Public(), MaxPrice: 2 * protocol.Unit, Consent: c}); !errors.Is(err, ledger.ErrConsent) {
		t.Errorf("got %v, want %v", err, ledger.ErrConsent)
	}
}

// TestAHotkeyServesItsOwnerAlone: a seat that fell to another coldkey offers
// nothing.
func TestAHotkeyServesItsOwnerAlone(t *testing.T) {
	n := newNetwork(t, testGenesis())
	if err := n.do("rich cold", n.register("rich cold", "m3", 2*protocol.Unit)); err != nil {
		t.Fatal(err)
	}
	believes := n.serveAs("m3", 1)
	believes.Coldkey = secret("m3 cold").Public()
	if err := n.do("m3", believes); !errors.Is(err, ledger.ErrConsent) {
		t.Errorf("got %v, want %v", err, ledger.ErrConsent)
	}
	if len(n.seat("m3").Offers) != 0 {
		t.Error("the seat offers something")
	}
	if err := n.do("m3", n.serveAs("m3", 1)); err != nil {
		t.Error(err)
	}
}

// TestNobodyAnnouncesAnothersTransportKey: v1's transport key is on the ledger. Who
// announced it as his own, with his address, would have v1's peers come to him.
func TestNobodyAnnouncesAnothersTransportKey(t *testing.T) {
	n := newNetwork(t, testGenesis())
	first := n.consensusAs("v1", " consensus", "h:1")
	if err := n.do("v1", first); err != nil {
		t.Fatal(err)
	}
	stolen := n.consensusAs("m1", " consensus", "thief:1")
	stolen.TransportKey = first.TransportKey
	if err := n.do("m1", stolen); !errors.Is(err, ledger.ErrTaken) {
		t.Errorf("one that a seat holds: got %v, want %v", err, ledger.ErrTaken)
	}
	unheld, sig := n.transport("v2", "v2 transport") // known, and bound to v2, but not there yet
	stolen.TransportKey = unheld
	for name, sig := range map[string]wire.Signature{"without a signature": {}, "signed for its owner": sig} {
		stolen.TransportSig = sig
		if err := n.do("m1", stolen); !errors.Is(err, ledger.ErrBadKey) {
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrBadKey)
		}
	}
	// A new one frees the old.
	if err := n.do("v1", n.consensusAs("v1", " next", "h:1")); err != nil {
		t.Fatal(err)
	}
	own := n.consensusAs("m1", " consensus", "h:9")
	own.TransportKey, own.TransportSig = n.transport("m1", "v1 consensus")
	if err := n.do("m1", own); err != nil {
		t.Errorf("a key that nobody holds any more, which signed: %v", err)
	}
}

// TestWhoSignedTwiceTakesItsKeyNowhere: evidence names the address of a key. Who
// could bind it to another seat, of the same owner or not, would have the proof
// meet that one, or after it was pruned, nobody.
func TestWhoSignedTwiceTakesItsKeyNowhere(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.consKeys[secret("v1 next").Public()] = "v1"
	if err := n.do("v1", n.consensusAs("v1", " next", "h:1")); err != nil {
		t.Fatal(err)
	}
	n.until(42) // two sets later
	sig, err := signer{secret("v1 consensus")}.Sign(string(wire.DomainBind), wire.BindMessage(n.chain, secret("m1").Public()))
	if err != nil {
		t.Fatal(err)
	}
	moved := n.consensusAs("m1", " consensus", "h:2")
	moved.Key, moved.KeySig = secret("v1 consensus").Public(), sig
	if err := n.do("m1", moved); !errors.Is(err, ledger.ErrTaken) {
		t.Errorf("got %v, want %v", err, ledger.ErrTaken)
	}
	address := key.AddressOf(moved.Key)
	if rec, ok, err := ledger.ReadAddress(n.tree, address); err != nil || !ok || rec.Seat != n.seat("v1").ID {
		t.Errorf("the address is of %+v, %v, %v", rec, ok, err)
	}
	n.jump(1 + 20 + 2 + 1000 - 1)
	n.block()
	if err := n.do("m1", moved); err != nil {
		t.Errorf("when no evidence counts any more: %v", err)
	}
}

func TestGenesisRefusesATransportKeyOfSmallOrder(t *testing.T) {
	g := testGenesis()
	g.Seats[0].Consensus.TransportKey = protocol.Hash{1} // the neutral point: anybody signs with it
	if err := g.Check(); !errors.Is(err, ledger.ErrGenesis) {
		t.Errorf("got %v, want %v", err, ledger.ErrGenesis)
	}
}

func TestGenesisRefusesATransportKeyTwice(t *testing.T) {
	g := testGenesis()
	g.Seats[0].Consensus.TransportKey = protocol.Hash{7}
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	g.Seats[1].Consensus.TransportKey = protocol.Hash{7}
	if err := g.Check(); !errors.Is(err, ledger.ErrGenesis) {
		t.Errorf("got %v, want %v", err, ledger.ErrGenesis)
	}
}

// TestAnAddressIsKnownForAsLongAsEvidenceCounts: misbehaviour is told of an
// address at an old height, when the key may be another's, or nobody's.
func TestAnAddressIsKnownForAsLongAsEvidenceCounts(t *testing.T) {
	n := newNetwork(t, testGenesis())
	old := key.AddressOf(secret("v1 consensus").Public())
	look := func() ledger.AddressRecord {
		t.Helper()
		rec, ok, err := ledger.ReadAddress(n.tree, old)
		if err != nil || ok && (rec.Seat != protocol.SeatID{} || rec.Hotkey != secret("v1").Public()) {
			t.Fatalf("%+v, %v, %v", rec, ok, err)
		}
		return rec
	}
	if rec := look(); rec.Left != 0 {
		t.Errorf("bound, and left at %d", rec.Left)
	}
	n.until(4)
	n.consKeys[secret("v1 next").Public()] = "v1"
	if err := n.do("v1", n.consensusAs("v1", " next", "h:1")); err != nil {
		t.Fatal(err)
	}
	const left = 5 + 20 + 2 // an epoch, in which it still signs, and two blocks
	const end = left + 40   // as long as stake waits
	if rec := look(); rec.Left != left {
		t.Errorf("given up, and left at %d, want %d", rec.Left, left)
	}
	n.until(end - 1)
	if rec := look(); rec.Left != left {
		t.Errorf("forgotten before %d: %+v", end, rec)
	}
	n.block()
	if rec, ok, _ := ledger.ReadAddress(n.tree, old); ok {
		t.Errorf("known after %d: %+v", end, rec)
	}
	if rec, ok, _ := ledger.ReadAddress(n.tree, key.AddressOf(secret("v1 next").Public())); !ok || rec.Left != 0 {
		t.Errorf("the new one: %+v, %v", rec, ok)
	}
}

// TestAKeyThatIsBoundAgainStaysKnown, and so does that of a seat that was pruned.
func TestAKeyThatIsBoundAgainStaysKnown(t *testing.T) {
	g := testGenesis()
	g.Params.Seats.Max, g.Params.Seats.Immunity = 5, 1
	n := newNetwork(t, g)
	for _, of := range []string{" first", " second", " first"} {
		if err := n.do("m1", n.consensusAs("m1", of, "h:1")); err != nil {
			t.Fatal(err)
		}
	}
	first := key.AddressOf(secret("m1 first").Public())
	if rec, ok, err := ledger.ReadAddress(n.tree, first); err != nil || !ok || rec.Left != 0 {
		t.Errorf("bound again: %+v, %v, %v", rec, ok, err)
	}
	if err := n.do("rich cold", n.register("rich cold", "m4", 2*protocol.Unit)); err != nil {
		t.Fatal(err)
	}
	if uid := n.seat("m4").ID.UID; uid != 3 {
		t.Fatalf("m4 has seat %d, want that of m1", uid)
	}
	if rec, ok, _ := ledger.ReadAddress(n.tree, first); !ok || rec.Seat != (protocol.SeatID{UID: 3}) || rec.Hotkey != secret("m1").Public() || rec.Left != 4+22 {
		t.Errorf("pruned in block 4: %+v, %v", rec, ok)
	}
}
