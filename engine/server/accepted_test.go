package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/server"
	"github.com/assaynet/assay/engine/server/shelf"
)

// TestWhatIsNotDoneIsRefusedByItsName: fields that clients' own types have, each
// with a value that asks for what is not done here, beside values that ask for
// nothing, or for a hint that clients send unasked.
func TestWhatIsNotDoneIsRefusedByItsName(t *testing.T) {
	s := newStand(t, nil)
	const (
		chat      = `"messages":[{"role":"user","content":"a"}],"max_tokens":1`
		responses = `"input":"a","max_output_tokens":1`
		ollama    = `"messages":[{"role":"user","content":"a"}],"stream":false,"options":{"num_predict":1}`
	)
	for _, c := range []struct{ path, ask, field, named string }{
		{"/v1/chat/completions", chat, `"store":true`, "store"},
		{"/v1/chat/completions", chat, `"store":"no"`, "store"},
		{"/v1/chat/completions", chat, `"verbosity":"none"`, "verbosity"},
		{"/v1/chat/completions", chat, `"think":false`, "think"},
		{"/v1/chat/completions", chat, `"thinking":{"type":"enabled","budget_tokens":1024}`, "thinking"},
		{"/v1/chat/completions", chat, `"keep_alive":0`, "keep_alive"},
		{"/v1/chat/completions", chat, `"stream":true,"stream_options":{"include_obfuscation":true}`, "stream_options"},
		{"/v1/chat/completions/input_tokens", chat, `"user":7`, "user"},
		{"/v1/completions", `"prompt":"a","max_tokens":1`, `"store":true`, "store"},
		{"/v1/responses", responses, `"store":true`, "store"},
		{"/v1/responses", responses, `"stream_options":{"include_obfuscation":true}`, "stream_options"},
		{"/v1/responses", responses, `"reasoning":{"summary":"detailed"}`, "reasoning.summary"},
		{"/v1/responses", responses, `"reasoning":{"generate_summary":"concise"}`, "reasoning.generate_summary"},
		{"/v1/responses", responses, `"text":{"verbosity":"none"}`, "text.verbosity"},
		{"/v1/responses", responses, `"previous_response_id":"resp_1"`, "previous_response_id"},
		{"/v1/responses", responses, `"conversation":"conv_1"`, "conversation"},
		{"/v1/responses", responses, `"background":true`, "background"},
		{"/v1/responses", responses, `"truncation":"auto"`, "truncation"},
		{"/v1/responses", responses, `"include":["message.output_text.logprobs"]`, "include"},
		{"/v1/responses", responses, `"max_tool_calls":2`, "max_tool_calls"},
		{"/v1/responses", responses, `"prompt":{"id":"p"}`, "prompt"},
		{"/v1/messages", chat, `"store":true`, "store"},
		{"/v1/messages", chat, `"thinking":{"type":"adaptive","display":"omitted"}`, "thinking"},
		{"/v1/messages", chat, `"output_config":{"effort":"much"}`, "output_config.effort"},
		{"/v1/messages", chat, `"output_config":{"format":{"type":"xml"}}`, "output_config.format"},
		{"/v1/messages", chat, `"output_config":{"task_budget":1}`, "output_config"},
		{"/v1/messages", `"messages":[{"role":"user","content":"a"}]`, `"max_tokens":null`, "max_tokens"},
		{"/v1/embeddings", `"input":"a"`, `"keep_alive":0`, "keep_alive"},
		{"/api/chat", ollama, `"keep_alive":"0h"`, "keep_alive"},
		{"/api/chat", ollama, `"keep_alive":{"a":1}`, "keep_alive"},
		{"/api/chat", ollama, `"keep_alive":"soon"`, "keep_alive"},
		{"/api/generate", `"prompt":"a","stream":false`, `"options":{"vocab_only":true}`, "vocab_only"},
		{"/api/embed", `"input":"a"`, `"keep_alive":0`, "keep_alive"},
		{"/api/embed", `"input":"a"`, `"options":{"num_ctx":1000000}`, "num_ctx"},
		{"/api/embed", `"input":"a"`, `"dimensions":1`, "dimensions"},
		{"/api/chat", ollama, `"format":7`, "format"},
		{"/api/show", `"model":"tiny"`, `"verbose":true`, "verbose"},
		{"/tokenize", `"content":"a"`, `"prompt":"b"`, "prompt"},
	} {
		status, _, b := s.do("POST", c.path, `{`+c.ask+`,`+c.field+`}`)
		if status != http.StatusBadRequest || !strings.Contains(string(b), c.named) {
			t.Errorf("%s with %s: %d %s, want 400 that names %s", c.path, c.field, status, b, c.named)
		}
	}
	for _, c := range []struct{ path, ask, field string }{
		{"/v1/chat/completions", chat, `"store":false,"verbosity":"low","prompt_cache_options":{"ttl":"30m"},"thinking":{"type":"adaptive"}`},
		{"/v1/chat/completions", chat, `"stream":true,"stream_options":{"include_obfuscation":false}`},
		{"/v1/responses", responses, `"store":false,"reasoning":{"effort":"medium","summary":"auto"},"text":{"verbosity":"low"},"truncation":"disabled","background":false`},
		{"/v1/messages", chat, `"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}`},
		{"/v1/messages/count_tokens", `"messages":[{"role":"user","content":"a"}]`, `"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}`},
		{"/api/chat", ollama, `"keep_alive":"5m"`},
		{"/api/chat", ollama, `"keep_alive":-1`},
		{"/api/embed", `"input":"a"`, `"keep_alive":"-1","options":{"num_ctx":64}`},
		{"/api/show", `"model":"tiny"`, `"verbose":false`},
	} {
		if status, _, b := s.do("POST", c.path, `{`+c.ask+`,`+c.field+`}`); status != http.StatusOK {
			t.Errorf("%s with %s: %d %s, want 200", c.path, c.field, status, b)
		}
	}
}

// TestAnthropicsFormatHoldsTheAnswer: output_config.format is a schema, as OpenAI's
// clients have it in response_format.
func TestAnthropicsFormatHoldsTheAnswer(t *testing.T) {
	s := newStand(t, nil)
	var got struct{ Content []struct{ Text string } }
	s.get(&got, "POST", "/v1/messages", `{"messages":[{"role":"user","content":"a"}],"max_tokens":40,"temperature":0,
		"output_config":{"format":{"type":"json_schema","schema":{"const":7}}}}`)
	if len(got.Content) != 1 || got.Content[0].Text != "7" {
		t.Errorf("got %+v, want the one value of the schema", got.Content)
	}
}

// TestAResponseTellsWhatItWasAsked: metadata as they came, how many tokens, and
// that nothing is stored.
func TestAResponseTellsWhatItWasAsked(t *testing.T) {
	s := newStand(t, nil)
	var got struct {
		Metadata map[string]string
		Most     int `json:"max_output_tokens"`
		Store    bool
	}
	s.get(&got, "POST", "/v1/responses", `{"input":"a","max_output_tokens":1,"metadata":{"ticket":"7"}}`)
	if got.Metadata["ticket"] != "7" || len(got.Metadata) != 1 || got.Most != 1 || got.Store {
		t.Errorf("got %+v", got)
	}
}

// TestATooLongPromptIsCounted: whoever counts wants to know whether it fits, and by
// how much it does not.
func TestATooLongPromptIsCounted(t *testing.T) {
	s := newStand(t, nil)
	most := s.model.Info().Context
	text := strings.Repeat("a river ", most)
	for _, c := range []struct{ count, ask, field string }{
		{"/v1/chat/completions/input_tokens", "/v1/chat/completions", `"messages":[{"role":"user","content":%q}]`},
		{"/v1/responses/input_tokens", "/v1/responses", `"input":%q`},
		{"/v1/messages/count_tokens", "/v1/messages", `"messages":[{"role":"user","content":%q}]`},
	} {
		body := fmt.Sprintf(c.field, text)
		var got struct {
			Tokens int `json:"input_tokens"`
		}
		s.get(&got, "POST", c.count, `{`+body+`}`)
		status, _, b := s.do("POST", c.ask, `{`+body+`,"max_`+map[bool]string{true: "output_", false: ""}[c.ask == "/v1/responses"]+`tokens":1}`)
		if status != http.StatusBadRequest || got.Tokens <= most || !strings.Contains(string(b), fmt.Sprint(got.Tokens)) {
			t.Errorf("%s tells of %d tokens of %d, and %s says %d %s", c.count, got.Tokens, most, c.ask, status, b)
		}
		if !json.Valid(b) {
			t.Errorf("%s is no JSON", b)
		}
	}
}

// TestAModelWhoseFileIsGoneIsMissing: it was taken out of the store while it was
// closed, and nothing of where it lay is told.
func TestAModelWhoseFileIsGoneIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone.gguf")
	open := func(ctx context.Context) (*engine.Model, error) { return engine.Open(ctx, path, engine.Config{}) }
	models, err := shelf.New(t.Context(), shelf.Config{Specs: []shelf.Spec{{Name: "gone", Open: open}}})
	check(t, err)
	var said bytes.Buffer
	s, err := server.New(server.Config{Shelf: models, Logger: zerolog.New(&said)})
	check(t, err)
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/chat/completions", strings.NewReader(`{`+question+`}`))
	r.Host = "localhost"
	s.ServeHTTP(w, r)
	if b := w.Body.String(); w.Code != http.StatusNotFound || !strings.Contains(b, `"model_not_found"`) || !strings.Contains(b, "taken away") || strings.Contains(b, path) {
		t.Errorf("%d %s", w.Code, b)
	}
	if !strings.Contains(said.String(), path) {
		t.Errorf("whoever runs it is told %q", said.String())
	}
	check(t, models.Close())
}

// TestAStreamsHeadersComeBeforeItsFirstToken, which may be a minute away: of each
// API they are sent before anything else is written.
func TestAStreamsHeadersComeBeforeItsFirstToken(t *testing.T) {
	stand := newStand(t, nil)
	s, err := server.New(server.Config{Models: []server.Model{{Name: "tiny", Engine: stand.model}}, Logger: zerolog.Nop()})
	check(t, err)
	for path, body := range map[string]string{
		"/v1/chat/completions": `{"stream":true,"max_tokens":1,` + question + `}`,
		"/v1/completions":      `{"stream":true,"max_tokens":1,"prompt":"a"}`,
		"/completion":          `{"stream":true,"n_predict":1,"prompt":"a"}`,
		"/v1/responses":        `{"stream":true,"max_output_tokens":1,"input":"a"}`,
		"/v1/messages":         `{"stream":true,"max_tokens":1,` + question + `}`,
		"/api/generate":        `{"options":{"num_predict":1},"prompt":"a"}`,
		"/api/chat":            `{"options":{"num_predict":1},` + question + `}`,
	} {
		w := &steps{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
		r.Host = "localhost"
		s.ServeHTTP(w, r)
		if len(w.did) < 3 || w.did[0] != "200" || w.did[1] != "flush" || !slices.Contains(w.did, "write") {
			t.Errorf("%s: %v", path, w.did)
		}
	}
}

// steps keeps what is done with an answer, in order, but for empty texts.
type steps struct {
	*httptest.ResponseRecorder
	did []string
}

func (s *steps) WriteHeader(status int) {
	s.did = append(s.did, fmt.Sprint(status))
	s.ResponseRecorder.WriteHeader(status)
}

func (s *steps) Write(b []byte) (int, error) {
	if len(b) > 0 {
		s.did = append(s.did, "write")
	}
	return s.ResponseRecorder.Write(b)
}

func (s *steps) WriteString(text string) (int, error) { return s.Write([]byte(text)) }

func (s *steps) Flush() { s.did = append(s.did, "flush") }

func (s *steps) SetWriteDeadline(time.Time) error { return nil }
