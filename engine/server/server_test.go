package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/runfile"
	"github.com/assaynet/assay/engine/server"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stand is a server over a tiny model with a context of 512.
type stand struct {
	t     *testing.T
	url   string
	model *engine.Model
}

func newStand(t *testing.T, change func(*server.Config)) *stand {
	t.Helper()
	return newStandOf(t, enginetest.Options{}, change)
}

// newStandOf is newStand with a model of other options.
func newStandOf(t *testing.T, o enginetest.Options, change func(*server.Config)) *stand {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	check(t, enginetest.Write(path, o))
	return newStandAt(t, path, change)
}

// newStandAt is newStand with the model of a file.
func newStandAt(t *testing.T, path string, change func(*server.Config)) *stand {
	t.Helper()
	return newStandFor(t, path, engine.Config{Threads: 1}, change)
}

// newStandFor is newStandAt with a model that is opened so.
func newStandFor(t *testing.T, path string, how engine.Config, change func(*server.Config)) *stand {
	t.Helper()
	m, err := engine.Open(t.Context(), path, how)
	check(t, err)
	cfg := server.Config{Models: []server.Model{{Name: "tiny", Engine: m, Opened: time.Unix(1700000000, 0)}}, Logger: zerolog.Nop()}
	if change != nil {
		change(&cfg)
	}
	s, err := server.New(cfg)
	check(t, err)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		check(t, <-ended)
		check(t, m.Close())
	})
	return &stand{t, "http://" + l.Addr().String(), m}
}

// do sends a request and returns status, headers and body.
func (s *stand) do(method, path, body string, headers ...string) (int, http.Header, []byte) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	check(s.t, err)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	check(s.t, err)
	b, err := io.ReadAll(resp.Body)
	check(s.t, err)
	check(s.t, resp.Body.Close())
	return resp.StatusCode, resp.Header, b
}

// chat is an answer of /v1/chat/completions, or a part of its stream.
type chat struct {
	ID      string
	Object  string
	Created int64
	Model   string
	Choices []struct {
		Index   int
		Message struct{ Role, Content string }
		Delta   struct {
			Role    string
			Content *string
		}
		Text   string
		Finish *string `json:"finish_reason"`
	}
	Usage *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
		Total      int `json:"total_tokens"`
	}
	Error *struct{ Message, Type, Code, Param string }
}

func (s *stand) ask(path, body string) (chat, http.Header) {
	s.t.Helper()
	status, h, b := s.do("POST", path, body)
	var c chat
	check(s.t, json.Unmarshal(b, &c))
	if status != http.StatusOK {
		s.t.Fatalf("%s: status %d: %s", body, status, b)
	}
	return c, h
}

// stream returns the parts of a stream, and whether it ended as it is to.
func (s *stand) stream(path, body string) (parts []chat, receipt string) {
	s.t.Helper()
	status, h, b := s.do("POST", path, body)
	if status != http.StatusOK || h.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("status %d, %q: %s", status, h.Get("Content-Type"), b)
	}
	done := false
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		text, ok := strings.CutPrefix(lines.Text(), "data: ")
		switch {
		case lines.Text() == "" || strings.HasPrefix(lines.Text(), ":"):
		case !ok || done:
			s.t.Fatalf("line %q", lines.Text())
		case text == "[DONE]":
			done = true
		default:
			var c chat
			check(s.t, json.Unmarshal([]byte(text), &c))
			parts = append(parts, c)
		}
	}
	if !done {
		s.t.Fatalf("the stream has no end: %s", b)
	}
	return parts, h.Get("X-Assay-Receipt")
}

// spelt is a text of tokens as JSON has it, where each byte that is not UTF-8
// is U+FFFD.
func (s *stand) spelt(ids []engine.Token) string {
	return string([]rune(string(s.model.Tokenizer().Decode(ids))))
}

// verify fails unless a receipt is that of a run that the model makes.
func (s *stand) verify(id, query string) engine.Run {
	s.t.Helper()
	status, _, b := s.do("GET", "/v1/receipts/"+id+query, "")
	if status != http.StatusOK {
		s.t.Fatalf("receipt: status %d: %s", status, b)
	}
	file, run, err := runfile.Parse(b)
	check(s.t, err)
	report, err := s.model.Verify(s.t.Context(), run)
	check(s.t, err)
	if !report.Equal {
		s.t.Fatalf("receipt %s: %s at %d", id, report.Kind, report.Position)
	}
	if own := s.model.ID(); file.ModelID != fmt.Sprintf("%x", own) {
		s.t.Errorf("receipt of model %s", file.ModelID)
	}
	return run
}

const question = `"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a river."}]`

// TestOneRequestOneAnswer however it is asked for: whole, as a stream, twice,
// or with others beside it; and its receipt is verified.
func TestOneRequestOneAnswer(t *testing.T) {
	s := newStand(t, nil)
	whole, h := s.ask("/v1/chat/completions", `{"model": "tiny", "seed": 7, "max_tokens": 12, `+question+`}`)
	if whole.Object != "chat.completion" || whole.Model != "tiny" || len(whole.Choices) != 1 || whole.Choices[0].Message.Role != "assistant" {
		t.Fatalf("got %+v", whole)
	}
	text, finish := whole.Choices[0].Message.Content, *whole.Choices[0].Finish
	run := s.verify(h.Get("X-Assay-Receipt"), "")
	if got := s.spelt(run.Output); got != text || whole.ID != "chatcmpl-"+h.Get("X-Assay-Receipt") {
		t.Errorf("the receipt has %q, the answer %q", got, text)
	}
	if u := whole.Usage; u.Prompt != len(run.Prompt) || u.Completion != len(run.Output) || u.Total != u.Prompt+u.Completion {
		t.Errorf("usage %+v of %d and %d tokens", u, len(run.Prompt), len(run.Output))
	}

	parts, receipt := s.stream("/v1/chat/completions", `{"stream": true, "stream_options": {"include_usage": true}, "seed": 7, "max_completion_tokens": 12, `+question+`}`)
	if again := s.verify(receipt, ""); again.Fingerprint != run.Fingerprint {
		t.Errorf("fingerprint %x of the stream, %x of the whole", again.Fingerprint, run.Fingerprint)
	}
	var streamed strings.Builder
	for i, p := range parts[:len(parts)-1] {
		if p.ID != parts[0].ID || p.Created != parts[0].Created || p.Object != "chat.completion.chunk" || p.Usage != nil || len(p.Choices) != 1 {
			t.Fatalf("part %d: %+v", i, p)
		}
		if d := p.Choices[0].Delta; (i == 0) != (d.Role == "assistant") {
			t.Errorf("part %d has the role %q", i, d.Role)
		} else if d.Content != nil {
			streamed.WriteString(*d.Content)
		}
		if last := i == len(parts)-2; last != (p.Choices[0].Finish != nil) || last && *p.Choices[0].Finish != finish {
			t.Errorf("part %d of %d ends by %v, want %q at the end", i, len(parts), p.Choices[0].Finish, finish)
		}
	}
	if streamed.String() != text {
		t.Errorf("streamed %q, whole %q", streamed.String(), text)
	}
	if last := parts[len(parts)-1]; len(last.Choices) != 0 || *last.Usage != *whole.Usage {
		t.Errorf("the last part: %+v, want the usage %+v alone", last, whole.Usage)
	}

	many, h := s.ask("/v1/chat/completions", `{"seed": 7, "max_tokens": 12, "n": 3, `+question+`}`)
	if len(many.Choices) != 3 || many.Choices[0].Message.Content != text {
		t.Fatalf("three choices: %+v, the first is to be %q", many.Choices, text)
	}
	for i := range many.Choices {
		run := s.verify(h.Get("X-Assay-Receipt"), fmt.Sprintf("?choice=%d", i))
		if got := s.spelt(run.Output); got != many.Choices[i].Message.Content {
			t.Errorf("choice %d: the receipt has %q", i, got)
		}
	}
}

// TestAStopSequenceCutsTextAndRun: at every place in an answer, and the receipt
// of what is left is verified, too.
func TestAStopSequenceCutsTextAndRun(t *testing.T) {
	s := newStand(t, nil)
	ask := func(more string) (string, string, engine.Run) {
		c, h := s.ask("/v1/completions", `{"prompt": "Once upon a time", "temperature": 0, "max_tokens": 24`+more+`}`)
		return c.Choices[0].Text, *c.Choices[0].Finish, s.verify(h.Get("X-Assay-Receipt"), "")
	}
	text, finish, run := ask("")
	if finish != "length" || len(run.Output) != 24 {
		t.Fatalf("%q ends by %s after %d tokens", text, finish, len(run.Output))
	}
	runes := []rune(text)
	for i := 0; i+2 <= len(runes); i += 3 {
		stop := string(runes[i : i+2])
		quoted, err := json.Marshal(stop)
		check(t, err)
		got, finish, cut := ask(fmt.Sprintf(`, "stop": ["\u0001never", %s]`, quoted))
		want, _, _ := strings.Cut(text, stop)
		if got != want || finish != "stop" {
			t.Errorf("stop %q: got %q by %s, want %q", stop, got, finish, want)
		}
		if before := s.spelt(cut.Output[:len(cut.Output)-1]); strings.Contains(before, stop) && !strings.Contains(stop, "\ufffd") {
			t.Errorf("stop %q: the run goes on behind %q", stop, before)
		}
		parts, _ := s.stream("/v1/completions", fmt.Sprintf(`{"prompt": "Once upon a time", "temperature": 0, "max_tokens": 24, "stream": true, "stop": %s}`, quoted))
		var streamed string
		for _, p := range parts {
			streamed += p.Choices[0].Text
		}
		if streamed != want {
			t.Errorf("stop %q: streamed %q, want %q", stop, streamed, want)
		}
	}
}

// TestWhatIsNotDoneIsRefused, by a status, and a field where there is one.
func TestWhatIsNotDoneIsRefused(t *testing.T) {
	s := newStand(t, nil)
	for _, c := range []struct {
		path, body string
		status     int
		param      string
	}{
		{"/v1/chat/completions", `{` + question + `, "top_logprobs": 2}`, 400, "top_logprobs"},
		{"/v1/chat/completions", `{` + question + `, "logprobs": true, "top_logprobs": 21}`, 400, "top_logprobs"},
		{"/v1/chat/completions", `{` + question + `, "logit_bias": {"7": 101}}`, 400, "logit_bias"},
		{"/v1/chat/completions", `{` + question + `, "logit_bias": {"a": 1}}`, 400, "logit_bias"},
		{"/v1/chat/completions", `{` + question + `, "logit_bias": {"99999999": 1}}`, 400, ""},
		{"/v1/chat/completions", `{` + question + `, "min_p": 1.5}`, 400, "min_p"},
		{"/v1/chat/completions", `{` + question + `, "repetition_penalty": 0}`, 400, "repetition_penalty"},
		{"/v1/chat/completions", `{` + question + `, "tools": [{"type": "web_search"}]}`, 400, "tools"},
		{"/v1/chat/completions", `{` + question + `, "tools": [{"type": "function", "function": {"name": "a", "strict": true}}], "response_format": {"type": "json_object"}}`, 400, "tools"},
		{"/v1/chat/completions", `{` + question + `, "tools": [{"type": "function", "function": {"name": "a", "parameters": 7}}]}`, 400, "tools"},
		{"/v1/chat/completions", `{` + question + `, "tools": [{"type": "function", "function": {"name": "a"}}], "tool_choice": "maybe"}`, 400, "tool_choice"},
		{"/v1/responses", `{"input": "a", "tools": [{"type": "function", "name": "a", "strict": true, "parameters": {"type": "array"}}]}`, 400, "tools"},
		{"/v1/messages", `{"max_tokens": 1, "messages": [{"role": "user", "content": "a"}], "tools": [{"name": "a", "strict": true, "input_schema": {"propertees": 1}}]}`, 400, ""},
		{"/v1/responses", `{"input": [{"type": "image_generation_call"}]}`, 400, "input"},
		{"/v1/responses", `{"input": "a", "previous_response_id": "resp_1"}`, 400, "previous_response_id"},
		{"/v1/responses", `{"input": "a", "text": {"format": {"type": "xml"}}}`, 400, "text.format"},
		{"/v1/embeddings", `{"input": [1, 2]}`, 400, "input"},
		{"/v1/embeddings", `{"input": "a", "dimensions": 3}`, 400, "dimensions"},
		{"/v1/embeddings", `{"input": ""}`, 400, "input"},
		{"/v1/chat/completions", `{` + question + `, "tools": [{"type": "function"}]}`, 400, "tools"},
		{"/v1/chat/completions", `{` + question + `, "response_format": {"type": "xml"}}`, 400, "response_format"},
		{"/v1/chat/completions", `{` + question + `, "frequency_penalty": 2.5}`, 400, "frequency_penalty"},
		{"/v1/chat/completions", `{` + question + `, "surprise": 1}`, 400, "surprise"},
		{"/v1/chat/completions", `{` + question + `, "temperature": 3}`, 400, "temperature"},
		{"/v1/chat/completions", `{` + question + `, "temperature": "warm"}`, 400, "temperature"},
		{"/v1/chat/completions", `{` + question + `, "top_p": 0}`, 400, "top_p"},
		{"/v1/chat/completions", `{` + question + `, "top_k": 257}`, 400, "top_k"},
		{"/v1/chat/completions", `{` + question + `, "n": 17}`, 400, "n"},
		{"/v1/chat/completions", `{` + question + `, "max_tokens": 0}`, 400, "max_tokens"},
		{"/v1/chat/completions", `{` + question + `, "stop": [""]}`, 400, "stop"},
		{"/v1/chat/completions", `{` + question + `, "model": "gpt"}`, 404, "model"},
		{"/v1/chat/completions", `{"messages": []}`, 400, "messages"},
		{"/v1/chat/completions", `{"messages": [{"role": "judge", "content": "x"}]}`, 400, "messages"},
		{"/v1/chat/completions", `{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}`, 400, "messages"},
		{"/v1/chat/completions", `[]`, 400, ""},
		{"/v1/chat/completions", `{"a"`, 400, ""},
		{"/v1/chat/completions", `{"messages": [{"role": "user", "content": "x", "name": "bob"}]}`, 400, "messages"},
		{"/v1/chat/completions", `{"messages": [{"role": "assistant", "tool_calls": [{}]}]}`, 400, "messages"},
		{"/v1/chat/completions", `{"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "mark": 1}]}]}`, 400, "messages"},
		{"/v1/chat/completions", `{"messages": [{"role": "user", "content": [` + strings.Repeat(`{"type":"text","text":"a"},`, 4096) + `{"type":"text","text":"a"}]}]}`, 400, "messages"},
		{"/v1/completions", `{"prompt": [null]}`, 400, "prompt"},
		{"/v1/completions", `{"prompt": ""}`, 400, "prompt"},
		{"/v1/completions", `{"prompt": ["a", 5]}`, 400, "prompt"},
		{"/v1/completions", `{"prompt": ["a", "b"], "n": 9}`, 400, "prompt"},
		{"/v1/completions", `{"prompt": ["a", null]}`, 400, "prompt"},
		{"/v1/completions", `{"prompt": [99999999]}`, 400, ""},
		{"/v1/completions", `{"prompt": "a", "max_tokens": 0}`, 400, "max_tokens"},
		{"/v1/completions", `{"prompt": "a", "logprobs": 6}`, 400, "logprobs"},
		{"/detokenize", `{"tokens": [-1]}`, 400, "tokens"},
		{"/v1/embeddings", `{}`, 400, "input"},
		{"/v1/images", `{}`, 404, ""},
	} {
		status, _, b := s.do("POST", c.path, c.body)
		var got chat
		check(t, json.Unmarshal(b, &got))
		if status != c.status || got.Error == nil || got.Error.Param != c.param || got.Error.Message == "" {
			t.Errorf("%s %.200s: status %d, %s; want %d and %q", c.path, c.body, status, b, c.status, c.param)
		}
	}
	large := `{"prompt": "` + strings.Repeat("a", 9<<20) + `"}`
	if status, _, _ := s.do("POST", "/v1/completions", large); status != http.StatusRequestEntityTooLarge {
		t.Errorf("nine megabytes: status %d", status)
	}
	// What asks for nothing is no reason to refuse.
	s.ask("/v1/chat/completions", `{`+question+`, "max_tokens": 1, "logprobs": false, "tools": [], "metadata": {"a": "b"}, "user": "x", "stop": null, "response_format": {"type": "text"}}`)
}

// TestAPromptThatIsTooLongIsRefusedWithBothNumbers, and one that leaves little
// is answered with what is left.
func TestAPromptThatIsTooLongIsRefusedWithBothNumbers(t *testing.T) {
	s := newStand(t, nil)
	ids := func(n int) string { return strings.TrimSuffix(strings.Repeat("65,", n), ",") }
	status, _, b := s.do("POST", "/v1/completions", `{"prompt": [`+ids(513)+`]}`)
	var got chat
	check(t, json.Unmarshal(b, &got))
	if status != 400 || got.Error.Code != "context_length_exceeded" || !strings.Contains(got.Error.Message, "maximum context length is 512 tokens") ||
		!strings.Contains(got.Error.Message, "request (513 tokens) exceeds the available context size (512 tokens)") {
		t.Errorf("status %d: %s", status, b)
	}
	c, _ := s.ask("/v1/completions", `{"prompt": [`+ids(510)+`], "max_tokens": 100, "temperature": 0}`)
	if c.Usage.Prompt != 510 || c.Usage.Completion > 3 {
		t.Errorf("usage %+v, want at most 3 tokens behind 510", c.Usage)
	}
}

// TestWhoMayAsk: keys by their hash, hosts by name, pages by their origin.
func TestWhoMayAsk(t *testing.T) {
	key, secret, err := server.NewKey("alice")
	check(t, err)
	s := newStand(t, func(c *server.Config) {
		c.Keys, c.Hosts, c.Origins = []server.Key{key}, []string{"llm.example"}, []string{"https://page.example"}
	})
	bearer := "Bearer " + secret
	for _, c := range []struct {
		what, method string
		headers      []string
		status       int
	}{
		{"the key", "GET", []string{"Authorization", bearer}, 200},
		{"no key", "GET", nil, 401},
		{"another key", "GET", []string{"Authorization", bearer + "x"}, 401},
		{"the hash for the key", "GET", []string{"Authorization", "Bearer " + fmt.Sprintf("%x", key.Hash)}, 401},
		{"a name that was allowed", "GET", []string{"Authorization", bearer, "Host", "llm.example:80"}, 200},
		{"another name", "GET", []string{"Authorization", bearer, "Host", "evil.example"}, 403},
		{"a page that was allowed", "GET", []string{"Authorization", bearer, "Origin", "https://page.example"}, 200},
		{"its question before", "OPTIONS", []string{"Origin", "https://page.example"}, 204},
		{"another page", "GET", []string{"Authorization", bearer, "Origin", "https://evil.example"}, 403},
		{"another page's question before", "OPTIONS", []string{"Origin", "https://evil.example"}, 403},
	} {
		status, h, b := s.do(c.method, "/v1/models", "", c.headers...)
		if status != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.what, status, c.status, b)
		}
		if allowed := h.Get("Access-Control-Allow-Origin"); (allowed != "") != (strings.Contains(c.what, "page that was") || c.what == "its question before") {
			t.Errorf("%s: allowed origin %q", c.what, allowed)
		}
	}
	if status, _, _ := s.do("GET", "/health", ""); status != 200 {
		t.Errorf("health without a key: status %d", status)
	}
}

func TestFilesOfKeys(t *testing.T) {
	a, _, err := server.NewKey("a")
	check(t, err)
	b, _, err := server.NewKey("b")
	check(t, err)
	b.Answers, b.PerMinute = 4, 60
	keys, err := server.ReadKeys(strings.NewReader("# ours\n" + a.String() + "\n\n  " + b.String() + "  \n"))
	if err != nil || len(keys) != 2 || keys[0] != a || keys[1] != b {
		t.Fatalf("got %v, %v", keys, err)
	}
	for _, bad := range []string{
		"", "# none", "a", "a 00", a.String() + "\n" + a.String(), " " + strings.Repeat("x", 65) + a.String()[1:], a.String() + "0",
		a.String() + " answers=0", a.String() + " answers=1 answers=2", a.String() + " per-minute=x", a.String() + " 7", a.String() + " per-hour=7",
	} {
		if keys, err := server.ReadKeys(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: got %v", bad, keys)
		}
	}
}

// TestAClientThatGoesAwayFreesItsPlace, in the middle of its stream, which is so
// long that it does not come to its end.
func TestAClientThatGoesAwayFreesItsPlace(t *testing.T) {
	const long = 100_000
	s := newStandOf(t, enginetest.Options{Context: 1 << 17}, nil)
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/completions", strings.NewReader(fmt.Sprintf(`{"prompt": "Once", "stream": true, "temperature": 0, "logit_bias": {"0": -100, "2": -100}, "max_tokens": %d}`, long)))
	check(t, err)
	resp, err := http.DefaultClient.Do(r)
	check(t, err)
	if _, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	leave()
	_ = resp.Body.Close()
	deadline := time.Now().Add(2 * time.Minute)
	st := s.model.Stats()
	for ; st.Running+st.Queued > 0; st = s.model.Stats() {
		if time.Now().After(deadline) {
			t.Fatalf("%+v: the answer goes on", st)
		}
		time.Sleep(time.Millisecond)
	}
	if st.Continued >= long-1 {
		t.Errorf("%d tokens were made for nobody", st.Continued)
	}
}

func TestTextAndTokens(t *testing.T) {
	s := newStand(t, nil)
	_, _, b := s.do("POST", "/tokenize", `{"content": "a river"}`)
	whole := b
	var ids struct{ Tokens []int32 }
	check(t, json.Unmarshal(b, &ids))
	if len(ids.Tokens) == 0 {
		t.Fatalf("got %s", b)
	}
	list, err := json.Marshal(ids.Tokens)
	check(t, err)
	_, _, b = s.do("POST", "/detokenize", `{"tokens": `+string(list)+`}`)
	var text struct{ Content string }
	check(t, json.Unmarshal(b, &text))
	if text.Content != "a river" {
		t.Errorf("got %q back", text.Content)
	}
	// As evaluation harnesses ask.
	if _, _, other := s.do("POST", "/tokenize", `{"prompt": "a river", "add_special_tokens": false}`); string(other) != string(whole) {
		t.Errorf("%s in other words, %s", other, whole)
	}
}

// FuzzRequests sends what anybody may send; nothing but a status comes of it.
func FuzzRequests(f *testing.F) {
	f.Add(`{"messages":[{"role":"user","content":"x"}],"max_tokens":1}`)
	f.Add(`{"prompt":[1,2,3],"n":2,"stop":"a","max_tokens":1,"stream":true}`)
	f.Add(`{"input":[{"role":"user","content":"x"},{"type":"function_call","name":"a","arguments":"{}"}],"max_output_tokens":1}`)
	f.Add(`{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"x"}]}],"tools":[{"name":"a","input_schema":{}}],"max_tokens":1}`)
	f.Add(`{"messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"a","arguments":{}}}]}],"options":{"num_predict":1},"logit_bias":{"1":2}}`)
	f.Add(`{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"max_tokens":1,"seed":-1}`)
	f.Add(`{"prompt":["a",[5,"b"]],"n_predict":1,"stream":true}`)
	f.Add(`{"prompt":["<|im_start|>",5],"n_predict":1,"n_probs":2,"logit_bias":[[5,-1]],"json_schema":{"type":"string"},"stream":true}`)
	path := filepath.Join(f.TempDir(), "tiny.gguf")
	check(f, enginetest.Write(path, enginetest.Options{}))
	m, err := engine.Open(f.Context(), path, engine.Config{Threads: 1})
	check(f, err)
	f.Cleanup(func() { _ = m.Close() })
	s, err := server.New(server.Config{Models: []server.Model{{Name: "tiny", Engine: m}}})
	check(f, err)
	f.Fuzz(func(t *testing.T, body string) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond) // an answer may be long
		defer cancel()
		for _, path := range []string{
			"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings", "/v1/messages", "/v1/messages/count_tokens",
			"/api/chat", "/api/generate", "/api/embed", "/api/show", "/completion", "/tokenize", "/detokenize", "/apply-template",
			"/v1/chat/completions/input_tokens", "/v1/responses/input_tokens",
		} {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+path, strings.NewReader(body))
			check(t, err)
			w := &sink{h: http.Header{}}
			s.ServeHTTP(w, r)
			if w.status != 200 && (w.status < 400 || w.status == 500) {
				t.Errorf("%s %q: status %d", path, body, w.status)
			}
		}
	})
}

// sink takes what is written and keeps its status.
type sink struct {
	h      http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) Write(b []byte) (int, error) { s.status = max(s.status, 200); return len(b), nil }
func (s *sink) WriteHeader(status int)      { s.status = status }
