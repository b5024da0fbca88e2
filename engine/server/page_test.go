package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
	"github.com/assaynet/assay/engine/server/shelf"
)

// TestThePageIsServedToBrowsers: at / where a document is wanted, with a strict
// policy, without a key, and its own requests are let in.
func TestThePageIsServedToBrowsers(t *testing.T) {
	key, secret, err := server.NewKey("alice")
	check(t, err)
	s := newStand(t, func(c *server.Config) { c.Keys = []server.Key{key} })
	status, h, document := s.do("GET", "/", "", "Accept", "text/html,application/xhtml+xml")
	if status != http.StatusOK || !strings.HasPrefix(h.Get("Content-Type"), "text/html") || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; ") {
		t.Fatalf("status %d, %v", status, h)
	}
	for _, found := range regexp.MustCompile(`(?:src|href)="([^"#]+)"`).FindAllStringSubmatch(string(document), -1) {
		if status, _, _ := s.do("GET", found[1], ""); status != http.StatusOK {
			t.Errorf("%s: status %d", found[1], status)
		}
	}
	if status, _, body := s.do("GET", "/", "", "Accept", "*/*"); status != http.StatusOK || string(body) != `{"server":"assay","status":"ok"}`+"\n" {
		t.Errorf("a client is answered %d %s", status, body)
	}
	if status, _, _ := s.do("GET", "/chat/index.html", "", "Authorization", "Bearer "+secret); status != http.StatusNotFound {
		t.Errorf("a file that is none: status %d", status)
	}
	if status, _, _ := s.do("GET", "/chat/chat.js", "", "If-None-Match", h.Get("ETag")); status != http.StatusOK {
		t.Errorf("by the tag of another file: status %d", status)
	}
	if status, _, _ := s.do("GET", "/", "", "Accept", "text/html", "If-None-Match", h.Get("ETag")); status != http.StatusNotModified {
		t.Errorf("by its own tag: status %d", status)
	}
	for origin, want := range map[string]int{s.url: 200, strings.Replace(s.url, "http:", "https:", 1): 200, "http://127.0.0.1:1": 403, "null": 403} {
		if status, _, b := s.do("POST", "/v1/completions", `{"prompt":"a","max_tokens":1}`, "Origin", origin, "Authorization", "Bearer "+secret); status != want {
			t.Errorf("a page of %s: status %d, want %d: %s", origin, status, want, b)
		}
	}
	// Where any host is taken, a page that reaches this machine by its own name
	// is no page of this server's.
	open := newStand(t, func(c *server.Config) { c.Hosts = []string{"*"} })
	if status, _, _ := open.do("POST", "/v1/completions", `{"prompt":"a","max_tokens":1}`, "Origin", "http://evil.example", "Host", "evil.example"); status != http.StatusForbidden {
		t.Errorf("a page of a host that nobody named: status %d", status)
	}
}

func TestTheScriptIsSmallAndLoadsNothing(t *testing.T) {
	files, err := filepath.Glob("page/static/*")
	check(t, err)
	total := 0
	for _, path := range files {
		text, err := os.ReadFile(path)
		check(t, err)
		if strings.HasSuffix(path, ".js") {
			total += len(text)
			for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://", "import("} {
				if strings.Contains(string(text), bad) {
					t.Errorf("%s has %s", path, bad)
				}
			}
		}
	}
	if len(files) != 4 || total == 0 || total >= 100<<10 {
		t.Errorf("%d bytes of script in %v", total, files)
	}
}

// TestAReceiptIsCheckedWhereItIs, and only who may ask has it done.
func TestAReceiptIsCheckedWhereItIs(t *testing.T) {
	s := newStand(t, nil)
	_, h := s.ask("/v1/chat/completions", `{"messages":[{"role":"user","content":"a"}],"max_tokens":7,"n":2,"seed":4}`)
	id := h.Get("X-Assay-Receipt")
	for _, query := range []string{"", "?choice=1"} {
		run := s.verify(id, query)
		status, _, b := s.do("POST", "/v1/receipts/"+id+"/check"+query, "")
		var got struct {
			Equal    bool
			Position int
			Kind     string
			Tokens   int
		}
		check(t, json.Unmarshal(b, &got))
		if status != http.StatusOK || !got.Equal || got.Position != -1 || got.Kind != "" || got.Tokens != len(run.Output) {
			t.Errorf("%q: %d %s", query, status, b)
		}
	}
	for path, want := range map[string]int{"/v1/receipts/" + id + "/check?choice=2": 400, "/v1/receipts/0/check": 404} {
		if status, _, _ := s.do("POST", path, ""); status != want {
			t.Errorf("%s: status %d, want %d", path, status, want)
		}
	}
}

// TestAReceiptIsNotCheckedByAnotherModel that has its model's name since: it was
// closed for the room of another, and its file is no longer the same.
func TestAReceiptIsNotCheckedByAnotherModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.gguf")
	open := func(ctx context.Context) (*engine.Model, error) {
		return engine.Open(ctx, path, engine.Config{Threads: 1})
	}
	check(t, enginetest.Write(path, enginetest.Options{}))
	about, err := shelf.Describe(path)
	check(t, err)
	models, err := shelf.New(t.Context(), shelf.Config{Specs: []shelf.Spec{{Name: "a", About: about, Open: open}, {Name: "b", About: about, Open: open}}, Limit: about.Need})
	check(t, err)
	t.Cleanup(func() { check(t, models.Close()) })
	s := newStand(t, func(c *server.Config) { c.Models, c.Shelf = nil, models })
	_, h := s.ask("/v1/completions", `{"model":"a","prompt":"a","max_tokens":3}`)
	s.ask("/v1/completions", `{"model":"b","prompt":"a","max_tokens":1}`)
	check(t, os.Remove(path)) // what is open keeps the old one
	check(t, enginetest.Write(path, enginetest.Options{Seed: 9}))
	status, _, b := s.do("POST", "/v1/receipts/"+h.Get("X-Assay-Receipt")+"/check", "")
	if status != http.StatusConflict || !strings.Contains(string(b), "is another one now") {
		t.Errorf("status %d: %s", status, b)
	}
}
