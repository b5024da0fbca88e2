package server_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine"
)

// get sends a request and reads the object that answers it.
func (s *stand) get(v any, method, path, body string, headers ...string) http.Header {
	s.t.Helper()
	status, h, b := s.do(method, path, body, headers...)
	if status != http.StatusOK {
		s.t.Fatalf("%s %s: status %d: %s", path, body, status, b)
	}
	check(s.t, json.Unmarshal(b, v))
	return h
}

// events are the objects of a stream, with their names.
func (s *stand) events(path, body string) (names []string, list []map[string]any) {
	s.t.Helper()
	status, _, b := s.do("POST", path, body)
	if status != http.StatusOK {
		s.t.Fatalf("%s: status %d: %s", path, status, b)
	}
	name := ""
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		line := lines.Text()
		if n, found := strings.CutPrefix(line, "event: "); found {
			name = n
			continue
		}
		text := strings.TrimPrefix(line, "data: ")
		if text == "" || text[0] != '{' {
			continue
		}
		var v map[string]any
		check(s.t, json.Unmarshal([]byte(text), &v))
		names, list, name = append(names, name), append(list, v), ""
	}
	return names, list
}

// TestPenaltiesAndBiasesAreInTheReceipt, whole or as a stream.
func TestPenaltiesAndBiasesAreInTheReceipt(t *testing.T) {
	s := newStand(t, nil)
	const ask = `{"prompt": "Once upon a time", "seed": 3, "max_tokens": 16, "frequency_penalty": 1.5, "presence_penalty": -0.5,
		"repetition_penalty": 1.25, "min_p": 0.01, "logit_bias": {"70": -100, "30": 4.5}%s}`
	_, h := s.ask("/v1/completions", fmt.Sprintf(ask, ""))
	run := s.verify(h.Get("X-Assay-Receipt"), "")
	want := engine.Shaping{Frequency: 1.5, Presence: -0.5, Repetition: 1.25, Biases: []engine.Bias{{Token: 30, Add: 4.5}, {Token: 70, Add: -100}}}
	if !reflect.DeepEqual(run.Settings.Shaping, want) || run.Settings.MinP != 655 {
		t.Errorf("the receipt has %+v", run.Settings)
	}
	if slices.Contains(run.Output, 70) {
		t.Errorf("the banned token is in %v", run.Output)
	}
	_, receipt := s.stream("/v1/completions", fmt.Sprintf(ask, `, "stream": true`))
	if again := s.verify(receipt, ""); again.Fingerprint != run.Fingerprint {
		t.Errorf("the stream's run is another")
	}
}

// textProbs are /v1/completions' log-probabilities.
type textProbs struct {
	Choices []struct {
		Text     string
		Logprobs *struct {
			Tokens []string
			Logs   []*float64            `json:"token_logprobs"`
			Top    []map[string]*float64 `json:"top_logprobs"`
			Offset []int                 `json:"text_offset"`
		}
	}
}

// TestEchoedLogProbsEqualScores bit for bit, as evaluation harnesses ask for
// them.
func TestEchoedLogProbsEqualScores(t *testing.T) {
	s := newStand(t, nil)
	ids := []engine.Token{40, 41, 60, 61, 62, 75}
	list, err := json.Marshal(ids)
	check(t, err)
	for _, most := range []int{0, 1} {
		var got textProbs
		s.get(&got, "POST", "/v1/completions", fmt.Sprintf(`{"prompt": %s, "echo": true, "max_tokens": %d, "logprobs": 2, "temperature": 0}`, list, most))
		p := got.Choices[0].Logprobs
		if len(p.Tokens) != len(ids)+most || p.Logs[0] != nil || p.Top[0] != nil || len(p.Offset) != len(p.Tokens) {
			t.Fatalf("got %+v of %d tokens", p, len(ids)+most)
		}
		scores, err := s.model.Score(t.Context(), []engine.ScoreRequest{{Prompt: ids[:1], Continuation: ids[1:], TopLogProbs: 2}})
		check(t, err)
		for i, want := range scores[0].LogProbs {
			if *p.Logs[i+1] != want {
				t.Errorf("token %d: got %v, want %v", i+1, *p.Logs[i+1], want)
			}
			best := math.Inf(-1)
			for _, l := range p.Top[i+1] {
				best = max(best, *l)
			}
			if best != scores[0].Top[i][0].LogProb {
				t.Errorf("token %d: the likeliest has %v, want %v", i+1, best, scores[0].Top[i][0].LogProb)
			}
		}
		if text := s.spelt(ids); !strings.HasPrefix(got.Choices[0].Text, text) {
			t.Errorf("%q does not begin with %q", got.Choices[0].Text, text)
		}
	}
}

// TestChatLogProbsAreThoseOfItsTokens, in a stream, too.
func TestChatLogProbsAreThoseOfItsTokens(t *testing.T) {
	s := newStand(t, nil)
	type probs struct {
		Content []struct {
			Token   string
			LogProb float64
			Bytes   []int
			Top     []struct{ LogProb float64 } `json:"top_logprobs"`
		}
	}
	var whole struct{ Choices []struct{ Logprobs *probs } }
	h := s.get(&whole, "POST", "/v1/chat/completions", `{"seed": 7, "max_tokens": 8, "logprobs": true, "top_logprobs": 3, `+question+`}`)
	run := s.verify(h.Get("X-Assay-Receipt"), "")
	scores, err := s.model.Score(t.Context(), []engine.ScoreRequest{{Prompt: run.Prompt, Continuation: run.Output}})
	check(t, err)
	list := whole.Choices[0].Logprobs.Content
	if len(list) != len(run.Output) {
		t.Fatalf("%d of %d tokens", len(list), len(run.Output))
	}
	for i, x := range list {
		if x.LogProb != scores[0].LogProbs[i] || len(x.Top) != 3 {
			t.Errorf("token %d: got %+v, want %v", i, x, scores[0].LogProbs[i])
		}
	}
	_, parts := s.events("/v1/chat/completions", `{"seed": 7, "max_tokens": 8, "logprobs": true, "top_logprobs": 3, "stream": true, `+question+`}`)
	var streamed probs
	for _, p := range parts {
		var part struct{ Choices []struct{ Logprobs *probs } }
		b, err := json.Marshal(p)
		check(t, err)
		check(t, json.Unmarshal(b, &part))
		if l := part.Choices[0].Logprobs; l != nil {
			streamed.Content = append(streamed.Content, l.Content...)
		}
	}
	if !reflect.DeepEqual(streamed.Content, list) {
		t.Errorf("streamed %+v, whole %+v", streamed.Content, list)
	}
}

// TestAnthropicsMessages: whole and as a stream the same, and so long as was
// counted.
func TestAnthropicsMessages(t *testing.T) {
	s := newStand(t, nil)
	const ask = `{"model": "tiny", "system": [{"type": "text", "text": "Be brief."}], "messages": [{"role": "user", "content": [{"type": "text", "text": "Name a river."}]}]`
	var whole struct {
		ID, Type, Role string
		StopReason     string `json:"stop_reason"`
		Content        []struct{ Type, Text string }
		Usage          struct {
			Input  int `json:"input_tokens"`
			Output int `json:"output_tokens"`
		}
	}
	h := s.get(&whole, "POST", "/v1/messages", ask+`, "max_tokens": 12, "temperature": 0}`)
	run := s.verify(h.Get("X-Assay-Receipt"), "")
	if whole.Type != "message" || whole.Role != "assistant" || len(whole.Content) != 1 || whole.Content[0].Text != s.spelt(run.Output) || whole.Usage.Output != len(run.Output) {
		t.Errorf("got %+v of %q", whole, s.spelt(run.Output))
	}
	var counted struct {
		Input int `json:"input_tokens"`
	}
	s.get(&counted, "POST", "/v1/messages/count_tokens", ask+`}`)
	if counted.Input != len(run.Prompt) || whole.Usage.Input != counted.Input {
		t.Errorf("counted %d, used %d, of %d", counted.Input, whole.Usage.Input, len(run.Prompt))
	}
	names, list := s.events("/v1/messages", ask+`, "max_tokens": 12, "temperature": 0, "stream": true}`)
	text := ""
	for i, e := range list {
		if e["type"] != names[i] {
			t.Errorf("event %q of the type %v", names[i], e["type"])
		}
		if d, ok := e["delta"].(map[string]any); ok && names[i] == "content_block_delta" {
			text += d["text"].(string)
		}
	}
	names = slices.Compact(names)
	want := []string{"message_start", "ping", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"}
	if !slices.Equal(names, want) || text != whole.Content[0].Text {
		t.Errorf("events %v with %q, want %v with %q", names, text, want, whole.Content[0].Text)
	}
	status, _, b := s.do("POST", "/v1/messages", ask+`}`)
	if status != 400 || !strings.Contains(string(b), `"type":"error"`) || !strings.Contains(string(b), "max_tokens") {
		t.Errorf("without max_tokens: %d %s", status, b)
	}
}

// TestOpenAIsResponses: the whole order of events, numbered, and at its end the
// same as without a stream.
func TestOpenAIsResponses(t *testing.T) {
	s := newStand(t, nil)
	const ask = `{"instructions": "Be brief.", "input": [{"role": "user", "content": [{"type": "input_text", "text": "Name a river."}]}],
		"temperature": 0, "max_output_tokens": 12, "store": false, "tools": [{"type": "web_search"}]`
	var whole map[string]any
	h := s.get(&whole, "POST", "/v1/responses", ask+`}`)
	run := s.verify(h.Get("X-Assay-Receipt"), "")
	names, list := s.events("/v1/responses", ask+`, "stream": true}`)
	for i, e := range list {
		if e["type"] != names[i] || e["sequence_number"] != float64(i) {
			t.Errorf("event %d, %q: %v", i, names[i], e)
		}
	}
	last := list[len(list)-1]["response"].(map[string]any)
	for _, r := range []map[string]any{whole, last} {
		item := r["output"].([]any)[0].(map[string]any)
		if text := item["content"].([]any)[0].(map[string]any)["text"]; text != s.spelt(run.Output) {
			t.Errorf("got %q, want %q", text, s.spelt(run.Output))
		}
		if u := r["usage"].(map[string]any); u["input_tokens"] != float64(len(run.Prompt)) || u["output_tokens"] != float64(len(run.Output)) {
			t.Errorf("usage %v", u)
		}
	}
	end := "response.completed"
	if run.Finish == engine.FinishLength {
		end = "response.incomplete"
	}
	want := []string{
		"response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.delta",
		"response.output_text.done", "response.content_part.done", "response.output_item.done", end,
	}
	if got := slices.Compact(names); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

// TestOllamas: chat and generate as lines and whole, and what clients ask
// before.
func TestOllamas(t *testing.T) {
	s := newStand(t, nil)
	for _, c := range []struct{ path, ask string }{
		{"/api/chat", `{"model": "tiny:latest", "options": {"temperature": 0, "num_predict": 10, "num_ctx": 512}, ` + question},
		{"/api/generate", `{"model": "tiny", "options": {"temperature": 0, "num_predict": 10}, "prompt": "Name a river.", "system": "Be brief."`},
		{"/api/generate", `{"model": "tiny", "options": {"temperature": 0, "num_predict": 10}, "prompt": "Name a river.", "raw": true`},
	} {
		type part struct {
			Message struct{ Role, Content string }
			Reply   string `json:"response"`
			Done    bool
			Reason  string `json:"done_reason"`
			Prompt  int    `json:"prompt_eval_count"`
			Count   int    `json:"eval_count"`
		}
		var whole part
		h := s.get(&whole, "POST", c.path, c.ask+`, "stream": false}`)
		run := s.verify(h.Get("X-Assay-Receipt"), "")
		text := whole.Message.Content + whole.Reply
		if text != s.spelt(run.Output) || !whole.Done || whole.Reason != string(run.Finish) || whole.Prompt != len(run.Prompt) || whole.Count != len(run.Output) {
			t.Errorf("%s: got %+v", c.path, whole)
		}
		_, list := s.events(c.path, c.ask+`}`)
		streamed := ""
		for i, e := range list {
			if m, ok := e["message"].(map[string]any); ok {
				streamed += m["content"].(string)
			} else {
				streamed += e["response"].(string)
			}
			if e["done"] != (i == len(list)-1) {
				t.Errorf("%s: line %d of %d: %v", c.path, i, len(list), e)
			}
		}
		if streamed != text {
			t.Errorf("%s: streamed %q, whole %q", c.path, streamed, text)
		}
	}
	var tags, ps struct{ Models []struct{ Name string } }
	s.get(&tags, "GET", "/api/tags", "")
	s.get(&ps, "GET", "/api/ps", "")
	if len(tags.Models) != 1 || tags.Models[0].Name != "tiny" || len(ps.Models) != 1 {
		t.Errorf("tags %+v, ps %+v", tags, ps)
	}
	var show struct {
		Can  []string       `json:"capabilities"`
		Info map[string]any `json:"model_info"`
	}
	s.get(&show, "POST", "/api/show", `{"model": "tiny"}`)
	family, _ := show.Info["general.architecture"].(string)
	if show.Info[family+".context_length"] != float64(512) || !slices.Contains(show.Can, "tools") {
		t.Errorf("show %+v", show)
	}
	var version struct{ Version string }
	s.get(&version, "GET", "/api/version", "")
	if version.Version != "0.12.0" {
		t.Errorf("version %q", version.Version)
	}
	if status, _, _ := s.do("HEAD", "/", ""); status != 200 {
		t.Errorf("HEAD /: status %d", status)
	}
	var loaded struct {
		Done   bool
		Reason string `json:"done_reason"`
	}
	s.get(&loaded, "POST", "/api/generate", `{"model": "tiny", "stream": false}`)
	if !loaded.Done || loaded.Reason != "load" {
		t.Errorf("no prompt: %+v", loaded)
	}
}

// TestEmbeddings are of length 1, the same in both forms and in Ollama's words.
func TestEmbeddings(t *testing.T) {
	s := newStand(t, nil)
	var floats struct {
		Data  []struct{ Embedding []float32 }
		Usage struct {
			Prompt int `json:"prompt_tokens"`
		}
	}
	s.get(&floats, "POST", "/v1/embeddings", `{"model": "tiny", "input": ["a river", "a sea"]}`)
	var coded struct{ Data []struct{ Embedding string } }
	s.get(&coded, "POST", "/v1/embeddings", `{"model": "tiny", "input": ["a river", "a sea"], "encoding_format": "base64"}`)
	var lists struct{ Embeddings [][]float32 }
	s.get(&lists, "POST", "/api/embed", `{"model": "tiny", "input": ["a river", "a sea"]}`)
	if len(floats.Data) != 2 || floats.Usage.Prompt == 0 {
		t.Fatalf("got %+v", floats)
	}
	for i, x := range floats.Data {
		raw, err := base64.StdEncoding.DecodeString(coded.Data[i].Embedding)
		check(t, err)
		square := 0.0
		for j, v := range x.Embedding {
			square += float64(v) * float64(v)
			if got := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*j:])); got != v {
				t.Fatalf("text %d, number %d: %v in base64, %v as a number", i, j, got, v)
			}
		}
		if len(x.Embedding) != s.model.Info().Width || len(raw) != 4*len(x.Embedding) || math.Abs(square-1) > 1e-5 || !slices.Equal(lists.Embeddings[i], x.Embedding) {
			t.Errorf("text %d: %d numbers of the length %v", i, len(x.Embedding), math.Sqrt(square))
		}
	}
}

// TestLlamaCpps: what its clients ask beside answers.
func TestLlamaCpps(t *testing.T) {
	s := newStand(t, nil)
	var written struct{ Prompt string }
	s.get(&written, "POST", "/apply-template", `{`+question+`}`)
	if !strings.Contains(written.Prompt, "Name a river.") || !strings.Contains(written.Prompt, "Be brief.") {
		t.Errorf("the template wrote %q", written.Prompt)
	}
	var props struct {
		Template string `json:"chat_template"`
		Slots    int    `json:"total_slots"`
		Default  struct {
			Context int `json:"n_ctx"`
		} `json:"default_generation_settings"`
	}
	s.get(&props, "GET", "/props", "")
	if props.Template != s.model.Tokenizer().ChatTemplate() || props.Default.Context != 512 || props.Slots != 64 {
		t.Errorf("props %+v", props)
	}
	var slots []struct {
		Busy bool `json:"is_processing"`
	}
	s.get(&slots, "GET", "/slots", "")
	if len(slots) != 64 || slots[0].Busy {
		t.Errorf("slots %+v", slots)
	}
}
