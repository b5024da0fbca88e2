package consensus_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

func transfer(t testing.TB, n *network, from string, nonce uint64, amount protocol.Amount) []byte {
	t.Helper()
	tx, err := wire.NewTx(signer{secret(from)}, n.g.ChainID(), nonce, &wire.Transfer{To: secret("poor").Public(), Amount: amount})
	check(t, err)
	return wire.Encode(tx)
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

func TestPoolGivesCandidatesAsTheyCameAndDropsWhatPassed(t *testing.T) {
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
	if len(order) != 4 || order[0] != 2 || order[1] != 0 || order[3] != 4 {
		t.Fatalf("order: got %v, want 2 0 1 4", order)
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

// flood fills the pool with what waits behind a nonce that never comes: it
// costs its signers nothing.
func flood(t testing.TB, q *consensus.Pool, n *network, tree *ledger.MemTree) {
	t.Helper()
	for i := 0; q.Size() < consensus.MaxPoolTxs; i++ {
		who := fmt.Sprintf("flood %d", i)
		check(t, tree.Set(ledger.AccountKey(secret(who).Public()), wire.Encode(&ledger.Account{Balance: n.g.Params.Seats.Fee})))
		for nonce := uint64(1); nonce < ledger.NonceWindow && q.Size() < consensus.MaxPoolTxs; nonce++ {
			_, err := q.Add(transfer(t, n, who, nonce, 1))
			check(t, err)
		}
	}
}

func TestAPoolFullOfWhatCannotComeYetTakesWhatCan(t *testing.T) {
	q, n, tree := newPool(t)
	flood(t, q, n, tree)
	_, err := q.Add(transfer(t, n, "rich", 31, 1))
	if !errors.Is(err, consensus.ErrPoolFull) {
		t.Errorf("one more that waits: got %v, want %v", err, consensus.ErrPoolFull)
	}
	for nonce := range uint64(3) {
		_, err := q.Add(transfer(t, n, "rich", nonce, 1))
		check(t, err)
	}
	if q.Size() != consensus.MaxPoolTxs {
		t.Errorf("%d wait, want %d", q.Size(), consensus.MaxPoolTxs)
	}
	nextNonce(t, q, "rich", 3)
	for range consensus.MaxPoolAge {
		q.Recheck()
	}
	if q.Size() != consensus.MaxPoolTxs {
		t.Errorf("%d wait after %d blocks, want all", q.Size(), consensus.MaxPoolAge)
	}
	q.Recheck()
	if q.Size() != 1 {
		t.Errorf("%d wait after one block more, want the one whose turn it is", q.Size())
	}
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

func TestWhatMadeRoomForOthersIsSaidToHave(t *testing.T) {
	q, n, tree := newPool(t)
	flood(t, q, n, tree)
	var waiting []protocol.Hash
	for _, raw := range q.Candidates() {
		waiting = append(waiting, hashOf(t, raw))
	}
	_, err := q.Add(transfer(t, n, "rich", 0, 1))
	check(t, err)
	dropped := 0
	for _, hash := range waiting {
		s, ok := q.Standing(hash)
		if !ok || s.Dropped != nil && !errors.Is(s.Dropped, consensus.ErrPoolFull) {
			t.Fatalf("got %+v, %v", s, ok)
		}
		if s.Dropped != nil {
			dropped++
		}
	}
	if dropped != 1 {
		t.Errorf("%d were dropped for one, want one", dropped)
	}
}

// TestWhatWaitsIsSpent: of three payments with money for two, the third is
// refused when it comes, and not in a block that keeps its fee.
func TestWhatWaitsIsSpent(t *testing.T) {
	q, n, tree := newPool(t)
	fee := n.g.Params.Seats.Fee
	rich := ledger.AccountKey(secret("rich").Public())
	check(t, tree.Set(rich, wire.Encode(&ledger.Account{Balance: 1799 + 3*fee, Nonce: 0})))
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
	check(t, tree.Set(rich, wire.Encode(&ledger.Account{Balance: 1200 + 2*fee, Nonce: 2})))
	q.Recheck()
	check(t, pay(2))
}
