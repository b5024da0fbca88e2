package ledger_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// TestWhatLanesCarryEntersFirstAndOnce: a proposer whose pool is full of what pays
// well takes the commitment first, and no block takes it twice or with a nonce.
func TestWhatLanesCarryEntersFirstAndOnce(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(3)
	commit := n.tx("m1", &wire.Commit{Round: 0, Root: protocol.Hash{1}})
	var pool [][]byte
	for i := range uint64(20) {
		pool = append(pool, n.offer("rich cold", i, protocol.Unit/100))
	}
	pool = append(pool, commit)
	room := len(commit) + 3*len(pool[0])
	got := n.selected(pool, room)
	if len(got) != 4 || !slices.Equal(got[0], commit) {
		t.Fatalf("got %d transactions, the first of %d bytes, want the commitment and three", len(got), len(got[0]))
	}
	n.refused(wire.Encode(n.twisted(commit, func(tx *wire.Tx) { tx.Nonce = 1 })), wire.ErrNotCanonical)
	n.refused(wire.Encode(n.twisted(commit, func(tx *wire.Tx) { tx.Fee = 1 })), wire.ErrNotCanonical)
	twice := n.draft(commit, commit)
	if err := ledger.CheckBlock(n.tree, n.chain, n.p, twice); !errors.Is(err, ledger.ErrDuplicate) {
		t.Errorf("twice in a block: got %v, want %v", err, ledger.ErrDuplicate)
	}
	before := n.account("m1 cold")
	n.block(got...)
	n.refused(commit, ledger.ErrDuplicate)
	if after := n.account("m1 cold"); after.Balance != before.Balance+3 || n.nonce(secret("m1").Public()) != 0 {
		t.Errorf("with three units more m1 has %s after %s, and its hotkey's nonce is %d", after.Balance, before.Balance, n.nonce(secret("m1").Public()))
	}
}

// offer is a transfer that pays a fee.
func (n *network) offer(name string, nonce uint64, fee protocol.Amount) []byte {
	n.tb.Helper()
	tx, err := wire.NewTx(signer{secret(name)}, n.chain, nonce, fee, &wire.Transfer{To: secret("m1 cold").Public(), Amount: 1})
	if err != nil {
		n.tb.Fatal(err)
	}
	return wire.Encode(tx)
}

// twisted is a transaction that its signer changed before signing.
func (n *network) twisted(raw []byte, twist func(*wire.Tx)) *wire.Tx {
	n.tb.Helper()
	var tx wire.Tx
	if err := wire.Decode(raw, wire.MaxTxBytes, &tx); err != nil {
		n.tb.Fatal(err)
	}
	twist(&tx)
	return &tx
}

// TestWhoPaysMoreForItsWeightIsFirst, whoever came first; equals stand as the salt
// has it, which is another for each proposal.
func TestWhoPaysMoreForItsWeightIsFirst(t *testing.T) {
	n := newNetwork(t, testGenesis())
	least := n.fee(&wire.Transfer{Amount: 1})
	low, high := n.offer("rich cold", 0, least), n.offer("v1 cold", 0, least+1)
	if got := n.selected([][]byte{low, high}, 1<<20); len(got) != 2 || !slices.Equal(got[0], high) {
		t.Error("who pays less is first")
	}
	first := make(map[string]int)
	for i := range byte(64) {
		got := ledger.SelectTxs(n.tree, n.chain, n.p, &ledger.Selection{
			Candidates: [][]byte{low, n.offer("v1 cold", 0, least)}, MaxBytes: 1 << 20, Salt: protocol.Hash{i},
		})
		first[string(got[0])]++
	}
	if len(first) != 2 || first[string(low)] < 16 || first[string(low)] > 48 {
		t.Errorf("of two equals one was first %d times of 64", first[string(low)])
	}
	looked := 0
	got := ledger.SelectTxs(n.tree, n.chain, n.p, &ledger.Selection{
		Candidates: [][]byte{low, high}, MaxBytes: 1 << 20, Stop: func() bool { looked++; return looked > 1 },
	})
	if len(got) != 1 {
		t.Errorf("%d were selected until the deadline, want one", len(got))
	}
	n.until(3)
	commit := n.tx("m1", &wire.Commit{Round: 0, Root: protocol.Hash{1}})
	late := ledger.SelectTxs(n.tree, n.chain, n.p, &ledger.Selection{
		Candidates: [][]byte{low, high, commit}, MaxBytes: 1 << 20, Stop: func() bool { return true },
	})
	if len(late) != 1 || !slices.Equal(late[0], commit) {
		t.Errorf("after the deadline %d were selected, want the commitment", len(late))
	}
}

// TestAFeeCoversWeightAndBytes, of a hotkey not much more: its coldkey pays.
func TestAFeeCoversWeightAndBytes(t *testing.T) {
	n := newNetwork(t, testGenesis())
	least := n.fee(&wire.Transfer{Amount: 1})
	raw := n.offer("rich cold", 0, least) // the exact fee takes as many bytes
	weight, err := ledger.TxWeight(raw, n.chain)
	if err != nil {
		t.Fatal(err)
	}
	exact := n.p.Fees.Of(weight, len(raw))
	n.refused(n.offer("rich cold", 0, exact-1), ledger.ErrFee)
	before := n.account("rich cold").Balance
	n.block(n.offer("rich cold", 0, exact))
	if got := before - n.account("rich cold").Balance; got != exact+1 || exact > least {
		t.Errorf("a fee of %s, estimated %s, cost %s", exact, least, got)
	}
	body := n.serveAs("m1", 2)
	for times, want := range map[protocol.Amount]error{15: nil, 18: ledger.ErrFee} {
		tx, err := wire.NewTx(signer{secret("m1")}, n.chain, n.nonce(secret("m1").Public()), times*n.fee(body), body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.CheckTx(n.tree, n.chain, n.p, wire.Encode(tx)); !errors.Is(err, want) {
			t.Errorf("%d times the least fee by a hotkey: got %v, want %v", times, err, want)
		}
	}
}

// TestAnAccountKeepsItsDeposit: nobody makes a record of the state for less, and
// nobody gets the deposit back out.
func TestAnAccountKeepsItsDeposit(t *testing.T) {
	n := newNetwork(t, testGenesis())
	deposit := n.p.Fees.Deposit
	pay := func(from, to string, amount protocol.Amount) error {
		return n.do(from, &wire.Transfer{To: secret(to).Public(), Amount: amount})
	}
	if err := pay("rich cold", "new", deposit-1); !errors.Is(err, ledger.ErrTooSmall) {
		t.Errorf("an account for less: got %v, want %v", err, ledger.ErrTooSmall)
	}
	if _, ok, _ := ledger.ReadAccount(n.tree, secret("new").Public()); ok {
		t.Error("there is a record of it")
	}
	fee := n.fee(&wire.Transfer{Amount: protocol.Unit})
	for i, amount := range []protocol.Amount{deposit, fee + 100} {
		if err := pay("rich cold", "new", amount); err != nil {
			t.Fatalf("payment %d: %v", i, err)
		}
	}
	n.names[secret("new").Public()] = "new"
	tx, err := wire.NewTx(signer{secret("new")}, n.chain, 0, fee, &wire.Transfer{To: secret("m1 cold").Public(), Amount: 101})
	if err != nil {
		t.Fatal(err)
	}
	if res := n.block(wire.Encode(tx)); !errors.Is(res.Txs[0].Err, ledger.ErrCannotPay) {
		t.Errorf("a unit of the deposit: got %v, want %v", res.Txs[0].Err, ledger.ErrCannotPay)
	}
	if got := n.account("new").Balance; got != deposit+100 {
		t.Errorf("%s are left, want the deposit and 100 units", got)
	}
	if _, err := ledger.CheckTx(n.tree, n.chain, n.p, n.txAt("new", 1, &wire.Transfer{To: secret("m1 cold").Public(), Amount: 1})); !errors.Is(err, ledger.ErrCannotPay) {
		t.Errorf("a fee out of the deposit: got %v, want %v", err, ledger.ErrCannotPay)
	}
}

// TestAStrangersSignatureIsNotLookedAt: what is cheap to see comes first.
func TestAStrangersSignatureIsNotLookedAt(t *testing.T) {
	n := newNetwork(t, testGenesis())
	for what, raw := range map[string][]byte{
		"who has nothing":         n.txAt("stranger", 0, &wire.Transfer{To: secret("m1 cold").Public(), Amount: 1}),
		"who has no seat":         n.tx("stranger", &wire.Commit{}),
		"who has no turn yet":     n.tx("m1", &wire.Commit{Round: 7}),
		"who is no judge":         n.tx("m1", &wire.CommitWeights{}),
		"who is far behind turns": n.txAt("rich cold", ledger.NonceWindow, &wire.Transfer{To: secret("m1 cold").Public(), Amount: 1}),
	} {
		spoilt := slices.Clone(raw)
		spoilt[len(spoilt)-1] ^= 1
		if _, err := ledger.CheckTx(n.tree, n.chain, n.p, spoilt); ledger.ReasonOf(err) == "" || errors.Is(err, wire.ErrSignature) {
			t.Errorf("%s: got %v, want the rule that it breaks", what, err)
		}
	}
}
