package ledger_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

func TestBlocksThatNoHonestProposerSendsAreRefused(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(3)
	good := n.draft()
	cases := map[string]func(b *ledger.Block){
		"another height":   func(b *ledger.Block) { b.Height++ },
		"no head":          func(b *ledger.Block) { b.Txs = nil },
		"a head too many":  func(b *ledger.Block) { b.Txs = append(b.Txs, b.Txs[0]) },
		"no proposer":      func(b *ledger.Block) { b.Proposer = protocol.PublicKey{} },
		"a malformed head": func(b *ledger.Block) { b.Txs[0] = []byte{0x80} },
		"a link of zeros":  func(b *ledger.Block) { b.Txs[0] = wire.Encode(&wire.BlockHead{}) },
		"the next height's link": func(b *ledger.Block) {
			link, _ := n.makers[n.consKeys[b.Proposer]][0].Link(b.Height + 1)
			b.Txs[0] = wire.Encode(&wire.BlockHead{Link: link})
		},
		"nonsense": func(b *ledger.Block) { b.Txs = append(b.Txs, []byte("nonsense")) },
		"too many bytes": func(b *ledger.Block) {
			b.Txs = append(b.Txs, make([]byte, n.p.Block.MaxBytes))
		},
	}
	for name, spoil := range cases {
		b := *good
		b.Txs = slices.Clone(good.Txs)
		spoil(&b)
		if err := ledger.CheckBlock(n.tree, n.chain, n.p, &b); !errors.Is(err, ledger.ErrBlock) {
			t.Errorf("%s: check: got %v, want %v", name, err, ledger.ErrBlock)
		}
		before := n.tree.Hash()
		if _, err := ledger.Apply(n.tree, n.chain, n.p, &b); !errors.Is(err, ledger.ErrBlock) {
			t.Errorf("%s: apply: got %v, want %v", name, err, ledger.ErrBlock)
		}
		if n.tree.Hash() != before {
			t.Errorf("%s changed the state", name)
		}
	}
	n.apply(good)
}

func TestTransactionsOfOthersDoNotEnter(t *testing.T) {
	n := newNetwork(t, testGenesis())
	transfer := &wire.Transfer{To: secret("m1 cold").Public(), Amount: 1}
	raw := n.tx("rich cold", transfer)

	other, err := wire.NewTx(signer{secret("rich cold")}, "assay-other-00000000", 0, protocol.Unit, transfer)
	if err != nil {
		t.Fatal(err)
	}
	n.refused(wire.Encode(other), wire.ErrChain)

	var forged wire.Tx
	if err := wire.Decode(raw, wire.MaxTxBytes, &forged); err != nil {
		t.Fatal(err)
	}
	forged.Signer = secret("v1 cold").Public()
	n.refused(wire.Encode(&forged), wire.ErrSignature)

	n.refused(n.tx("stranger", n.serveAs("stranger", 1)), ledger.ErrNoSeat)
	n.refused(n.tx("rich cold", &wire.Transfer{To: secret("m1").Public()}), wire.ErrLimit)

	n.block(raw)
	n.refused(raw, ledger.ErrBadNonce) // a replay
	if got := n.account("m1 cold").Balance; got != 100*protocol.Unit+1 {
		t.Errorf("got %s", got)
	}
}

func TestAmountsThatOverflowFail(t *testing.T) {
	n := newNetwork(t, testGenesis())
	const most = protocol.Amount(math.MaxUint64)
	for name, c := range map[string]struct {
		by   string
		body wire.Body
	}{
		"transfer": {"rich cold", &wire.Transfer{To: secret("m1 cold").Public(), Amount: most}},
		"stake":    {"rich cold", &wire.AddStake{Hotkey: secret("v1").Public(), Amount: most}},
		"unstake":  {"v1 cold", &wire.RemoveStake{Hotkey: secret("v1").Public(), Amount: most}},
	} {
		if err := n.do(c.by, c.body); !errors.Is(err, ledger.ErrCannotPay) {
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrCannotPay)
		}
	}
	g := testGenesis()
	g.Accounts[0].Balance = most
	if _, err := ledger.Init(&ledger.MemTree{}, g); !errors.Is(err, ledger.ErrGenesis) {
		t.Errorf("got %v, want %v", err, ledger.ErrGenesis)
	}
}

func TestKeysThatOthersHoldAreNotBound(t *testing.T) {
	n := newNetwork(t, testGenesis())
	stolen := n.serveAs("m1", 1)
	stolen.Identity = secret("m2 identity").Public()
	if err := n.do("m1", stolen); !errors.Is(err, ledger.ErrTaken) {
		t.Errorf("another's identity: got %v", err)
	}
	unsigned := n.serveAs("m1", 1)
	unsigned.Identity = secret("m1 other").Public()
	if err := n.do("m1", unsigned); !errors.Is(err, ledger.ErrBadKey) {
		t.Errorf("an identity that did not sign: got %v", err)
	}
	own := n.serveAs("m1", 1)
	own.Identity, own.IdentitySig = secret("m1").Public(), n.bound("m1", "")
	if err := n.do("m1", own); !errors.Is(err, ledger.ErrTaken) {
		t.Errorf("the hotkey as identity: got %v", err)
	}
	signs := n.serveAs("v1", 1)
	signs.Identity, signs.IdentitySig = secret("v1 consensus").Public(), n.bound("v1", " consensus")
	if err := n.do("v1", signs); !errors.Is(err, ledger.ErrTaken) {
		t.Errorf("the consensus key as identity: got %v", err)
	}
	unpaid := n.serveAs("m1", 1)
	unpaid.Offers[0].Models = []protocol.ModelID{{1}}
	if err := n.do("m1", unpaid); !errors.Is(err, ledger.ErrUnknown) {
		t.Errorf("an unknown model: got %v", err)
	}
	if err := n.do("m1", &wire.SetConsensusKey{Key: secret("v1 consensus").Public(), KeySig: n.bound("m1", " consensus"), Address: "h:1"}); !errors.Is(err, ledger.ErrTaken) {
		t.Errorf("another's consensus key: got %v", err)
	}
	mute := n.consensusAs("m1", " consensus", "h:1")
	mute.KeySig = wire.Signature{}
	if err := n.do("m1", mute); !errors.Is(err, ledger.ErrBadKey) {
		t.Errorf("a consensus key that did not sign: got %v", err)
	}
	if err := n.do("m1", n.serveAs("m1", 2)); err != nil {
		t.Errorf("the same identity again: %v", err)
	}
}

func TestConsensusKeyRotatesAtTheEndOfTheEpoch(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(4)
	n.consKeys[secret("v1 next").Public()] = "v1"
	if err := n.do("v1", n.consensusAs("v1", " next", "h:2")); err != nil {
		t.Fatal(err)
	}
	sig, err := signer{secret("v1 consensus")}.Sign(string(wire.DomainBind), wire.BindMessage(n.chain, secret("m1").Public()))
	if err != nil {
		t.Fatal(err)
	}
	taken := n.consensusAs("m1", " consensus", "h:1")
	taken.Key, taken.KeySig = secret("v1 consensus").Public(), sig
	if err := n.do("m1", taken); !errors.Is(err, ledger.ErrTaken) {
		t.Errorf("a key that still signs: got %v, want %v", err, ledger.ErrTaken)
	}
	n.until(19)
	want := []ledger.Power{
		{UID: 0, Key: secret("v1 consensus").Public()},
		{UID: 0, Key: secret("v1 next").Public(), Power: 100},
	}
	if !slices.Equal(n.last.Validators, want) {
		t.Errorf("updates: got %+v, want %+v", n.last.Validators, want)
	}
	if !slices.Contains(n.members(), secret("v1 consensus").Public()) {
		t.Error("the old key does not propose the first block after the epoch")
	}
	n.block()
	if m := n.members(); !slices.Contains(m, secret("v1 next").Public()) || slices.Contains(m, secret("v1 consensus").Public()) {
		t.Error("the new key does not propose from the second block on")
	}
	n.until(30)
}

func TestNewValidatorJoinsWithStakeKeyAndChain(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(4)
	const start = 40 // two epochs on
	n.makers["v4"] = append(n.makers["v4"], chainOf("v4", start))
	price := 2 * protocol.Unit
	for _, err := range []error{
		n.do("rich cold", n.register("rich cold", "v4", price)),
		n.do("rich cold", &wire.AddStake{Hotkey: secret("v4").Public(), Amount: 70 * protocol.Unit}),
		n.do("v4", n.consensusAs("v4", " consensus", "h:4")),
		n.do("v4", &wire.ExtendBeacon{Start: start, Anchor: chainOf("v4", start).Anchor()}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	n.until(38)
	if n.seat("v4").Permit {
		t.Error("a permit without a chain that serves")
	}
	n.until(39)
	// A fifth of 210 at first; beside it v1's 100 are more than three eighths.
	want := []ledger.Power{
		{UID: 0, Key: secret("v1 consensus").Public(), Power: 91},
		{UID: n.seat("v4").ID.UID, Key: secret("v4 consensus").Public(), Power: 42},
	}
	if !n.seat("v4").Permit || !slices.Equal(n.last.Validators, want) {
		t.Errorf("at the end of epoch 1: permit %t, updates %+v, want one and %+v", n.seat("v4").Permit, n.last.Validators, want)
	}
	if _, ok, _ := ledger.ReadRosterJudge(n.tree, 2, n.seat("v4").ID.UID); !ok {
		t.Error("not among the judges of epoch 2")
	}
	n.until(50) // v4 proposes in its turn
	if n.seat("v4").Beacon.Seen == 0 {
		t.Error("v4 opened no link")
	}
}

func TestRemovedStakeLosesThePermitAndTheSetIsNeverEmpty(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(3)
	for name, stake := range map[string]protocol.Amount{"v1": 100, "v2": 60, "v3": 50} {
		if err := n.do(name+" cold", &wire.RemoveStake{Hotkey: secret(name).Public(), Amount: stake * protocol.Unit}); err != nil {
			t.Fatal(err)
		}
	}
	n.until(45)
	set, _, _ := ledger.ReadValidators(n.tree)
	if len(set.Set) != 3 {
		t.Errorf("got %d validators, want the three from before", len(set.Set))
	}
	if err := n.do("v1 cold", &wire.AddStake{Hotkey: secret("v1").Public(), Amount: 20 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	n.until(65) // one of the two others has gone; what is left of it gives it no share
	if set, _, _ = ledger.ReadValidators(n.tree); len(set.Set) != 2 || set.Set[0].UID != 0 || set.Set[0].Power != 20 || set.Set[1].Power != 1 {
		t.Errorf("got %+v, want v1 and one more", set.Set)
	}
	n.until(85)
	if set, _, _ = ledger.ReadValidators(n.tree); len(set.Set) != 1 || set.Set[0].UID != 0 || set.Set[0].Power != 20 {
		t.Errorf("got %+v, want v1 alone", set.Set)
	}
	n.until(100) // one validator draws seeds alone
	if r, _, _ := ledger.ReadRound(n.tree, 8); r.TaskSeed.IsZero() {
		t.Error("a single validator draws no tasks")
	}
}

func TestOldRecordsAreForgotten(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(4)
	n.block(n.tx("m1", &wire.Commit{Round: 0, Root: protocol.Hash{1}}))
	n.until(98)
	if _, ok, _ := ledger.ReadCommit(n.tree, 0, 3); !ok {
		t.Error("forgotten early")
	}
	n.until(99) // the end of epoch 4, and retention is 4
	commits, _ := ledger.ReadCommits(n.tree, 0)
	judges, _ := ledger.ReadRosterJudges(n.tree, 0)
	payments, _ := ledger.ReadPayments(n.tree, 0)
	_, beacon, _ := ledger.ReadBeacon(n.tree, 7)
	_, round, _ := ledger.ReadRound(n.tree, 0)
	if len(commits)+len(judges)+len(payments) > 0 || beacon || round {
		t.Errorf("%d commits, %d judges, %d payments, beacon %v, round %v stay", len(commits), len(judges), len(payments), beacon, round)
	}
	if _, ok, _ := ledger.ReadEpoch(n.tree, 0); !ok {
		t.Error("the pots of epoch 0 are gone")
	}
	if _, ok, _ := ledger.ReadBeacon(n.tree, 20); !ok {
		t.Error("a beacon of epoch 1 is gone")
	}
}

func TestPoolTakesWhatMayComeNext(t *testing.T) {
	n := newNetwork(t, testGenesis())
	to := secret("m1 cold").Public()
	for nonce, want := range map[uint64]error{0: nil, 1: nil, ledger.NonceWindow - 1: nil, ledger.NonceWindow: ledger.ErrBadNonce, math.MaxUint64: ledger.ErrBadNonce} {
		if _, err := ledger.CheckTx(n.tree, n.chain, n.p, n.txAt("rich cold", nonce, &wire.Transfer{To: to, Amount: 1})); !errors.Is(err, want) {
			t.Errorf("nonce %d: got %v, want %v", nonce, err, want)
		}
	}
	// What would fail now does not wait, nor what nobody pays for.
	if _, err := ledger.CheckTx(n.tree, n.chain, n.p, n.tx("rich cold", &wire.Transfer{To: to, Amount: 1000 * protocol.Unit})); !errors.Is(err, ledger.ErrCannotPay) {
		t.Errorf("got %v", err)
	}
	if _, err := ledger.CheckTx(n.tree, n.chain, n.p, n.txAt("poor", 3, &wire.Transfer{To: to, Amount: 1})); !errors.Is(err, ledger.ErrCannotPay) {
		t.Errorf("got %v", err)
	}
	if tx, err := ledger.CheckTx(n.tree, n.chain, n.p, n.tx("rich cold", &wire.Transfer{To: to, Amount: 1})); err != nil || tx.Type != wire.TxTransfer {
		t.Errorf("got %v, %v", tx, err)
	}
}

func TestProposalsTakeEachSignersTransactionsByNonce(t *testing.T) {
	n := newNetwork(t, testGenesis())
	to := secret("m1 cold").Public()
	at := func(name string, nonce uint64) []byte {
		return n.txAt(name, nonce, &wire.Transfer{To: to, Amount: protocol.Amount(nonce + 1)})
	}
	rich := [][]byte{at("rich cold", 0), at("rich cold", 1), at("rich cold", 2), at("rich cold", 4)}
	v1 := at("v1 cold", 0)
	spoilt := bytes.Clone(at("v2 cold", 0))
	spoilt[len(spoilt)-1] ^= 1
	candidates := [][]byte{rich[2], []byte("nonsense"), v1, rich[3], spoilt, rich[0], at("poor", 0), rich[1], rich[1]}
	got := n.selected(candidates, 1<<20)
	first := slices.IndexFunc(got, func(raw []byte) bool { return bytes.Equal(raw, v1) })
	if first < 0 || len(got) != 4 || !slices.EqualFunc(slices.Delete(slices.Clone(got), first, first+1), rich[:3], bytes.Equal) {
		t.Fatalf("got %d transactions, want v1's among three of rich in order", len(got))
	}
	n.block(got...)

	n = newNetwork(t, testGenesis())
	few := n.selected(candidates, len(rich[0])+len(v1)+10)
	if len(few) != 2 {
		t.Errorf("got %d transactions in the room of two", len(few))
	}
}

func TestSameBlocksGiveTheSameState(t *testing.T) {
	run := func() protocol.Hash {
		n := newNetwork(t, testGenesis())
		n.until(4)
		n.block(n.tx("m2", &wire.Commit{Round: 0, Root: protocol.Hash{2}}), n.tx("m1", &wire.Commit{Round: 0, Root: protocol.Hash{1}}),
			n.tx("rich cold", n.register("rich cold", "m3", protocol.Unit)))
		n.until(45)
		return n.tree.Hash()
	}
	if a, b := run(), run(); a != b {
		t.Errorf("got %s and %s", a, b)
	}
}

// recorder notes in which order a block writes: a Merkle tree's root depends on it.
type recorder struct {
	*ledger.MemTree
	keys [][]byte
}

func (r *recorder) Set(k, v []byte) error {
	r.keys = append(r.keys, k)
	return r.MemTree.Set(k, v)
}

func TestBlocksWriteInTheOrderOfKeys(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(18)
	r := &recorder{MemTree: n.tree}
	if _, err := ledger.Apply(r, n.chain, n.p, n.draft()); err != nil {
		t.Fatal(err)
	}
	if len(r.keys) < 10 || !slices.IsSortedFunc(r.keys, bytes.Compare) {
		t.Errorf("%d keys, not in order", len(r.keys))
	}
}

// brokenTree fails every read after some.
type brokenTree struct {
	*ledger.MemTree
	left int
}

var errDisk = errors.New("disk on fire")

func (b *brokenTree) Get(k []byte) ([]byte, error) {
	if b.left--; b.left < 0 {
		return nil, errDisk
	}
	return b.MemTree.Get(k)
}

func (b *brokenTree) Iterate(p []byte, fn func(k, v []byte) bool) error {
	if b.left--; b.left < 0 {
		return errDisk
	}
	return b.MemTree.Iterate(p, fn)
}

func TestErrorsOfTheTreeEndTheBlock(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(18)
	b := n.draft(n.tx("rich cold", n.register("rich cold", "m3", 2*protocol.Unit)))
	reads := 0
	for ; ; reads++ {
		_, err := ledger.Apply(&brokenTree{n.tree.Clone(), reads}, n.chain, n.p, b)
		if err == nil {
			break
		}
		if !errors.Is(err, errDisk) || errors.Is(err, ledger.ErrBlock) {
			t.Fatalf("after %d reads: got %v, want %v", reads, err, errDisk)
		}
	}
	if reads < 40 {
		t.Errorf("a block with %d reads", reads)
	}
	if err := n.tree.Set(ledger.SeatKey(3), []byte{0xff}); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Apply(n.tree.Clone(), n.chain, n.p, b); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("got %v, want %v", err, ledger.ErrCorrupt)
	}
	if _, err := ledger.Apply(&ledger.MemTree{}, n.chain, n.p, b); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("an empty tree: got %v, want %v", err, ledger.ErrCorrupt)
	}
}

func TestBrokenRulesAreCountedUnderShortWords(t *testing.T) {
	for rule, want := range map[ledger.Reason]string{
		ledger.ErrBadNonce: "bad_nonce", ledger.ErrCannotPay: "cannot_pay", ledger.ErrOverflow: "overflow", ledger.ErrDuplicate: "duplicate",
	} {
		if got := rule.Word(); got != want {
			t.Errorf("%v: got %q, want %q", rule, got, want)
		}
	}
}
