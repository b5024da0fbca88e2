package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/wire"
)

// script answers questions about one transaction: the nonce of its account and
// its result, by how often the result was asked for, and what becomes of the
// same transaction when it is sent again.
type script struct {
	asked  int
	again  int // how often it was sent
	nonce  func(asked int) uint64
	result func(asked int) any // an api.TxResult or an *api.Problem
	taken  func() any          // an api.Submitted or an *api.Problem
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var v any
	switch {
	case r.Method == http.MethodPost:
		s.again++
		v = s.taken()
	case strings.HasPrefix(r.URL.Path, "/v1/txs/"):
		s.asked++
		v = s.result(s.asked)
	default:
		v = api.Account{Nonce: s.nonce(s.asked)}
	}
	if p, ok := v.(*api.Problem); ok {
		w.WriteHeader(p.Status)
	}
	_ = json.NewEncoder(w).Encode(v)
}

// flags is the context of a command that waits for a minute.
func flags(ctx context.Context) *cli.Context {
	set := flag.NewFlagSet("tx", flag.ContinueOnError)
	set.Duration("timeout", time.Minute, "")
	set.Bool("no-wait", true, "")
	c := cli.NewContext(&cli.App{ErrWriter: io.Discard}, set, nil)
	c.Context = ctx
	return c
}

// await waits for a transaction of nonce 5 in a bubble of its own time.
func await(t *testing.T, s *script) (*api.TxResult, error) {
	t.Helper()
	tx := &wire.Tx{Type: wire.TxTransfer, Signer: apitest.Public("miner-0"), Nonce: 5}
	return awaitTx(flags(t.Context()), &client{url: "http://node", http: s}, tx)
}

func wrong(status int, kind, detail string) *api.Problem {
	return &api.Problem{Type: "urn:assay:problem:" + kind, Status: status, Detail: detail}
}

func gone(kind string) *api.Problem { return wrong(http.StatusNotFound, kind, kind) }

func TestWaitingForABlock(t *testing.T) {
	same := func(n uint64) func(int) uint64 { return func(int) uint64 { return n } }
	always := func(v any) func(int) any { return func(int) any { return v } }
	from := func(n int, before *api.Problem) func(int) any {
		return func(asked int) any {
			if asked < n {
				return before
			}
			return api.TxResult{Height: 46, OK: true}
		}
	}
	for _, tc := range []struct {
		name   string
		script script
		height uint64 // 0: an error
		again  bool   // it was sent again
		want   string // of the error
	}{
		{"the block comes after a while", script{nonce: same(5), result: from(4, gone("tx-waiting"))}, 46, false, ""},
		{"the block comes between two questions", script{nonce: same(6), result: from(2, gone("not-found"))}, 46, false, ""},
		{"the node is away for a while", script{nonce: same(5), result: from(9, wrong(500, "internal", "an internal error"))}, 46, false, ""},
		{"the node loses it and is given it again", script{
			nonce: same(5), result: from(6, gone("not-found")), taken: func() any { return api.Submitted{} },
		}, 46, true, ""},
		{"the node is too busy to take it again", script{
			nonce: same(5), result: always(gone("not-found")), taken: func() any { return wrong(503, "busy", "all seats are taken") },
		}, 0, true, "the transaction is in no block after 1m0s; it may still come (all seats are taken)"},
		{"another is in its place", script{
			nonce: same(5), result: always(gone("not-found")), taken: func() any { return wrong(409, "nonce-taken", "nonce 5") },
		}, 0, true, "the node lost the transaction, and another one is in its place: nonce 5"},
		{"it cannot pay any more", script{
			nonce: same(5), result: always(gone("not-found")), taken: func() any { return wrong(422, "rule-broken", "ErrCannotPay") },
		}, 0, true, "does not take it again: ErrCannotPay"},
		{"a block has another, and the pool knows", script{
			nonce: same(6), result: always(wrong(410, "tx-dropped", "a block has another transaction with this nonce")),
		}, 0, false, "was sent, and dropped before a block had it: a block has another transaction with this nonce"},
		{"a block has one with its nonce", script{nonce: same(6), result: always(gone("not-found"))}, 0, false, "a block has a transaction with the same nonce, 5"},
		{"the node keeps no results", script{
			nonce: func(asked int) uint64 { return uint64(4 + min(asked, 2)) }, result: always(gone("not-kept")),
		}, 0, false, "a block has used nonce 5, and the asked node keeps no blocks"},
		{"it is said to wait, and cannot", script{nonce: same(6), result: always(gone("tx-waiting"))}, 0, false, "a block has a transaction with the same nonce, 5"},
		{"no block comes", script{nonce: same(5), result: always(gone("tx-waiting"))}, 0, false, "the transaction is in no block after 1m0s; it may still come (tx-waiting); ask assay tx show "},
		{"the node fails", script{
			nonce: same(5), result: always(wrong(500, "internal", "an internal error")),
		}, 0, false, "in no block after 1m0s; it may still come (an internal error)"},
		{"the node does not understand", script{nonce: same(5), result: always(wrong(400, "bad-path", "what?"))}, 0, false, "the transaction was sent; ask what became of it: what?"},
	} {
		synctest.Test(t, func(t *testing.T) {
			res, err := await(t, &tc.script)
			switch {
			case tc.want != "":
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
				}
			case err != nil:
				t.Errorf("%s: %v", tc.name, err)
			case uint64(res.Height) != tc.height:
				t.Errorf("%s: got %+v", tc.name, res)
			}
			if (tc.script.again > 0) != tc.again {
				t.Errorf("%s: sent again %d times", tc.name, tc.script.again)
			}
		})
	}
}

// TestANodeWithoutBlocksHasLostNothing: it sends on what it is given again, and is
// not said to have lost it.
func TestANodeWithoutBlocksHasLostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{
			nonce:  func(asked int) uint64 { return uint64(5 + asked/20) },
			result: func(int) any { return gone("not-kept") }, taken: func() any { return api.Submitted{} },
		}
		var said bytes.Buffer
		c := flags(t.Context())
		c.App.ErrWriter = &said
		tx := &wire.Tx{Type: wire.TxTransfer, Signer: apitest.Public("miner-0"), Nonce: 5}
		_, err := awaitTx(c, &client{url: "http://node", http: s}, tx)
		if err == nil || !strings.Contains(err.Error(), "keeps no blocks") || s.again == 0 || strings.Contains(said.String(), "lost") {
			t.Errorf("got %v, sent again %d times, said %q", err, s.again, said.String())
		}
	})
}

func TestWhoStopsWaitingReadsThatItWasSent(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := &script{nonce: func(int) uint64 { return 0 }, result: func(int) any { stop(); return gone("tx-waiting") }}
	tx := &wire.Tx{}
	_, err := awaitTx(flags(ctx), &client{url: "http://node", http: s}, tx)
	want := "context canceled: transaction " + tx.Hash().String() + " was sent, and may still come into a block; ask assay tx show " + tx.Hash().String()
	if err == nil || err.Error() != want || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %s", err, want)
	}
}
