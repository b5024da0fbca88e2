package submit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/submit"
	"github.com/assaynet/assay/protocol/wire"
)

const chain = "assay-test-01234567"

var local = params.Local()

// said is what a role says again and again: a Serve, which has a nonce.
func said(n int) *wire.Serve { return &wire.Serve{Addresses: []string{fmt.Sprint(n)}} }

// account is a ledger of one account, and the network before it.
type account struct {
	t      *testing.T
	nonce  uint64
	height protocol.Height
	err    error // of what is sent
	sent   [][]byte
	again  []bool
	*submit.Submitter
}

func newAccount(t *testing.T) *account {
	a := &account{t: t, height: 10}
	a.Submitter = submit.New(protocoltest.Named("m"), chain, &local.Fees,
		func(context.Context) (uint64, protocol.Height, error) { return a.nonce, a.height, nil },
		func(_ context.Context, raw []byte, again bool) error {
			if a.err != nil {
				return a.err
			}
			a.sent, a.again = append(a.sent, raw), append(a.again, again)
			return nil
		})
	return a
}

func (a *account) submit(n int) {
	a.t.Helper()
	if err := a.Submit(a.t.Context(), said(n)); err != nil {
		a.t.Fatal(err)
	}
}

// nonces returns those of what was sent.
func (a *account) nonces() []uint64 {
	a.t.Helper()
	var out []uint64
	for _, raw := range a.sent {
		tx, _, err := wire.DecodeTx(raw, chain)
		if err != nil {
			a.t.Fatal(err)
		}
		out = append(out, tx.Nonce)
	}
	return out
}

func TestTransactionsGetConsecutiveNoncesAndEachBodyOne(t *testing.T) {
	a := newAccount(t)
	a.nonce = 7
	a.submit(1)
	a.submit(2)
	a.submit(1) // said again: the same bytes
	a.submit(3)
	if got := a.nonces(); !slices.Equal(got, []uint64{7, 8, 7, 9}) {
		t.Errorf("nonces %v, want 7 8 7 9", got)
	}
	if !slices.Equal(a.sent[0], a.sent[2]) || !slices.Equal(a.again, []bool{false, false, true, false}) {
		t.Errorf("the first body was not sent again as it was: %v", a.again)
	}
	a.nonce, a.height = 9, 11 // blocks hold the first two
	a.submit(1)
	if got := a.nonces()[4]; got != 10 {
		t.Errorf("a body that a block holds is a new transaction: got nonce %d, want 10", got)
	}
}

func TestTransactionsThatNoBlockTakesGiveTheirNoncesBack(t *testing.T) {
	a := newAccount(t)
	a.submit(1)
	a.submit(2)
	a.height += submit.Patience
	a.submit(3)
	if got := a.nonces()[2]; got != 2 {
		t.Fatalf("after %d blocks: got nonce %d, want 2", submit.Patience, got)
	}
	a.height++
	a.submit(3)
	if got := a.nonces()[3]; got != 0 {
		t.Errorf("after one block more: got nonce %d, want 0", got)
	}
	// The first body again has another nonce now, and so is new; in its old
	// place it would be the old bytes.
	a.submit(1)
	a.nonce, a.height = 0, a.height+submit.Patience+1
	a.submit(1)
	if got := a.nonces()[5]; got != 0 || !a.again[5] || !slices.Equal(a.sent[5], a.sent[0]) {
		t.Errorf("got nonce %d, again %v, want the first transaction again", got, a.again[5])
	}
}

func TestANonceThatSomebodyElseUsedStartsAnew(t *testing.T) {
	a := newAccount(t)
	a.submit(1)
	a.submit(2)
	a.nonce = 1 // the first is in a block
	a.submit(2)
	a.nonce = 5 // the same hotkey signed elsewhere
	a.submit(2)
	if got := a.nonces(); !slices.Equal(got, []uint64{0, 1, 1, 5}) {
		t.Errorf("nonces %v, want 0 1 1 5", got)
	}
}

func TestWhatCouldNotBeSentTakesNoNonce(t *testing.T) {
	a := newAccount(t)
	a.err = errors.New("nobody is listening")
	if err := a.Submit(t.Context(), said(1)); !errors.Is(err, a.err) {
		t.Errorf("got %v, want %v", err, a.err)
	}
	a.err = nil
	a.submit(2)
	if got := a.nonces(); !slices.Equal(got, []uint64{0}) || a.again[0] {
		t.Errorf("nonces %v, again %v, want 0, for the first time", got, a.again)
	}
}

func TestOwnTransactionsThatWaitAreBounded(t *testing.T) {
	a := newAccount(t)
	for i := range submit.MaxPending {
		a.submit(i)
	}
	if err := a.Submit(t.Context(), said(99)); !errors.Is(err, submit.ErrPending) {
		t.Errorf("one more: got %v, want %v", err, submit.ErrPending)
	}
	a.submit(3)
	a.nonce = 1
	a.submit(99)
	if submit.MaxPending >= ledger.NonceWindow {
		t.Errorf("%d may wait here, the pool takes %d", submit.MaxPending, ledger.NonceWindow)
	}
}

// TestTheProtocolsOwnWorkWaitsForNothing: what a lane carries has no nonce, is the
// same bytes however often it is said, and goes out while others wait.
func TestTheProtocolsOwnWorkWaitsForNothing(t *testing.T) {
	a := newAccount(t)
	for i := range submit.MaxPending {
		a.submit(i)
	}
	a.sent, a.again = nil, nil
	for range 2 {
		if err := a.Submit(t.Context(), &wire.Commit{Round: 7}); err != nil {
			t.Fatal(err)
		}
	}
	if got := a.nonces(); !slices.Equal(got, []uint64{0, 0}) || !slices.Equal(a.sent[0], a.sent[1]) || !slices.Equal(a.again, []bool{false, true}) {
		t.Errorf("nonces %v, again %v, want the same bytes twice, without a nonce", got, a.again)
	}
}
