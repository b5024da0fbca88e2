package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
)

// TestAProgramAsksWhatAClientAsks: the values are those that become JSON, and the
// problems the same.
func TestAProgramAsksWhatAClientAsks(t *testing.T) {
	n, h := seeded(t)
	got, err := h.Ask(t.Context(), "/v1/emissions?epoch=1&seat=2")
	if err != nil {
		t.Fatal(err)
	}
	list := got.(api.Page[api.Emission]).Items
	if len(list) != 1 || list[0].Miner != 9_984_741_001 || list[0].UID != 2 {
		t.Errorf("emissions: got %+v", list)
	}
	id := n.TaskOf(apitest.Round, 2).ID
	if got, err = h.Ask(t.Context(), "/v1/tasks/"+id.String()); err != nil || got.(*api.Task).ID != id {
		t.Errorf("task: got %v %v", got, err)
	}
	for target, want := range map[string]string{
		"/v1/emissions?epoch=x": "bad-query", "/v1/nothing": "no-such-endpoint", "/metrics": "no-such-endpoint", "/v1/events": "no-such-endpoint",
		"/v1/../metrics": "no-such-endpoint", "/v1/tasks/123456": "not-found", "x": "no-such-endpoint", "/v1/status?a=1": "bad-query",
	} {
		_, err := h.Ask(t.Context(), target)
		var p *api.Problem
		if !errors.As(err, &p) || p.Name() != want {
			t.Errorf("%s: got %v, want %s", target, err, want)
		}
	}
}

// TestPagesAreServedBesideEndpoints, with a policy of their own, and only there.
func TestPagesAreServedBesideEndpoints(t *testing.T) {
	cfg := network(t).Config()
	cfg.Pages = func(h *api.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v, err := h.Ask(r.Context(), "/v1/network")
			if err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(w, fmt.Sprint("page ", r.URL.Path, " of ", v.(api.Network).Seats))
		}), nil
	}
	h := handler(t, cfg)
	for path, want := range map[string]string{"/": "page / of 5", "/ui/a": "page /ui/a of 5"} {
		if w := get(t, h, path); w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%s: got %d %s", path, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/", "/ui/a"} {
		w := ask(t, h, http.MethodPost, path, "{}")
		var p api.Problem
		if decode(t, w, &p); w.Code != http.StatusMethodNotAllowed || p.Name() != "method-not-allowed" || p.Instance != path || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: got %d %+v", path, w.Code, p)
		}
	}
	if w := get(t, h, "/x"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "no-such-endpoint") {
		t.Errorf("/x: got %d %s", w.Code, w.Body)
	}
}

// heavy is a chain of blocks with a mebibyte of transactions each.
type heavy struct {
	*apitest.Network
	read int
}

func (n *heavy) Record(_ context.Context, h protocol.Height) (*audit.Record, error) {
	n.read++
	tx := make([]byte, 1<<20)
	return &audit.Record{Height: h, Txs: audit.Pack([][]byte{tx[:16], tx})}, nil
}

// TestBlocksWithoutRecordsAreReadToABound: what is not shown is read all the same.
func TestBlocksWithoutRecordsAreReadToABound(t *testing.T) {
	n := &heavy{Network: network(t)}
	cfg := n.Config()
	cfg.Source.State = n
	h := handler(t, cfg)
	w := get(t, h, "/v1/blocks?record=0&limit=1000")
	var got api.Blocks
	decode(t, w, &got)
	if len(got.Blocks) != 32 || n.read != 32 {
		t.Errorf("got %d blocks of %d read, want 32 of 32", len(got.Blocks), n.read)
	}
}

// idle is a network of a million blocks in which nobody was paid, or seat 1 in one
// epoch.
type idle struct {
	*apitest.Network
	reads int
	pays  protocol.Height // the block that pays; 0 for none
}

const idleHeight = 1_000_000

func (n *idle) State(ctx context.Context) (ledger.Reader, protocol.Height, error) {
	r, _, err := n.Network.State(ctx)
	return r, idleHeight, err
}

func (n *idle) Record(_ context.Context, h protocol.Height) (*audit.Record, error) {
	n.reads++
	out := &audit.Outcome{Epoch: ledger.EpochRecord{Height: h}}
	if h == n.pays {
		out.Payments = []ledger.Payment{{Seat: protocol.SeatID{UID: 1}, Miner: protocol.Unit}}
	}
	return &audit.Record{Height: h, Outcome: out}, nil
}

// TestALongIdleNetworkIsShownInPages: a page without items ends, and the next goes
// on behind it, in both directions, to the end.
func TestALongIdleNetworkIsShownInPages(t *testing.T) {
	for _, order := range []string{"oldest", "newest"} {
		n := &idle{Network: network(t)}
		cfg := n.Config()
		cfg.Source.State = n
		h := handler(t, cfg)
		next, pages, before := "", 0, 0
		for {
			w := get(t, h, "/v1/emissions?order="+order+next)
			var p api.Page[api.Emission]
			decode(t, w, &p)
			if len(p.Items) != 0 || w.Code != http.StatusOK {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			if got := n.reads - before; got > 1100 {
				t.Fatalf("a page read %d blocks", got)
			}
			before = n.reads
			if pages++; p.Next == "" {
				break
			}
			next = "&cursor=" + p.Next
		}
		if want := 51; pages != want { // 50,001 epochs of 20 blocks, a thousand a page
			t.Errorf("%s: %d pages, want %d", order, pages, want)
		}
	}
}

// TestAPaymentAtTheEndOfAPageIsShownOnce: wherever it is among idle epochs, also
// where a page has looked at as many as it may just before it.
func TestAPaymentAtTheEndOfAPageIsShownOnce(t *testing.T) {
	for _, order := range []string{"oldest", "newest"} {
		for _, e := range []protocol.Epoch{0, 998, 999, 1000, 1001} {
			n := &idle{Network: network(t)}
			cfg := n.Config()
			cfg.Source.State = n
			within := "&epoch=..2500"
			if order == "newest" { // the same distance from the other end
				e = cfg.Params.Schedule.EpochOf(idleHeight) - e
				within = fmt.Sprintf("&epoch=%d..", cfg.Params.Schedule.EpochOf(idleHeight)-2500)
			}
			n.pays = cfg.Params.Schedule.EpochEnd(e)
			h := handler(t, cfg)
			var shown []protocol.Epoch
			next, pages := "", 0
			for ok := true; ok && pages < 9; ok = next != "" {
				var p api.Page[api.Emission]
				decode(t, get(t, h, "/v1/emissions?order="+order+within+next), &p)
				for _, m := range p.Items {
					shown = append(shown, m.Epoch)
				}
				pages++
				if next = ""; p.Next != "" {
					next = "&cursor=" + p.Next
				}
			}
			want := []protocol.Epoch{e}
			if n.pays > idleHeight { // it has not ended
				want = nil
			}
			if !slices.Equal(shown, want) || pages > 4 {
				t.Errorf("%s, epoch %d: shown in %v, on %d pages", order, e, shown, pages)
			}
		}
	}
}
