package dashboard_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/dashboard"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// node is a node of a network at rest, with pages; the text of an answer is what
// say gives, where it is not nil.
func node(t *testing.T, n *apitest.Network, say func(protocol.ModelID, []int32) (string, bool)) http.Handler {
	t.Helper()
	cfg := n.Config()
	cfg.Pages = func(h *api.Handler) (http.Handler, error) {
		return dashboard.New(dashboard.Config{Ask: h, State: cfg.Source.State, Chain: cfg.ChainID, Params: cfg.Params, Text: say})
	}
	h, err := api.NewHandler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func network(t *testing.T) *apitest.Network {
	t.Helper()
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// page asks for a path, as a browser on the same machine does.
func page(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	return pageOf(t, h, path)
}

func pageOf(t testing.TB, h http.Handler, path string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	r.Host = "127.0.0.1:9660"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

var (
	tags  = regexp.MustCompile(`<[^>]*>`)
	blank = regexp.MustCompile(`\s+`)
)

// words are what a person reads of a page: its text, with single blanks.
func words(body string) string {
	body = strings.NewReplacer("&#43;", "+", "&#39;", "'", "&#34;", `"`, "&amp;", "&").Replace(tags.ReplaceAllString(body, " "))
	return blank.ReplaceAllString(body, " ")
}

// TestEveryPageSaysWhatTheLedgerHas: in words, beside each chart.
func TestEveryPageSaysWhatTheLedgerHas(t *testing.T) {
	n := network(t)
	h := node(t, n, nil)
	task := n.TaskOf(apitest.Round, 2).ID.String()
	for path, want := range map[string][]string{
		"/": {
			"This node is at block 45, in epoch 2, with 4 peers.", "Epoch 1 paid 10 to miners and 10 to validators; epoch 0 had paid 10 and 10.",
			"No duties were drawn yet.", "Best paid in epoch 1", "Seats 5 of",
		},
		"/ui/miners":      {"3 miners on this page", "9.984741001"},
		"/ui/validators":  {"2 validators on this page", "1 of 2"},
		"/ui/miner/2":     {"Epoch 1 paid seat 2 9.984741001, +0.000000001 against the epoch before", "From epoch 0 to 1 it was paid 19.969482001 in all", "assay earnings --seat 2 --since 7d"},
		"/ui/miner/4":     {"Seat 4 was not paid yet"},
		"/ui/validator/1": {"it fulfilled 1 of its 2 duties", "From epoch 0 to 1 it fulfilled 2 of 4 duties.", "Power in consensus"},
		"/ui/tasks":       {short(task), "passed (2)"},
		"/ui/task/" + task: {
			"for seat 2 in round 1, with 1 answer and 2 cards", "Prompt Ask a cat.", "Tokens 1 2 3", "equal: 3 tokens, bit for bit",
			"assay receipt " + task, "assay verify receipt.json --model FILE.gguf",
		},
		"/ui/task/" + task[:8]: {"Prompt Ask a cat."},
		"/ui/weights":          {"opened weights for the work of epoch"},
		"/ui/epochs":           {"Epoch 2 runs, and ends with block 59.", "Epoch 1 paid 10 to miners"},
		"/ui/epoch/1":          {"It paid 10 to 2 miners and 10 to 2 validators.", "1 of 2"},
		"/ui/epoch/2":          {"It has not paid yet."},
		"/ui/what-if":          {"What epoch 2 would pay if it ended now", "kappa"},
	} {
		code, body := page(t, h, path)
		got := words(body)
		for _, w := range want {
			if code != http.StatusOK || !strings.Contains(got, w) {
				t.Errorf("%s: %d, does not say %q: %s", path, code, w, got)
			}
		}
		if charts, tables := strings.Count(body, "<svg"), strings.Count(body, "<details"); charts != tables || strings.Count(body, "<figcaption></figcaption>") > 0 {
			t.Errorf("%s: %d charts, %d tables of them, or one without a sentence", path, charts, tables)
		}
	}
}

func short(id string) string { return id[:12] }

// TestWhatIsNotThereHasAPage that says what to do.
func TestWhatIsNotThereHasAPage(t *testing.T) {
	h := node(t, network(t), nil)
	for path, want := range map[string]string{
		"/ui/":                  "Nothing is at \"/ui/\".",
		"/ui/nothing":           "Nothing is at \"/ui/nothing\".",
		"/ui/miner/77":          "There is no seat 77.",
		"/ui/miner/x":           "\"x\" is no uid",
		"/ui/validator/3":       "Seat 3 is no validator's.",
		"/ui/task/123456":       "No task that is known here begins with 123456",
		"/ui/epoch/9":           "\"9\" is no epoch from 0 to 2",
		"/ui/weights?epoch=-1":  "is no epoch from 0 to 2",
		"/ui/find?q=what":       "Nothing here is called \"what\".",
		"/ui/tasks?finding=odd": "finding",
	} {
		if code, body := page(t, h, path); code < 400 || !strings.Contains(words(body), want) {
			t.Errorf("%s: %d, does not say %q: %s", path, code, want, words(body))
		}
	}
}

func TestWhatSomebodyLooksForIsFound(t *testing.T) {
	h := node(t, network(t), nil)
	for q, want := range map[string]string{
		"0": "/ui/validator/0", "3": "/ui/miner/3", apitest.Public("miner-1").String(): "/ui/miner/3", "abcdef12": "/ui/task/abcdef12", "": "/",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/ui/find?q="+q, http.NoBody)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("%q: %d leads to %q, want %q", q, w.Code, got, want)
		}
	}
}

// hostile is a text that would be markup, script or another row, if it could.
const hostile = `<script>alert(1)</script><img src=x onerror=alert(2)>"'></pre></section>{{.}}`

// TestHostileTextIsText: a prompt, an answer and a model's name are shown, and no
// element comes of them.
func TestHostileTextIsText(t *testing.T) {
	n := network(t)
	n.Genesis.Params.Kinds[0].Models[0].Name = hostile
	n.Node.S.Reasons = []string{hostile}
	n.Node.S.Role = hostile
	id := n.TaskOf(apitest.Round, 2).ID
	ev := n.Work.Tasks[id]
	asked, err := inference.ReadTask(ev.Task.Body)
	if err != nil {
		t.Fatal(err)
	}
	asked.Prompt, asked.System = hostile, hostile
	ev.Task.Body = wire.Encode(asked)
	h := node(t, n, func(protocol.ModelID, []int32) (string, bool) { return hostile, true })
	clean := func(path string, least int) {
		t.Helper()
		code, body := page(t, h, path)
		if code != http.StatusOK || strings.Contains(body, "<script>") || strings.Contains(body, "<img") || strings.Contains(body, `"'>`) {
			t.Errorf("%s: %d: a text became markup: %s", path, code, body)
		}
		if got := strings.Count(body, "&lt;script&gt;alert(1)"); got < least {
			t.Errorf("%s: shown %d times, want %d", path, got, least)
		}
	}
	clean("/", 3)
	clean("/ui/task/"+id.String(), 4)
	if _, body := page(t, h, "/ui/find?q=%3Cscript%3E"); strings.Contains(body, "<script>") {
		t.Errorf("what was looked for became markup: %s", body)
	}
}

// TestPagesLoadNothingFromElsewhere: a policy, no address of another host, and
// little script.
func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	h := node(t, network(t), nil)
	for _, path := range []string{"/", "/ui/what-if", "/ui/static/live.js", "/ui/static/pages.css", "/ui/static/icon.svg"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		r.Host = "localhost"
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatalf("%s: %d: %v", path, w.Code, err)
		}
		body, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(body), `xmlns="http://www.w3.org/2000/svg"`, "")
		if strings.Contains(text, "http://") || strings.Contains(text, "https://") || strings.Contains(text, "style=") || strings.Contains(text, "onclick") {
			t.Errorf("%s: names another host, or has a style or script in place: %s", path, text)
		}
		policy := w.Header().Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy has no %s: %s", path, part, policy)
			}
		}
		if path == "/ui/static/live.js" && len(body) > 100<<10 {
			t.Errorf("the script has %d bytes", len(body))
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d", w.Code)
	}
	if code, _ := page(t, h, "/ui/static/..%2fpage.html"); code != http.StatusNotFound {
		t.Errorf("a file that is none: got %d", code)
	}
}

// TestAnotherSettingIsTried with the ledger's own rules, and what is none is said.
func TestAnotherSettingIsTried(t *testing.T) {
	h := node(t, network(t), nil)
	for path, want := range map[string]string{
		"/ui/what-if?kappa=0.9":  "kappa=0.9",
		"/ui/what-if?kappa=2":    "kappa is 0 to 1.",
		"/ui/what-if?yuma3=what": "yuma3 is true or false.",
	} {
		code, body := page(t, h, path)
		if code != http.StatusOK || !strings.Contains(words(body), want) {
			t.Errorf("%s: %d, does not say %q: %s", path, code, want, words(body))
		}
	}
}

// light is a node that keeps no ledger.
type light struct{ api.Node }

func (light) Status(context.Context) (api.Status, error) {
	return api.Status{Role: "miner", Height: 7, Reasons: []string{"no seat yet"}}, nil
}

// TestAMinersPagesSayWhereToLook: it shows itself, and nothing that it does not
// know.
func TestAMinersPagesSayWhereToLook(t *testing.T) {
	n := network(t)
	cfg := n.Config()
	cfg.Source = api.Source{Node: light{}}
	cfg.Pages = func(h *api.Handler) (http.Handler, error) {
		return dashboard.New(dashboard.Config{Ask: h, Chain: cfg.ChainID, Params: cfg.Params})
	}
	h, err := api.NewHandler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if code, body := page(t, h, "/"); code != http.StatusOK || !strings.Contains(words(body), "No seat yet.") {
		t.Errorf("/: %d %s", code, words(body))
	}
	for _, path := range []string{"/ui/miners", "/ui/miner/1", "/ui/weights", "/ui/what-if", "/ui/epochs", "/ui/tasks"} {
		if code, body := page(t, h, path); code != http.StatusNotFound || !strings.Contains(words(body), "validator") {
			t.Errorf("%s: %d %s", path, code, words(body))
		}
	}
}

// TestAMinersPagesShowWhatItProves: its own pay, what epochs paid, and the terms.
func TestAMinersPagesShowWhatItProves(t *testing.T) {
	n := apitest.Proving{Network: network(t)}
	cfg := n.Config()
	cfg.Source = api.Source{Node: n.Node, State: n}
	cfg.Pages = func(h *api.Handler) (http.Handler, error) {
		return dashboard.New(dashboard.Config{Ask: h, State: n, Chain: cfg.ChainID, Params: cfg.Params})
	}
	h, err := api.NewHandler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/": "Epoch 1 paid 10 to miners", "/ui/miner/2": "Epoch 1 paid seat 2 9.984741001, +0.000000001", "/ui/epochs": "Epoch 1 paid 10 to miners",
	} {
		if code, body := page(t, h, path); code != http.StatusOK || !strings.Contains(words(body), want) {
			t.Errorf("%s: %d %s", path, code, words(body))
		}
	}
	for _, path := range []string{"/ui/miners", "/ui/validators", "/ui/weights", "/ui/what-if"} {
		if code, body := page(t, h, path); code != http.StatusNotFound || !strings.Contains(words(body), "sk a validator") {
			t.Errorf("%s: %d %s", path, code, words(body))
		}
	}
}

// young is a node that has no block yet.
type young struct{ *apitest.Network }

func (young) State(context.Context) (ledger.Reader, protocol.Height, error) {
	return nil, 0, fmt.Errorf("%w: no block of the ledger is verified yet", api.ErrNotFound)
}

// TestANodeWithoutABlockSaysSo, and not that it made a mistake.
func TestANodeWithoutABlockSaysSo(t *testing.T) {
	n := young{network(t)}
	cfg := n.Config()
	cfg.Source.State = n
	cfg.Pages = func(h *api.Handler) (http.Handler, error) {
		return dashboard.New(dashboard.Config{Ask: h, State: n, Chain: cfg.ChainID, Params: cfg.Params})
	}
	h, err := api.NewHandler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/ui/miner/2"} {
		if code, body := page(t, h, path); code != http.StatusServiceUnavailable || !strings.Contains(words(body), "No block of the ledger is verified yet.") {
			t.Errorf("%s: %d %s", path, code, words(body))
		}
	}
}

func TestADashboardNeedsItsParts(t *testing.T) {
	if _, err := dashboard.New(dashboard.Config{}); err == nil {
		t.Error("made of nothing")
	}
}
