package consensus_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

func transfer(t testing.TB, n *network, from string, nonce uint64, amount protocol.Amount) []byte {
	t.Helper()
	tx, err := ledger.NewTx(signer{secret(from)}, n.g.ChainID(), &n.g.Params.Fees, nonce, &wire.Transfer{To: secret("saver").Public(), Amount: amount})
	check(t, err)
	return wire.Encode(tx)
}

// fee is what a transfer of an amount costs.
func (n *network) fee(amount protocol.Amount) protocol.Amount {
	return ledger.LeastFee(&n.g.Params.Fees, n.g.ChainID(), &wire.Transfer{Amount: amount})
}

func nextNonce(t testing.TB, q *consensus.Pool, who string, want uint64) {
	t.Helper()
	if got, err := q.NextNonce(secret(who).Public()); err != nil || got != want {
		t.Errorf("next nonce of %s: got %d, %v, want %d", who, got, err, want)
	}
}

func newPool(t testing.TB) (*consensus.Pool, *network, *ledger.MemTree) {
	t.Helper()
	n := newNetwork(t, 4)
	tree := &ledger.MemTree{}
	_, err := ledger.Init(tree, n.g)
	check(t, err)
	check(t, tree.Set(ledger.AccountKey(secret("saver").Public()), wire.Encode(&ledger.Account{Balance: n.g.Params.Fees.Deposit})))
	return consensus.NewPool(n.g.ChainID(), &n.g.Params, func() ledger.Reader { return tree }), n, tree
}

func TestPoolTakesEachTransactionOnce(t *testing.T) {
	q, n, _ := newPool(t)
	first := transfer(t, n, "rich", 0, 1)
	_, err := q.Add(first)
	check(t, err)
	for what, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"the same":        {first, consensus.ErrKnown},
		"the same nonce":  {transfer(t, n, "rich", 0, 2), consensus.ErrNonceTaken},
		"far ahead":       {transfer(t, n, "rich", ledger.NonceWindow, 1), ledger.ErrBadNonce},
		"who cannot pay":  {transfer(t, n, "poor", 0, 1), ledger.ErrCannotPay},
		"another network": {transfer(t, oldNetwork(t), "rich", 1, 1), wire.ErrChain},
		"nonsense":        {[]byte("nonsense"), wire.ErrMalformed},
		"oversized":       {make([]byte, wire.MaxTxBytes+1), wire.ErrTooLarge},
	} {
		if _, err := q.Add(c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
	if q.Size() != 1 {
		t.Fatalf("size: got %d, want 1", q.Size())
	}
}

func TestPoolGivesCandidatesInTheirTurnAndDropsWhatPassed(t *testing.T) {
	q, n, tree := newPool(t)
	for _, nonce := range []uint64{2, 0, 1, 4} {
		_, err := q.Add(transfer(t, n, "rich", nonce, 1))
		check(t, err)
	}
	nextNonce(t, q, "rich", 3)
	var order []uint64
	for _, raw := range q.Candidates() {
		var tx wire.Tx
		check(t, wire.Decode(raw, wire.MaxTxBytes, &tx))
		order = append(order, tx.Nonce)
	}
	if !slices.Equal(order, []uint64{0, 1, 2, 4}) {
		t.Fatalf("order: got %v, want 0 1 2 4", order)
	}
	check(t, tree.Set(ledger.AccountKey(secret("rich").Public()), wire.Encode(&ledger.Account{Balance: protocol.Unit, Nonce: 2})))
	if refused := q.Recheck(); refused != 0 || q.Size() != 2 {
		t.Fatalf("after nonces 0 and 1 were used: got %d refused, %d left, want 0, 2", refused, q.Size())
	}
	check(t, tree.Set(ledger.AccountKey(secret("rich").Public()), wire.Encode(&ledger.Account{Balance: 1, Nonce: 2})))
	if refused := q.Recheck(); refused != 1 || q.Size() != 1 {
		t.Fatalf("after the money went: got %d refused, %d left, want 1, 1", refused, q.Size())
	}
}

// What waits is not read and looked at again when a block has it, byte for byte;
// what was replaced, passed by, or differs in its signature is.
func TestABlockNeedNotReadAgainWhatWaits(t *testing.T) {
	q, n, tree := newPool(t)
	known := func(raw []byte) bool {
		t.Helper()
		read := q.ReadOf([]byte("nonsense"), raw)
		if len(read) != 2 || read[0] != (ledger.ReadTx{}) {
			t.Fatalf("got %+v, want two, and nothing of the first", read)
		}
		if read[1].Tx == nil {
			return false
		}
		if !read[1].Right || !bytes.Equal(wire.Encode(read[1].Tx), raw) || read[1].Body.(*wire.Transfer).Amount == 0 {
			t.Errorf("got %+v", read[1])
		}
		return true
	}
	first, second := transfer(t, n, "rich", 0, 1), transfer(t, n, "rich", 1, 1)
	for _, raw := range [][]byte{first, second} {
		_, err := q.Add(raw)
		check(t, err)
	}
	forged := bytes.Clone(first)
	forged[len(forged)-1] ^= 1
	if !known(first) || !known(second) || known(forged) || known(transfer(t, n, "rich", 2, 1)) {
		t.Error("what waits is not known, or what does not is")
	}
	check(t, tree.Set(ledger.AccountKey(secret("rich").Public()), wire.Encode(&ledger.Account{Balance: protocol.Unit, Nonce: 1})))
	q.Recheck()
	if known(first) || !known(second) {
		t.Error("the first was passed by, and the second waits")
	}
}

func TestPoolIsBoundedForEachSigner(t *testing.T) {
	q, n, tree := newPool(t)
	for nonce := range uint64(ledger.NonceWindow) {
		_, err := q.Add(transfer(t, n, "rich", nonce, 1))
		check(t, err)
	}
	check(t, tree.Set(ledger.AccountKey(secret("rich").Public()), wire.Encode(&ledger.Account{Balance: protocol.Unit, Nonce: 1})))
	if _, err := q.Add(transfer(t, n, "rich", ledger.NonceWindow, 1)); !errors.Is(err, consensus.ErrPoolFull) {
		t.Fatalf("got %v, want %v", err, consensus.ErrPoolFull)
	}
	q.Recheck()
	_, err := q.Add(transfer(t, n, "rich", ledger.NonceWindow, 1))
	check(t, err)
}

func hashOf(t testing.TB, raw []byte) protocol.Hash {
	t.Helper()
	var tx wire.Tx
	check(t, wire.Decode(raw, wire.MaxTxBytes, &tx))
	return tx.Hash()
}

// TestAPoolSaysWhatBecameOfWhatItTook: somebody was told of each that it waits.
func TestAPoolSaysWhatBecameOfWhatItTook(t *testing.T) {
	q, n, tree := newPool(t)
	put := func(balance protocol.Amount, nonce uint64) {
		t.Helper()
		check(t, tree.Set(ledger.AccountKey(secret("rich").Public()), wire.Encode(&ledger.Account{Balance: balance, Nonce: nonce})))
	}
	var raws [][]byte
	var hashes []protocol.Hash
	for _, nonce := range []uint64{0, 1, 2, 4} {
		raws = append(raws, transfer(t, n, "rich", nonce, 1))
		hashes = append(hashes, hashOf(t, raws[len(raws)-1]))
		_, err := q.Add(raws[len(raws)-1])
		check(t, err)
	}
	stands := func(when string, i int, want consensus.Standing, known bool) {
		t.Helper()
		got, ok := q.Standing(hashes[i])
		if ok != known || got.Nonce != want.Nonce || got.Missing != want.Missing || !errors.Is(got.Dropped, want.Dropped) {
			t.Errorf("%s: transaction %d: got %+v, %v, want %+v, %v", when, i, got, ok, want, known)
		}
	}
	stands("at first", 2, consensus.Standing{Nonce: 2, Missing: 3}, true)
	stands("at first", 3, consensus.Standing{Nonce: 4, Missing: 3}, true)
	if _, ok := q.Standing(protocol.Hash{1}); ok {
		t.Error("a transaction that never came is known")
	}

	// A block has the first, and in place of the second one that came elsewhere.
	put(protocol.Unit, 2)
	q.Recheck(hashes[0], hashOf(t, transfer(t, n, "rich", 1, 9)))
	stands("after a block", 0, consensus.Standing{}, false) // its result is for others to tell
	stands("after a block", 1, consensus.Standing{Dropped: consensus.ErrReplaced}, true)
	if _, err := q.Add(raws[1]); !errors.Is(err, ledger.ErrBadNonce) {
		t.Errorf("a nonce that is used: got %v", err)
	}

	// The money goes, and with it the third; the fourth waits for it in vain.
	put(1, 2)
	q.Recheck()
	stands("without money", 2, consensus.Standing{Dropped: ledger.ErrCannotPay}, true)
	stands("without money", 3, consensus.Standing{Nonce: 4, Missing: 2}, true)
	nextNonce(t, q, "rich", 2)
	for range consensus.MaxPoolAge {
		q.Recheck()
	}
	stands("in the end", 3, consensus.Standing{Dropped: consensus.ErrWaited}, true)

	// What comes again waits again, and what a block has after all was not dropped.
	put(protocol.Unit, 2)
	_, err := q.Add(raws[2])
	check(t, err)
	stands("again", 2, consensus.Standing{Nonce: 2, Missing: 3}, true)
	q.Recheck(hashes[3])
	stands("in a block after all", 3, consensus.Standing{}, false)
}

// TestWhatWaitsIsSpent: of three payments with money for two, the third is
// refused when it comes, and not in a block that keeps its fee.
func TestWhatWaitsIsSpent(t *testing.T) {
	q, n, tree := newPool(t)
	fee, deposit := n.fee(600), n.g.Params.Fees.Deposit
	rich := ledger.AccountKey(secret("rich").Public())
	check(t, tree.Set(rich, wire.Encode(&ledger.Account{Balance: deposit + 1799 + 3*fee, Nonce: 0})))
	pay := func(nonce uint64) error {
		_, err := q.Add(transfer(t, n, "rich", nonce, 600))
		return err
	}
	check(t, pay(0))
	check(t, pay(1))
	if err := pay(2); !errors.Is(err, ledger.ErrCannotPay) {
		t.Errorf("the third: got %v, want %v", err, ledger.ErrCannotPay)
	}
	nextNonce(t, q, "rich", 2)
	check(t, pay(3)) // behind a gap nobody knows what will be there
	check(t, tree.Set(rich, wire.Encode(&ledger.Account{Balance: deposit + 1200 + 2*fee, Nonce: 2})))
	q.Recheck()
	check(t, pay(2))
}

// offered is a transfer that pays a fee.
func offered(t testing.TB, n *network, from string, nonce uint64, fee protocol.Amount) []byte {
	t.Helper()
	tx, err := wire.NewTx(signer{secret(from)}, n.g.ChainID(), nonce, fee, &wire.Transfer{To: secret("saver").Public(), Amount: 1})
	check(t, err)
	return wire.Encode(tx)
}

// asks makes seat 9 of a miner one that is asked in round 0, and returns its
// commitment.
func asks(t testing.TB, n *network, tree *ledger.MemTree, root byte) []byte {
	t.Helper()
	id := protocol.SeatID{UID: 9}
	for key, record := range map[string]any{
		string(ledger.SeatKey(9)):                          ledger.Seat{ID: id, Hotkey: secret("miner").Public(), Coldkey: secret("miner cold").Public()},
		string(ledger.HotkeyKey(secret("miner").Public())): id.UID,
		string(ledger.RosterSeatKey(0, 9)): ledger.RosterSeat{
			ID: id, Hotkey: secret("miner").Public(), Asked: []task.Asked{{Kind: n.g.Params.Kinds[0].Name, Slots: 1}},
		},
		string(ledger.RoundKey(0)): ledger.RoundRecord{TaskSeed: protocol.Hash{1}},
	} {
		check(t, tree.Set([]byte(key), wire.Encode(record)))
	}
	tx, err := wire.NewTx(signer{secret("miner")}, n.g.ChainID(), 0, 0, &wire.Commit{Round: 0, Root: protocol.Hash{root}})
	check(t, err)
	return wire.Encode(tx)
}

// TestWhatBlocksHoldLeavesTheLanes, and what has no place in one any more.
func TestWhatBlocksHoldLeavesTheLanes(t *testing.T) {
	q, n, tree := newPool(t)
	commit := asks(t, n, tree, 1)
	_, err := q.Add(commit)
	check(t, err)
	q.Recheck(hashOf(t, commit))
	if q.Size() != 0 {
		t.Errorf("%d wait after the block", q.Size())
	}
	_, err = q.Add(commit)
	check(t, err)
	meta, _, err := ledger.ReadMeta(tree)
	check(t, err)
	meta.Height = n.g.Params.Schedule.CommitDeadline(0)
	check(t, tree.Set(ledger.MetaKey(), wire.Encode(meta)))
	if refused := q.Recheck(); refused != 1 || q.Size() != 0 {
		t.Errorf("after the deadline: %d refused, %d wait", refused, q.Size())
	}
	if s, ok := q.Standing(hashOf(t, commit)); !ok || !errors.Is(s.Dropped, ledger.ErrDeadline) {
		t.Errorf("got %+v, %v", s, ok)
	}
}

// TestANonceIsHadByWhoPaysATenthMore: a replacement has a price, or it would be a
// way to have signatures checked for nothing.
func TestANonceIsHadByWhoPaysATenthMore(t *testing.T) {
	q, n, _ := newPool(t)
	least := n.fee(1)
	_, err := q.Add(offered(t, n, "rich", 0, 10*least))
	check(t, err)
	if _, err := q.Add(offered(t, n, "rich", 0, 11*least-1)); !errors.Is(err, consensus.ErrNonceTaken) {
		t.Errorf("less than a tenth more: got %v, want %v", err, consensus.ErrNonceTaken)
	}
	_, err = q.Add(offered(t, n, "rich", 0, 11*least))
	check(t, err)
	if _, err := q.Add(offered(t, n, "rich", 1, least/2)); !errors.Is(err, ledger.ErrFee) {
		t.Errorf("less than the least fee: got %v, want %v", err, ledger.ErrFee)
	}
	if q.Size() != 1 {
		t.Errorf("%d wait, want one", q.Size())
	}
}

// TestATransactionIsNotReplacedAgainAndAgain: each time costs all validators a
// signature, and only the last is paid.
func TestATransactionIsNotReplacedAgainAndAgain(t *testing.T) {
	q, n, _ := newPool(t)
	fee := n.fee(1)
	again := func() error {
		fee += fee/10 + 1
		_, err := q.Add(offered(t, n, "rich", 0, fee))
		return err
	}
	check(t, again())
	for range 4 {
		check(t, again())
	}
	if err := again(); !errors.Is(err, consensus.ErrNonceTaken) {
		t.Errorf("the fifth time before a block: got %v, want %v", err, consensus.ErrNonceTaken)
	}
	q.Recheck()
	check(t, again())
}
