package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// TestNonsenseIsAProblemDocument sends what no client means: each is refused with
// a status of its own, a kind, and a detail that repeats what was wrong.
func TestNonsenseIsAProblemDocument(t *testing.T) {
	_, h := seeded(t)
	addr := apitest.Public("miner-0").String()
	for _, tc := range []struct {
		method, path, body string
		status             int
		kind, detail       string
	}{
		{"GET", "/v1/scores?minr=3", "", 400, "bad-query", `unknown parameter "minr"`},
		{"GET", "/v1/status?x", "", 400, "bad-query", `unknown parameter "x"`},
		{"GET", "/v1/scores?miner=1&miner=2", "", 400, "bad-query", `parameter "miner" is given 2 times`},
		{"GET", "/v1/scores?miner=-1", "", 400, "bad-query", `miner "-1"`},
		{"GET", "/v1/scores?miner=65536", "", 400, "bad-query", `miner "65536"`},
		{"GET", "/v1/scores?miner=", "", 400, "bad-query", `miner ""`},
		{"GET", "/v1/scores?miner=assay1qqqq", "", 400, "bad-query", `miner "assay1qqqq"`},
		{"GET", "/v1/scores?epoch=1..-", "", 400, "bad-query", `epoch "1..-"`},
		{"GET", "/v1/scores?epoch=..", "", 400, "bad-query", `epoch ".."`},
		{"GET", "/v1/scores?epoch=2..1", "", 400, "bad-query", `epoch "2..1"`},
		{"GET", "/v1/scores?epoch=1..2..3", "", 400, "bad-query", `epoch "1..2..3"`},
		{"GET", "/v1/weights?epoch=--1", "", 400, "bad-query", `epoch "--1"`},
		{"GET", "/v1/weights?epoch=%2B1", "", 400, "bad-query", `epoch "+1"`},
		{"GET", "/v1/emissions?epoch=99999999999999999999", "", 400, "bad-query", `epoch "99999999999999999999"`},
		{"GET", "/v1/emissions?epoch=all", "", 400, "bad-query", `epoch "all"`},
		{"GET", "/v1/miners?limit=0", "", 400, "bad-query", `limit "0"`},
		{"GET", "/v1/miners?limit=1001", "", 400, "bad-query", `limit "1001"`},
		{"GET", "/v1/miners?limit=ten", "", 400, "bad-query", `limit "ten"`},
		{"GET", "/v1/miners?cursor=x", "", 400, "bad-query", `cursor "x"`},
		{"GET", "/v1/miners?cursor=", "", 400, "bad-query", `cursor ""`},
		{"GET", "/v1/miners?cursor=AgAAAAAAAAAAAAAAAA", "", 400, "bad-query", `cursor "AgAAAAAAAAAAAAAAAA"`},
		{"GET", "/v1/miners?limit=%zz", "", 400, "bad-query", `query: invalid URL escape "%zz"`},
		{"GET", "/v1/miners?a;b", "", 400, "bad-query", "query: invalid semicolon separator in query"},
		{"GET", "/v1/state-hash?height=-1", "", 400, "bad-query", `height "-1"`},
		{"GET", "/v1/state-hash?height=46", "", 404, "not-found", "height 46, and the newest is 45"},
		{"GET", "/v1/state-hash?height=9", "", 404, "not-found", "state hash of height 9: not found"},
		{"GET", "/v1/accounts/me", "", 400, "bad-path", `address "me"`},
		{"GET", "/v1/accounts/" + addr[:len(addr)-1] + "q", "", 400, "bad-path", "address"},
		{"GET", "/v1/accounts/" + addr + "?prove=yes", "", 400, "bad-query", `prove "yes"`},
		{"GET", "/v1/tasks?kind=", "", 400, "bad-query", `kind ""`},
		{"GET", "/v1/tasks?kind=infer", "", 400, "bad-query", `kind "infer"`},
		{"GET", "/v1/tasks/12", "", 400, "bad-path", `task id "12"`},
		{"GET", "/v1/tasks/" + strings.Repeat("zz", 32), "", 400, "bad-path", "task id"},
		{"GET", "/v1/tasks/" + strings.Repeat("00", 32), "", 404, "not-found", "task " + strings.Repeat("00", 32)},
		{"GET", "/v1/receipts/" + strings.Repeat("00", 32), "", 404, "not-found", "task " + strings.Repeat("00", 32)},
		{"GET", "/v1/txs/" + strings.Repeat("00", 32), "", 404, "not-found", "transaction " + strings.Repeat("00", 32)},
		{"GET", "/", "", 404, "no-such-endpoint", `no endpoint "/"`},
		{"GET", "/v1/miners/", "", 404, "no-such-endpoint", `no endpoint "/v1/miners/"`},
		{"GET", "//v1/status", "", 404, "no-such-endpoint", `no endpoint "//v1/status"`},
		{"GET", "//", "", 404, "no-such-endpoint", `no endpoint "//"`},
		{"GET", "/v1//status", "", 404, "no-such-endpoint", `no endpoint "/v1//status"`},
		{"GET", "/v1/status//", "", 404, "no-such-endpoint", `no endpoint "/v1/status//"`},
		{"GET", "/v1/./status", "", 404, "no-such-endpoint", `no endpoint "/v1/./status"`},
		{"GET", "/v1/accounts/../status", "", 404, "no-such-endpoint", `no endpoint "/v1/accounts/../status"`},
		{"GET", "/v1/accounts/%2e%2e/status", "", 404, "no-such-endpoint", `no endpoint "/v1/accounts/../status"`},
		{"GET", "/v1/accounts/..", "", 404, "no-such-endpoint", `no endpoint "/v1/accounts/.."`},
		{"GET", "/v1%2Fstatus", "", 404, "no-such-endpoint", `no endpoint "/v1/status"`},
		{"POST", "//v1/txs", `{"tx":"00"}`, 404, "no-such-endpoint", `no endpoint "//v1/txs"`},
		{"GET", "//metrics", "", 404, "no-such-endpoint", `no endpoint "//metrics"`},
		{"GET", "http://127.0.0.1:9660", "", 404, "no-such-endpoint", `no endpoint ""`},
		{"OPTIONS", "*", "", 404, "no-such-endpoint", `no endpoint "*"`},
		{"CONNECT", "/v1/status", "", 405, "method-not-allowed", `method "CONNECT"`},
		{"GET", "/v1/accounts/a/b", "", 404, "no-such-endpoint", `no endpoint "/v1/accounts/a/b"`},
		{"POST", "/v1/miners", "", 405, "method-not-allowed", `method "POST"`},
		{"DELETE", "/metrics", "", 405, "method-not-allowed", `method "DELETE"`},
		{"GET", "/v1/txs", "", 405, "method-not-allowed", `method "GET"`},
		{"BREW", "/v1/status", "", 405, "method-not-allowed", `method "BREW"`},
		{"GET", "/v1/miners?cursor=" + strings.Repeat("A", 3000), "", 414, "too-long", "a path and query of more than 2048 bytes"},
		{"POST", "/v1/txs", `{"tx":"00"`, 400, "bad-body", "body: unexpected EOF"},
		{"POST", "/v1/txs", `{"tx":"00"}{}`, 400, "bad-body", "something follows the object"},
		{"POST", "/v1/txs", `{"tx":"00","fee":1}`, 400, "bad-body", `body: json: unknown field "fee"`},
		{"POST", "/v1/txs", `{"tx":"0"}`, 400, "bad-body", "tx is not hex"},
		{"POST", "/v1/txs", `{"tx":""}`, 400, "bad-body", "tx is not hex"},
		{"POST", "/v1/txs", `{"tx":"00"}`, 400, "bad-body", "transaction:"},
		{"POST", "/v1/txs", `{"tx":"` + strings.Repeat("0", api.MaxBody) + `"}`, 413, "too-long", "body of more than"},
		{"POST", "/v1/txs?x=1", `{"tx":"00"}`, 400, "bad-query", `unknown parameter "x"`},
	} {
		w := ask(t, h, tc.method, tc.path, tc.body)
		var p api.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Errorf("%s %.80s: %v in %s", tc.method, tc.path, err, w.Body)
			continue
		}
		if w.Code != tc.status || p.Status != tc.status || p.Type != "urn:assay:problem:"+tc.kind || p.Title == "" || !strings.HasPrefix(p.Detail, tc.detail) {
			t.Errorf("%s %.80s: got %d %+v", tc.method, tc.path, w.Code, p)
		}
		if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s %.80s: got content type %q", tc.method, tc.path, got)
		}
		if w.Code == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %.80s: no Allow header", tc.method, tc.path)
		}
	}
	counted := get(t, h, "/metrics").Body.String()
	for _, line := range []string{
		`assay_http_problems_total{problem="bad-query",route="/v1/scores"} 10`,
		`assay_http_problems_total{problem="bad-body",route="/v1/txs"} 6`,
		`assay_http_problems_total{problem="no-such-endpoint",route="unknown"} 16`,
		`assay_http_requests_total{route="/v1/status",status="400"} 1`,
		"assay_http_panics_total 0",
	} {
		if !strings.Contains(counted, line+"\n") {
			t.Errorf("metrics lack %s", line)
		}
	}
}

func TestABrokenRuleIsNamed(t *testing.T) {
	n, h := seeded(t)
	send := func(nonce uint64, body wire.Body, chain string) (*httptest.ResponseRecorder, api.Problem) {
		tx, err := ledger.NewTx(apitest.Key("miner-0-cold"), chain, &n.Genesis.Params.Fees, nonce, body)
		if err != nil {
			t.Fatal(err)
		}
		w := ask(t, h, http.MethodPost, "/v1/txs", txBody(t, wire.Encode(tx)))
		var p api.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		return w, p
	}
	pay := &wire.Transfer{To: apitest.Public("x"), Amount: protocol.Unit}
	if w, p := send(0, &wire.Transfer{To: apitest.Public("x"), Amount: 1 << 60}, n.Genesis.ChainID()); w.Code != http.StatusUnprocessableEntity || p.Rule != string(ledger.ErrCannotPay) || p.Hint == "" {
		t.Errorf("more than there is: got %d %+v", w.Code, p)
	}
	if w, p := send(0, pay, "assay-other"); w.Code != http.StatusBadRequest || p.Type != "urn:assay:problem:bad-body" {
		t.Errorf("another chain: got %d %+v", w.Code, p)
	}
	n.Pool.Check = nil
	if w, p := send(0, pay, n.Genesis.ChainID()); w.Code != http.StatusServiceUnavailable || p.Type != "urn:assay:problem:busy" {
		t.Errorf("a full pool: got %d %+v", w.Code, p)
	}
}

func txBody(t *testing.T, raw []byte) string {
	t.Helper()
	b, err := json.Marshal(api.TxBody{Tx: protocolHex(raw)})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOtherHostsNamesAreRefusedOnLoopbackOnly(t *testing.T) {
	n := network(t)
	for _, tc := range []struct {
		listen, host string
		status       int
	}{
		{"127.0.0.1:9660", "127.0.0.1:9660", 200},
		{"127.0.0.1:9660", "localhost:9660", 200},
		{"127.0.0.1:9660", "[::1]:9660", 200},
		{"localhost:9660", "LOCALHOST", 200},
		{"127.0.0.1:9660", "evil.example:9660", 421},
		{"127.0.0.1:9660", "127.0.0.1.evil.example", 421},
		{"[::1]:9660", "192.0.2.1", 421},
		{"127.0.0.1:9660", "", 421},
		{"0.0.0.0:9660", "node.example:9660", 200},
		{"192.0.2.1:9660", "node.example", 200},
	} {
		cfg := n.Config()
		cfg.Listen = tc.listen
		h := handler(t, cfg)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil)
		r.Host = tc.host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tc.status {
			t.Errorf("listening on %s, host %q: got %d, want %d", tc.listen, tc.host, w.Code, tc.status)
		}
	}
}

func TestAnswersCarryTheHeadersOfCaution(t *testing.T) {
	_, h := seeded(t)
	for _, path := range []string{"/v1/status", "/v1/nothing", "/metrics"} {
		head := get(t, h, path).Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                "no-store",
			"Access-Control-Allow-Origin":  "",
		} {
			if got := head.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestFormsOfWebPagesAreNoTransactions(t *testing.T) {
	_, h := seeded(t)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json,", ";"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/txs", strings.NewReader(`{"tx":"00"}`))
		r.Host = "localhost"
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusUnsupportedMediaType {
			t.Errorf("content type %q: got %d", kind, w.Code)
		}
	}
}

func TestAHeadRequestHasNoBody(t *testing.T) {
	_, h := seeded(t)
	w := ask(t, h, http.MethodHead, "/v1/miners", "")
	if w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("got %d, %d bytes, %q", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
	}
}

// TestAMistakeOfTheProgramIsAProblemToo puts nil where evidence is promised.
func TestAMistakeOfTheProgramIsAProblemToo(t *testing.T) {
	cfg := network(t).Config()
	cfg.Source.Work = (*apitest.Work)(nil)
	h := handler(t, cfg)
	w := get(t, h, "/v1/scores")
	var p api.Problem
	decode(t, w, &p)
	if w.Code != http.StatusInternalServerError || p.Type != "urn:assay:problem:internal" || strings.Contains(p.Detail, "nil") {
		t.Errorf("got %d %+v", w.Code, p)
	}
	if counted := get(t, h, "/metrics").Body.String(); !strings.Contains(counted, "assay_http_panics_total 1\n") {
		t.Error("the panic is not counted")
	}
}

// TestACorruptStateShowsNothingOfItself: what is wrong inside is for the log.
func TestACorruptStateShowsNothingOfItself(t *testing.T) {
	n, h := seeded(t)
	if err := n.Tree.Set(ledger.SeatKey(2), []byte{0xff}); err != nil {
		t.Fatal(err)
	}
	w := get(t, h, "/v1/miners")
	var p api.Problem
	decode(t, w, &p)
	if w.Code != http.StatusInternalServerError || p.Detail != "an internal error" {
		t.Errorf("got %d %+v", w.Code, p)
	}
}

// FuzzQuery: whatever is asked, the answer is JSON with a status, and only the
// program's own mistakes are 500.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"scores?miner=3&epoch=0..1&limit=2", "miners?cursor=AQAAAAAAAAAAAAIAAA", "accounts/x?prove=1", "tasks/0", "state-hash?height=7", "weights?epoch=%zz", "../v1/status", "txs"} {
		f.Add(s)
	}
	n, err := apitest.New()
	if err != nil {
		f.Fatal(err)
	}
	h, err := api.NewHandler(n.Config())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/", nil)
		r.Host = "localhost"
		path, query, _ := strings.Cut(s, "?")
		r.URL.Path, r.URL.RawQuery = "/v1/"+path, query
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%q: got %d %s", s, w.Code, w.Body)
		}
	})
}
