package server

import (
	"encoding/json"

	"github.com/assaynet/assay/engine"
)

// anyObject is the schema of response_format json_object.
const anyObject = `{"type":"object"}`

// takeFormat takes what the text of an answer is to be: response_format of OpenAI's
// clients, or grammar or json_schema, as llama.cpp's have them.
func (a *asked) takeFormat(b body) error {
	var format body
	given, err := b.take("response_format", &format)
	if err != nil {
		return err
	}
	if given {
		if err := a.readFormat("response_format", format, false); err != nil {
			return err
		}
	}
	held := a.held
	if err := a.takeCompletionFormat(b); err != nil {
		return err
	}
	if held != "" && a.held != held {
		return refuse(a.held, "%s and %s are both given; leave one out", held, a.held)
	}
	return nil
}

// hold holds the answer to a grammar that a field has.
func (a *asked) hold(field, kind, text string) {
	a.held, a.settings.Grammar = field, engine.Grammar{Kind: kind, Text: text}
}

// readFormat reads the format in a field; flat where a schema stands in it
// and not in a json_schema of its own.
func (a *asked) readFormat(field string, format body, flat bool) error {
	var kind string
	if _, err := format.take("type", &kind); err != nil {
		return refuse(field, "its type is no text")
	}
	switch kind {
	case "text":
	case "json_object":
		schema := json.RawMessage(anyObject)
		if _, err := format.take("schema", &schema); err != nil { // llama.cpp's clients give one
			return err
		}
		a.hold(field, engine.GrammarJSONSchema, string(schema))
	case "json_schema":
		if flat {
			return a.readSchema(field, format)
		}
		var inner body
		if given, err := format.take("json_schema", &inner); err != nil || !given {
			return refuse(field, "its type is json_schema, and there is no json_schema object in it")
		}
		if err := a.readSchema(field, inner); err != nil {
			return err
		}
	default:
		return refuse(field, "its type is text, json_object or json_schema, not %.40q", kind)
	}
	return format.only(field, "it")
}

// readSchema reads the schema of a format. It is always held to, strict or not,
// and its text is kept as it came, for its order is that of the answer.
func (a *asked) readSchema(field string, b body) error {
	var schema json.RawMessage
	given, err := b.take("schema", &schema)
	if err != nil || !given {
		return refuse(field, "there is no schema in it")
	}
	a.hold(field, engine.GrammarJSONSchema, string(schema))
	return b.only(field, "it", "name", "description", "strict")
}

// takeOllamaFormat takes Ollama's format: "json", or a schema.
func (a *asked) takeOllamaFormat(b body) error {
	var raw json.RawMessage
	given, err := b.take("format", &raw)
	switch text := string(raw); {
	case err != nil || !given || text == `""`:
		return err
	case text == `"json"`:
		a.hold("format", engine.GrammarJSONSchema, anyObject)
	case text[0] == '{':
		a.hold("format", engine.GrammarJSONSchema, text)
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
	return refuse(a.held, "%v", err)
}
