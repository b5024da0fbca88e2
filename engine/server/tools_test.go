package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/server"
)

// called is an answer that thinks, says something and calls two tools.
const called = "<think>Two calls.</think>I look.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>\n" +
	"<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>"

// TestCallsInTheWordsOfEachAPI, as a stream and whole.
func TestCallsInTheWordsOfEachAPI(t *testing.T) {
	s := newStand(t, nil)
	const first, second = "call_0123456789abcdef012300000", "call_0123456789abcdef012300001"
	for _, c := range []struct {
		api           string
		stream, whole []string // what is in it, in this order
	}{
		{"chat", []string{
			`"delta":{"role":"assistant","content":""}`, `"reasoning_content":"`, `"delta":{"content":"`,
			`"delta":{"tool_calls":[{"index":0,"id":"` + first + `","type":"function","function":{"name":"weather","arguments":""}}]}`,
			`"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":\"Paris\"}"}}]}`,
			`"delta":{"tool_calls":[{"index":1,"id":"` + second + `","type":"function","function":{"name":"time","arguments":""}}]}`,
			`"finish_reason":"tool_calls"`, "data: [DONE]\n\n",
		}, []string{
			`"content":"I look."`, `"reasoning":"Two calls."`, `"id":"` + first + `","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\"}"}`,
			`"finish_reason":"tool_calls"`,
		}},
		{"messages", []string{
			`"content_block":{"signature":"","thinking":"","type":"thinking"},"index":0`, `"thinking_delta"`, `"content_block":{"text":"","type":"text"},"index":1`,
			`"content_block":{"id":"` + first + `","input":{},"name":"weather","type":"tool_use"},"index":2`,
			`"delta":{"partial_json":"{\"city\":\"Paris\"}","type":"input_json_delta"},"index":2`, `event: content_block_stop`,
			`"content_block":{"id":"` + second + `","input":{},"name":"time","type":"tool_use"},"index":3`, `"stop_reason":"tool_use"`, `event: message_stop`,
		}, []string{`"thinking":"Two calls."`, `"text":"I look."`, `"input":{"city":"Paris"},"name":"weather"`, `"stop_reason":"tool_use"`}},
		{"responses", []string{
			`"type":"response.created"`, `response.reasoning_text.delta`, `response.reasoning_text.done`, `response.output_text.delta`, `response.output_item.done`,
			`event: response.function_call_arguments.delta`, `event: response.function_call_arguments.done`, `"call_id":"` + first + `"`,
			`event: response.function_call_arguments.delta`, `"call_id":"` + second + `"`, `event: response.completed`,
		}, []string{`"text":"Two calls."`, `"text":"I look."`, `"arguments":"{\"city\":\"Paris\"}","call_id":"` + first + `"`, `"arguments":"{}","call_id":"` + second + `"`}},
		{"ollama", []string{
			`"thinking":"`, `"content":"`, `"tool_calls":[{"function":{"arguments":{"city":"Paris"},"index":0,"name":"weather"}`,
			`"tool_calls":[{"function":{"arguments":{},"index":1,"name":"time"}`, `"done":true`,
		}, []string{`"content":"I look."`, `"thinking":"Two calls."`, `{"city":"Paris"}`, `"name":"time"`}},
	} {
		stream, whole, err := server.Told(s.model, c.api, called, "weather", "time")
		check(t, err)
		for what, x := range map[string]struct {
			text string
			want []string
		}{"the stream": {stream, c.stream}, "the whole": {string(whole), c.whole}} {
			rest := x.text
			for _, want := range x.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Errorf("%s, %s has no %s where it is to be:\n%s", c.api, what, want, x.text)
					break
				}
				rest = after
			}
		}
	}
}

// TestAConversationWithTools goes through the handler: what a template does not
// know it is told in words, and what was called and given before is in the
// prompt.
func TestAConversationWithTools(t *testing.T) {
	s := newStand(t, nil)
	const tools = `"tools": [{"type": "function", "function": {"name": "weather", "description": "<d>", "parameters": {"type": "object"}}}]`
	const talk = `"messages": [{"role": "user", "content": "How is it?"},
		{"role": "assistant", "content": null, "tool_calls": [{"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Paris\"}"}}]},
		{"role": "tool", "tool_call_id": "a", "content": "Rain."}]`
	var written struct{ Prompt string }
	s.get(&written, "POST", "/apply-template", fmt.Sprintf(`{%s, %s}`, talk, tools))
	for _, want := range []string{"weather", "<d>", `{"city": "Paris"}`, "Rain."} {
		if !strings.Contains(written.Prompt, want) {
			t.Errorf("no %q in the prompt %q", want, written.Prompt)
		}
	}
	s.get(&written, "POST", "/apply-template", fmt.Sprintf(`{%s, %s, "tool_choice": "none"}`, talk, tools))
	if strings.Contains(written.Prompt, "<d>") {
		t.Errorf("with tool_choice none the tools are in the prompt %q", written.Prompt)
	}
	c, h := s.ask("/v1/chat/completions", fmt.Sprintf(`{%s, %s, "max_tokens": 8, "temperature": 0, "parallel_tool_calls": false}`, talk, tools))
	if run := s.verify(h.Get("X-Assay-Receipt"), ""); c.Usage.Completion != len(run.Output) {
		t.Errorf("usage %+v of %d tokens", c.Usage, len(run.Output))
	}
}

// TestAStopSequenceLosesNothingBeforeIt: a call, a text that might have been
// one, and a thought, which the reader holds until the answer ends.
func TestAStopSequenceLosesNothingBeforeIt(t *testing.T) {
	s := newStand(t, nil)
	for _, c := range []struct{ text, stream, whole string }{
		{`{"name": "time", "arguments": {"zone": 1}}END{"a": 2}`, `"arguments":"{\"zone\":1}"`, `"arguments":"{\"zone\":1}"`},
		{`{"zone": 1}END{"a": 2}`, `"delta":{"content":"{\"zone\": 1}"}`, `"content":"{\"zone\": 1}"`},
		{"I look.\n<tool_call>\n{\"name\": \"time\", \"arguments\": {}}END</tool_call>", `"arguments":"{}"`, `"arguments":"{}"`},
		{"<think>Two </thinEND</think>", `"reasoning":" </thin"`, `"reasoning":"Two </thin"`},
	} {
		stream, whole, err := server.ToldUntil(s.model, "chat", c.text, []string{"END"}, "time")
		check(t, err)
		if !strings.Contains(stream, c.stream) {
			t.Errorf("%q: the stream has no %s:\n%s", c.text, c.stream, stream)
		}
		if !strings.Contains(string(whole), c.whole) {
			t.Errorf("%q: the whole has no %s:\n%s", c.text, c.whole, whole)
		}
		if strings.Contains(stream+string(whole), "END") || strings.Contains(string(whole), "a\\\": 2") {
			t.Errorf("%q: what is behind the stop sequence is told:\n%s\n%s", c.text, stream, whole)
		}
	}
}
