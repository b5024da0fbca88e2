package server_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
)

// TestWhatABodyCostsIsKnownBeforeItIsDecoded, by the marks outside its texts.
func TestWhatABodyCostsIsKnownBeforeItIsDecoded(t *testing.T) {
	const object, value = 512, 64
	for raw, want := range map[string]int{
		``: 0, `7`: 0, `"{[,:"`: 0, `"\"{\\"`: 0, `"\\",{`: value + object, `{}`: object, `[1,2,3]`: 3 * value,
		`{"a":[{"b":"},{"},{}]}`: 3*object + 4*value, `{"a":"{`: object + value, `"\`: 0,
	} {
		if got := server.CostOf([]byte(raw)); got != want {
			t.Errorf("%s costs %d, want %d", raw, got, want)
		}
	}
}

// TestAConversationAsLongAsCanBeIsRead by one of several callers, and as many token
// ids as a body holds.
func TestAConversationAsLongAsCanBeIsRead(t *testing.T) {
	part := `{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"tool_calls":[{"id":"a","type":"function","function":{"name":"a","arguments":"{}"}}]},`
	for what, raw := range map[string]string{
		"messages": `{"messages":[` + strings.Repeat(part, 4095) + strings.TrimSuffix(part, ",") + `]}`,
		"ids":      `{"prompt":[` + strings.Repeat("100000,", 1_190_000) + `1]}`,
		"text":     `{"prompt":"` + strings.Repeat("a", server.MaxBody-13) + `"}`,
	} {
		if got := 4*len(raw) + server.CostOf([]byte(raw)); got > server.MaxBodies/2 || len(raw) > server.MaxBody {
			t.Errorf("%s of %d bytes cost %d, more than one caller may have", what, len(raw), got)
		}
	}
}

// spokenTo is a server that is asked without a network.
type spokenTo struct {
	*testing.T
	*server.Server
}

func newSpokenTo(t *testing.T) spokenTo {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	check(t, enginetest.Write(path, enginetest.Options{}))
	m, err := engine.Open(t.Context(), path, engine.Config{Threads: 1})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	s, err := server.New(server.Config{Models: []server.Model{{Name: "tiny", Engine: m, Opened: time.Unix(1700000000, 0)}}, Logger: zerolog.Nop()})
	check(t, err)
	return spokenTo{t, s}
}

// ask sends a request, after which nothing of it is held.
func (s spokenTo) ask(path string, body io.Reader, w http.ResponseWriter) {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, path, body)
	r.Host = "localhost"
	s.ServeHTTP(w, r)
}

// paths are all that reads a body.
var paths = []string{
	"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages", "/v1/messages/count_tokens", "/api/chat",
	"/api/generate", "/api/embed", "/api/show", "/completion", "/tokenize", "/detokenize", "/apply-template",
	"/v1/chat/completions/input_tokens", "/v1/responses/input_tokens",
}

// TestLargeRequestsWaitForRoom: what is beyond the first bytes of each is counted
// until it is a prompt, whatever becomes of it, and small ones are read all the
// same.
func TestLargeRequestsWaitForRoom(t *testing.T) {
	s := newSpokenTo(t)
	large := func(user string) string {
		return `{"prompt":"a","max_tokens":1,"user":"` + user + `"}`
	}
	small, long := large("x"), large(strings.Repeat("x", 40<<10))
	for _, path := range paths {
		for what, body := range map[string]func() io.Reader{
			"long":    func() io.Reader { return strings.NewReader(long) },
			"unknown": func() io.Reader { return strings.NewReader(`{"unheard_of":"` + strings.Repeat("x", 40<<10) + `"}`) },
			"broken":  func() io.Reader { return strings.NewReader(long[:len(long)-1]) },
			"cut off": func() io.Reader {
				return io.MultiReader(strings.NewReader(long[:30<<10]), iotest.ErrReader(errors.New("gone")))
			},
			"large":   func() io.Reader { return strings.NewReader(large(strings.Repeat("x", server.MaxBody))) },
			"exactly": func() io.Reader { return strings.NewReader(large(strings.Repeat("x", server.MaxBody-len(large(""))))) },
			"objects": func() io.Reader {
				return strings.NewReader(`{"messages":[` + strings.Repeat(`{"":0},`, 1<<20) + `{}]}`)
			},
			"no room":  nil,
			"has room": func() io.Reader { return strings.NewReader(long) },
		} {
			w := httptest.NewRecorder()
			if body == nil {
				leave := s.ReadElsewhere(server.MaxBodies - 100)
				s.ask(path, strings.NewReader(long), w)
				if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
					t.Errorf("%s, a large one without room: %d %s", path, w.Code, w.Body)
				}
				w = httptest.NewRecorder()
				if s.ask(path, strings.NewReader(small), w); w.Code == http.StatusTooManyRequests {
					t.Errorf("%s, a small one: %d %s", path, w.Code, w.Body)
				}
				leave()
			} else {
				s.ask(path, body(), w)
			}
			if n := s.Reading(); n != 0 {
				t.Fatalf("%s, %s: %d bytes are held behind its end", path, what, n)
			}
			if many := what == "large" || what == "objects"; many != (w.Code == http.StatusRequestEntityTooLarge) {
				t.Errorf("%s, %s: %d %s", path, what, w.Code, w.Body)
			}
		}
	}
}

// begun tells what a server reads when an answer begins.
type begun struct {
	*httptest.ResponseRecorder
	s     spokenTo
	first []int
}

func (b *begun) Write(p []byte) (int, error) {
	b.first = append(b.first, b.s.Reading())
	return b.ResponseRecorder.Write(p)
}

func (b *begun) WriteString(text string) (int, error) { return b.Write([]byte(text)) }

// TestAnAnswerHoldsNoRoomOfRequests: once it is a prompt, others are read.
func TestAnAnswerHoldsNoRoomOfRequests(t *testing.T) {
	s := newSpokenTo(t)
	for _, stream := range []string{"true", "false"} {
		w := &begun{httptest.NewRecorder(), s, nil}
		s.ask("/v1/completions", strings.NewReader(`{"prompt":"a","max_tokens":3,"stream":`+stream+`,"user":"`+strings.Repeat("x", 40<<10)+`"}`), w)
		if w.Code != http.StatusOK || len(w.first) == 0 || w.first[0] != 0 {
			t.Errorf("stream %s: %d, and %v bytes of requests are held", stream, w.Code, w.first)
		}
	}
}
