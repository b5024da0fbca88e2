package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/grammar/marked"
	"github.com/assaynet/assay/engine/server/toolcall"
)

// An answer that must call a tool is held to a JSON schema: one object with the
// tool's name and arguments of the tool's own schema, or, where several calls
// may be made, a list of such objects. All families' answers are read in this
// generic way, too (package toolcall), and the receipt has the schema.

// The values of tool_choice.
const (
	choiceAuto     = "auto"
	choiceNone     = "none"
	choiceRequired = "required"
)

// maxForced bounds the calls of an answer that must have one.
const maxForced = 16

// force holds the answer to calls of tools, where it must have one.
func (a *asked) force() error {
	t := a.talk
	if t == nil {
		return nil
	}
	if t.choice != choiceRequired {
		if t.choice != choiceNone && slices.ContainsFunc(t.tools, func(x tool) bool { return x.strict }) {
			return a.holdCalls()
		}
		return nil
	}
	if a.settings.Grammar != (engine.Grammar{}) {
		return refuse("tool_choice", "an answer that must call a tool can have no format; leave out tool_choice or %s", a.held)
	}
	calls := make([]string, 0, len(t.tools))
	for i, x := range t.tools {
		if t.named == "" || t.named == x.name {
			if !x.takesObject() {
				return refuse("tools", "the parameters of the tool %.80q are of a type that is no object, so that no call of it can be made", x.name)
			}
			calls = append(calls, x.callSchema(i))
		}
	}
	switch {
	case len(calls) == 0 && t.named == "":
		return refuse("tool_choice", "tool_choice asks for a call, and there are no tools")
	case len(calls) == 0:
		return refuse("tool_choice", "tool_choice asks for %.80q, which is none of the tools", t.named)
	}
	a.held = "tools"
	a.settings.Grammar = engine.Grammar{Kind: engine.GrammarJSONSchema, Text: forcedSchema(calls, t.named != "" || a.single)}
	return nil
}

// holdCalls holds the calls of an answer that may have some to the tools'
// schemas, where one of them is strict: what stands between the marks of a call,
// and nothing else. Of a tool that is not, any object.
func (a *asked) holdCalls() error {
	if a.settings.Grammar != (engine.Grammar{}) {
		return refuse("tools", "strict tools and %s are both given; leave one out", a.held)
	}
	begin, end, ok := toolcall.JSONMarks(toolcall.FamilyOf(a.model.Tokenizer().ChatTemplate()))
	if !ok {
		return refuse("tools", "this model writes calls in a way of its own, in which they are held to a schema only where tool_choice makes it call a tool; leave strict out")
	}
	calls := make([]string, len(a.talk.tools))
	for i, x := range a.talk.tools {
		if !x.strict {
			x.parameters = json.RawMessage(`{"type":"object","additionalProperties":true}`)
		} else if !x.takesObject() {
			return refuse("tools", "the parameters of the tool %.80q are of a type that is no object, so that no call of it can be made", x.name)
		}
		calls[i] = x.callSchema(i)
	}
	form := marked.Form{Open: begin, Close: end, Schema: json.RawMessage(forcedSchema(calls, true))}
	a.hold("tools", engine.GrammarMarked, string(marshal(form)))
	return nil
}

// forcedSchema is the schema of an answer that calls tools.
func forcedSchema(calls []string, single bool) string {
	one := calls[0]
	if len(calls) > 1 {
		one = `{"anyOf":[` + strings.Join(calls, ",") + `]}`
	}
	if single {
		return one
	}
	const ref = `{"$ref":"#/$defs/call"}`
	return fmt.Sprintf(`{"$defs":{"call":%s},"anyOf":[%s,{"type":"array","items":%s,"minItems":1,"maxItems":%d}]}`, one, ref, ref, maxForced)
}

// callSchema is the schema of a call of tool i.
func (x *tool) callSchema(i int) string {
	return `{"type":"object","properties":{"name":{"const":` + string(marshal(x.name)) + `},"arguments":` + x.argumentSchema(i) +
		`},"required":["name","arguments"],"additionalProperties":false}`
}

// open are keywords by which the properties of an object may stand elsewhere
// than in its own properties.
var open = []string{
	"additionalProperties", "unevaluatedProperties", "patternProperties", "propertyNames", "minProperties", "dependentSchemas",
	"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
}

// argumentSchema is the schema of a tool's arguments. It is a resource of its
// own, so that its references stay within it (JSON Schema 2020-12, section
// 8.2.1), and an object. Where it says nothing of properties that it does not
// name, there are none: a model that may add some never comes to an end.
func (x *tool) argumentSchema(i int) string {
	text := bytes.TrimSpace(x.parameters)
	if len(text) == 0 {
		text = []byte(noParameters)
	}
	var has map[string]json.RawMessage
	if json.Unmarshal(text, &has) != nil || text[0] != '{' {
		return `{"type":"object"}` // check has refused it
	}
	var head []string
	if _, there := has["$id"]; !there {
		head = append(head, fmt.Sprintf(`"$id":"urn:assay:tool:%d"`, i))
	}
	if _, there := has["type"]; !there {
		head = append(head, `"type":"object"`)
	}
	if !slices.ContainsFunc(open, func(name string) bool { _, there := has[name]; return there }) {
		head = append(head, `"additionalProperties":false`)
	}
	if len(head) == 0 {
		return string(text)
	}
	if len(has) > 0 {
		head = append(head, "") // a comma before the rest
	}
	return "{" + strings.Join(head, ",") + string(text[1:])
}

// takesObject tells whether the type that a tool's schema gives, where it gives
// one, is an object or may be one.
func (x *tool) takesObject() bool {
	var has struct {
		Type json.RawMessage `json:"type"`
	}
	if len(x.parameters) == 0 || json.Unmarshal(x.parameters, &has) != nil || has.Type == nil {
		return true // what else is wrong with it is said elsewhere
	}
	var one string
	var several []string
	if json.Unmarshal(has.Type, &one) == nil {
		return one == "object"
	}
	return json.Unmarshal(has.Type, &several) != nil || slices.Contains(several, "object")
}

// readChoice reads what a tool_choice says: a word, or the function that is to
// be called, as chat completions or responses name it.
func (t *talk) readChoice(raw json.RawMessage) error {
	const says = "tool_choice is auto, none, required, or the function that is to be called"
	t.choice = choiceAuto
	if raw == nil {
		return nil
	}
	if json.Unmarshal(raw, &t.choice) == nil {
		if !slices.Contains([]string{choiceAuto, choiceNone, choiceRequired}, t.choice) {
			return refuse("tool_choice", says)
		}
		return nil
	}
	var b, function body
	if json.Unmarshal(raw, &b) != nil {
		return refuse("tool_choice", says)
	}
	var kind string
	if err := b.takeAll(want{"type", &kind}, want{"name", &t.named}, want{"function", &function}); err != nil {
		return err
	}
	if function != nil {
		if err := function.takeAll(want{"name", &t.named}); err != nil {
			return err
		}
	}
	if kind != "function" || t.named == "" || len(b)+len(function) > 0 {
		return refuse("tool_choice", says)
	}
	t.choice = choiceRequired
	return nil
}
