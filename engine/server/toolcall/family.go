package toolcall

import "strings"

// Family is a way in which models write calls.
type Family string

// The families.
const (
	Hermes   Family = "hermes"
	Qwen     Family = "qwen"
	Mistral  Family = "mistral"
	Llama    Family = "llama"
	DeepSeek Family = "deepseek"
	Phi      Family = "phi"
	Gemma    Family = "gemma"
	Generic  Family = "generic"
)

// FamilyOf tells the family by a model's chat template.
func FamilyOf(template string) Family {
	for _, f := range []struct {
		mark   string
		family Family
	}{
		{"<｜tool▁call", DeepSeek},
		{"[TOOL_CALLS]", Mistral},
		{"<start_function_call>", Gemma},
		{"<|tool_call|>", Phi},
		{"<|/tool|>", Phi},
		{"<|python_tag|>", Llama},
		{"ipython", Llama},
		{"<function=", Qwen},
		{"<tool_call>", Hermes},
		{"<start_of_turn>", Gemma},
	} {
		if strings.Contains(template, f.mark) {
			return f.family
		}
	}
	return Generic
}

// Thinks tells by a model's chat template whether it writes what it thinks.
func Thinks(template string) bool { return strings.Contains(template, thinkClose) }

// Thinking tells whether a prompt ends where the model is to think.
func Thinking(prompt string) bool {
	return strings.HasSuffix(strings.TrimRight(prompt, " \t\r\n"), thinkOpen)
}

// mark is what a call, or several, stand in.
type mark struct {
	open  string
	close string // empty: the end of the answer
	// parse reads what stands in it; nil where it is no call.
	parse func(body string, tools []Tool) []Call
}

// marksOf returns a family's marks.
func marksOf(f Family) []mark {
	hermes := mark{"<tool_call>", "</tool_call>", parseTagged}
	switch f {
	case Mistral:
		return []mark{{"[TOOL_CALLS]", "", parseMistral}}
	case Llama:
		return []mark{{"<|python_tag|>", "", parseJSON}}
	case DeepSeek:
		return []mark{{"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", parseDeepSeek}, {"<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", parseDeepSeek}}
	case Phi:
		return []mark{{"<|tool_call|>", "<|/tool_call|>", parseJSON}, {"functools", "", parseJSON}}
	case Gemma:
		return []mark{{"<start_function_call>", "<end_function_call>", parseGemma}}
	}
	return []mark{hermes}
}

// JSONMarks are the marks between which a family writes one call as JSON, with
// its name and arguments; ok is false where it writes calls otherwise.
func JSONMarks(f Family) (open, end string, ok bool) {
	m := marksOf(f)[0]
	return m.open, m.close, f == Hermes || f == Generic
}
