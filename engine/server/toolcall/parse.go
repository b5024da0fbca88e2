package toolcall

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Tool is a tool that may be called: its name, and of each of its arguments the
// type that its schema gives, where it gives one.
type Tool struct {
	Name  string
	Types map[string]string
}

// maxCalls bounds the calls of one answer.
const maxCalls = 128

// jsonCall is a call in any of the forms that models write.
type jsonCall struct {
	Name       string          `json:"name"`
	Arguments  json.RawMessage `json:"arguments"`
	Parameters json.RawMessage `json:"parameters"`
	Function   json.RawMessage `json:"function"`
	Call       json.RawMessage `json:"tool_call"`
	Calls      json.RawMessage `json:"tool_calls"`
}

// parseJSON reads objects and lists of calls, one after another; nil where
// there is anything else.
func parseJSON(body string, _ []Tool) []Call {
	text := unfenced(body)
	var out []Call
	for text != "" {
		d := json.NewDecoder(strings.NewReader(text))
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return nil
		}
		calls := callsOf(raw, 0)
		if calls == nil || len(out)+len(calls) > maxCalls {
			return nil
		}
		out = append(out, calls...)
		text = strings.TrimLeft(text[d.InputOffset():], "; \t\r\n") // some put a semicolon between two
	}
	return out
}

// callsOf reads one value, up to three wrappings deep.
func callsOf(raw json.RawMessage, depth int) []Call {
	if depth > 3 || len(raw) == 0 {
		return nil
	}
	if raw[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil || len(list) == 0 || len(list) > maxCalls {
			return nil
		}
		var out []Call
		for _, one := range list {
			calls := callsOf(bytes.TrimSpace(one), depth+1)
			if calls == nil {
				return nil
			}
			out = append(out, calls...)
		}
		return out
	}
	var c jsonCall
	if raw[0] != '{' || json.Unmarshal(raw, &c) != nil {
		return nil
	}
	for _, wrapped := range []json.RawMessage{c.Calls, c.Call, c.Function} {
		if len(wrapped) > 0 && (wrapped[0] == '{' || wrapped[0] == '[') {
			return callsOf(wrapped, depth+1)
		}
	}
	arguments := c.Arguments
	if arguments == nil {
		arguments = c.Parameters
	}
	object, ok := objectOf(arguments)
	if c.Name == "" || !ok {
		return nil
	}
	return []Call{{c.Name, object}}
}

// objectOf returns an object in its shortest form; some models quote it.
func objectOf(raw json.RawMessage) (string, bool) {
	raw = bytes.TrimSpace(raw)
	var quoted string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &quoted) == nil {
		raw = bytes.TrimSpace([]byte(quoted))
	}
	if len(raw) == 0 || string(raw) == "null" {
		return "{}", true
	}
	var out bytes.Buffer
	if raw[0] != '{' || json.Compact(&out, raw) != nil {
		return "", false
	}
	return out.String(), true
}

// unfenced takes the fence away in which models put code.
func unfenced(text string) string {
	text = strings.TrimSpace(text)
	inner, found := strings.CutPrefix(text, "```")
	if !found {
		return text
	}
	_, inner, _ = strings.Cut(inner, "\n")
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(inner), "```"))
}

type answer uint8

const (
	no answer = iota
	maybe
	yes
)

// beginsBare tells whether a text may be a call without marks.
func beginsBare(text string) answer {
	out := no
	for _, begin := range []string{"{", "[{", "[ {", "[\n", "```json", "```tool_call", "```tool_code"} {
		if strings.HasPrefix(text, begin) {
			return yes
		}
		if strings.HasPrefix(begin, text) {
			out = maybe
		}
	}
	return out
}

// parseBare reads calls without marks: all of them of tools that there are.
func parseBare(text string, tools []Tool) []Call {
	calls := parseJSON(text, tools)
	for _, c := range calls {
		if !slices.ContainsFunc(tools, func(t Tool) bool { return t.Name == c.Name }) {
			return nil
		}
	}
	return calls
}
