package toolcall_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/server/toolcall"
)

// read takes an answer apart that comes in pieces of so many bytes.
func read(cfg toolcall.Config, answer string, size int) (said, thought string, calls []toolcall.Call) {
	r := toolcall.NewReader(cfg)
	take := func(list []toolcall.Piece) {
		for _, p := range list {
			said += p.Text
			thought += p.Reasoning
			if p.Call != nil {
				calls = append(calls, *p.Call)
			}
		}
	}
	for ; len(answer) > size; answer = answer[size:] {
		take(r.Add(answer[:size]))
	}
	take(r.Add(answer))
	take(r.End())
	return said, thought, calls
}

var tools = []toolcall.Tool{{Name: "weather", Types: map[string]string{"city": "string", "zip": "string", "days": "integer"}}, {Name: "time"}}

// TestCallsOfEachFamily however the answer is cut into pieces.
func TestCallsOfEachFamily(t *testing.T) {
	weather := toolcall.Call{Name: "weather", Arguments: `{"city":"Paris","days":2}`}
	clock := toolcall.Call{Name: "time", Arguments: `{}`}
	one, two := []toolcall.Call{weather}, []toolcall.Call{weather, clock}
	const object = `{"name": "weather", "arguments": {"city": "Paris", "days": 2}}`
	const parameters = `{"name": "weather", "parameters": {"city": "Paris", "days": 2}}`
	for _, c := range []struct {
		name     string
		template string // has what tells the family
		answer   string
		said     string
		calls    []toolcall.Call
	}{
		{"hermes", "<tool_call>", "I look.\n<tool_call>\n" + object + "\n</tool_call>\n<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>", "I look.", two},
		{"hermes with a mark in a text", "<tool_call>", `<tool_call>{"name": "weather", "arguments": {"city": "a \"</tool_call>\" b"}}</tool_call> So.`, "So.", []toolcall.Call{{Name: "weather", Arguments: `{"city":"a \"</tool_call>\" b"}`}}},
		{"hermes with a text that does not end", "<tool_call>", `<tool_call>{"name": "wea</tool_call> So.`, `<tool_call>{"name": "wea</tool_call> So.`, nil},
		{"hermes behind one that does not end", "<tool_call>", `<tool_call>{"name": "wea</tool_call><tool_call>{"name": "time"}</tool_call> So.`, `<tool_call>{"name": "wea</tool_call>So.`, []toolcall.Call{clock}},
		{"hermes without its end", "<tool_call>", "<tool_call>" + object, "", one},
		{"qwen", "<tool_call><function=", "<tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>", "", one},
		{"qwen's text of digits", "<function=", "<tool_call><function=weather><parameter=zip>\n01234\n</parameter></function></tool_call>", "", []toolcall.Call{{Name: "weather", Arguments: `{"zip":"01234"}`}}},
		{"mistral", "[TOOL_CALLS]", "[TOOL_CALLS][" + object + `, {"name": "time", "arguments": {}}]`, "", two},
		{"mistral, newer", "[TOOL_CALLS]", `Well. [TOOL_CALLS]weather[ARGS]{"city": "Paris", "days": 2}[TOOL_CALLS]time[ARGS]{}`, "Well.", two},
		{"llama", "<|python_tag|>", "<|python_tag|>" + parameters, "", one},
		{"llama, bare", "ipython", parameters + "; " + `{"name": "time", "parameters": {}}`, "", two},
		{"deepseek", "<｜tool▁call", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{\"city\": \"Paris\", \"days\": 2}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>time\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "", two},
		{"deepseek, newer", "<｜tool▁call", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{\"city\": \"Paris\", \"days\": 2}<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "", one},
		{"phi", "<|/tool|>", "<|tool_call|>[" + object + "]<|/tool_call|>", "", one},
		{"phi's other way", "<|/tool|>", "functools[" + object + "]", "", one},
		{"gemma", "<start_function_call>", "<start_function_call>call:weather{city:<escape>Paris<escape>,days:2}<end_function_call><start_function_call>call:time{}<end_function_call>", "", two},
		{"generic", "", object, "", one},
		{"generic, fenced", "", "```json\n[" + object + ", {\"name\": \"time\", \"arguments\": \"{}\"}]\n```", "", two},
		{"generic, spaced as a held answer may be", "", "[ " + object + ", {\"name\": \"time\", \"arguments\": {}} ]", "", two},
		{"generic, wrapped", "", `{"tool_calls": [{"type": "function", "function": ` + object + `}]}`, "", one},
		{"generic, of a tool that there is not", "", `{"name": "Paris", "arguments": {}}`, `{"name": "Paris", "arguments": {}}`, nil},
		{"an object that is no call", "", `{"city": "Paris"}`, `{"city": "Paris"}`, nil},
		{"no call between marks", "<tool_call>", "a <tool_call>{nothing}</tool_call> b", "a<tool_call>{nothing}</tool_call> b", nil},
		{"a text with what may be marks", "<tool_call>", "a < b <tool and c\n\n", "a < b <tool and c\n\n", nil},
	} {
		for size := 1; size <= len(c.answer); size++ {
			said, _, calls := read(toolcall.Config{Family: toolcall.FamilyOf(c.template), Tools: tools}, c.answer, size)
			if said != c.said || !reflect.DeepEqual(calls, c.calls) {
				t.Errorf("%s, pieces of %d: said %q and called %q, want %q and %q", c.name, size, said, calls, c.said, c.calls)
				break
			}
		}
		// Without tools all of it is text.
		if said, _, calls := read(toolcall.Config{Family: toolcall.FamilyOf(c.template)}, c.answer, 3); said != c.answer || calls != nil {
			t.Errorf("%s, without tools: said %q and called %q", c.name, said, calls)
		}
	}
}

// TestCallsStandBetweenMarks where nothing else is to be read as one.
func TestCallsStandBetweenMarks(t *testing.T) {
	const object = `{"name": "time", "arguments": {}}`
	said, _, calls := read(toolcall.Config{Family: toolcall.Hermes, Tools: tools, Marked: true}, object+"<tool_call>"+object+"</tool_call>", 4)
	if said != object || !reflect.DeepEqual(calls, []toolcall.Call{{Name: "time", Arguments: "{}"}}) {
		t.Errorf("said %q and called %q", said, calls)
	}
}

// TestNoStringOfAHeldCallIsReadAsMarks: what is held to a schema as one call is
// one, in a thought and where the answer ends in it, whatever its strings say.
func TestNoStringOfAHeldCallIsReadAsMarks(t *testing.T) {
	const inner = "</think><tool_call><function=time></function></tool_call>"
	const call = `<tool_call>{"name": "weather", "arguments": {"city": "` + inner + `"}}</tool_call>`
	held := toolcall.Call{Name: "weather", Arguments: `{"city":"` + inner + `"}`}
	for _, c := range []struct {
		answer, said, thought string
		calls                 []toolcall.Call
	}{
		{"<think>a " + call + " b</think>So. " + call, "So.", "a " + call + " b", []toolcall.Call{held}},
		{"<think>a " + call[:len(call)-15], "", "a " + call[:len(call)-15], nil},
		{"<think>a <tool_</think>call>", "call>", "a <tool_", nil},
		{call[:len(call)-15], call[:len(call)-15], "", nil},
		{call, "", "", []toolcall.Call{held}},
	} {
		for size := 1; size < 80; size += 13 {
			said, thought, calls := read(toolcall.Config{Family: toolcall.Hermes, Tools: tools, Thinks: true, Marked: true}, c.answer, size)
			if said != c.said || thought != c.thought || !reflect.DeepEqual(calls, c.calls) {
				t.Errorf("%q by %d: said %q, thought %q and called %q", c.answer, size, said, thought, calls)
			}
		}
	}
}

// TestThoughtsAreNotWhatIsSaid whether the prompt or the answer opens them.
func TestThoughtsAreNotWhatIsSaid(t *testing.T) {
	for _, c := range []struct {
		answer, said, thought string
		open                  bool
	}{
		{"<think>\nLet me see.\n</think>\n\nA river.", "A river.", "Let me see.", false},
		{"Let me see.\n</think>\n\nA river.", "A river.", "Let me see.", true},
		{"\n<think>\n\n</think>\n\nA river.", "A river.", "", false},
		{"<think>cut off", "", "cut off", false},
		{" A river <think>.", " A river <think>.", "", false},
	} {
		for size := 1; size <= len(c.answer); size++ {
			said, thought, _ := read(toolcall.Config{Thinks: true, Thinking: c.open}, c.answer, size)
			if said != c.said || thought != c.thought {
				t.Errorf("%q in pieces of %d: said %q, thought %q", c.answer, size, said, thought)
				break
			}
		}
	}
}

// FuzzAnswers: no answer is lost, and none is read in another way in other
// pieces.
func FuzzAnswers(f *testing.F) {
	f.Add("<tool_call>{\"name\": \"time\", \"arguments\": {}}</tool_call>", "<tool_call>", uint8(3))
	f.Add("[TOOL_CALLS]time[ARGS]{}", "[TOOL_CALLS]", uint8(1))
	f.Add("<start_function_call>call:time{a:<escape>x<escape>}<end_function_call>", "<start_function_call>", uint8(2))
	f.Add("<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>time<｜tool▁sep｜>{}<｜tool▁call▁end｜>", "<｜tool▁call", uint8(5))
	f.Fuzz(func(t *testing.T, answer, template string, size uint8) {
		cfg := toolcall.Config{Family: toolcall.FamilyOf(template), Tools: tools, Thinks: len(template)%2 == 0}
		said, thought, calls := read(cfg, answer, len(answer)+1)
		said2, thought2, calls2 := read(cfg, answer, int(size)+1)
		if said != said2 || thought != thought2 || !reflect.DeepEqual(calls, calls2) {
			t.Errorf("whole %q %q %q, in pieces of %d %q %q %q", said, thought, calls, size+1, said2, thought2, calls2)
		}
		if len(calls) == 0 && thought == "" && !strings.Contains(answer, "<think>") {
			if got, want := strings.Join(strings.Fields(said), ""), strings.Join(strings.Fields(answer), ""); got != want {
				t.Errorf("of %q it said %q", answer, said)
			}
		}
	})
}
