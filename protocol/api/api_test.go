package api_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/goldentest"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

func network(t *testing.T) *apitest.Network {
	t.Helper()
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func handler(t *testing.T, cfg api.Config) *api.Handler {
	t.Helper()
	h, err := api.NewHandler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends a request as a client on the same machine.
func ask(t *testing.T, h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:9660"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	return ask(t, h, http.MethodGet, path, "")
}

// decode reads an answer into v and refuses fields that v has not.
func decode(t *testing.T, w *httptest.ResponseRecorder, v any) {
	t.Helper()
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
}

// example is a request whose answer is in testdata, word for word.
type example struct {
	name, method, path, body, schema string
	status                           int
	network                          func(*testing.T) *api.Handler // nil: that of all
}

func examples(n *apitest.Network) []example {
	task := n.TaskOf(apitest.Round, 2).ID.String()
	tx, _ := ledger.NewTx(apitest.Key("miner-0-cold"), n.Genesis.ChainID(), &n.Genesis.Params.Fees, 0, &wire.Transfer{To: apitest.Public("validator-0"), Amount: protocol.Unit})
	raw := hex.EncodeToString(wire.Encode(tx))
	list := []example{
		{name: "status", path: "/v1/status", schema: "Status"},
		{name: "network", path: "/v1/network", schema: "Network"},
		{name: "miners", path: "/v1/miners", schema: "MinerPage"},
		{name: "miners-first", path: "/v1/miners?limit=1", schema: "MinerPage"},
		{name: "validators", path: "/v1/validators", schema: "ValidatorPage"},
		{name: "scores", path: "/v1/scores?epoch=0", schema: "ScorePage"},
		{name: "weights", path: "/v1/weights", schema: "WeightPage"},
		{name: "emissions", path: "/v1/emissions?epoch=0..1", schema: "EmissionPage"},
		{name: "epochs", path: "/v1/epochs", schema: "EpochPage"},
		{name: "bonds", path: "/v1/bonds", schema: "BondPage"},
		{name: "account", path: "/v1/accounts/" + apitest.Public("validator-1-cold").String(), schema: "Account"},
		{name: "account-proven", path: "/v1/accounts/" + apitest.Public("miner-0").String() + "?prove=1", schema: "Account"},
		{name: "task", path: "/v1/tasks/" + task, schema: "Task"},
		{name: "pairs", path: "/v1/pairs?epoch=0", schema: "PairPage", network: rated},
		{name: "pair-set", path: "/v1/pairs/1/0", schema: "PairSet", network: set},
		{name: "tasks", path: "/v1/tasks?kind=inference&epoch=1", schema: "TaskPage"},
		{name: "receipt", path: "/v1/receipts/" + task, schema: "Receipt"},
		{name: "requests", path: "/v1/requests", schema: "RequestPage"},
		{name: "request", path: "/v1/requests/" + apitest.RequestID().String(), schema: "Request"},
		{name: "records", path: "/v1/requests/" + apitest.RequestID().String() + "/records", schema: "MadeRecordPage"},
		{name: "challenges", path: "/v1/challenges", schema: "ChallengePage"},
		{name: "submit", method: http.MethodPost, path: "/v1/txs", body: `{"tx":"` + raw + `"}`, schema: "Submitted", status: http.StatusAccepted},
		{name: "tx", path: "/v1/txs/" + tx.Hash().String(), schema: "TxResult"},
		{name: "blocks", path: "/v1/blocks?height=44", schema: "Blocks"},
		{name: "block-gone", path: "/v1/blocks", schema: "Problem", status: http.StatusGone},
		{name: "state-hash", path: "/v1/state-hash?height=44", schema: "StateHash"},
		{name: "supply", path: "/v1/supply", schema: "Supply"},
		{name: "healthz", path: "/healthz", schema: "Alive"},
		{name: "readyz", path: "/readyz", schema: "Alive"},
		{name: "unknown-parameter", path: "/v1/scores?minr=3", schema: "Problem", status: http.StatusBadRequest},
		{name: "nothing-there", path: "/v1/nothing", schema: "Problem", status: http.StatusNotFound},
	}
	for i := range list {
		if list[i].method == "" {
			list[i].method = http.MethodGet
		}
		if list[i].status == 0 {
			list[i].status = http.StatusOK
		}
	}
	return list
}

// seeded is a handler over a network whose pool takes what the ledger takes, and
// includes it at once.
func seeded(t *testing.T) (*apitest.Network, *api.Handler) {
	t.Helper()
	n := network(t)
	n.Pool.Check = func(raw []byte) (*wire.Tx, error) {
		return ledger.CheckTx(n.Tree, n.Genesis.ChainID(), &n.Genesis.Params, raw)
	}
	n.Pool.Include = func(tx *wire.Tx) api.TxResult {
		return api.TxResult{Hash: tx.Hash(), Height: apitest.Height + 1, Type: "transfer", Signer: tx.Signer, OK: true}
	}
	return n, handler(t, n.Config())
}

// TestAnswersAreThoseOfTheExamples compares whole answers; UPDATE_GOLDEN=1 writes
// them anew, for a person to read the difference.
func TestAnswersAreThoseOfTheExamples(t *testing.T) {
	n, h := seeded(t)
	for _, ex := range examples(n) {
		asked := h
		if ex.network != nil {
			asked = ex.network(t)
		}
		w := ask(t, asked, ex.method, ex.path, ex.body)
		if w.Code != ex.status {
			t.Errorf("%s: got status %d, want %d: %s", ex.name, w.Code, ex.status, w.Body)
			continue
		}
		var got bytes.Buffer
		if err := json.Indent(&got, w.Body.Bytes(), "", "  "); err != nil {
			t.Fatalf("%s: %v", ex.name, err)
		}
		t.Run(ex.name, func(t *testing.T) { goldentest.Text(t, filepath.Join("testdata", ex.name+".json"), got.Bytes()) })
	}
}

// TestPagesFollowEachOther reads every list one item at a time.
func TestPagesFollowEachOther(t *testing.T) {
	_, h := seeded(t)
	for _, path := range []string{"/v1/miners?", "/v1/validators?", "/v1/scores?", "/v1/scores?miner=3&", "/v1/weights?", "/v1/emissions?epoch=0..1&", "/v1/epochs?", "/v1/weights?order=newest&", "/v1/emissions?order=newest&epoch=0..1&", "/v1/scores?order=newest&", "/v1/epochs?order=newest&"} {
		var all, one api.Page[json.RawMessage]
		decode(t, get(t, h, path+"limit=1000"), &all)
		if all.Next != "" || len(all.Items) < 2 {
			t.Fatalf("%s: %d items, next %q", path, len(all.Items), all.Next)
		}
		var items []json.RawMessage
		for next := path + "limit=1"; ; next = path + "limit=1&cursor=" + one.Next {
			one = api.Page[json.RawMessage]{}
			decode(t, get(t, h, next), &one)
			if len(one.Items) != 1 && path != "/v1/scores?miner=3&" {
				t.Fatalf("%s: %d items on a page of one", path, len(one.Items))
			}
			items = append(items, one.Items...)
			if one.Next == "" {
				break
			}
			if len(items) > len(all.Items) {
				t.Fatalf("%s: more items one by one than at once", path)
			}
		}
		if got, want := fmt.Sprintf("%s", items), fmt.Sprintf("%s", all.Items); got != want {
			t.Errorf("%s: got one by one\n%s\nwant\n%s", path, got, want)
		}
	}
}

func TestScoresAreOfTheSeatThatWasAskedFor(t *testing.T) {
	_, h := seeded(t)
	for query, want := range map[string]int{
		"":         4,
		"?miner=3": 2,
		"?miner=9": 0,
		"?miner=" + apitest.Public("miner-1").String():              2,
		"?miner=" + apitest.Public("miner-0").String() + "&epoch=1": 1,
		"?miner=" + apitest.Public("validator-0").String():          0,
		"?epoch=1..18446744073709551615":                            2,
		"?epoch=2..3":                                               0,
		"?miner=" + hex.EncodeToString(publicBytes("miner-1")):      2,
	} {
		var p api.Page[api.Score]
		decode(t, get(t, h, "/v1/scores"+query), &p)
		if len(p.Items) != want {
			t.Errorf("%s: got %d scores, want %d", query, len(p.Items), want)
		}
	}
}

func publicBytes(name string) []byte { k := apitest.Public(name); return k[:] }

func TestAScoreNamesABoundedNumberOfTasks(t *testing.T) {
	n, h := seeded(t)
	n.Work.Scored[0].Tasks = make([]protocol.TaskID, api.MaxScoreTasks+1)
	var p api.Page[api.Score]
	decode(t, get(t, h, "/v1/scores?limit=1"), &p)
	if got := len(p.Items[0].Tasks); got != api.MaxScoreTasks {
		t.Errorf("got %d tasks", got)
	}
}

func TestEmissionTotalsFollowTheEpochs(t *testing.T) {
	n, h := seeded(t)
	total := func() protocol.Amount {
		var p api.Page[api.Miner]
		decode(t, get(t, h, "/v1/miners"), &p)
		return p.Items[0].EmissionTotal
	}
	if got, want := total(), protocol.Amount(2*9_984_741_000+1); got != want {
		t.Errorf("after two epochs: got %s, want %s", got, want)
	}
	m, _, err := ledger.ReadMeta(n.Tree)
	if err != nil {
		t.Fatal(err)
	}
	m.Height = 59
	pay := ledger.Payment{Seat: protocol.SeatID{UID: 2}, Miner: 5}
	if err := errors.Join(n.Tree.Set(ledger.MetaKey(), wire.Encode(m)), n.Tree.Set(ledger.PaymentKey(2, 2), wire.Encode(pay))); err != nil {
		t.Fatal(err)
	}
	if got, want := total(), protocol.Amount(2*9_984_741_000+6); got != want {
		t.Errorf("after three epochs: got %s, want %s", got, want)
	}
}

// TestAnEmissionSaysWhatBecameOfDuties: what the ledger has of a judge's cards
// about the epoch before, up to that it found right what was planted to be wrong.
func TestAnEmissionSaysWhatBecameOfDuties(t *testing.T) {
	n, h := seeded(t)
	judge := protocol.SeatID{UID: 2, Registered: 77}
	set := func(key []byte, value any) {
		t.Helper()
		if err := n.Tree.Set(key, wire.Encode(value)); err != nil {
			t.Fatal(err)
		}
	}
	set(ledger.PaymentKey(1, 2), ledger.Payment{Seat: judge, Drawn: 4})
	set(ledger.DrawnKey(0, 2), ledger.DrawnRecord{Judge: judge})
	other := ledger.CardsRecord{Seat: protocol.SeatID{UID: 2, Registered: 76}}
	opened := ledger.CardsRecord{Seat: judge, Root: protocol.Hash{1}, Findings: []byte{1}}
	lazy := opened
	lazy.Lazy = true
	for _, c := range []struct {
		cards   ledger.CardsRecord
		forfeit []protocol.SeatID
		want    string
	}{
		{other, nil, "missing"},
		{ledger.CardsRecord{Seat: judge}, nil, "sealed"},
		{opened, nil, "opened"},
		{lazy, nil, "lazy"},
		{opened, []protocol.SeatID{judge}, "forfeit"},
		{opened, []protocol.SeatID{other.Seat}, "opened"},
	} {
		set(ledger.CardsKey(0, 2), c.cards)
		set(ledger.DocketKey(0), ledger.Docket{Forfeit: c.forfeit})
		var p api.Page[api.Emission]
		decode(t, get(t, h, "/v1/emissions?epoch=1"), &p)
		got := "no emission"
		for _, e := range p.Items {
			if e.UID == 2 {
				got = e.Findings
			}
		}
		if got != c.want {
			t.Errorf("%+v: got %q, want %q", c.cards, got, c.want)
		}
	}
}

func TestSupplyThatDoesNotAddUpIsSaid(t *testing.T) {
	n, h := seeded(t)
	var s api.Supply
	decode(t, get(t, h, "/v1/supply"), &s)
	if !s.Conserved {
		t.Errorf("got %+v", s)
	}
	m, _, err := ledger.ReadMeta(n.Tree)
	if err != nil {
		t.Fatal(err)
	}
	m.Balances++
	if err := n.Tree.Set(ledger.MetaKey(), wire.Encode(m)); err != nil {
		t.Fatal(err)
	}
	decode(t, get(t, h, "/v1/supply"), &s)
	if s.Conserved {
		t.Errorf("got %+v", s)
	}
}

func TestANodeThatKeepsNothingSaysSo(t *testing.T) {
	n := network(t)
	cfg := n.Config()
	cfg.Source = api.Source{Node: n.Node}
	h := handler(t, cfg)
	id := n.TaskOf(1, 2).ID.String()
	for _, path := range []string{
		"/v1/network", "/v1/miners", "/v1/validators", "/v1/scores", "/v1/weights", "/v1/emissions", "/v1/supply", "/v1/state-hash",
		"/v1/accounts/" + apitest.Public("x").String(), "/v1/tasks/" + id, "/v1/receipts/" + id, "/v1/txs/" + id,
	} {
		w := get(t, h, path)
		var p api.Problem
		decode(t, w, &p)
		if w.Code != http.StatusNotFound || p.Type != "urn:assay:problem:not-kept" || !strings.HasPrefix(p.Detail, "this node keeps no ") || p.Hint == "" {
			t.Errorf("%s: got %d %+v", path, w.Code, p)
		}
	}
	if w := get(t, h, "/v1/status"); w.Code != http.StatusOK {
		t.Errorf("status: got %d", w.Code)
	}
}

func TestReadinessNamesWhatIsMissing(t *testing.T) {
	n, h := seeded(t)
	for _, tc := range []struct {
		change func(*api.Status)
		want   string
	}{
		{func(s *api.Status) { s.Peers = 0 }, "no peers"},
		{func(s *api.Status) { s.CatchingUp = true }, "catching up, at height 45"},
		{func(s *api.Status) { s.Height = 0 }, "there is no block yet"},
		{func(s *api.Status) { s.Faults = []string{"deaf", "the disk is full"} }, "deaf; the disk is full"},
	} {
		before := n.Node.S
		tc.change(&n.Node.S)
		w := get(t, h, "/readyz")
		n.Node.S = before
		var p api.Problem
		decode(t, w, &p)
		if w.Code != http.StatusServiceUnavailable || p.Detail != tc.want {
			t.Errorf("got %d %q, want %q", w.Code, p.Detail, tc.want)
		}
		if w := get(t, h, "/healthz"); w.Code != http.StatusOK {
			t.Errorf("health: got %d", w.Code)
		}
	}
}

func TestAHandlerRefusesABadConfig(t *testing.T) {
	n := network(t)
	for name, change := range map[string]func(*api.Config){
		"no node":   func(c *api.Config) { c.Source.Node = nil },
		"no params": func(c *api.Config) { c.Params = nil },
		"no chain":  func(c *api.Config) { c.ChainID = "" },
	} {
		cfg := n.Config()
		change(&cfg)
		if _, err := api.NewHandler(cfg); !errors.Is(err, api.ErrConfig) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAServerStopsCleanlyAndItsPortIsTakenOnce(t *testing.T) {
	n := network(t)
	s, err := api.New(n.Config())
	if err != nil {
		t.Fatal(err)
	}
	cfg := n.Config()
	cfg.Listen = s.Addr()
	if _, err := api.New(cfg); !errors.Is(err, api.ErrListen) || !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), s.Addr()) {
		t.Errorf("a second server on %s: got %v", s.Addr(), err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+"/v1/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("got %s", resp.Status)
	}
	if got := raw(t, s.Addr(), "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); !strings.Contains(got, "urn:assay:problem:no-such-endpoint") {
		t.Errorf("options of everything: got %s", got)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
	again, err := api.New(cfg)
	if err != nil {
		t.Fatalf("the port is not free again: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// raw sends bytes to a server and returns all that it answers.
func raw(t *testing.T, addr, request string) string {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // only read
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAProofIsOfWhatIsShown: the balance of a key that signs for another's name is
// that name's, proven or not.
func TestAProofIsOfWhatIsShown(t *testing.T) {
	n, h := seeded(t)
	name, signs := apitest.Public("miner-0-cold"), apitest.Public("miner-0-next")
	for key, record := range map[string]any{
		string(ledger.NameKey(signs)): name, string(ledger.OwnerKey(name)): ledger.Owner{Now: name, Next: signs, From: 1},
		string(ledger.AccountKey(name)):  ledger.Account{Balance: 70 * protocol.Unit, Nonce: 9},
		string(ledger.AccountKey(signs)): ledger.Account{Nonce: 2},
	} {
		if err := n.Tree.Set([]byte(key), wire.Encode(record)); err != nil {
			t.Fatal(err)
		}
	}
	for _, query := range []string{"", "?prove=1"} {
		var a api.Account
		decode(t, get(t, h, "/v1/accounts/"+signs.String()+query), &a)
		if a.Owner != name || a.Balance != 70*protocol.Unit || a.Nonce != 2 {
			t.Errorf("%q: got %+v", query, a)
		}
		if a.Proof == nil {
			continue
		}
		var rec ledger.Account
		if err := wire.Decode(a.Proof.Value, 64, &rec); err != nil || rec.Balance != a.Balance || !bytes.Equal(a.Proof.Key, ledger.AccountKey(name)) {
			t.Errorf("proven %+v under %x, %v", rec, a.Proof.Key, err)
		}
	}
}

// TestAnAddressTellsOfTheHotkeysThatFollow: who looks up an old hotkey finds the
// stake on its seat, and which one it is now; who looks up that one, what waits.
func TestAnAddressTellsOfTheHotkeysThatFollow(t *testing.T) {
	n, h := seeded(t)
	seat, ok, err := ledger.ReadSeatByHotkey(n.Tree, apitest.Public("validator-0"))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	old, now, next := seat.Hotkey, apitest.Public("validator-0-now"), apitest.Public("validator-0-next")
	seat.Hotkey, seat.Pool, seat.Swap = now, old, ledger.HotkeySwap{To: next, From: 7}
	if err := n.Tree.Remove(ledger.HotkeyKey(old)); err != nil {
		t.Fatal(err)
	}
	for key, record := range map[string]any{
		string(ledger.SeatKey(seat.ID.UID)): seat, string(ledger.HotkeyKey(now)): seat.ID.UID,
		string(ledger.PoolNameKey(now)): old, string(ledger.PoolNameKey(next)): old, string(ledger.HotkeyNowKey(old)): now,
	} {
		if err := n.Tree.Set([]byte(key), wire.Encode(record)); err != nil {
			t.Fatal(err)
		}
	}
	for _, addr := range []protocol.PublicKey{old, now, next} {
		var a api.Account
		decode(t, get(t, h, "/v1/accounts/"+addr.String()), &a)
		if len(a.Staked) == 0 || a.Staked[0].Hotkey != now || a.Staked[0].Amount == 0 {
			t.Errorf("%s: staked %+v, want it on %s", addr, a.Staked, now)
		}
		sits := addr == now
		if (a.Hotkey == nil) != sits || !sits && *a.Hotkey != now || (a.Seat != nil) != sits || (a.NextHotkey != nil) != sits {
			t.Errorf("%s: got %+v", addr, a)
		}
		if sits && (*a.NextHotkey != next || a.NextHotkeyFrom != 7) {
			t.Errorf("waits %s from %d", *a.NextHotkey, a.NextHotkeyFrom)
		}
	}
}

// TestWhatIsShownBesideAProofIsOfTheProvenState: a proof is of the state before
// the newest, and so is the rest of the answer.
func TestWhatIsShownBesideAProofIsOfTheProvenState(t *testing.T) {
	n, h := seeded(t)
	addr := apitest.Public("miner-0")
	var a api.Account
	decode(t, get(t, h, "/v1/accounts/"+addr.String()+"?prove=1"), &a)
	var rec ledger.Account
	if err := wire.Decode(a.Proof.Value, 64, &rec); err != nil {
		t.Fatal(err)
	}
	if a.Height != a.Proof.Height || a.Height != apitest.Height-1 || rec.Nonce != a.Nonce || rec.Balance != a.Balance || string(a.Proof.Block) != "block" {
		t.Errorf("got %+v, proven %+v", a, rec)
	}
	n.Unproven = api.ErrNotFound
	if w := get(t, h, "/v1/accounts/"+addr.String()+"?prove=1"); w.Code != http.StatusNotFound {
		t.Errorf("before anything is proven: got %d", w.Code)
	}
	if w := get(t, h, "/v1/accounts/"+addr.String()+"?prove=0"); w.Code != http.StatusOK {
		t.Errorf("without a proof: got %d", w.Code)
	}
}
