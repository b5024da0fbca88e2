package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
)

// forcedTools are two tools: one whose schema refers to itself, and one that
// takes nothing.
var forcedTools = []struct{ name, schema string }{
	{"paint", `{"type":"object","properties":{"hue":{"$ref":"#/$defs/hue"},"n":{"type":"integer","minimum":0,"maximum":9}},` +
		`"required":["hue","n"],"$defs":{"hue":{"enum":["red","blue"]}}}`},
	{"wait", ""},
}

// toolsOf are the tools in the words of an API.
func toolsOf(api string) string {
	var list []string
	for _, x := range forcedTools {
		schema := ""
		key := "parameters"
		if api == "messages" {
			key = "input_schema"
		}
		if x.schema != "" {
			schema = fmt.Sprintf(`,%q:%s`, key, x.schema)
		}
		inner := fmt.Sprintf(`"name":%q%s`, x.name, schema)
		switch api {
		case "chat":
			inner = `"type":"function","function":{` + inner + `}`
		case "responses":
			inner = `"type":"function",` + inner
		}
		list = append(list, "{"+inner+"}")
	}
	return `"tools":[` + strings.Join(list, ",") + `]`
}

// forcedCall is a call as any of the APIs has it.
type forcedCall struct {
	Name      string
	Arguments json.RawMessage
}

// callsIn returns the calls of an answer, and why it ended.
func callsIn(t *testing.T, b []byte) (calls []forcedCall, finish string) {
	t.Helper()
	var a struct {
		Choices []struct {
			Message struct {
				Calls []struct {
					Function struct{ Name, Arguments string }
				} `json:"tool_calls"`
			}
			Finish string `json:"finish_reason"`
		}
		Content []struct {
			Type, Name string
			Input      json.RawMessage
		}
		Stop   string `json:"stop_reason"`
		Output []struct{ Type, Name, Arguments string }
		Status string
	}
	check(t, json.Unmarshal(b, &a))
	for _, c := range a.Choices {
		for _, x := range c.Message.Calls {
			calls = append(calls, forcedCall{x.Function.Name, json.RawMessage(x.Function.Arguments)})
		}
		finish = c.Finish
	}
	for _, x := range a.Content {
		if x.Type == "tool_use" {
			calls, finish = append(calls, forcedCall{x.Name, x.Input}), a.Stop
		}
	}
	for _, x := range a.Output {
		if x.Type == "function_call" {
			calls, finish = append(calls, forcedCall{x.Name, json.RawMessage(x.Arguments)}), a.Status
		}
	}
	return calls, finish
}

// TestACallThatMustBeMadeIsMade in each API, by a model that has learned
// nothing, with arguments of the tool's schema; and the receipt has what the
// answer was held to.
func TestACallThatMustBeMadeIsMade(t *testing.T) {
	s := newStandOf(t, enginetest.Options{Context: 2048}, nil)
	for _, c := range []struct {
		api, path, ask, finish string
		tools                  []string // that may be called
		most                   int      // calls
	}{
		{"chat", "/v1/chat/completions", `"messages":[{"role":"user","content":"a"}],"tool_choice":"required"`, "tool_calls", []string{"paint", "wait"}, 16},
		{"chat", "/v1/chat/completions", `"messages":[{"role":"user","content":"a"}],"tool_choice":"required","parallel_tool_calls":false`, "tool_calls", []string{"paint", "wait"}, 1},
		{"chat", "/v1/chat/completions", `"messages":[{"role":"user","content":"a"}],"tool_choice":{"type":"function","function":{"name":"wait"}}`, "tool_calls", []string{"wait"}, 1},
		{"responses", "/v1/responses", `"input":"a","tool_choice":{"type":"function","name":"paint"}`, "completed", []string{"paint"}, 1},
		{"messages", "/v1/messages", `"messages":[{"role":"user","content":"a"}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}`, "tool_use", []string{"paint", "wait"}, 1},
		{"messages", "/v1/messages", `"messages":[{"role":"user","content":"a"}],"tool_choice":{"type":"tool","name":"paint"}`, "tool_use", []string{"paint"}, 1},
	} {
		most := "max_tokens"
		if c.api == "responses" {
			most = "max_output_tokens"
		}
		for seed := range 3 {
			body := fmt.Sprintf(`{%s,%s,%q:300,"seed":%d}`, c.ask, toolsOf(c.api), most, seed)
			status, h, b := s.do("POST", c.path, body)
			if status != http.StatusOK {
				t.Fatalf("%s: status %d: %s", body, status, b)
			}
			calls, finish := callsIn(t, b)
			if len(calls) == 0 || len(calls) > c.most || finish != c.finish {
				t.Errorf("%s: %d calls, it ended by %q: %s", body, len(calls), finish, b)
			}
			for _, x := range calls {
				checkCall(t, x, c.tools)
			}
			run := s.verify(h.Get("X-Assay-Receipt"), "")
			if run.Settings.Grammar.Kind != engine.GrammarJSONSchema {
				t.Errorf("the receipt has %+v", run.Settings.Grammar)
			}
		}
	}
}

// checkCall compares a call with the tool's schema.
func checkCall(t *testing.T, x forcedCall, tools []string) {
	t.Helper()
	if !slices.Contains(tools, x.Name) {
		t.Errorf("a call of %q, want one of %q", x.Name, tools)
	}
	if x.Name == "wait" {
		if string(x.Arguments) != "{}" {
			t.Errorf("a tool that takes nothing is given %s", x.Arguments)
		}
		return
	}
	var given map[string]any
	check(t, json.Unmarshal(x.Arguments, &given))
	n, isNumber := given["n"].(float64)
	if len(given) != 2 || given["hue"] != "red" && given["hue"] != "blue" || !isNumber || n < 0 || n > 9 || n != float64(int(n)) {
		t.Errorf("arguments %s", x.Arguments)
	}
}

func TestACallThatCannotBeForcedIsRefused(t *testing.T) {
	s := newStand(t, nil)
	const ask, tools = `"messages":[{"role":"user","content":"a"}],"max_tokens":4`, `"tools":[{"type":"function","function":{"name":"a","strict":true}}]`
	for body, says := range map[string]string{
		`{` + ask + `,"tool_choice":"required"}`:                                                                                      "there are no tools",
		`{` + ask + `,` + tools + `,"tool_choice":{"type":"function","function":{"name":"b"}}}`:                                       "none of the tools",
		`{` + ask + `,` + tools + `,"tool_choice":{"type":"function","function":{"name":"a","x":1}}}`:                                 "tool_choice is auto",
		`{` + ask + `,` + tools + `,"tool_choice":"required","response_format":{"type":"json_object"}}`:                               "can have no format",
		`{` + ask + `,` + tools + `,"tool_choice":"auto","grammar":"root ::= \"a\""}`:                                                 "strict tools and grammar",
		`{` + ask + `,` + tools + `,"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[]}}`:                                 "tool_choice is auto",
		`{` + ask + `,"tool_choice":"required","tools":[{"type":"function","function":{"name":"a","parameters":{"propertees":1}}}]}`:  "propertees",
		`{` + ask + `,"tool_choice":"required","tools":[{"type":"function","function":{"name":"a","parameters":{"type":"string"}}}]}`: "no object",
	} {
		status, _, b := s.do("POST", "/v1/chat/completions", body)
		if status != http.StatusBadRequest || !strings.Contains(string(b), says) {
			t.Errorf("%s: %d %s, want %q", body, status, b, says)
		}
	}
	// Where a call must be made, strict is what is done anyway.
	s.ask("/v1/chat/completions", `{`+ask+`,`+tools+`,"tool_choice":"required"}`)
}

// TestStrictCallsThatMayBeMadeAreHeld: what the receipt holds the answer to are the
// marks of a call and the tools' schemas, and it verifies.
func TestStrictCallsThatMayBeMadeAreHeld(t *testing.T) {
	s := newStandOf(t, enginetest.Options{Context: 2048}, nil)
	const ask = `{"messages":[{"role":"user","content":"a"}],"max_tokens":24,"tools":[` +
		`{"type":"function","function":{"name":"paint","strict":true,"parameters":{"type":"object","properties":{"hue":{"enum":["red"]}},"required":["hue"]}}},` +
		`{"type":"function","function":{"name":"wait"}}]}`
	_, h := s.ask("/v1/chat/completions", ask)
	run := s.verify(h.Get("X-Assay-Receipt"), "")
	const want = `{"open":"<tool_call>","close":"</tool_call>","schema":{"anyOf":[` +
		`{"type":"object","properties":{"name":{"const":"paint"},"arguments":{"$id":"urn:assay:tool:0","additionalProperties":false,"type":"object","properties":{"hue":{"enum":["red"]}},"required":["hue"]}},` +
		`"required":["name","arguments"],"additionalProperties":false},` +
		`{"type":"object","properties":{"name":{"const":"wait"},"arguments":{"$id":"urn:assay:tool:1","type":"object","additionalProperties":true}},` +
		`"required":["name","arguments"],"additionalProperties":false}]}}`
	if g := run.Settings.Grammar; g.Kind != engine.GrammarMarked || g.Text != want {
		t.Errorf("the receipt has %s %s, want %s", g.Kind, g.Text, want)
	}
}

// TestResponsesAreHeldToAFormat, and say which.
func TestResponsesAreHeldToAFormat(t *testing.T) {
	s := newStand(t, nil)
	for format, valid := range map[string]func(text string) bool{
		`{"type":"json_schema","name":"n","strict":true,"schema":{"enum":["x",7]}}`: func(text string) bool { return text == `"x"` || text == "7" },
		`{"type":"json_object"}`: func(text string) bool { return strings.HasPrefix(text, "{") },
	} {
		status, h, b := s.do("POST", "/v1/responses", `{"input":"a","max_output_tokens":40,"seed":3,"text":{"format":`+format+`,"verbosity":"low"}}`)
		var got struct {
			Output []struct{ Content []struct{ Text string } }
			Text   struct{ Format json.RawMessage }
		}
		check(t, json.Unmarshal(b, &got))
		if status != http.StatusOK || len(got.Output) != 1 || !valid(got.Output[0].Content[0].Text) || string(got.Text.Format) != format {
			t.Errorf("%s: %d %s", format, status, b)
		}
		s.verify(h.Get("X-Assay-Receipt"), "")
	}
}

// TestUnknownFieldsWithinMessagesAndToolsAreRefused, and those that change
// nothing are not.
func TestUnknownFieldsWithinMessagesAndToolsAreRefused(t *testing.T) {
	s := newStand(t, nil)
	const chat, responses, messages = "/v1/chat/completions", "/v1/responses", "/v1/messages"
	const ollama = "/api/chat"
	asked := func(path, inner string) string {
		if path == ollama {
			return fmt.Sprintf(`{"stream":false,"options":{"num_predict":1},%s}`, inner)
		}
		most := map[string]string{chat: "max_tokens", responses: "max_output_tokens", messages: "max_tokens"}[path]
		return fmt.Sprintf(`{%q:1,%s}`, most, inner)
	}
	for _, c := range []struct{ path, inner string }{
		{chat, `"messages":[{"role":"assistant","tool_calls":[{"type":"function","function":{"name":"a","arguments":"{}"%s}}]}]`},
		{chat, `"messages":[{"role":"assistant","tool_calls":[{"type":"function"%s,"function":{"name":"a","arguments":"{}"}}]}]`},
		{chat, `"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"a"%s}}]`},
		{chat, `"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function"%s,"function":{"name":"a"}}]`},
		{chat, `"messages":[{"role":"user","content":"a"}],"stream_options":{"include_usage":false%s}`},
		{responses, `"input":[{"role":"user","content":"a"%s}]`},
		{responses, `"input":[{"type":"function_call","call_id":"1","name":"a","arguments":"{}"%s}]`},
		{responses, `"input":"a","tools":[{"type":"function","name":"a"%s}]`},
		{responses, `"input":"a","text":{"verbosity":"low"%s}`},
		{responses, `"input":"a","reasoning":{"effort":"low"%s}`},
		{messages, `"messages":[{"role":"user","content":"a"%s}]`},
		{messages, `"messages":[{"role":"user","content":[{"type":"text","text":"a"%s}]}]`},
		{messages, `"messages":[{"role":"user","content":"a"}],"tools":[{"name":"a"%s}]`},
		{messages, `"messages":[{"role":"user","content":"a"}],"tools":[{"name":"a"}],"tool_choice":{"type":"auto"%s}`},
		{ollama, `"messages":[{"role":"user","content":"a"%s}]`},
		{ollama, `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"","tool_calls":[{"function":{"name":"a","arguments":{}}%s}]}]`},
		{ollama, `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"","tool_calls":[{"id":"1","function":{"index":0,"name":"a","arguments":{}%s}}]}]`},
	} {
		for field, want := range map[string]int{`,"surprise":1`: 400, `,"surprise":null`: 200, "": 200} {
			body := asked(c.path, fmt.Sprintf(c.inner, field))
			status, _, b := s.do("POST", c.path, body)
			if status != want || want == 400 && !strings.Contains(string(b), "surprise") {
				t.Errorf("%s %s: %d %s", c.path, body, status, b)
			}
		}
	}
}

// TestWhatClientsSendForThemselvesIsNoReasonToRefuse: names of a client, marks of
// a cache, and what they keep of an answer and give back.
func TestWhatClientsSendForThemselvesIsNoReasonToRefuse(t *testing.T) {
	s := newStand(t, nil)
	for path, bodies := range map[string][]string{
		"/v1/chat/completions": {
			`{"max_tokens":1,"messages":[{"role":"system","content":"s","cache_control":{"type":"ephemeral"}},` +
				`{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]},` +
				`{"id":"chatcmpl-1","role":"assistant","content":"b","refusal":null,"annotations":[],"provider_specific_fields":{"refusal":null}},` +
				`{"role":"user","content":"c"}]}`,
			`{"max_tokens":1,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"1","type":"function",` +
				`"provider_specific_fields":{},"function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"x"}],` +
				`"tools":[{"type":"function","function":{"name":"f","cache_control":{"type":"ephemeral"}}}]}`,
		},
		"/v1/responses": {
			`{"max_output_tokens":1,"store":false,"stream":false,"include":["reasoning.encrypted_content"],"prompt_cache_key":"k","client_metadata":{"installation":"i"},` +
				`"parallel_tool_calls":false,"tool_choice":"auto","text":{"verbosity":"low"},"reasoning":{"effort":"medium","summary":"auto"},` +
				`"tools":[{"type":"function","name":"shell","description":"d","strict":false,"parameters":{"type":"object","properties":{}}},{"type":"web_search"}],` +
				`"input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"p"}]},{"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]},` +
				`{"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}],"end_turn":true,"phase":"commentary"}]}`,
		},
		"/v1/messages": {`{"max_tokens":1,"messages":[{"id":"msg_1","role":"user","content":"a"}]}`},
	} {
		for _, body := range bodies {
			if status, _, b := s.do("POST", path, body); status != http.StatusOK {
				t.Errorf("%s %s: %d %s", path, body, status, b)
			}
		}
	}
}

// TestAStreamCountsAsItGoes where that is asked for: each part has what there is
// so far, and the last has all.
func TestAStreamCountsAsItGoes(t *testing.T) {
	s := newStand(t, nil)
	parts, _ := s.stream("/v1/chat/completions", `{"stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true},"seed":3,"max_tokens":9,`+question+`}`)
	last := 0
	for i, p := range parts {
		if p.Usage == nil || p.Usage.Completion < last || p.Usage.Total != p.Usage.Prompt+p.Usage.Completion || p.Usage.Prompt != parts[0].Usage.Prompt {
			t.Fatalf("part %d of %d has %+v after %d tokens", i, len(parts), p.Usage, last)
		}
		last = p.Usage.Completion
	}
	if before := parts[len(parts)-2].Usage; last < 2 || before.Completion != last {
		t.Errorf("%d tokens, and %+v before", last, before)
	}
}
