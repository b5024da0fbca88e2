package ledger_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// kindOfFinding is what a byte stands for.
var kindOfFinding = map[byte]wire.Finding{
	wire.FoundPassed: wire.FindingPassed, wire.FoundMalformed: wire.FindingMalformed, wire.FoundFalse: wire.FindingFalse,
}

// opens returns what a judge opens of an epoch, with bodies of so many bytes: these
// findings, or that it passed all that it drew so far.
func (n *network) opens(name string, e protocol.Epoch, findings []byte, body int) *wire.OpenCards {
	n.tb.Helper()
	hotkey := secret(name).Public()
	seat, _, _ := ledger.ReadSeatByHotkey(n.tree, hotkey)
	id := seat.ID
	drawn, ok, err := ledger.ReadDrawn(n.tree, e, id.UID)
	if err != nil {
		n.tb.Fatal(err)
	}
	var keys wire.AnswerKeys
	if ok && drawn.Judge == id {
		keys = drawn.Flat()
	}
	if findings == nil {
		findings = bytes.Repeat([]byte{wire.FoundPassed}, keys.Len())
	}
	b := &wire.OpenCards{Epoch: e, Findings: findings, Salt: [32]byte{byte(id.UID)}}
	var cards []wire.Card
	var leaves []protocol.Hash
	for i, f := range findings {
		if f == wire.FoundNothing || i >= keys.Len() {
			continue
		}
		key := keys.At(i)
		c := wire.Card{
			Judge: id, Round: key.Round, Seat: protocol.SeatID{UID: key.UID}, Slot: key.Slot,
			Answer: protocol.Hash{1}, Kind: "inference", Finding: kindOfFinding[f], Body: make([]byte, body),
		}
		cards, leaves = append(cards, c), append(leaves, c.Leaf(hotkey))
	}
	b.Root = wire.MerkleRoot(leaves)
	if size := len(findings) + len(cards)*(body+150); size <= wire.MaxOpened {
		b.Shown = cards
		return b
	}
	beacon, _, err := ledger.ReadBeacon(n.tree, n.p.Schedule.SealCardsDeadline(e)+1)
	if err != nil {
		n.tb.Fatal(err)
	}
	first := ledger.PickCard(beacon.Beacon, id, len(cards))
	for i := 0; !b.Full(); i++ {
		leaf := (first + i) % len(cards)
		c := cards[leaf]
		c.Proof = wire.MerkleProof(leaves, leaf)
		b.Shown = append(b.Shown, c)
	}
	return b
}

// finds has a judge seal findings in the first block in which it may, and open
// them.
func (n *network) finds(name string, b *wire.OpenCards) {
	n.tb.Helper()
	n.until(n.p.Schedule.EpochEnd(b.Epoch))
	if err := n.do(name, &wire.SealCards{Epoch: b.Epoch, Seal: b.Seal(secret(name).Public())}); err != nil {
		n.tb.Fatal(err)
	}
	n.until(n.p.Schedule.SealCardsDeadline(b.Epoch))
	if err := n.do(name, b); err != nil {
		n.tb.Fatal(err)
	}
}

// judgedEpoch is a network of two kinds whose duties of epoch 0 are drawn: all
// three judges drew m1's and m2's first echo, and m1's first answer.
func judgedEpoch(t *testing.T) *network {
	n := newNetwork(t, twoKinds())
	n.commitAll(0, "m1")
	n.commitAll(1, "m1", "m2")
	return n
}

// TestADutyIsFulfilledByWhatItsJudgeOpensAndNobodyElseSays: v1 judged all, v2
// echoes alone, v3 seals and never opens. Each loses what it left empty, and no
// other's word takes anything from anybody: v2 found false what v1 found exact.
func TestADutyIsFulfilledByWhatItsJudgeOpensAndNobodyElseSays(t *testing.T) {
	n := judgedEpoch(t)
	drawn := map[string][]uint32{}
	for _, name := range []string{"v1", "v2", "v3"} {
		rec, _, err := ledger.ReadDrawn(n.tree, 0, n.seat(name).ID.UID)
		if err != nil || len(rec.Kinds) != 2 || rec.Counts()[0] != 2 || rec.Counts()[1] == 0 {
			t.Fatalf("%s drew %v, %v", name, rec.Kinds, err)
		}
		drawn[name] = rec.Counts()
	}
	echoes := make([]byte, 2+drawn["v2"][1])
	echoes[0], echoes[1] = wire.FoundFalse, wire.FoundMalformed
	found := map[string]*wire.OpenCards{"v1": n.opens("v1", 0, nil, 9), "v2": n.opens("v2", 0, echoes, 9), "v3": n.opens("v3", 0, nil, 9)}
	n.until(n.p.Schedule.EpochEnd(0) + 2)
	for _, name := range []string{"v1", "v2", "v3"} {
		if err := n.do(name, &wire.SealCards{Epoch: 0, Seal: found[name].Seal(secret(name).Public())}); err != nil {
			t.Fatal(err)
		}
	}
	n.until(n.p.Schedule.SealCardsDeadline(0))
	for _, name := range []string{"v2", "v1"} {
		if err := n.do(name, found[name]); err != nil {
			t.Fatal(err)
		}
	}
	n.until(n.p.Schedule.EpochEnd(1))
	for uid, want := range []struct {
		fulfilled uint32
		duty      uint16
	}{{2 + drawn["v1"][1], 65534}, {2, 65535 / 4}, {0, 0}} { // an echo stands for a quarter
		p := n.payment(1, protocol.UID(uid))
		if p.Fulfilled != want.fulfilled || p.Duty != want.duty {
			t.Errorf("v%d fulfilled %d of %d duties, %d; want %d, %d", uid+1, p.Fulfilled, p.Drawn, p.Duty, want.fulfilled, want.duty)
		}
	}
	if rec, ok, err := ledger.ReadCards(n.tree, 0, 1); err != nil || !ok || !rec.Opened() || !bytes.Equal(rec.Findings, echoes) || rec.Cards() != 2 {
		t.Errorf("of v2 the ledger has %+v, %v, %v", rec, ok, err)
	}
}

// TestFindingsAreSealedBeforeAnyIsOpened: not later than the last block for seals,
// and opened after it, once, by judges of the epoch, as they were sealed.
func TestFindingsAreSealedBeforeAnyIsOpened(t *testing.T) {
	n := judgedEpoch(t)
	sched := n.p.Schedule
	found := n.opens("v1", 0, nil, 1)
	seal := func(name string) error {
		return n.do(name, &wire.SealCards{Epoch: 0, Seal: found.Seal(secret(name).Public())})
	}
	expect := func(what string, got error, want ledger.Reason) {
		t.Helper()
		if ledger.ReasonOf(got) != want {
			t.Errorf("%s: got %v, want %q", what, got, want)
		}
	}
	expect("a miner", seal("m1"), ledger.ErrNotPermitted)
	expect("v1", seal("v1"), "")
	expect("v1 again", seal("v1"), ledger.ErrDuplicate)
	n.until(sched.SealCardsDeadline(0) - 1)
	expect("in the block of the last seal", n.do("v1", found), ledger.ErrDeadline)
	expect("a late seal", seal("v2"), ledger.ErrDeadline)
	expect("who sealed nothing", n.do("v2", n.opens("v2", 0, nil, 1)), ledger.ErrUnknown)
	other := *found
	other.Salt[0]++
	expect("another salt", n.do("v1", &other), ledger.ErrMismatch)
	expect("as it was sealed", n.do("v1", found), "")
	expect("twice", n.do("v1", found), ledger.ErrDuplicate)
	expect("an epoch that runs", n.do("v1", &wire.SealCards{Epoch: 1}), ledger.ErrDeadline)

	late := judgedEpoch(t)
	late.until(sched.EpochEnd(0))
	if err := late.do("v1", &wire.SealCards{Epoch: 0, Seal: found.Seal(secret("v1").Public())}); err != nil {
		t.Fatal(err)
	}
	late.until(sched.OpenCardsDeadline(0))
	expect("too late", late.do("v1", found), ledger.ErrDeadline)
}

// TestCardsThatAreNotThoseOfTheFindingsAreRefused, whatever was sealed: then the
// judge fulfilled nothing.
func TestCardsThatAreNotThoseOfTheFindingsAreRefused(t *testing.T) {
	base := judgedEpoch(t)
	base.until(base.p.Schedule.EpochEnd(0))
	for name, spoil := range map[string]func(b *wire.OpenCards){
		"a finding too many": func(b *wire.OpenCards) { b.Findings = append(b.Findings, wire.FoundNothing) },
		"a finding too few": func(b *wire.OpenCards) {
			b.Findings, b.Shown = b.Findings[:len(b.Findings)-1], b.Shown[:len(b.Shown)-1]
		},
		"another finding":  func(b *wire.OpenCards) { b.Findings[0] = wire.FoundFalse },
		"a finding less":   func(b *wire.OpenCards) { b.Findings[0] = wire.FoundNothing },
		"a card less":      func(b *wire.OpenCards) { b.Shown = b.Shown[1:] },
		"no card":          func(b *wire.OpenCards) { b.Shown = nil },
		"a card twice":     func(b *wire.OpenCards) { b.Shown[1] = b.Shown[0] },
		"another order":    func(b *wire.OpenCards) { b.Shown[1], b.Shown[0] = b.Shown[0], b.Shown[1] },
		"another body":     func(b *wire.OpenCards) { b.Shown[0].Body = []byte("else") },
		"another judge's":  func(b *wire.OpenCards) { b.Shown[0].Judge.UID++ },
		"another slot's":   func(b *wire.OpenCards) { b.Shown[0].Slot += 7 },
		"a needless proof": func(b *wire.OpenCards) { b.Shown[0].Proof = []protocol.Hash{{1}} },
		"another root":     func(b *wire.OpenCards) { b.Root[0]++ },
		"a fellow's root": func(b *wire.OpenCards) { // and its cards cannot be shown, for the fellow's key is in them
			b.Root = base.opens("v2", 0, nil, 9).Root
		},
		"no root": func(b *wire.OpenCards) { b.Root = protocol.Hash{} },
	} {
		n := *base
		n.tb, n.tree = t, base.tree.Clone()
		b := n.opens("v1", 0, nil, 9)
		spoil(b)
		if err := n.do("v1", &wire.SealCards{Epoch: 0, Seal: b.Seal(secret("v1").Public())}); err != nil {
			t.Fatal(err)
		}
		n.until(n.p.Schedule.SealCardsDeadline(0))
		if err := n.do("v1", b); !errors.Is(err, ledger.ErrMismatch) && !errors.Is(err, ledger.ErrDeadline) {
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrMismatch)
		}
	}
}

// TestOfMoreCardsThanFitABeaconPicksWhichAreShown: v1 judged 200 answers, and shows
// those from the picked one on, with proofs, until no more fit.
func TestOfMoreCardsThanFitABeaconPicksWhichAreShown(t *testing.T) {
	base := judgedEpoch(t)
	sched := base.p.Schedule
	id, hotkey := base.seat("v1").ID, secret("v1").Public()
	drawn := ledger.DrawnRecord{Judge: id, Kinds: make([]wire.AnswerKeys, 2)}
	findings := make([]byte, 200)
	for i := range findings {
		drawn.Kinds[i/100].Add(wire.AnswerKey{Round: 1, UID: protocol.UID(i % 100)})
		findings[i] = byte(i % 4)
	}
	base.set(ledger.DrawnKey(0, id.UID), drawn)
	sealed := base.opens("v1", 0, findings, 2000) // its root is that of whatever is shown
	base.until(sched.EpochEnd(0))
	if err := base.do("v1", &wire.SealCards{Epoch: 0, Seal: sealed.Seal(hotkey)}); err != nil {
		t.Fatal(err)
	}
	base.until(sched.SealCardsDeadline(0))
	if err := base.do("v1", sealed); !errors.Is(err, ledger.ErrDeadline) {
		t.Errorf("before the beacon is known: got %v, want %v", err, ledger.ErrDeadline)
	}
	base.until(sched.SealCardsDeadline(0) + 2)
	for name, c := range map[string]struct {
		spoil func(b *wire.OpenCards)
		want  ledger.Reason
	}{
		"as picked":       {func(*wire.OpenCards) {}, ""},
		"one less":        {func(b *wire.OpenCards) { b.Shown = b.Shown[:len(b.Shown)-4] }, ledger.ErrMismatch},
		"the second on":   {func(b *wire.OpenCards) { b.Shown = b.Shown[1:] }, ledger.ErrMismatch},
		"without a proof": {func(b *wire.OpenCards) { b.Shown[3].Proof = nil }, ledger.ErrMismatch},
		"another's proof": {func(b *wire.OpenCards) { b.Shown[3].Proof = b.Shown[4].Proof }, ledger.ErrMismatch},
		"another body":    {func(b *wire.OpenCards) { b.Shown[3].Body[7] = 1 }, ledger.ErrMismatch},
	} {
		n := *base
		n.tb, n.tree = t, base.tree.Clone()
		b := n.opens("v1", 0, findings, 2000)
		if len(b.Shown) < 16 || len(b.Shown) > 24 || b.Root != sealed.Root {
			t.Fatalf("%d cards of 2 KB fit", len(b.Shown))
		}
		c.spoil(b)
		if err := n.do("v1", b); ledger.ReasonOf(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestNoDutyIsDrawnThatCouldNotBeSealed: v1 makes all blocks from the attest
// deadline on, so that no second link follows, until a lane window before seals
// are due.
func TestNoDutyIsDrawnThatCouldNotBeSealed(t *testing.T) {
	last := protocol.Height(22)
	for _, others := range []protocol.Height{last - 1, last} { // the block in which another proposes
		n := newNetwork(t, testGenesis())
		if got := n.p.LastDraw(0); got != last {
			t.Fatalf("duties of epoch 0 are drawn up to block %d, want %d", got, last)
		}
		n.until(n.p.Schedule.CommitDeadline(1) - 1)
		if err := n.do("m1", &wire.Commit{Round: 1, Root: protocol.Hash{1}}); err != nil {
			t.Fatal(err)
		}
		for n.height < 28 {
			n.turn = 0
			if n.next() == others || n.next() <= n.p.Schedule.AttestDeadline(1) {
				n.turn = int(n.next()) % 2
			}
			if n.next() == others {
				n.turn = 1
			}
			n.block()
		}
		rec, _, err := ledger.ReadRound(n.tree, 1)
		if drawn := !rec.DutySeed.IsZero(); err != nil || drawn != (others < last) {
			t.Errorf("a second link in block %d: duties are drawn is %v in block %d, %v", others, drawn, rec.DutyHeight, err)
		}
	}
}

// TestWeightsAreSealedWhenAllCardsAreOpen and not before.
func TestWeightsAreSealedWhenAllCardsAreOpen(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(n.p.Schedule.WeightsStart(1) - 2)
	if err := n.do("v1", &wire.CommitWeights{Epoch: 1}); !errors.Is(err, ledger.ErrDeadline) {
		t.Errorf("a block too early: got %v, want %v", err, ledger.ErrDeadline)
	}
	if err := n.do("v1", &wire.CommitWeights{Epoch: 1}); err != nil {
		t.Error(err)
	}
}

// TestADutyAndItsFindingFindEachOther by the order of both.
func TestADutyAndItsFindingFindEachOther(t *testing.T) {
	n := judgedEpoch(t)
	rec, _, err := ledger.ReadDrawn(n.tree, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	for k := range rec.Kinds {
		for i := range rec.Kinds[k].Len() {
			key := rec.Kinds[k].At(i)
			if got, ok := rec.Number(k, key); !ok || got != number {
				t.Errorf("answer %v of kind %d: number %d, %v; want %d", key, k, got, ok, number)
			}
			if _, ok := rec.Number(1-k, key); ok {
				t.Errorf("answer %v is of both kinds", key)
			}
			number++
		}
	}
	said := ledger.CardsRecord{Findings: []byte{wire.FoundNothing, wire.FoundPassed, wire.FoundNothing, wire.FoundFalse}}
	for i, want := range []int{-1, 0, -1, 1} {
		if leaf, of, ok := said.Leaf(i); of != 2 || ok != (want >= 0) || ok && leaf != want {
			t.Errorf("the card about duty %d is leaf %d of %d, %v; want %d of 2", i, leaf, of, ok, want)
		}
	}
	if _, _, ok := said.Leaf(4); ok {
		t.Error("a card about no duty")
	}
}
