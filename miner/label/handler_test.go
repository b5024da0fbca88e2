package label_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/assaynet/assay/miner/label"
)

// token is the page's in all tests.
const token = "a-token-of-some-length-0123456789"

// host is where the page is asked for.
const host = "127.0.0.1:9672"

func page(t *testing.T, d *label.Desk, hosts ...string) *label.Page {
	t.Helper()
	p, err := label.NewPage(label.PageConfig{Desk: d, Token: token, Hosts: hosts, Facts: func() label.Facts {
		return label.Facts{Height: 9, Earned: 1_250_000_000, Epoch: 12, Kinds: []string{"inference", "preference (people's lane)"}}
	}})
	must(t, err)
	return p
}

// asks are the headers that the page's script sends in a browser, and "Host".
func asks(more ...string) map[string]string {
	h := map[string]string{
		"Host": host, "Authorization": "Bearer " + token, "Content-Type": "application/json",
		"Sec-Fetch-Site": "same-origin", "Origin": "http://" + host,
	}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = more[i+1]
	}
	return h
}

// answer is what the page said.
type answer struct {
	code    int
	header  http.Header
	body    string
	Problem string
	Open    int
	Rated   int
	Shown   label.Fate
	Item    *struct {
		label.Ref
		Pair   string
		Places int
		A      []struct {
			T string
			K int
		}
	}
	Newest *struct {
		label.Ref
		Change uint64
	}
	Was  *struct{ Reason string }
	Desk *answer
}

func ask(t testing.TB, p http.Handler, method, path, body string, headers map[string]string) (a answer) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for name, value := range headers {
		if name == "Host" {
			r.Host = value
		} else {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	b, err := io.ReadAll(w.Result().Body)
	must(t, err)
	if w.Header().Get("Content-Type") == "application/json" && method != http.MethodHead {
		must(t, json.Unmarshal(b, &a))
	}
	a.code, a.header, a.body = w.Code, w.Header(), string(b)
	return a
}

// body writes the request for a rating of pair(round, slot).
func body(at label.Ref, choice int, reason string) string {
	b, _ := json.Marshal(map[string]any{"round": at.Round, "slot": at.Slot, "pair": id(at.Round, at.Slot), "choice": choice, "reason": reason})
	return string(b)
}

func TestThePageKeepsRatingsAndTakesThemBack(t *testing.T) {
	d := newHome(t).desk()
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0), pair(1, 1), pair(1, 2)}))
	p := page(t, d)
	a := ask(t, p, "GET", "/api/desk", "", asks())
	if a.code != 200 || a.Item.Ref != at(1, 0) || a.Open != 3 || a.Item.Places != 1 || a.Item.A[1].T != "seven" || a.Item.A[1].K != 1 {
		t.Fatalf("got %d %s", a.code, a.body)
	}
	if !strings.Contains(a.body, `"facts":{"height":9,"earned":"1.250000000","epoch":12,"kinds":["inference","preference (people's lane)"]}`) || !strings.Contains(a.body, `"deadline":10,"expected":"2026-03-01T12:01:00Z"`) {
		t.Fatalf("got %s", a.body)
	}
	if a = ask(t, p, "GET", "/api/desk?round=1&slot=0&later=1", "", asks()); a.Item.Ref != at(1, 1) {
		t.Fatalf("later: got %s", a.body)
	}
	if a = ask(t, p, "POST", "/api/rate", body(at(1, 1), 4, "eight, as I count"), asks()); a.code != 200 || a.Item.Ref != at(1, 2) || a.Open != 2 || a.Newest.Ref != at(1, 1) {
		t.Fatalf("rate: got %d %s", a.code, a.body)
	}
	got, err := d.Ratings(1)
	must(t, err)
	if r := got[1]; r.Choice != label.LittleB || r.Reason != "eight, as I count" || r.Given.IsZero() || r.Choice.Sign() != 1 {
		t.Fatalf("kept: got %+v", r)
	}
	undo, _ := json.Marshal(map[string]any{"round": 1, "slot": 1, "change": a.Newest.Change})
	if a = ask(t, p, "POST", "/api/undo", string(undo), asks()); a.code != 200 || a.Item.Ref != at(1, 1) || a.Was.Reason != "eight, as I count" || a.Newest != nil {
		t.Fatalf("undo: got %d %s", a.code, a.body)
	}
	if a = ask(t, p, "POST", "/api/undo", string(undo), asks()); a.code != 409 || a.Problem != "stale" {
		t.Fatalf("once more: got %d %s", a.code, a.body)
	}
}

func TestTwoPeopleOnOnePage(t *testing.T) {
	d := newHome(t).desk()
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0), pair(1, 1)}))
	p := page(t, d)
	ask(t, p, "POST", "/api/rate", body(at(1, 0), 1, "mine"), asks())
	a := ask(t, p, "POST", "/api/rate", body(at(1, 0), 5, "no, mine"), asks())
	if a.code != 409 || a.Problem != "stale" || a.Desk == nil || a.Desk.Shown != label.FateRated || a.Desk.Item.Ref != at(1, 1) {
		t.Fatalf("the second: got %d %s", a.code, a.body)
	}
	if a = ask(t, p, "GET", "/api/desk?round=1&slot=0", "", asks()); a.Shown != label.FateRated || a.Item.Ref != at(1, 1) {
		t.Fatalf("who looks again: got %s", a.body)
	}
	must(t, d.Seal(1))
	if a = ask(t, p, "POST", "/api/rate", body(at(1, 1), 5, ""), asks()); a.code != 409 || a.Problem != "sealed" || a.Desk.Shown != label.FateSealed || a.Desk.Item != nil {
		t.Fatalf("after the seal: got %d %s", a.code, a.body)
	}
	got, err := d.Ratings(1)
	must(t, err)
	if len(got) != 1 || got[0].Choice != label.MuchA || got[0].Reason != "mine" {
		t.Fatalf("kept: got %v", got)
	}
}

// TestWhatDidNotComeFromThePageIsRefused: each of the page's defences alone, with
// all others in order.
func TestWhatDidNotComeFromThePageIsRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers map[string]string
		code    int
		problem string
	}{
		{"another site", asks("Sec-Fetch-Site", "cross-site"), 403, "cross_site"},
		{"another port of this machine", asks("Sec-Fetch-Site", "same-site"), 403, "cross_site"},
		{"a navigation that writes", asks("Sec-Fetch-Site", "none"), 403, "cross_site"},
		{"an origin elsewhere", asks("Origin", "http://evil.example"), 403, "cross_site"},
		{"an origin on another port", asks("Origin", "http://127.0.0.1:8080"), 403, "cross_site"},
		{"an origin that hides", asks("Origin", "null"), 403, "cross_site"},
		{"an origin that is a file", asks("Origin", "file://"+host), 403, "cross_site"},
		{"an extension", asks("Origin", "chrome-extension://"+host), 403, "cross_site"},
		{"a name that leads here", asks("Host", "rebound.example:9672", "Origin", "http://rebound.example:9672"), 421, "host"},
		{"no name", asks("Host", ""), 421, "host"},
		{"another machine's address", asks("Host", "192.0.2.7:9672", "Origin", "http://192.0.2.7:9672"), 421, "host"},
		{"no token", asks("Authorization", ""), 401, "token"},
		{"a wrong token", asks("Authorization", "Bearer "+token[:len(token)-1]+"x"), 401, "token"},
		{"a part of the token", asks("Authorization", "Bearer "+token[:len(token)-1]), 401, "token"},
		{"another scheme", asks("Authorization", "Basic "+token), 401, "token"},
		{"a form", asks("Content-Type", "application/x-www-form-urlencoded"), 415, "content_type"},
		{"plain text, as a form can send it", asks("Content-Type", "text/plain"), 415, "content_type"},
		{"no type", asks("Content-Type", ""), 415, "content_type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newHome(t).desk()
			must(t, d.Put(t.Context(), []label.Item{pair(1, 0)}))
			a := ask(t, page(t, d), "POST", "/api/rate", body(at(1, 0), 1, ""), c.headers)
			if a.code != c.code || a.Problem != c.problem {
				t.Errorf("got %d %s, want %d %s", a.code, a.body, c.code, c.problem)
			}
			if strings.Contains(a.body, "Question") || strings.Contains(a.body, token) {
				t.Errorf("it tells what is on the desk: %s", a.body)
			}
			wants(t, d, 1, map[uint16]label.Rating{})
		})
	}
}

func TestTheDeskIsShownToNobodyElse(t *testing.T) {
	d := newHome(t).desk()
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0)}))
	p := page(t, d)
	for _, headers := range []map[string]string{
		asks("Authorization", ""), asks("Sec-Fetch-Site", "cross-site"), asks("Origin", "http://evil.example"), asks("Host", "evil.example"),
	} {
		if a := ask(t, p, "GET", "/api/desk", "", headers); a.code < 400 || strings.Contains(a.body, "Question") {
			t.Errorf("%v: got %d %s", headers, a.code, a.body)
		}
	}
	if a := ask(t, p, "GET", "/api/desk?token="+token, "", asks("Authorization", "")); a.code != 401 {
		t.Errorf("a token in the query, where logs have it: got %d", a.code)
	}
	if a := ask(t, p, "GET", "/", "", map[string]string{"Host": host, "Sec-Fetch-Site": "cross-site"}); a.code != 403 {
		t.Errorf("a link or a frame of another site: got %d", a.code)
	}
	if a := ask(t, p, "OPTIONS", "/api/rate", "", map[string]string{"Host": host, "Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}); a.code != 403 || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("whether another site may: got %d %v", a.code, a.header)
	}
}

func TestAPageForOtherMachinesAnswersToItsNames(t *testing.T) {
	p := page(t, newHome(t).desk(), "192.168.1.5", "label.example", "fd00::5")
	for _, name := range []string{"192.168.1.5:9672", "label.example", "LABEL.example:443", "[fd00::5]:9672", "localhost:9672"} {
		if a := ask(t, p, "GET", "/api/desk", "", asks("Host", name, "Origin", "https://"+name)); a.code != 200 {
			t.Errorf("%s: got %d %s", name, a.code, a.body)
		}
	}
	if a := ask(t, p, "GET", "/api/desk", "", asks("Host", "192.168.1.6:9672", "Origin", "http://192.168.1.6:9672")); a.code != 421 {
		t.Errorf("another name: got %d", a.code)
	}
}

func TestRequestsHaveLimits(t *testing.T) {
	d := newHome(t).desk()
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0)}))
	p := page(t, d)
	whole := body(at(1, 0), 1, "why not")
	for _, c := range []struct {
		name, method, path, body string
		code                     int
		problem                  string
	}{
		{"a large body", "POST", "/api/rate", body(at(1, 0), 1, strings.Repeat("x", 64<<10)), 413, "too_large"},
		{"a long reason", "POST", "/api/rate", body(at(1, 0), 1, strings.Repeat("x", label.MaxReason+1)), 400, "rating"},
		{"no choice", "POST", "/api/rate", body(at(1, 0), 0, ""), 400, "rating"},
		{"a sixth choice", "POST", "/api/rate", body(at(1, 0), 6, ""), 400, "rating"},
		{"a choice of no size", "POST", "/api/rate", body(at(1, 0), 257, ""), 400, "body"},
		{"another pair", "POST", "/api/rate", strings.Replace(whole, `"slot":0`, `"slot":7`, 1), 409, "unknown"},
		{"no JSON", "POST", "/api/rate", "choice=1", 400, "body"},
		{"nothing", "POST", "/api/rate", "", 400, "body"},
		{"two", "POST", "/api/rate", whole + whole, 400, "body"},
		{"a field more", "POST", "/api/rate", strings.Replace(whole, "{", `{"admin":true,`, 1), 400, "body"},
		{"no UTF-8", "POST", "/api/rate", strings.Replace(whole, "why", "\xff", 1), 400, "body"},
		{"undo of nothing", "POST", "/api/undo", `{"round":1,"slot":0,"change":1}`, 409, "stale"},
		{"undo of what is not there", "POST", "/api/undo", `{"round":9,"slot":0,"change":1}`, 409, "unknown"},
		{"undo without JSON", "POST", "/api/undo", `[]`, 400, "body"},
		{"finish too early", "POST", "/api/finish", `{"round":1}`, 409, "unrated"},
		{"finish what is not there", "POST", "/api/finish", `{"round":9}`, 409, "unknown"},
		{"finish without a round", "POST", "/api/finish", `1`, 400, "body"},
		{"a query that is none", "GET", "/api/desk?round=x&slot=1", "", 400, "query"},
		{"half a query", "GET", "/api/desk?round=1", "", 400, "query"},
		{"a slot of no size", "GET", "/api/desk?round=1&slot=65536", "", 400, "query"},
		{"reading what writes", "GET", "/api/rate", "", 405, "method"},
		{"writing what reads", "POST", "/api/desk", "{}", 405, "method"},
		{"another method", "DELETE", "/", "", 405, "method"},
		{"another path", "GET", "/static/label.js", "", 404, "no_such_path"},
		{"a way up", "GET", "/../desk.go", "", 404, "no_such_path"},
	} {
		if a := ask(t, p, c.method, c.path, c.body, asks()); a.code != c.code || a.Problem != c.problem {
			t.Errorf("%s: got %d %s, want %d %s", c.name, a.code, a.body, c.code, c.problem)
		}
	}
	wants(t, d, 1, map[uint16]label.Rating{})
	if a := ask(t, p, "POST", "/api/rate", body(at(1, 0), 1, strings.Repeat("é", label.MaxReason/2)), asks()); a.code != 200 {
		t.Errorf("the longest reason: got %d %s", a.code, a.body)
	}
}

// TestTheDiskThatRefusesIsTold: the choice stays with who made it, and is sent
// again.
func TestTheDiskThatRefusesIsTold(t *testing.T) {
	h := &failing{home: newHome(t)}
	d, err := label.Open(h)
	must(t, err)
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0)}))
	p := page(t, d)
	h.fails = true
	if a := ask(t, p, "POST", "/api/rate", body(at(1, 0), 1, ""), asks()); a.code != 500 || a.Problem != "store" || a.Desk.Item.Ref != at(1, 0) {
		t.Fatalf("got %d %s", a.code, a.body)
	}
	h.fails = false
	if a := ask(t, p, "POST", "/api/rate", body(at(1, 0), 1, ""), asks()); a.code != 200 {
		t.Fatalf("got %d %s", a.code, a.body)
	}
}

func TestThePageClosesWhatIsPastItsDeadline(t *testing.T) {
	d := newHome(t).desk()
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0), pair(2, 0)}))
	facts := label.Facts{Height: 10}
	p, err := label.NewPage(label.PageConfig{Desk: d, Token: token, Facts: func() label.Facts { return facts }})
	must(t, err)
	if a := ask(t, p, "GET", "/api/desk?round=1&slot=0", "", asks()); a.Shown != label.FateSealed || a.Item.Ref != at(2, 0) {
		t.Fatalf("got %s", a.body)
	}
	facts.Height = 20
	if a := ask(t, p, "POST", "/api/rate", body(at(2, 0), 1, ""), asks()); a.code != 409 || a.Problem != "sealed" {
		t.Fatalf("got %d %s", a.code, a.body)
	}
}

func TestHostileTextIsData(t *testing.T) {
	d := newHome(t).desk()
	i := pair(1, 0)
	i.A, i.B = "</script><script>alert(1)</script> \u202eevil\u2028", "<img src=x onerror=alert(1)>"
	must(t, d.Put(t.Context(), []label.Item{i}))
	a := ask(t, page(t, d), "GET", "/api/desk", "", asks())
	if strings.ContainsAny(a.body, "<>\u202e\u2028") || !strings.Contains(a.body, `{"t":"U+202E","k":2}`) {
		t.Errorf("got %s", a.body)
	}
}

// budget is what the whole page may weigh, in bytes: a second on a slow line.
const budget = 100 << 10

func TestThePageIsSmallAndClosed(t *testing.T) {
	p := page(t, newHome(t).desk())
	head := map[string]string{"Host": host, "Sec-Fetch-Site": "none"}
	all := 0
	for path, mime := range map[string]string{"/": "text/html", "/label.css": "text/css", "/label.js": "text/javascript", "/icon.svg": "image/svg+xml"} {
		a := ask(t, p, "GET", path, "", head)
		if a.code != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), mime) || a.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: got %d %v", path, a.code, a.header)
		}
		all += len(a.body)
		again := maps.Clone(head)
		again["If-None-Match"] = a.header.Get("ETag")
		if a := ask(t, p, "GET", path, "", again); a.code != 304 || a.body != "" {
			t.Errorf("%s again: got %d", path, a.code)
		}
		if a := ask(t, p, "HEAD", path, "", head); a.code != 200 || a.body != "" {
			t.Errorf("HEAD %s: got %d %q", path, a.code, a.body)
		}
	}
	if all > budget {
		t.Errorf("the page has %d bytes, more than %d", all, budget)
	}
	a := ask(t, p, "GET", "/", "", head)
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
		"Referrer-Policy":         "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, bad := range []string{`<script>`, `style="`, `\son[a-z]+="`, `https?://`, `<style`} {
		if regexp.MustCompile(bad).MatchString(a.body) {
			t.Errorf("index.html has %s", bad)
		}
	}
	if strings.Contains(a.body, token) || !strings.HasSuffix(label.Address(host, token), "/#"+token) {
		t.Error("the token leaves the part of the address that no browser sends")
	}
}

func TestWhatPeopleDoIsCounted(t *testing.T) {
	d := newHome(t).desk()
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0), pair(1, 1)}))
	r := prometheus.NewRegistry()
	p, err := label.NewPage(label.PageConfig{Desk: d, Token: token, Registry: r})
	must(t, err)
	ask(t, p, "POST", "/api/rate", body(at(1, 0), 1, ""), asks())
	ask(t, p, "POST", "/api/rate", body(at(1, 1), 1, ""), asks("Origin", "http://evil.example"))
	must(t, testutil.GatherAndCompare(r, bytes.NewBufferString(`
# HELP assay_miner_label_open Pairs on the desk that nobody has rated.
# TYPE assay_miner_label_open gauge
assay_miner_label_open 1
# HELP assay_miner_label_ratings_total Ratings given on the label page.
# TYPE assay_miner_label_ratings_total counter
assay_miner_label_ratings_total 1
# HELP assay_miner_label_refused_total Requests that the label page refused, by problem.
# TYPE assay_miner_label_refused_total counter
assay_miner_label_refused_total{problem="cross_site"} 1
# HELP assay_miner_label_undone_total Ratings taken back on the label page.
# TYPE assay_miner_label_undone_total counter
assay_miner_label_undone_total 0
`)))
}

func TestAPageThatOthersReachMustSayByWhichNames(t *testing.T) {
	d := newHome(t).desk()
	for _, at := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		_, err := label.Listen(at, label.PageConfig{Desk: d, Token: token})
		refused(t, err, label.ErrBeyond)
	}
	for name, cfg := range map[string]label.PageConfig{"no desk": {Token: token}, "no token": {Desk: d}, "a short token": {Desk: d, Token: "abc"}} {
		if _, err := label.Listen("127.0.0.1:0", cfg); err == nil {
			t.Errorf("%s: nobody minds", name)
		}
	}
	s, err := label.Listen("127.0.0.1:0", label.PageConfig{Desk: d, Token: token})
	must(t, err)
	_, err = label.Listen(s.Addr(), label.PageConfig{Desk: d, Token: token})
	refused(t, err, label.ErrListen)
	must(t, s.Close())
}

// FuzzRequests: no bytes make the page panic, answer otherwise than in JSON, or
// keep what is no rating.
func FuzzRequests(f *testing.F) {
	f.Add("/api/rate", body(at(1, 0), 1, "because"))
	f.Add("/api/undo", `{"round":1,"slot":0,"change":1}`)
	f.Add("/api/finish", `{"round":1}`)
	f.Add("/api/rate", `{"round":1e400,"slot":-1,"pair":"","choice":null}`)
	f.Add("/api/rate", strings.Repeat("[", 10000))
	f.Fuzz(func(t *testing.T, path, body string) {
		if path != "/api/rate" && path != "/api/undo" && path != "/api/finish" {
			return
		}
		d, err := label.Open(nothing{})
		must(t, err)
		must(t, d.Put(t.Context(), []label.Item{pair(1, 0)}))
		a := ask(t, page(t, d), "POST", path, body, asks())
		got, err := d.Ratings(1)
		must(t, err)
		if (a.code == 200) != (len(got) == 1) || a.code >= 500 || a.body == "" {
			t.Fatalf("%s %q: got %d %s, and %v is kept", path, body, a.code, a.body, got)
		}
		for _, r := range got {
			if !r.Choice.Valid() || len(r.Reason) > label.MaxReason {
				t.Fatalf("%q: %+v is kept", body, r)
			}
		}
	})
}

// nothing is a store that forgets.
type nothing struct{}

func (nothing) Write(func(func(string, []byte, []byte))) error          { return nil }
func (nothing) Scan(string, []byte, func(key, value []byte) bool) error { return nil }

// FuzzOpen: no bytes in the store make a desk that is not as it was put there.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("0123456789"), []byte{0x86}, []byte{0x84})
	f.Fuzz(func(t *testing.T, key, item, rating []byte) {
		d, err := label.Open(records{"label-items": {key, item}, "label-ratings": {key, rating}})
		if err != nil {
			return
		}
		if v := d.Look(nil); v.Open+v.Rated != 1 {
			t.Fatalf("one record gave %+v", v)
		}
	})
}

// records is a store with one record a table.
type records map[string][2][]byte

func (records) Write(func(func(string, []byte, []byte))) error { return nil }

func (r records) Scan(table string, _ []byte, fn func(key, value []byte) bool) error {
	if kv, ok := r[table]; ok {
		fn(kv[0], kv[1])
	}
	return nil
}
