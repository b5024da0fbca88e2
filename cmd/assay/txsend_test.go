package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/wire"
)

// pool is a node that takes transactions. Each answer to one that is sent is
// what the next function of does makes of it, or else that it was taken.
type pool struct {
	t      *testing.T
	next   uint64   // the next nonce
	nonces []uint64 // of what was sent
	does   []func(*pool) any
	stands string // what it says of a transaction
}

// errLost stands for an answer that does not come back.
var errLost = errors.New("connection reset by peer")

func (p *pool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var v any = api.Account{NextNonce: p.next}
	switch {
	case r.Method == http.MethodPost:
		v = p.take(r)
	case strings.HasPrefix(r.URL.Path, "/v1/txs/"):
		v = gone(p.stands)
	}
	switch x := v.(type) {
	case *api.Problem:
		w.WriteHeader(x.Status)
	case error:
		w.WriteHeader(http.StatusBadGateway) // as a proxy answers
		return
	}
	_ = json.NewEncoder(w).Encode(v)
}

func (p *pool) take(r *http.Request) any {
	var b api.TxBody
	if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
		p.t.Error(err)
	}
	raw, err := hex.DecodeString(b.Tx)
	var tx wire.Tx
	if err := errors.Join(err, wire.Decode(raw, wire.MaxTxBytes, &tx)); err != nil {
		p.t.Error(err)
	}
	p.nonces = append(p.nonces, tx.Nonce)
	if len(p.does) == 0 {
		p.next = max(p.next, tx.Nonce+1)
		return api.Submitted{Hash: tx.Hash()}
	}
	do := p.does[0]
	p.does = p.does[1:]
	return do(p)
}

func problemThen(status int, kind string, next uint64) func(*pool) any {
	return func(p *pool) any {
		p.next = next
		return wrong(status, kind, kind)
	}
}

func lost(*pool) any { return errLost }

func knownThen(next uint64) func(*pool) any {
	return func(p *pool) any {
		p.next = next
		return api.Submitted{Known: true}
	}
}

// TestAWishIsTakenOnceOrItIsSaid: whatever happens on the way, a wish is one
// transaction or an error that says whether it may be one.
func TestAWishIsTakenOnceOrItIsSaid(t *testing.T) {
	for _, tc := range []struct {
		name   string
		does   []func(*pool) any
		nonces []uint64
		want   string // of the error
	}{
		{"taken", nil, []uint64{5}, ""},
		{"another machine takes the nonce", []func(*pool) any{problemThen(409, "nonce-taken", 6)}, []uint64{5, 6}, ""},
		{"a block takes the nonce", []func(*pool) any{problemThen(409, "nonce-passed", 6), problemThen(409, "nonce-passed", 8)}, []uint64{5, 6, 8}, ""},
		{"another machine has an equal wish", []func(*pool) any{knownThen(6)}, []uint64{5, 6}, ""},
		{"too many wait", []func(*pool) any{problemThen(409, "nonce-ahead", 5), problemThen(503, "busy", 5)}, []uint64{5, 5, 5}, ""},
		{"too many wait for ever", slices.Repeat([]func(*pool) any{problemThen(503, "busy", 5)}, 1000), nil, "send transaction: busy; nothing was sent"},
		{"others are always faster", slices.Repeat([]func(*pool) any{problemThen(409, "nonce-taken", 5)}, 99), slices.Repeat([]uint64{5}, maxCollisions), "took 16 nonces in a row; nothing was sent"},
		{"refused", []func(*pool) any{problemThen(422, "rule-broken", 5)}, []uint64{5}, "send transaction: rule-broken"},
		{"catching up", []func(*pool) any{problemThen(503, "not-ready", 5)}, []uint64{5}, "send transaction: not-ready"},
		{"an answer is lost, and it had not come", []func(*pool) any{lost}, []uint64{5, 5}, ""},
		{"an answer is lost, and it had come", []func(*pool) any{lost, knownThen(6)}, []uint64{5, 5}, ""},
		{"an answer is lost, and another has the nonce", []func(*pool) any{lost, problemThen(409, "nonce-taken", 6)}, []uint64{5, 5, 6}, ""},
		{"an answer is lost, and the ledger refuses", []func(*pool) any{lost, problemThen(422, "rule-broken", 5)}, []uint64{5, 5}, "send transaction: rule-broken"},
		{"an answer is lost, and a block has the nonce", []func(*pool) any{lost, problemThen(409, "nonce-passed", 6)}, []uint64{5, 5}, "it is not known whether transaction"},
		{"all answers are lost", slices.Repeat([]func(*pool) any{lost}, 99), slices.Repeat([]uint64{5}, 1+maxInsists), "it is not known whether transaction"},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := &pool{t: t, next: 5, does: tc.does}
			s := testSender(t, t.Context(), p)
			tx, err := s.send()
			switch {
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
			case tc.want == "" && err != nil:
				t.Errorf("%s: %v", tc.name, err)
			case tc.want == "" && tx.Nonce != p.nonces[len(p.nonces)-1]:
				t.Errorf("%s: got nonce %d, sent were %d", tc.name, tx.Nonce, p.nonces)
			}
			if tc.nonces != nil && !slices.Equal(p.nonces, tc.nonces) {
				t.Errorf("%s: nonces %d were sent, want %d", tc.name, p.nonces, tc.nonces)
			}
		})
	}
}

func TestWhoInterruptsAWishReadsWhetherItWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		p := &pool{t: t, does: []func(*pool) any{func(*pool) any { stop(); return errLost }}}
		_, err := testSender(t, ctx, p).send()
		var maybe *unknown
		if !errors.As(err, &maybe) || !strings.Contains(err.Error(), "ask assay tx show "+maybe.hash.String()+" before it is sent again") {
			t.Errorf("after it was sent: got %v", err)
		}
		p = &pool{t: t}
		if _, err = testSender(t, ctx, p).send(); err == nil || err.Error() != "context canceled; nothing was sent" || len(p.nonces) > 0 {
			t.Errorf("before: got %v, sent %d", err, p.nonces)
		}
	})
}

// testSender is a wish of a test over a node.
func testSender(t *testing.T, ctx context.Context, node http.Handler) *sender { //nolint:revive // the test comes first
	t.Helper()
	k, err := keystore.FromPrivate(keystore.Coldkey, apitest.Key("miner-0-cold").Private)
	if err != nil {
		t.Fatal(err)
	}
	return &sender{
		c: flags(ctx), n: &client{url: "http://node", http: node}, keys: t.TempDir(), key: k, chain: "assay-test",
		body: &wire.Transfer{To: apitest.Public("miner-1"), Amount: protocol.Unit},
	}
}
