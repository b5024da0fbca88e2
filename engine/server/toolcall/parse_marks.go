package toolcall

import (
	"encoding/json"
	"slices"
	"strings"
)

// parseTagged reads what stands in <tool_call>: JSON, or Qwen3-Coder's tags.
func parseTagged(body string, tools []Tool) []Call {
	if calls := parseJSON(body, tools); calls != nil {
		return calls
	}
	text, found := strings.CutPrefix(strings.TrimSpace(body), "<function=")
	if !found {
		return nil
	}
	name, rest, found := strings.Cut(text, ">")
	if !found {
		return nil
	}
	rest, _, _ = strings.Cut(rest, "</function>")
	var fields []field
	for {
		_, after, found := strings.Cut(rest, "<parameter=")
		if !found {
			break
		}
		key, after, found := strings.Cut(after, ">")
		value, next, closed := strings.Cut(after, "</parameter>")
		if !found || !closed || len(fields) == maxFields {
			return nil
		}
		value = strings.TrimSuffix(strings.TrimPrefix(value, "\n"), "\n")
		fields = append(fields, field{key, typed(value, name, key, tools)})
		rest = next
	}
	return oneCall(strings.TrimSpace(name), fields)
}

// maxFields bounds the arguments of a call.
const maxFields = 1024

// field is an argument whose value is JSON.
type field struct {
	name  string
	value json.RawMessage
}

func oneCall(name string, fields []field) []Call {
	if name == "" {
		return nil
	}
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(quote(f.name))
		b.WriteByte(':')
		b.Write(f.value)
	}
	return []Call{{name, "{" + b.String() + "}"}}
}

func quote(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil { // it never fails on a string
		return json.RawMessage(`""`)
	}
	return b
}

// typed is a value that was written without quotes: a string where the schema
// says so, or where it is no other value.
func typed(value, tool, key string, tools []Tool) json.RawMessage {
	at := slices.IndexFunc(tools, func(t Tool) bool { return t.Name == tool })
	if at >= 0 && tools[at].Types[key] == "string" || !json.Valid([]byte(value)) {
		return quote(value)
	}
	return json.RawMessage(strings.TrimSpace(value))
}

// parseMistral reads a list of calls, or names with arguments behind them.
func parseMistral(body string, tools []Tool) []Call {
	if calls := parseJSON(body, tools); calls != nil {
		return calls
	}
	var out []Call
	for one := range strings.SplitSeq(body, "[TOOL_CALLS]") {
		name, arguments, found := strings.Cut(one, "[ARGS]")
		if !found {
			brace := strings.IndexByte(one, '{')
			if brace < 0 {
				return nil
			}
			name, arguments = one[:brace], one[brace:]
		}
		name, _, _ = strings.Cut(name, "[CALL_ID]")
		object, ok := objectOf(json.RawMessage(arguments))
		if name = strings.TrimSpace(name); name == "" || !ok || len(out) == maxCalls {
			return nil
		}
		out = append(out, Call{name, object})
	}
	return out
}

// parseDeepSeek reads calls between marks of their own: a name, and arguments
// with or without a fence.
func parseDeepSeek(body string, _ []Tool) []Call {
	var out []Call
	for one := range strings.SplitSeq(body, "<｜tool▁call▁begin｜>") {
		one, _, _ = strings.Cut(one, "<｜tool▁call▁end｜>")
		if strings.TrimSpace(one) == "" {
			continue
		}
		name, arguments, found := strings.Cut(one, "<｜tool▁sep｜>")
		if !found {
			return nil
		}
		if strings.TrimSpace(name) == "function" { // the name stands on a line of its own
			name, arguments, _ = strings.Cut(arguments, "\n")
		}
		object, ok := objectOf(json.RawMessage(unfenced(arguments)))
		if name = strings.TrimSpace(name); name == "" || !ok || len(out) == maxCalls {
			return nil
		}
		out = append(out, Call{name, object})
	}
	return out
}

// gemmaQuote stands around FunctionGemma's strings.
const gemmaQuote = "<escape>"

// parseGemma reads call:name{key:value,…} with strings between <escape>, and
// other values as JSON has them.
func parseGemma(body string, _ []Tool) []Call {
	text, found := strings.CutPrefix(strings.TrimSpace(body), "call:")
	name, rest, braced := strings.Cut(text, "{")
	rest, closed := strings.CutSuffix(rest, "}")
	if !found || !braced || !closed {
		return nil
	}
	var fields []field
	for rest != "" {
		key, after, found := strings.Cut(rest, ":")
		if !found || len(fields) == maxFields {
			return nil
		}
		var value json.RawMessage
		if text, quoted := strings.CutPrefix(after, gemmaQuote); quoted {
			s, next, closed := strings.Cut(text, gemmaQuote)
			if !closed {
				return nil
			}
			value, after = quote(s), next
		} else {
			d := json.NewDecoder(strings.NewReader(after))
			if d.Decode(&value) != nil {
				return nil
			}
			after = after[d.InputOffset():]
		}
		fields = append(fields, field{strings.TrimSpace(key), value})
		rest = strings.TrimPrefix(strings.TrimSpace(after), ",")
	}
	return oneCall(strings.TrimSpace(name), fields)
}
