package chattemplate_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/chattemplate"
)

// called is a conversation in which the assistant thought and called a tool.
var called = chattemplate.Input{
	Tools: json.RawMessage(`[{"type": "function", "function": {"name": "weather", "parameters": {"b": 1, "a": [true, null, 1.50, "ü<"]}}}]`),
	Messages: []chattemplate.Message{
		{Role: "user", Content: "weather?"},
		{Role: "assistant", Extra: json.RawMessage(`{"content": null, "reasoning_content": "hm", "tool_calls": [{"name": "weather", "arguments": {"place": "Bern"}}]}`)},
		{Role: "tool", Content: "cold", Extra: json.RawMessage(`{"name": "weather"}`)},
	},
}

func TestToolsAndFurtherFieldsReachTheTemplate(t *testing.T) {
	for source, want := range map[string]string{
		"{{ tools | tojson }}":     `[{"type": "function", "function": {"name": "weather", "parameters": {"b": 1, "a": [true, null, 1.5, "ü<"]}}}]`,
		"{{ messages[1].keys() }}": "dict_keys(['role', 'content', 'reasoning_content', 'tool_calls'])",
		"{{ messages[1].content is none }} {{ messages[1].reasoning_content }} {{ messages[1].tool_calls[0].arguments.place }}": "True hm Bern",
		"{{ messages[0].tool_calls is defined }} {{ messages[2].name }} {{ messages[2].content }}":                              "False weather cold",
		"{{ messages[1].tool_calls[0].arguments is mapping }},{{ messages[1].tool_calls is sequence }}":                         "True,True",
	} {
		got, err := parse(t, source).Render(called)
		if err != nil || got.String() != want {
			t.Errorf("%s: got %q, %v, want %q", source, got, err, want)
		}
	}
	none, err := parse(t, "{{ tools is none }} {{ messages }}").Render(chattemplate.Input{})
	if err != nil || none.String() != "True []" {
		t.Errorf("got %q, %v", none, err)
	}
}

func TestWhatToolsAndFieldsSayIsNotTrusted(t *testing.T) {
	for _, source := range []string{
		"{{ messages[1].reasoning_content }}", "{{ messages[1].tool_calls[0].name }}", "{{ messages[1].tool_calls[0].keys() | first }}",
		"{{ tools[0].function.name.upper()[2:] }}", "{% for k, v in messages[1].tool_calls[0].arguments.items() %}{{ k }}{{ v }}{% endfor %}",
		"{{ messages[2].name ~ messages[2].content }}",
	} {
		got, err := parse(t, source).Render(called)
		if err != nil || got.Len() == 0 {
			t.Errorf("%s: got %q, %v", source, got, err)
		}
		for i := range got.Len() {
			if got.Slice(i, i+1).Trusted() {
				t.Errorf("%s: byte %d of %q counts as the template's", source, i, got)
			}
		}
	}
}

func TestBadToolsAndFieldsAreRefused(t *testing.T) {
	deep := json.RawMessage(strings.Repeat("[", 100) + strings.Repeat("]", 100))
	for _, c := range []struct {
		tools, extra json.RawMessage
		want         error
	}{
		{json.RawMessage(`{}`), nil, chattemplate.ErrInput},
		{json.RawMessage(`[1`), nil, chattemplate.ErrInput},
		{json.RawMessage(`[1] 2`), nil, chattemplate.ErrInput},
		{json.RawMessage(`[1e999]`), nil, chattemplate.ErrInput},
		{json.RawMessage(`[9223372036854775808]`), nil, chattemplate.ErrLimit},
		{deep, nil, chattemplate.ErrLimit},
		{nil, json.RawMessage(`[]`), chattemplate.ErrInput},
		{nil, json.RawMessage(`{"a"`), chattemplate.ErrInput},
		{nil, json.RawMessage(`{"role": "system"}`), chattemplate.ErrInput},
		{nil, json.RawMessage(`null`), nil},
	} {
		in := chattemplate.Input{Tools: c.tools, Messages: []chattemplate.Message{{Role: "user", Content: "a", Extra: c.extra}}}
		if _, err := parse(t, "{{ messages[0].content }}").Render(in); !errors.Is(err, c.want) {
			t.Errorf("%s, %s: got %v, want %v", c.tools, c.extra, err, c.want)
		}
	}
}

// FuzzInput reads any tools and any further fields: an error of the kinds that
// are promised, or values none of whose bytes are trusted where they are
// written.
func FuzzInput(f *testing.F) {
	f.Add([]byte(called.Tools), []byte(called.Messages[1].Extra))
	f.Add([]byte(`[]`), []byte(`{"content": [{"type": "text", "text": "a"}], "a": {"a": 1, "a": -0.0}}`))
	f.Add([]byte(`[9223372036854775808]`), []byte(`{"\ud800": "\ud83d\ude00", "b": 1e999}`))
	f.Add([]byte(strings.Repeat("[", 70)), []byte(`{"a":`))
	tmpl := parse(f, "{{ tools | tojson if tools }}{% for k, v in messages[0].items() if k != 'role' %}{{ k if v is not string else v }}{{ v | tojson }}{% endfor %}")
	f.Fuzz(func(t *testing.T, tools, extra []byte) {
		in := chattemplate.Input{Tools: tools, Messages: []chattemplate.Message{{Role: "user", Content: "a", Extra: extra}}}
		got, err := tmpl.Render(in)
		if err != nil {
			if !errors.Is(err, chattemplate.ErrInput) && !errors.Is(err, chattemplate.ErrLimit) && !errors.Is(err, chattemplate.ErrRun) {
				t.Fatal(err)
			}
			return
		}
		for i, c := range got.String() {
			// What JSON writes by itself is ASCII: its marks, numbers, true,
			// false and null.
			if c >= 0x80 && got.Slice(i, i+1).Trusted() {
				t.Fatalf("byte %d of %q counts as the template's", i, got)
			}
		}
	})
}
