package api_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/ledger"
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

// asking is a node that asks others for each record.
type asking struct {
	apitest.Proving
	questions *int
}

func (a asking) State(ctx context.Context) (ledger.Reader, protocol.Height, error) {
	r, h, err := a.Proving.State(ctx)
	return asked{r, map[string]bool{}, a.questions}, h, err
}

type asked struct {
	ledger.Reader
	known     map[string]bool
	questions *int
}

func (a asked) Prefetch(keys ...[]byte) error {
	*a.questions++
	for _, k := range keys {
		a.known[string(k)] = true
	}
	return nil
}

func (a asked) Get(key []byte) ([]byte, error) {
	if kind := key[0]; !a.known[string(key)] && (kind == ledger.EpochKey(0)[0] || kind == ledger.PaymentKey(0, 0)[0]) {
		*a.questions++
	}
	return a.Reader.Get(key)
}

func TestRecordsOfManyEpochsAreAskedForTogether(t *testing.T) {
	for path, want := range map[string]int{
		"/v1/epochs": 1, "/v1/epochs?order=newest": 1, "/v1/epochs?epoch=1..2": 1, "/v1/epochs?limit=1": 1,
		"/v1/emissions?seat=2": 1, "/v1/emissions?seat=2&order=newest": 1, "/v1/emissions?seat=2&epoch=1..1": 1,
	} {
		n := apitest.Proving{Network: network(t)}
		cfg := n.Config()
		questions := 0
		cfg.Source.State, cfg.Source.Work = asking{n, &questions}, nil
		h := handler(t, cfg)
		if w := get(t, h, path); w.Code != http.StatusOK || questions != want {
			t.Errorf("%s: %d questions, want %d: %d %s", path, questions, want, w.Code, w.Body)
		}
		if questions = 0; path == "/v1/epochs" && (get(t, h, path).Code != http.StatusOK || questions != 0) {
			t.Errorf("%s again: %d questions", path, questions)
		}
	}
}

// hangs is a node that finds out when some blocks were made, and waits for others.
type hangs struct {
	apitest.Proving
	knows func(protocol.Height) bool

	mu    sync.Mutex
	asked []protocol.Height
}

func (n *hangs) BlockTime(ctx context.Context, h protocol.Height) (time.Time, error) {
	n.mu.Lock()
	n.asked = append(n.asked, h)
	n.mu.Unlock()
	if n.knows(h) {
		return time.Unix(int64(h), 0), nil
	}
	<-ctx.Done()
	return time.Time{}, ctx.Err()
}

// A list comes with what is known, although nobody tells all of its times: those of
// the newest epochs' ends are asked for first.
func TestAListWaitsFiveSecondsForItsTimes(t *testing.T) {
	n := network(t)
	all := items[api.Epoch](t, handler(t, n.Config()), "/v1/epochs")
	ends := map[protocol.Height]bool{}
	for _, e := range all {
		ends[e.Last] = true
	}
	synctest.Test(t, func(t *testing.T) {
		slow := &hangs{Proving: apitest.Proving{Network: n}, knows: func(h protocol.Height) bool { return ends[h] }}
		cfg := n.Config()
		cfg.Source.State, cfg.Source.Work = slow, nil
		h := handler(t, cfg)
		for _, path := range []string{"/v1/epochs", "/v1/epochs?order=newest"} {
			begin := time.Now()
			list := items[api.Epoch](t, h, path)
			if took := time.Since(begin); took != 5*time.Second || len(list) != len(all) {
				t.Errorf("%s: %d epochs after %s, want %d after 5 s", path, len(list), took, len(all))
			}
			for _, e := range list {
				if e.Paid && e.Ended.Unix() != int64(e.Last) || !e.Began.IsZero() {
					t.Errorf("%s: epoch %d began %s, ended %s", path, e.Epoch, e.Began, e.Ended)
				}
			}
		}
		begin := time.Now()
		if list := items[api.Emission](t, h, "/v1/emissions?seat=2"); len(list) != 2 || list[1].Time.Unix() != int64(list[1].Height) || time.Since(begin) != 0 {
			t.Errorf("payments: %+v", list)
		}
		slow.knows = func(protocol.Height) bool { return false }
		h, slow.asked = handler(t, cfg), nil
		if list := items[api.Epoch](t, h, "/v1/epochs"); len(list) != len(all) {
			t.Errorf("got %d epochs, want %d", len(list), len(all))
		}
		paid := slices.DeleteFunc(slices.Sorted(maps.Keys(ends)), func(h protocol.Height) bool { return h > apitest.Height })
		if len(slow.asked) != 4 || !slices.Contains(slow.asked, paid[len(paid)-1]) {
			t.Errorf("asked for %d, want four at once, %d among them", slow.asked, paid[len(paid)-1])
		}
	})
}
