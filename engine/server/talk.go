package server

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/chattemplate"
	"github.com/assaynet/assay/engine/server/toolcall"
	"github.com/assaynet/assay/engine/tokenizer"
)

// Limits of a conversation.
const (
	maxMessages = 4096 // and parts of a message
	maxTools    = 128
	maxToolName = 128
)

// talk is a conversation in which tools may be called, in whichever API it
// came.
type talk struct {
	system []string // become one message, before all others
	turns  []turn
	tools  []tool
	choice string // of tools: choiceAuto, choiceNone or choiceRequired
	named  string // the tool that must be called, or empty
}

// turn is a message: "user", "assistant", or "tool", which is what a call gave.
type turn struct {
	role      string
	text      string
	reasoning string
	calls     []callOf
	callID    string // of the call whose result it is
	name      string // of the tool whose result it is
}

// callOf is a call that the model has made before.
type callOf struct {
	id, name  string
	arguments json.RawMessage // an object
}

// tool is one that the model may call.
type tool struct {
	name, description string
	parameters        json.RawMessage // a JSON schema, or empty
	strict            bool            // its arguments are to be of the schema
}

// check bounds a conversation.
func (t *talk) check(field string) error {
	if len(t.turns)+len(t.system) == 0 || len(t.turns)+len(t.system) > maxMessages {
		return refuse(field, "a conversation has 1 to %d messages", maxMessages)
	}
	if len(t.tools) > maxTools {
		return refuse("tools", "at most %d tools can be given", maxTools)
	}
	seen := map[string]bool{}
	for _, x := range t.tools {
		if x.name == "" || len(x.name) > maxToolName || seen[x.name] {
			return refuse("tools", "a tool has a name of its own of 1 to %d bytes, not %.80q", maxToolName, x.name)
		}
		seen[x.name] = true
		var schema map[string]json.RawMessage
		if len(x.parameters) > 0 && json.Unmarshal(x.parameters, &schema) != nil {
			return refuse("tools", "the parameters of the tool %.80q are no object", x.name)
		}
	}
	return nil
}

// definition is a tool as templates know it.
type definition struct {
	Type     string   `json:"type"`
	Function function `json:"function"`
}

type function struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
}

// noParameters is the schema of a tool that takes none.
const noParameters = `{"type":"object","properties":{}}`

func (t *talk) definitions() json.RawMessage {
	list := make([]definition, len(t.tools))
	for i, x := range t.tools {
		list[i] = definition{"function", function{x.name, x.description, x.parameters}}
		if len(x.parameters) == 0 {
			list[i].Function.Parameters = json.RawMessage(noParameters)
		}
	}
	return marshal(list)
}

// known are the tools as a reader of calls wants them.
func (t *talk) known() []toolcall.Tool {
	if t.choice == choiceNone {
		return nil
	}
	out := make([]toolcall.Tool, len(t.tools))
	for i, x := range t.tools {
		var schema struct {
			Properties map[string]struct {
				Type any `json:"type"`
			} `json:"properties"`
		}
		out[i] = toolcall.Tool{Name: x.name, Types: map[string]string{}}
		if json.Unmarshal(x.parameters, &schema) == nil {
			for key, p := range schema.Properties {
				out[i].Types[key], _ = p.Type.(string)
			}
		}
	}
	return out
}

// converse writes a conversation as the model's template does, and says how its
// answer is to be read.
func (a *asked) converse() error {
	t := a.model.Tokenizer()
	template := t.ChatTemplate()
	a.reader = toolcall.Config{
		Family: toolcall.FamilyOf(template), Tools: a.talk.known(), Thinks: toolcall.Thinks(template),
		Marked: a.settings.Grammar.Kind == engine.GrammarMarked,
	}
	if a.settings.Grammar != (engine.Grammar{}) && !a.reader.Marked {
		a.reader.Thinks = false // all of the answer is what it is held to
	}
	written, err := a.talk.write(t, len(a.reader.Tools) > 0)
	if err != nil {
		return err
	}
	if a.noThought != "" && a.reader.Thinks {
		return refuse(a.noThought, "this model thinks; it cannot be told not to")
	}
	a.prompt, a.written = written.IDs, written.Text
	a.reader.Thinking = a.reader.Thinks && toolcall.Thinking(written.Text)
	return nil
}

// write makes the prompt. A template that knows no tools gets them, calls and
// what these gave in words, the way Hermes was trained.
func (t *talk) write(tok *tokenizer.Tokenizer, tools bool) (tokenizer.Written, error) {
	plain := !tok.KnowsTools()
	c := tokenizer.Conversation{}
	system := t.system
	if tools && plain {
		system = append(slices.Clip(system), toolsInWords(t.definitions()))
	}
	if tools && !plain {
		c.Tools = t.definitions()
	}
	if len(system) > 0 {
		c.Messages = append(c.Messages, chattemplate.Message{Role: "system", Content: strings.Join(system, "\n\n")})
	}
	for _, x := range t.turns {
		c.Messages = append(c.Messages, x.message(plain))
	}
	return tok.Write(c)
}

func toolsInWords(definitions json.RawMessage) string {
	return "You may call these tools, whose arguments are JSON schemas:\n<tools>\n" + string(definitions) +
		"\n</tools>\nTo call one, answer with its name and arguments between these marks, and to call several, with one after another:\n" +
		`<tool_call>` + "\n" + `{"name": "NAME", "arguments": {}}` + "\n</tool_call>"
}

// message is a turn as a template takes it; plain where the template knows no
// tools.
func (x *turn) message(plain bool) chattemplate.Message {
	m := chattemplate.Message{Role: x.role, Content: x.text}
	if plain {
		if x.role == "tool" {
			m.Role, m.Content = "user", "<tool_response>\n"+x.text+"\n</tool_response>"
		}
		for _, c := range x.calls {
			m.Content += "\n<tool_call>\n{\"name\": " + string(marshal(c.name)) + ", \"arguments\": " + string(c.arguments) + "}\n</tool_call>"
		}
		m.Content = strings.TrimPrefix(m.Content, "\n")
		return m
	}
	extra := map[string]any{}
	if len(x.calls) > 0 {
		list := make([]map[string]any, len(x.calls))
		for i, c := range x.calls {
			list[i] = map[string]any{"id": c.id, "type": "function", "function": map[string]any{"name": c.name, "arguments": c.arguments}}
		}
		extra["tool_calls"] = list
	}
	if x.reasoning != "" {
		extra["reasoning_content"] = x.reasoning
	}
	if x.role == "tool" {
		extra["tool_call_id"], extra["name"] = x.callID, x.name
	}
	if len(extra) > 0 {
		m.Extra = marshal(extra)
	}
	return m
}

// arguments reads what a client gives as a call's arguments: an object, or a
// text that holds one.
func arguments(raw json.RawMessage) (json.RawMessage, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	if strings.TrimSpace(string(raw)) == "" {
		raw = json.RawMessage("{}")
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || object == nil {
		return nil, false
	}
	return raw, true
}
