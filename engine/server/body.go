package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// body is a request's object; fields are taken out of it, and what is left was
// not understood.
type body map[string]json.RawMessage

// What a body takes once it is decoded, in bytes, nearly and at most: its text
// several times over, for each field is cut out of that which holds it; a map for
// each object; and a place in a list or a map for each value.
const (
	costByte   = 4
	costObject = 512
	costValue  = 64

	// freeBody is how many bytes of each body, and freeCost what cost of what is in
	// it, are counted nowhere: each connection may have so much at any time.
	freeBody = 16 << 10
	freeCost = 128 << 10
	// maxBodies bounds the cost of all others that wait to become a prompt.
	maxBodies = 256 << 20
)

// costOf is what a body costs beside its bytes, from the marks outside its texts.
// It is known before anything is decoded, for that takes up to sixty times the
// bytes of some bodies.
func costOf(raw []byte) (cost int) {
	text := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			text = !text
		case text && c == '\\':
			i++
		case text:
		case c == '{':
			cost += costObject
		case c == '[' || c == ',' || c == ':':
			cost += costValue
		}
	}
	return cost
}

// readBody reads one object. What it costs is counted until done, which is called
// in any case.
func (s *Server) readBody(r *http.Request) (b body, done func(), err error) {
	caller, held := callerOf(r.Context()), 0
	done = sync.OnceFunc(func() { s.bodies.leave(caller, held) })
	count := func(cost int) error {
		if most := s.bodies.atOnce(); held+cost > most {
			return &problem{status: http.StatusRequestEntityTooLarge, Type: typeRequest, Message: "the request has more values than this server reads"}
		}
		if !s.bodies.enter(caller, cost) {
			return busy("too many large requests are read; try again when some are answered")
		}
		held += cost
		return nil
	}
	raw, err := readCounted(r.Body, func(more int) error { return count(costByte * more) })
	if err != nil {
		return nil, done, err
	}
	if cost := costOf(raw) - freeCost; cost > 0 {
		if err := count(cost); err != nil {
			return nil, done, err
		}
	}
	if err := json.Unmarshal(raw, &b); err != nil || b == nil {
		return nil, done, refuse("", "the request is no JSON object")
	}
	return b, done, nil
}

// readCounted reads all of a body; count is told of what is beyond the first
// bytes before there is room for more of it.
func readCounted(from io.Reader, count func(more int) error) ([]byte, error) {
	var raw bytes.Buffer
	for more := freeBody; ; more = min(raw.Len(), maxBody+1-raw.Len()) {
		if raw.Len() > 0 {
			if err := count(more); err != nil {
				return nil, err
			}
		}
		switch _, err := io.CopyN(&raw, from, int64(more)); {
		case err == nil:
		case errors.Is(err, io.EOF):
			return raw.Bytes(), nil
		default:
			if _, large := errors.AsType[*http.MaxBytesError](err); large {
				return nil, &problem{status: http.StatusRequestEntityTooLarge, Type: typeRequest, Message: "the request is larger than this server reads"}
			}
			return nil, refuse("", "the request did not arrive whole")
		}
	}
}

// take decodes a field into v, and reports whether it is there and not null.
func (b body) take(name string, v any) (bool, error) {
	raw, ok := b[name]
	delete(b, name)
	if !ok || string(raw) == "null" {
		return false, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return true, refuse(name, "%s is not what it is to be: %v", name, err)
	}
	return true, nil
}

// want is a field and what it is decoded into.
type want struct {
	name string
	v    any
}

// takeAll takes several fields.
func (b body) takeAll(list ...want) error {
	for _, w := range list {
		if _, err := b.take(w.name, w.v); err != nil {
			return err
		}
	}
	return nil
}

// only refuses what an object within a request has beside what was taken out of
// it, but for nothing, empty texts and lists, and fields that change no answer.
func (b body) only(field, what string, idle ...string) error {
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if text := string(b[name]); text != "null" && text != "[]" && text != `""` && !slices.Contains(idle, name) {
			return refuse(field, "%s has a field that is not done by this server: %.80q", what, name)
		}
	}
	return nil
}

// takeBody takes a field that is an object of its own; nil where it is absent.
func (b body) takeBody(name string) (body, error) {
	var inner body
	_, err := b.take(name, &inner)
	return inner, err
}

// idle are fields that change no answer here, whatever they say; doc.go has why.
var idle = []string{
	"user", "metadata", "service_tier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "cache_prompt",
	"cache_control", "client_metadata",
}

// aside are fields of messages, tools and calls that clients have for themselves
// and for caches: they change no answer.
var aside = []string{"id", "index", "cache_control", "provider_specific_fields"}

// verbosities are how many words an answer is to have, as clients say it, some of
// them unasked. The model decides that itself.
var verbosities = []string{`"low"`, `"medium"`, `"high"`}

// neutral are fields that are not done here, with the values at which they ask
// for nothing.
var neutral = map[string][]string{
	"best_of": {"1"}, "suffix": {`""`}, "functions": {"[]"}, "function_call": {`"none"`, `"auto"`}, "raw": {"false"},
	"modalities": {`["text"]`}, "reasoning_effort": {`"none"`}, "prediction": {}, "audio": {},
	"background": {"false"}, "previous_response_id": {}, "conversation": {}, "prompt": {}, "include": {"[]"}, "truncation": {`"disabled"`},
	"max_tool_calls": {}, "web_search_options": {}, "thinking": {}, "think": {}, "keep_alive": {}, "store": {"false"}, "vocab_only": {"false"}, "images": {"[]"},
	"context": {"[]"}, "container": {}, "mcp_servers": {"[]"}, "context_management": {}, "top_k": {"0"}, "dimensions": {}, "truncate": {"false"},
	"options": {"{}"}, "moderation": {}, "verbosity": verbosities, "logprobs": {"false", "0"}, "top_logprobs": {"0"},
}

// asksNothing reports whether a field has one of the values at which it asks for
// nothing; null always does.
func asksNothing(raw json.RawMessage, values []string) bool {
	return string(raw) == "null" || slices.Contains(values, strings.ReplaceAll(string(raw), " ", ""))
}

// notDone refuses a field, in that which holds it, that asks for what is not done.
func notDone(field, name string) error {
	return refuse(field+name, "%s is not done by this server; leave it out", name)
}

// rest refuses what was not understood: an answer to another question is none.
func (b body) rest() error { return b.restUnder("") }

// restUnder is rest of an object that stands in a field.
func (b body) restUnder(field string) error {
	names := make([]string, 0, len(b))
	for name := range b {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch values, known := neutral[name]; {
		case slices.Contains(idle, name) || asksNothing(b[name], values):
		case known:
			return notDone(field, name)
		default:
			return refuse(field+name, "%.80q is no field that this server knows", name)
		}
	}
	return nil
}
