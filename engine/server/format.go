package server

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/assaynet/assay/engine"
)

// anyObject is the schema of response_format json_object.
const anyObject = `{"type":"object"}`

// takeFormat takes what the text of an answer is to be: response_format of OpenAI's
// clients, or grammar, as llama.cpp's have it.
func (a *asked) takeFormat(b body) error {
	var format body
	given, err := b.take("response_format", &format)
	if err != nil {
		return err
	}
	if given {
		if err := a.readFormat(format); err != nil {
			return err
		}
	}
	var text string
	if given, err = b.take("grammar", &text); err != nil {
		return err
	}
	if given && text != "" {
		if a.settings.Grammar != (engine.Grammar{}) {
			return refuse("grammar", "response_format and grammar are both given; leave one out")
		}
		a.settings.Grammar = engine.Grammar{Kind: engine.GrammarGBNF, Text: text}
	}
	return nil
}

// readFormat reads response_format.
func (a *asked) readFormat(format body) error {
	const field = "response_format"
	var kind string
	if _, err := format.take("type", &kind); err != nil {
		return refuse(field, "its type is no text")
	}
	switch kind {
	case "text":
	case "json_object":
		a.settings.Grammar = engine.Grammar{Kind: engine.GrammarJSONSchema, Text: anyObject}
	case "json_schema":
		return a.readSchema(format)
	default:
		return refuse(field, "its type is text, json_object or json_schema, not %.40q", kind)
	}
	return onlyThose(format)
}

// onlyThose refuses fields of response_format that were not understood.
func onlyThose(b body) error {
	if names := slices.Sorted(maps.Keys(b)); len(names) > 0 {
		return refuse("response_format", "%.80q is no field of it", names[0])
	}
	return nil
}

// readSchema reads the schema of a response_format. It is always held to, strict or
// not, and its text is kept as it came, for its order is that of the answer.
func (a *asked) readSchema(format body) error {
	const field = "response_format"
	var inner body
	if given, err := format.take("json_schema", &inner); err != nil || !given {
		return refuse(field, "its type is json_schema, and there is no json_schema object in it")
	}
	var schema json.RawMessage
	given, err := inner.take("schema", &schema)
	if err != nil || !given {
		return refuse(field, "json_schema has no schema")
	}
	for _, name := range []string{"name", "description", "strict"} {
		delete(inner, name)
	}
	if err := onlyThose(inner); err != nil {
		return err
	}
	a.settings.Grammar = engine.Grammar{Kind: engine.GrammarJSONSchema, Text: string(schema)}
	return onlyThose(format)
}

// takeOllamaFormat takes Ollama's format: "json", or a schema.
func (a *asked) takeOllamaFormat(b body) error {
	var raw json.RawMessage
	given, err := b.take("format", &raw)
	switch text := string(raw); {
	case err != nil || !given || text == `""`:
		return err
	case text == `"json"`:
		a.settings.Grammar = engine.Grammar{Kind: engine.GrammarJSONSchema, Text: anyObject}
	case text[0] == '{':
		a.settings.Grammar = engine.Grammar{Kind: engine.GrammarJSONSchema, Text: text}
	default:
		return refuse("format", "format is \"json\" or a JSON schema")
	}
	return nil
}

// checkGrammar refuses what an answer cannot be held to, before the first token.
func (a *asked) checkGrammar() error {
	err := a.model.CheckGrammar(a.settings.Grammar)
	if err == nil {
		return nil
	}
	field := "response_format"
	if a.settings.Grammar.Kind == engine.GrammarGBNF {
		field = "grammar"
	}
	return refuse(field, "%v", err)
}
