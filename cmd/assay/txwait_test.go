package main

import (
	"context"
	"encoding/json"
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
// its result, by how often the result was asked for.
type script struct {
	asked  int
	nonce  func(asked int) uint64
	result func(asked int) any // an api.TxResult or an *api.Problem
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var v any = api.Account{Nonce: s.nonce(s.asked)}
	if strings.HasPrefix(r.URL.Path, "/v1/txs/") {
		s.asked++
		v = s.result(s.asked)
	}
	if p, ok := v.(*api.Problem); ok {
		w.WriteHeader(p.Status)
	}
	_ = json.NewEncoder(w).Encode(v)
}

// await waits for a transaction of nonce 5 in a bubble of its own time.
func await(t *testing.T, s *script) (*api.TxResult, error) {
	t.Helper()
	set := flag.NewFlagSet("tx", flag.ContinueOnError)
	set.Duration("timeout", time.Minute, "")
	c := cli.NewContext(&cli.App{ErrWriter: io.Discard}, set, nil)
	c.Context = t.Context()
	tx := &wire.Tx{Kind: wire.TxTransfer, Signer: apitest.Public("miner-0"), Nonce: 5}
	return awaitTx(c, &client{url: "http://node", http: s}, tx)
}

func gone(kind string) *api.Problem {
	return &api.Problem{Type: "urn:assay:problem:" + kind, Status: http.StatusNotFound}
}

func TestWaitingForABlock(t *testing.T) {
	same := func(n uint64) func(int) uint64 { return func(int) uint64 { return n } }
	for _, tc := range []struct {
		name   string
		script script
		height uint64 // 0: no result
		want   string // of the error
	}{
		{"the block comes after a while", script{
			nonce: same(5),
			result: func(asked int) any {
				if asked < 4 {
					return gone("not-found")
				}
				return api.TxResult{Height: 46, OK: true}
			},
		}, 46, ""},
		{"the block comes between two questions", script{
			nonce: same(6),
			result: func(asked int) any {
				if asked < 2 {
					return gone("not-found")
				}
				return api.TxResult{Height: 46, OK: true}
			},
		}, 46, ""},
		{"the node keeps no results", script{
			nonce:  func(asked int) uint64 { return uint64(4 + min(asked, 2)) },
			result: func(int) any { return gone("not-kept") },
		}, 0, ""},
		{"another transaction comes first", script{
			nonce:  same(6),
			result: func(int) any { return gone("not-found") },
		}, 0, "another transaction of the same key came first"},
		{"no block comes", script{
			nonce:  same(5),
			result: func(int) any { return gone("not-found") },
		}, 0, "the transaction is in no block after 1m0s; it may still come"},
		{"the node fails", script{
			nonce: same(5),
			result: func(int) any {
				return &api.Problem{Type: "urn:assay:problem:internal", Status: 500, Detail: "an internal error"}
			},
		}, 0, "an internal error"},
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
			case (res == nil) != (tc.height == 0) || res != nil && uint64(res.Height) != tc.height:
				t.Errorf("%s: got %+v", tc.name, res)
			}
		})
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	set := flag.NewFlagSet("tx", flag.ContinueOnError)
	set.Duration("timeout", time.Minute, "")
	c := cli.NewContext(&cli.App{ErrWriter: io.Discard}, set, nil)
	c.Context = ctx
	s := &script{nonce: func(int) uint64 { return 0 }, result: func(int) any { stop(); return gone("not-found") }}
	if _, err := awaitTx(c, &client{url: "http://node", http: s}, &wire.Tx{}); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("got %v", err)
	}
}
