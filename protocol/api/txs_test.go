package api_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// payment is a transaction of a miner's coldkey.
func payment(t *testing.T, n *apitest.Network, nonce uint64, amount protocol.Amount) *wire.Tx {
	t.Helper()
	tx, err := ledger.NewTx(apitest.Key("miner-0-cold"), n.Genesis.ChainID(), &n.Genesis.Params.Fees, nonce, &wire.Transfer{To: apitest.Public("miner-0-cold"), Amount: amount})
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// send submits a transaction and returns the status, and the answer in v.
func send(t *testing.T, h http.Handler, tx *wire.Tx, v any) int {
	t.Helper()
	w := ask(t, h, http.MethodPost, "/v1/txs", txBody(t, wire.Encode(tx)))
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		t.Fatal(err)
	}
	return w.Code
}

func next(t *testing.T, h http.Handler) (nonce, nextNonce uint64) {
	t.Helper()
	var a api.Account
	decode(t, get(t, h, "/v1/accounts/"+apitest.Public("miner-0-cold").String()), &a)
	return a.Nonce, a.NextNonce
}

// TestTwoWishesAreTwoTransactions: the node says with which nonce to sign, tells
// what it had from what is new, and says of a nonce that is not free what to do.
func TestTwoWishesAreTwoTransactions(t *testing.T) {
	n, h := seeded(t)
	n.Pool.Include = nil // all wait
	var got api.Submitted
	for i := range uint64(3) {
		if nonce, free := next(t, h); nonce != 0 || free != i {
			t.Fatalf("after %d: got nonce %d, next %d", i, nonce, free)
		}
		tx := payment(t, n, i, protocol.Unit)
		if status := send(t, h, tx, &got); status != http.StatusAccepted || got.Known || got.Hash != tx.Hash() {
			t.Errorf("payment %d: got %d %+v", i, status, got)
		}
	}
	tx := payment(t, n, 1, protocol.Unit)
	if status := send(t, h, tx, &got); status != http.StatusOK || !got.Known || got.Hash != tx.Hash() {
		t.Errorf("the same again: got %d %+v", status, got)
	}
	for _, tc := range []struct {
		what       string
		nonce      uint64
		kind, hint string
	}{
		{"another in its place", 1, api.ProblemNonceTaken, "sign again with nonce 3"},
		{"far ahead", 99, api.ProblemNonceAhead, "sign again with nonce 3"},
	} {
		var p api.Problem
		status := send(t, h, payment(t, n, tc.nonce, 2), &p)
		if status != http.StatusConflict || p.Name() != tc.kind || p.NextNonce == nil || *p.NextNonce != 3 || !strings.HasPrefix(p.Hint, tc.hint) || p.Title == "" {
			t.Errorf("%s: got %d %+v", tc.what, status, p)
		}
	}
	for i := uint64(3); i < ledger.NonceWindow; i++ {
		send(t, h, payment(t, n, i, 1), &got)
	}
	var p api.Problem
	if status := send(t, h, payment(t, n, ledger.NonceWindow, 1), &p); status != http.StatusConflict || p.Name() != api.ProblemNonceAhead || !strings.Contains(p.Hint, "send it again after a block") {
		t.Errorf("one more than may wait: got %d %+v", status, p)
	}
}

func TestWhatABlockHasIsKnownAndItsNonceIsNotFree(t *testing.T) {
	n, h := seeded(t)
	tx := payment(t, n, 0, protocol.Unit)
	var got api.Submitted
	for i, status := range []int{http.StatusAccepted, http.StatusOK, http.StatusOK} {
		if s := send(t, h, tx, &got); s != status || got.Known != (i > 0) || got.Hash != tx.Hash() {
			t.Errorf("time %d: got %d %+v", i, s, got)
		}
	}
	var p api.Problem
	status := send(t, h, payment(t, n, 0, 2), &p)
	if status != http.StatusConflict || p.Name() != api.ProblemNoncePassed || p.NextNonce == nil || *p.NextNonce != 1 || p.Rule != string(ledger.ErrBadNonce) || !strings.HasPrefix(p.Hint, "unless it is in a block already, sign again with nonce 1") {
		t.Errorf("another with its nonce: got %d %+v", status, p)
	}
}

// TestATransactionWithoutABlockIsToldApart: one that waits, one that the node
// gave up, and one that it never had.
func TestATransactionWithoutABlockIsToldApart(t *testing.T) {
	n, h := seeded(t)
	n.Pool.Include = nil
	waits, never, dropped := payment(t, n, 0, 1), payment(t, n, 1, 1), payment(t, n, 2, 1)
	send(t, h, waits, &api.Submitted{})
	n.Pool.Dropped = map[protocol.Hash]error{dropped.Hash(): errors.New("it waited too long")}
	for _, tc := range []struct {
		tx     *wire.Tx
		status int
		kind   string
		detail string
	}{
		{waits, http.StatusNotFound, api.ProblemTxWaiting, "waits for a block"},
		{never, http.StatusNotFound, api.ProblemNotFound, "not found"},
		{dropped, http.StatusGone, api.ProblemTxDropped, "it waited too long"},
	} {
		w := get(t, h, "/v1/txs/"+tc.tx.Hash().String())
		var p api.Problem
		decode(t, w, &p)
		if w.Code != tc.status || p.Status != tc.status || p.Name() != tc.kind || !strings.Contains(p.Detail, tc.detail) {
			t.Errorf("got %d %+v, want %d %s", w.Code, p, tc.status, tc.kind)
		}
	}
}

// TestANodeThatIsBehindTakesNoTransactions: it would sign and check with nonces
// that are used, and an equal payment of last week would pass for a new one.
func TestANodeThatIsBehindTakesNoTransactions(t *testing.T) {
	n, h := seeded(t)
	n.Node.S.CatchingUp = true
	var p api.Problem
	if status := send(t, h, payment(t, n, 0, 1), &p); status != http.StatusServiceUnavailable || p.Name() != api.ProblemNotReady || p.Hint == "" {
		t.Errorf("got %d %+v", status, p)
	}
	if _, free := next(t, h); free != 0 {
		t.Errorf("it was taken: the next nonce is %d", free)
	}
}
