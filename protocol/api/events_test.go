package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/ledger"
)

// eventful knows what the blocks from 38 on did, but for 40 and 41.
type eventful struct {
	*apitest.Network
	newest atomic.Uint64
}

func (e *eventful) EventRange() (oldest, newest protocol.Height) {
	return 38, protocol.Height(e.newest.Load())
}

func (*eventful) EventsAt(_ context.Context, h protocol.Height) ([]ledger.Event, error) {
	switch h {
	case 39:
		return []ledger.Event{{Name: ledger.EventPaid, Height: 39, Epoch: 1, Amount: 20 * protocol.Unit, Count: 4}}, nil
	case 40, 41:
		return nil, api.ErrNotFound
	case 43:
		return []ledger.Event{{Name: ledger.EventPermitLost, Height: 43, Epoch: 3, Seat: protocol.SeatID{UID: 1}, Hotkey: apitest.Public("validator-1")}}, nil
	}
	return nil, nil
}

// following asks for events, and returns what reads the next of them.
func following(t *testing.T, url, last string) func() api.Event {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s: got %s, %v", url, resp.Status, resp.Header)
	}
	lines := bufio.NewScanner(resp.Body)
	return func() (e api.Event) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &e); err != nil {
					t.Fatal(err)
				}
				return e
			}
		}
		t.Fatalf("%s: the stream ended: %v", url, lines.Err())
		return e
	}
}

func serveEvents(t *testing.T) (*eventful, string) {
	t.Helper()
	n := &eventful{Network: network(t)}
	n.newest.Store(43)
	cfg := n.Config()
	cfg.Source.State = n
	s := httptest.NewServer(handler(t, cfg))
	t.Cleanup(s.Close)
	return n, s.URL + "/v1/events"
}

// brief is what tells an event from others.
type brief struct {
	id, kind string
	uid      int
	amount   protocol.Amount
}

func briefOf(e api.Event) brief {
	b := brief{id: e.ID, kind: e.Type, uid: -1}
	if e.UID != nil {
		b.uid = int(*e.UID)
	}
	if e.Amount != nil {
		b.amount = *e.Amount
	}
	return b
}

// TestEventsComeFromACursorOnAndThenAsTheyHappen: what is not known in between is
// told, and who comes back goes on behind the last that came.
func TestEventsComeFromACursorOnAndThenAsTheyHappen(t *testing.T) {
	n, url := serveEvents(t)
	next := following(t, url+"?after=37", "")
	var got []brief
	for range 10 {
		got = append(got, briefOf(next()))
	}
	want := []brief{
		{"38.1", "block", -1, 0},
		{"39.1", "block", -1, 0},
		{"39.2", "paid", -1, 20 * protocol.Unit},
		{"39.3", "pay", 0, 0},
		{"39.4", "pay", 1, 0},
		{"39.5", "pay", 2, 9_984_741_001},
		{"39.6", "pay", 3, 0},
		{"41", "missed", -1, 0},
		{"42.1", "block", -1, 0},
		{"43.1", "block", -1, 0},
	}
	for i := range got {
		if want[i].kind == "pay" && want[i].amount == 0 {
			want[i].amount = got[i].amount // as the example of emissions has it
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if e := next(); e.ID != "43.2" || e.Type != "permit-lost" || *e.UID != 1 || e.Time.Unix() != 43 {
		t.Errorf("got %+v", e)
	}
	n.newest.Store(44)
	if e := next(); e.ID != "44.1" {
		t.Errorf("a new block: got %+v", e)
	}
	if e := following(t, url+"?after=1", "39.2")(); e.ID != "39.3" { // a restart changes nothing
		t.Errorf("who comes back: got %+v", e)
	}
	if e := following(t, url, "40.1")(); e.Type != api.EventMissed || e.Height != 40 || e.To != 41 { // its rest was lost by a kill
		t.Errorf("who comes back in a gap: got %+v", e)
	}
	if e := following(t, url+"?after=5", "")(); e.Type != api.EventMissed || e.Height != 6 || e.To != 37 {
		t.Errorf("older than what is kept: got %+v", e)
	}
}

func TestEventsAreThoseThatWereAskedFor(t *testing.T) {
	n, url := serveEvents(t)
	next := following(t, url+"?after=37&type=pay,permit-lost&seat=1", "")
	for _, want := range []string{"39.4", "41", "43.2"} { // what is missed is told to all
		if e := next(); e.ID != want {
			t.Errorf("got %+v, want %s", e, want)
		}
	}
	next = following(t, url, "")
	n.newest.Store(45)
	if e := next(); e.ID != "44.1" {
		t.Errorf("from now on: got %+v", e)
	}
	h := handler(t, n.Config()) // which knows nothing of events
	if w := get(t, h, "/v1/events"); w.Code != http.StatusNotFound {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	for _, query := range []string{"after=x", "after=1.x", "after=-1", "seat=nobody", "since=3", "type=slahsed", "type=pay,permit%20lost"} {
		if w := get(t, h, "/v1/events?"+query); w.Code/100 != 4 {
			t.Errorf("%s: got %d", query, w.Code)
		}
	}
}

// FuzzEventCursor: whatever follows Last-Event-ID, the answer is events or a
// problem.
func FuzzEventCursor(f *testing.F) {
	n, err := apitest.New()
	if err != nil {
		f.Fatal(err)
	}
	e := &eventful{Network: n}
	e.newest.Store(43)
	cfg := n.Config()
	cfg.Source.State = e
	h, err := api.NewHandler(cfg)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"39.2", "39", "9223372036854775807", "9223372036854775807.2147483647", "0.0", "-1", "1.", "."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, last string) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nobody listens
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/events", nil)
		r.Host = "localhost"
		r.Header.Set("Last-Event-ID", last)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
			t.Errorf("%q: got %d %s", last, w.Code, w.Body)
		}
	})
}
