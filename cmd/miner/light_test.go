package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

func TestAnOutcomeIsShownAsItIsProven(t *testing.T) {
	hash := protocol.Hash{1}
	tx := &wire.Tx{Type: wire.TxTransfer, Signer: protocol.PublicKey{2}}
	want := api.TxResult{Hash: hash, Height: 7, Type: "transfer", Signer: protocol.PublicKey{2}, OK: true}
	if got, err := resultOf(hash, &consensus.Outcome{Height: 7, Tx: tx, OK: true}, nil); err != nil || got != want {
		t.Errorf("carried out: got %+v, %v, want %+v", got, err, want)
	}
	want.OK, want.Error = false, "it broke a rule of the ledger, and no header says which; a validator's node does"
	if got, err := resultOf(hash, &consensus.Outcome{Height: 7, Tx: tx}, nil); err != nil || got != want {
		t.Errorf("refused: got %+v, %v, want %+v", got, err, want)
	}
}

func TestWhatIsNotProvenIsSaidToBeUnknown(t *testing.T) {
	for _, tc := range []struct {
		err, want error
		text      string
	}{
		{fmt.Errorf("%w: %w", consensus.ErrNoProvider, errors.Join(consensus.ErrNoBlock, consensus.ErrTxWaits)), api.ErrWaiting, ""},
		{fmt.Errorf("%w: %w", consensus.ErrNoProvider, consensus.ErrNoBlock), api.ErrNotKept, "which does not prove that there is none"},
		{consensus.ErrNoProvider, api.ErrNotKept, "no validator answers for them now"}, // or none knows the question
		{fmt.Errorf("%w: %w", consensus.ErrNoProvider, consensus.ErrLie), api.ErrNotKept, "the account's nonce and balance tell"},
		{consensus.ErrFork, consensus.ErrFork, ""},
		{fmt.Errorf("%w: %w", consensus.ErrNoProvider, consensus.ErrTxBusy), api.ErrBusy, "others ask now"},
	} {
		got, err := resultOf(protocol.Hash{1}, &consensus.Outcome{}, tc.err)
		if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) || got != (api.TxResult{}) {
			t.Errorf("%v: got %+v, %v, want %v with %q", tc.err, got, err, tc.want, tc.text)
		}
	}
}

// stuckNode answers no question about the past before it is let go.
type stuckNode struct{ asked, let chan struct{} }

func (n stuckNode) TimeOf(context.Context, protocol.Height) (time.Time, error) {
	n.asked <- struct{}{}
	<-n.let
	return time.Time{}, consensus.ErrBusy
}

func (n stuckNode) Outcome(context.Context, protocol.Hash) (consensus.Outcome, error) {
	n.asked <- struct{}{}
	<-n.let
	return consensus.Outcome{}, consensus.ErrTxBusy
}

// fromElsewhere is the context of a question that came over the network.
func fromElsewhere(t *testing.T) context.Context {
	t.Helper()
	var seen *http.Request
	pages := func(*api.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r }), nil
	}
	p := params.Local()
	h, err := api.NewHandler(api.Config{Source: api.Source{Node: &teller{}}, ChainID: "net-1", Params: &p, Pages: pages})
	if err != nil {
		t.Fatal(err)
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", http.NoBody))
	ctx := context.WithoutCancel(seen.Context())
	if !api.FromElsewhere(ctx) {
		t.Fatal("the question is taken for one of this machine")
	}
	return ctx
}

// Whatever others ask, who runs the node asks beside them, and they are told that
// they may ask again.
func TestWhoRunsTheNodeDoesNotWaitForOthers(t *testing.T) {
	others := fromElsewhere(t)
	synctest.Test(t, func(t *testing.T) {
		n := stuckNode{make(chan struct{}, 1000), make(chan struct{})}
		l := light{past: n, guests: newGuests()}
		results := make(chan error, 1000)
		for range 100 {
			go func() {
				_, err := l.Result(others, protocol.Hash{1})
				results <- err
			}()
			go func() { _, _ = l.BlockTime(others, 7) }()
		}
		synctest.Wait()
		if got := len(n.asked); got != 2*guestsAtOnce {
			t.Errorf("%d questions of others are asked at once, want %d", got, 2*guestsAtOnce)
		}
		if got := len(results); got != 100-guestBurst {
			t.Errorf("%d are turned away, want %d", got, 100-guestBurst)
		}
		go func() { _, _ = l.Result(t.Context(), protocol.Hash{1}) }()
		go func() { _, _ = l.BlockTime(t.Context(), 7) }()
		synctest.Wait()
		if got := len(n.asked); got != 2*guestsAtOnce+2 {
			t.Errorf("%d questions are asked, want both of who runs the node, too", got)
		}
		close(n.let)
		for range 100 {
			if err := <-results; !errors.Is(err, api.ErrBusy) {
				t.Errorf("got %v, want %v", err, api.ErrBusy)
			}
		}
		synctest.Wait()
		if _, err := l.BlockTime(others, 7); !errors.Is(err, api.ErrBusy) {
			t.Errorf("a time: got %v, want %v", err, api.ErrBusy)
		}
	})
}
