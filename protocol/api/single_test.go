package api_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
)

// TestAMinersNodeAnswersOfOneSeat: what it is paid by epoch, what an account has,
// what epochs paid and what a seat costs; and says of lists that it has none.
func TestAMinersNodeAnswersOfOneSeat(t *testing.T) {
	n := apitest.Proving{Network: network(t)}
	cfg := n.Config()
	cfg.Source.State, cfg.Source.Work = n, nil
	h := handler(t, cfg)
	for _, seat := range []string{"2", apitest.Public("miner-0").String()} {
		got := items[api.Emission](t, h, "/v1/emissions?seat="+seat)
		if len(got) != 2 || got[0].Miner != 9_984_741_000 || got[1].Miner != 9_984_741_001 || got[1].UID != 2 {
			t.Errorf("pay of seat %s: %+v", seat, got)
		}
	}
	if got := items[api.Epoch](t, h, "/v1/epochs?epoch=1"); len(got) != 1 || !got[0].Paid || got[0].Miners != 10*protocol.Unit {
		t.Errorf("epoch 1: %+v", got)
	}
	var acc api.Account
	w := get(t, h, "/v1/accounts/"+apitest.Public("miner-0-cold").String())
	if decode(t, w, &acc); w.Code != http.StatusOK || acc.Balance != 50*protocol.Unit || !acc.Partial || len(acc.Stakes) != 0 {
		t.Errorf("account: %d %+v", w.Code, acc)
	}
	var net api.Network
	if w = get(t, h, "/v1/network"); w.Code != http.StatusOK {
		t.Errorf("network: %d %s", w.Code, w.Body)
	}
	if decode(t, w, &net); net.Price == 0 || net.Seats != 5 {
		t.Errorf("network: %+v", net)
	}
	for _, path := range []string{"/v1/miners", "/v1/emissions", "/v1/emissions?epoch=1", "/v1/weights", "/v1/challenges"} {
		w := get(t, h, path)
		var p api.Problem
		if decode(t, w, &p); w.Code != http.StatusNotFound || p.Name() != "not-kept" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// unreached is a pool that sends on, where nobody takes anything.
type unreached struct{ api.Pool }

func (unreached) Submit(context.Context, []byte) (protocol.Hash, bool, error) {
	return protocol.Hash{}, false, fmt.Errorf("%w: no peer is connected", api.ErrUnreached)
}

func TestATransactionThatNobodyTakesIsSaidToBe(t *testing.T) {
	cfg := network(t).Config()
	cfg.Source.Pool = unreached{cfg.Source.Pool}
	w := ask(t, handler(t, cfg), http.MethodPost, "/v1/txs", `{"tx":"00"}`)
	var p api.Problem
	if decode(t, w, &p); w.Code != http.StatusServiceUnavailable || p.Name() != "busy" || p.Hint == "" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
