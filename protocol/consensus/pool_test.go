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
	if got := q.NextNonce(secret("rich").Public(), 0); got != 3 {
		t.Fatalf("next nonce: got %d, want 3", got)
	}
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
	if got := q.NextNonce(secret("rich").Public(), 0); got != 3 {
		t.Errorf("next nonce: got %d, want 3", got)
	}
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
