package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
)

// TestResponsesOpenAndCloseEachPart in the order that the types of OpenAI's client
// have: a thought is a part of its item as a text is, each part is opened before
// its first piece and closed behind its last, and no two items have one id.
func TestResponsesOpenAndCloseEachPart(t *testing.T) {
	s := newStand(t, nil)
	const calls = 30
	text := "<think>hm</think>Well.\n" + strings.Repeat("<tool_call>\n{\"name\": \"look\", \"arguments\": {\"q\": 1}}\n</tool_call>\n", calls)
	stream, _, err := server.Told(s.model, "responses", text, "look")
	check(t, err)
	var kinds []string
	ids := map[string]int{}
	for line := range strings.Lines(stream) {
		data, is := strings.CutPrefix(line, "data: ")
		if !is {
			continue
		}
		var e struct {
			Type string
			Part struct{ Type string }
			Item struct{ ID, Type string }
		}
		check(t, json.Unmarshal([]byte(data), &e))
		if e.Type == "response.output_item.added" {
			ids[e.Item.ID]++
		}
		kinds = append(kinds, strings.TrimSuffix(e.Type+" "+e.Part.Type+e.Item.Type, " "))
	}
	kinds = slices.Compact(kinds)
	want := []string{
		"response.created", "response.in_progress",
		"response.output_item.added reasoning", "response.content_part.added reasoning_text", "response.reasoning_text.delta",
		"response.reasoning_text.done", "response.content_part.done reasoning_text", "response.output_item.done reasoning",
		"response.output_item.added message", "response.content_part.added output_text", "response.output_text.delta",
		"response.output_text.done", "response.content_part.done output_text", "response.output_item.done message",
		"response.output_item.added function_call", "response.function_call_arguments.delta", "response.function_call_arguments.done",
		"response.output_item.done function_call",
	}
	if len(kinds) < len(want) || !slices.Equal(kinds[:len(want)], want) {
		t.Errorf("got %q, want %q first", kinds[:min(len(kinds), len(want))], want)
	}
	if len(ids) != 2+calls {
		t.Errorf("%d items have %d ids: %v", 2+calls, len(ids), ids)
	}
}

// TestAResponseThatFailsSaysSo: the stream ends with response.failed, numbered like
// the others, and other APIs' with an error.
func TestAResponseThatFailsSaysSo(t *testing.T) {
	s := newStandOf(t, enginetest.Options{FailToken: enginetest.ByteToken + '!'}, nil)
	names, list := s.events("/v1/responses", `{"input":"now!","stream":true,"max_output_tokens":4}`)
	last := list[len(list)-1]
	got, _ := last["response"].(map[string]any)
	if names[len(names)-1] != "response.failed" || last["sequence_number"] != float64(len(list)-1) || got["status"] != "failed" {
		t.Fatalf("got %v, %v", names, last)
	}
	if e, _ := got["error"].(map[string]any); e["code"] != "invalid_prompt" || !strings.Contains(fmt.Sprint(e["message"]), "overflow") {
		t.Errorf("got %v", got["error"])
	}
	status, _, b := s.do("POST", "/v1/chat/completions", `{"stream":true,"max_tokens":4,"messages":[{"role":"user","content":"now!"}]}`)
	if status != http.StatusOK || !strings.Contains(string(b), `data: {"error":{"message":`) || strings.Contains(string(b), "[DONE]") {
		t.Errorf("%d %s", status, b)
	}
}

// TestAToolWithoutATypeIsNone: what is of another type is left out, and what has
// none is a mistake.
func TestAToolWithoutATypeIsNone(t *testing.T) {
	s := newStand(t, nil)
	for tools, want := range map[string]int{`[{"type":"web_search"}]`: 200, `[{}]`: 400, `[null]`: 400, `[{"name":"f"}]`: 400} {
		if status, _, b := s.do("POST", "/v1/responses", `{"input":"a","max_output_tokens":1,"tools":`+tools+`}`); status != want || want == 400 && !strings.Contains(string(b), `"tools"`) {
			t.Errorf("%s: %d %s, want %d", tools, status, b, want)
		}
	}
}
