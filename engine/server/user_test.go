package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
)

// turnstile notes how many tokens of prompts each step has read, and ends none
// before it is opened.
type turnstile struct {
	entered chan struct{} // a step is there
	open    chan struct{}
	once    sync.Once

	mu   sync.Mutex
	read []int
}

func (g *turnstile) Stepped(s engine.Step) {
	if s.Prompt == 0 {
		return
	}
	g.mu.Lock()
	g.read = append(g.read, s.Prompt)
	first := len(g.read) == 1
	g.mu.Unlock()
	if first {
		close(g.entered)
		<-g.open
	}
}

func (*turnstile) First(time.Duration) {}

func (g *turnstile) prompts() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.read)
}

// release opens it, once or again.
func (g *turnstile) release() { g.once.Do(func() { close(g.open) }) }

// newHeldStand is a stand whose model has one place, which a prompt of three
// tokens takes until the turnstile opens.
func newHeldStand(t *testing.T) (*stand, *turnstile, *sync.WaitGroup) {
	t.Helper()
	g := &turnstile{entered: make(chan struct{}), open: make(chan struct{})}
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	check(t, enginetest.Write(path, enginetest.Options{}))
	s := newStandFor(t, path, engine.Config{Threads: 1, MaxBatch: 1, PrefixCache: -1, Observer: g}, nil)
	t.Cleanup(g.release)
	asked := new(sync.WaitGroup)
	asked.Go(func() { s.complete(3, "") })
	<-g.entered
	return s, g, asked
}

// complete asks for a token behind a prompt of so many, with further fields.
func (s *stand) complete(tokens int, fields string) {
	prompt := strings.Trim(strings.Repeat("5,", tokens), ",")
	status, _, b := s.do("POST", "/v1/completions", fmt.Sprintf(`{"model":"tiny","prompt":[%s],"max_tokens":1%s}`, prompt, fields))
	if status != http.StatusOK {
		s.t.Errorf("%d tokens%s: status %d: %s", tokens, fields, status, b)
	}
}

// waiting returns once so many tasks wait for a place.
func (s *stand) waiting(n int) {
	for s.model.Stats().Queued < n {
		select {
		case <-s.t.Context().Done():
			return
		default:
			runtime.Gosched()
		}
	}
}

// TestUsersOfAKeyTakeTurns: who asks once does not wait for all that another
// user of the same key has asked for, by whatever name the API has for users.
func TestUsersOfAKeyTakeTurns(t *testing.T) {
	for _, field := range []string{`"user":%q`, `"user":"` + strings.Repeat("x", 99) + `%s"`, `"safety_identifier":%q`, `"metadata":{"user_id":%q}`} {
		s, g, asked := newHeldStand(t)
		for i, user := range []string{"often", "often", "often", "seldom"} {
			asked.Go(func() { s.complete(10+i, ","+fmt.Sprintf(field, user)) })
			s.waiting(i + 1)
		}
		g.release()
		asked.Wait()
		if want := []int{3, 10, 13, 11, 12}; !slices.Equal(g.prompts(), want) {
			t.Errorf("%s: prompts of %v tokens were read in turn, want %v", field, g.prompts(), want)
		}
	}
}

// TestAUserIsAText, of any length.
func TestAUserIsAText(t *testing.T) {
	s := newStand(t, nil)
	for fields, want := range map[string]int{
		`"user":7`: 400, `"safety_identifier":{}`: 400, `"user":null`: 200, `"metadata":{"user_id":7}`: 200, `"user":"` + strings.Repeat("x", 5000) + `"`: 200,
	} {
		if status, _, b := s.do("POST", "/v1/completions", `{"model":"tiny","prompt":"a","max_tokens":1,`+fields+`}`); status != want {
			t.Errorf("%.40s: status %d, want %d: %s", fields, status, want, b)
		}
	}
}

// TestHeadersOfAStreamLeaveBeforeItsPromptIsRead, however long that takes.
func TestHeadersOfAStreamLeaveBeforeItsPromptIsRead(t *testing.T) {
	s, g, asked := newHeldStand(t)
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/v1/completions", strings.NewReader(`{"model":"tiny","prompt":[5,5],"max_tokens":1,"stream":true}`))
	check(t, err)
	resp, err := http.DefaultClient.Do(r) // it returns with the headers
	check(t, err)
	defer resp.Body.Close() //nolint:errcheck // it is only read
	s.waiting(1)
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "text/event-stream" || !slices.Equal(g.prompts(), []int{3}) {
		t.Errorf("status %d, %q, after prompts of %v tokens", resp.StatusCode, got, g.prompts())
	}
	g.release()
	asked.Wait()
	b, err := io.ReadAll(resp.Body)
	check(t, err)
	if !strings.HasSuffix(string(b), "data: [DONE]\n\n") {
		t.Errorf("got %q", b)
	}
}

// TestASilentStreamIsKeptAlive by a comment each five seconds.
func TestASilentStreamIsKeptAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		w := httptest.NewRecorder()
		ended := make(chan struct{})
		go func() { defer close(ended); server.Ping(ctx, deadlines{w}) }()
		time.Sleep(14 * time.Second)
		stop()
		<-ended
		if want := ": still here\n\n: still here\n\n"; w.Body.String() != want || !w.Flushed {
			t.Errorf("got %q, want %q", w.Body, want)
		}
	})
}

// deadlines is a writer that takes them.
type deadlines struct{ *httptest.ResponseRecorder }

func (deadlines) SetWriteDeadline(time.Time) error { return nil }

// TestWhatOllamaAsksOfMemoryIsNotIgnored: more positions than the model has, and
// to close a model.
func TestWhatOllamaAsksOfMemoryIsNotIgnored(t *testing.T) {
	s := newStand(t, nil)
	for fields, want := range map[string]string{
		`"options":{"num_ctx":513}`: "num_ctx is 513, and the model has 512 positions",
		`"keep_alive":0`:            "leave keep_alive out",
		`"keep_alive":"0s"`:         "leave keep_alive out",
		`"keep_alive":"5m","options":{"num_ctx":512,"num_predict":1}`: "",
	} {
		status, _, b := s.do("POST", "/api/generate", `{"model":"tiny","prompt":"a","stream":false,`+fields+`}`)
		if refused := status == http.StatusBadRequest; refused != (want != "") || !strings.Contains(string(b), want) {
			t.Errorf("%s: status %d: %s, want %q", fields, status, b, want)
		}
	}
}
