package server

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/form"
)

// Settings where a client gives none. OpenAI's are a temperature of 1 and a top-p
// of 1; tokens are drawn among 40, as llama.cpp does, for no more than 256 can be.
const (
	defaultTemperature = 1
	defaultTopK        = 40
)

// Limits of what can be asked for.
const (
	maxChoices = 16
	maxStops   = 16
	maxStop    = 256 // bytes
)

// body is a request's object; fields are taken out of it, and what is left was not
// understood.
type body map[string]json.RawMessage

// readBody reads one object.
func readBody(r *http.Request) (body, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, &problem{status: http.StatusRequestEntityTooLarge, Type: typeRequest, Message: "the request is larger than this server reads"}
		}
		return nil, refuse("", "the request did not arrive whole")
	}
	var b body
	if err := json.Unmarshal(raw, &b); err != nil || b == nil {
		return nil, refuse("", "the request is no JSON object")
	}
	return b, nil
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

// idle are fields that change no answer here, whatever they say.
var idle = []string{"user", "metadata", "store", "service_tier", "prompt_cache_key", "safety_identifier", "parallel_tool_calls"}

// neutral are fields that are not done here, with the values at which they ask for
// nothing.
var neutral = map[string][]string{
	"frequency_penalty": {"0", "0.0"}, "presence_penalty": {"0", "0.0"}, "repeat_penalty": {"1", "1.0"}, "repetition_penalty": {"1", "1.0"},
	"logit_bias": {"{}"}, "logprobs": {"false", "0"}, "top_logprobs": {"0"}, "min_p": {"0", "0.0"}, "echo": {"false"}, "best_of": {"1"},
	"suffix": {`""`}, "tools": {"[]"}, "tool_choice": {`"none"`, `"auto"`}, "functions": {"[]"}, "function_call": {`"none"`, `"auto"`},
	"response_format": {`{"type":"text"}`}, "modalities": {`["text"]`}, "reasoning_effort": {`"none"`},
}

// rest refuses what was not understood: an answer to another question is none.
func (b body) rest() error {
	names := make([]string, 0, len(b))
	for name := range b {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		raw := string(b[name])
		switch values, known := neutral[name]; {
		case raw == "null" || slices.Contains(idle, name):
		case known && slices.Contains(values, strings.ReplaceAll(raw, " ", "")):
		case known:
			return refuse(name, "%s is not done by this server; leave it out", name)
		default:
			return refuse(name, "%.80q is no field that this server knows", name)
		}
	}
	return nil
}

// asked is what all requests for an answer have.
type asked struct {
	model    *Model
	settings engine.Settings // MaxTokens 0: as many as the context leaves
	choices  int
	stops    []string
	stream   bool
	usage    bool // of a stream, too
}

// askedOf takes what all requests have.
func (s *Server) askedOf(b body) (*asked, error) {
	a := &asked{choices: 1, settings: engine.Settings{TopK: defaultTopK, TopP: form.TopPOne}}
	var name string
	if _, err := b.take("model", &name); err != nil {
		return nil, err
	}
	var err error
	if a.model, err = s.find(name); err != nil {
		return nil, err
	}
	if _, err := b.take("stream", &a.stream); err != nil {
		return nil, err
	}
	var options struct {
		Usage bool `json:"include_usage"`
	}
	if _, err := b.take("stream_options", &options); err != nil {
		return nil, err
	}
	a.usage = options.Usage
	if _, err := b.take("n", &a.choices); err != nil {
		return nil, err
	}
	if a.choices < 1 || a.choices > maxChoices {
		return nil, refuse("n", "n is 1 to %d", maxChoices)
	}
	if err := a.takeLength(b); err != nil {
		return nil, err
	}
	if err := a.takeStops(b); err != nil {
		return nil, err
	}
	return a, a.takeSampling(b)
}

// takeLength takes the most tokens, under both of its names.
func (a *asked) takeLength(b body) error {
	for _, name := range []string{"max_tokens", "max_completion_tokens"} {
		var n int
		there, err := b.take(name, &n)
		if err != nil {
			return err
		}
		if there && n < 1 {
			return refuse(name, "%s is at least 1", name)
		}
		if there && (a.settings.MaxTokens == 0 || n < a.settings.MaxTokens) {
			a.settings.MaxTokens = n
		}
	}
	return nil
}

// takeStops takes texts that end an answer: one, or several.
func (a *asked) takeStops(b body) error {
	var list []string
	raw := b["stop"]
	if _, err := b.take("stop", &list); err != nil {
		var one string
		if json.Unmarshal(raw, &one) != nil {
			return err
		}
		list = []string{one}
	}
	if len(list) > maxStops {
		return refuse("stop", "at most %d texts can end an answer", maxStops)
	}
	for _, text := range list {
		if text == "" || len(text) > maxStop {
			return refuse("stop", "a text that ends an answer has 1 to %d bytes", maxStop)
		}
	}
	a.stops = list
	return nil
}

// takeSampling takes how tokens are drawn.
func (a *asked) takeSampling(b body) error {
	temperature, p, k, seed := float64(defaultTemperature), 1.0, int64(defaultTopK), int64(0)
	if _, err := b.take("temperature", &temperature); err != nil {
		return err
	}
	if temperature < 0 || temperature > 2 || temperature > 0 && float32(temperature) == 0 {
		return refuse("temperature", "temperature is 0 to 2")
	}
	if _, err := b.take("top_p", &p); err != nil {
		return err
	}
	share := math.RoundToEven(p * form.TopPOne)
	if !(share >= 1 && share <= form.TopPOne) {
		return refuse("top_p", "top_p is above 0 and at most 1")
	}
	if _, err := b.take("top_k", &k); err != nil {
		return err
	}
	if k < 1 || k > form.MaxTopK {
		return refuse("top_k", "top_k is 1 to %d", form.MaxTopK)
	}
	given, err := b.take("seed", &seed)
	if err != nil {
		return err
	}
	a.settings.Temperature, a.settings.TopP, a.settings.TopK = float32(math.Abs(temperature)), uint32(share), uint32(k)
	if given {
		binary.LittleEndian.PutUint64(a.settings.Seed[:], uint64(seed))
	} else {
		_, _ = rand.Read(a.settings.Seed[:]) // it never fails; the receipt tells which
	}
	return nil
}

// settingsOf returns the settings of a choice: each draws by a seed of its own, the
// first by the one that was asked for.
func (a *asked) settingsOf(choice int) engine.Settings {
	s := a.settings
	if choice > 0 {
		s.Seed = sha256.Sum256(binary.LittleEndian.AppendUint32(s.Seed[:], uint32(choice)))
	}
	return s
}

// find returns a model by its name.
func (s *Server) find(name string) (*Model, error) {
	if name == "" {
		return &s.cfg.Models[0], nil
	}
	for i := range s.cfg.Models {
		if s.cfg.Models[i].Name == name {
			return &s.cfg.Models[i], nil
		}
	}
	code, param := "model_not_found", "model"
	return nil, &problem{
		status: http.StatusNotFound, Type: typeMissing, Code: &code, Param: &param,
		Message: "there is no model of that name here; GET /v1/models lists them",
	}
}
