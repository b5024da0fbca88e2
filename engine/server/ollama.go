package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// ollamaVersion is the version whose interface is answered.
const ollamaVersion = "0.12.0"

// ollamaIdle are options that change no answer here.
var ollamaIdle = []string{
	"num_batch", "num_gpu", "main_gpu", "num_thread", "num_keep", "use_mmap", "use_mlock", "low_vram", "f16_kv", "numa",
}

// takeOllama takes what /api/chat and /api/generate have in common.
func (a *asked) takeOllama(b body) error {
	a.stream = true
	options, err := b.takeBody("options")
	if err != nil {
		return err
	}
	var think json.RawMessage
	if err := b.takeAll(want{"model", &a.name}, want{"stream", &a.stream}, want{"think", &think}); err != nil {
		return err
	}
	switch string(think) {
	case "", "null", "true":
	case "false":
		a.noThought = "think"
	default:
		if err := a.takeEffort(body{"think": think}, "think", "think"); err != nil {
			return refuse("think", "think is true, false, or one of none, %s", strings.Join(efforts, ", "))
		}
	}
	if err := a.takeOllamaFormat(b); err != nil {
		return err
	}
	if options == nil {
		options = body{}
	}
	for _, name := range ollamaIdle {
		delete(options, name)
	}
	if err := a.takeOllamaMemory(b, options); err != nil {
		return err
	}
	var most int
	if _, err := options.take("num_predict", &most); err != nil {
		return err
	}
	if a.settings.MaxTokens = max(0, most); most < -2 {
		return refuse("options.num_predict", "num_predict is at least 1, or -1 for as many as the context leaves")
	}
	if err := a.takeRepeatLast(options, "options.repeat_last_n"); err != nil {
		return err
	}
	if err := a.takeStops(options, "stop"); err != nil {
		return err
	}
	if err := a.takeSampling(options); err != nil {
		return err
	}
	return options.restUnder("options.")
}

// takeOllamaMemory takes how long a context is wanted, which fit compares with the
// model's, and for how long the model is to stay open: it is closed when it has
// been idle, and not by a request.
func (a *asked) takeOllamaMemory(b, options body) error {
	var keep any
	if err := options.takeAll(want{"num_ctx", &a.context}); err != nil {
		return err
	}
	if err := b.takeAll(want{"keep_alive", &keep}); err != nil {
		return err
	}
	long, known := keep.(float64)
	switch text, isText := keep.(string); {
	case keep == nil:
		return nil
	case isText:
		lasts, err := time.ParseDuration(text)
		if long = lasts.Seconds(); err != nil { // seconds, as some clients write them
			long, err = strconv.ParseFloat(text, 64)
		}
		known = err == nil
	}
	switch {
	case !known:
		return refuse("keep_alive", "keep_alive is a number of seconds, or a time such as 5m")
	case long == 0:
		return refuse("keep_alive", "a model is closed when it has been idle for a while, and by no request; leave keep_alive out")
	}
	return nil
}

// checkContext refuses a context that is longer than the model's.
func checkContext(wanted, most int) error {
	if wanted > most {
		return refuse("options.num_ctx", "num_ctx is %d, and the model has %d positions", wanted, most)
	}
	return nil
}

// takeRepeatLast takes over how many tokens penalties look: here over all, so that
// another number is refused beside a penalty.
func (a *asked) takeRepeatLast(options body, field string) error {
	last := -1
	if _, err := options.take("repeat_last_n", &last); err != nil {
		return err
	}
	for name, none := range map[string]float64{"repeat_penalty": 1, "repetition_penalty": 1, "presence_penalty": 0, "frequency_penalty": 0} {
		penalty := none
		if raw, there := options[name]; last != -1 && there && (json.Unmarshal(raw, &penalty) != nil || penalty != none) {
			return refuse(field, "repeat_last_n is -1: penalties look at all tokens here")
		}
	}
	return nil
}

// ollamaChat answers Ollama's /api/chat.
func (s *Server) ollamaChat(w http.ResponseWriter, r *http.Request) error {
	return s.answer(w, r, func(b body, a *asked) (dialect, error) {
		if err := a.takeOllama(b); err != nil {
			return nil, err
		}
		var list []body
		if _, err := b.take("messages", &list); err != nil {
			return nil, err
		}
		a.talk, a.field = &talk{}, "messages"
		for i, m := range list {
			if i == maxMessages {
				return nil, refuse("messages", "a conversation has 1 to %d messages", maxMessages)
			}
			if err := a.talk.takeOllamaTurn(m, i); err != nil {
				return nil, err
			}
		}
		if len(list) == 0 {
			a.none, a.talk, a.write = true, nil, noPrompt
			return ollamaDialect{chat: true}, nil
		}
		if err := a.takeTools(b); err != nil {
			return nil, err
		}
		return ollamaDialect{chat: true}, a.talk.check("messages")
	})
}

// noPrompt is of a request that only wants the model to be there.
func noPrompt(*engine.Model) ([]engine.Token, error) { return nil, nil }

func (t *talk) takeOllamaTurn(m body, i int) error {
	var x turn
	var calls []body
	var other string
	err := m.takeAll(want{"role", &x.role}, want{"content", &x.text}, want{"thinking", &x.reasoning}, want{"tool_calls", &calls},
		want{"tool_name", &x.name}, want{"tool_call_id", &x.callID}, want{"name", &other})
	if err != nil {
		return err
	}
	if x.name == "" && x.role == "tool" {
		x.name = other
	}
	if err := m.only("messages", fmt.Sprintf("message %d", i), aside...); err != nil {
		return err
	}
	for _, b := range calls {
		c, err := takeCall(b, i)
		if err != nil {
			return err
		}
		c.id = "" // here results are of a tool's name
		x.calls = append(x.calls, c)
	}
	switch x.role {
	case "system":
		t.system = append(t.system, x.text)
	case "user", "assistant", "tool":
		t.turns = append(t.turns, x)
	default:
		return refuse("messages", "message %d has the role %.40q, which is not done by this server: system, user, assistant or tool", i, x.role)
	}
	return nil
}

// ollamaGenerate answers Ollama's /api/generate.
func (s *Server) ollamaGenerate(w http.ResponseWriter, r *http.Request) error {
	return s.answer(w, r, func(b body, a *asked) (dialect, error) {
		if err := a.takeOllama(b); err != nil {
			return nil, err
		}
		var prompt, system string
		var raw bool
		if err := b.takeAll(want{"prompt", &prompt}, want{"system", &system}, want{"raw", &raw}); err != nil {
			return nil, err
		}
		a.field = "prompt"
		switch {
		case prompt == "":
			a.none, a.write = true, noPrompt
		case raw:
			a.write = func(m *engine.Model) ([]engine.Token, error) {
				return m.Tokenizer().Encode(prompt, tokenizer.Options{BOS: m.Tokenizer().AddBOS()})
			}
		default:
			a.talk = &talk{turns: []turn{{role: "user", text: prompt}}}
			if system != "" {
				a.talk.system = []string{system}
			}
		}
		return ollamaDialect{}, nil
	})
}

// ollamaDialect is /api/chat and /api/generate: lines of JSON.
type ollamaDialect struct{ chat bool }

func (ollamaDialect) lines() bool            { return true }
func (ollamaDialect) problem(p *problem) any { return object{"error": p.named()} }

// line is a part of the answer.
func (d ollamaDialect) line(h head, x delta, done bool) object {
	out := object{"model": h.asked.name, "created_at": h.created.UTC().Format(time.RFC3339Nano), "done": done}
	if !d.chat {
		if out["response"] = x.text; x.reasoning != "" {
			out["thinking"] = x.reasoning
		}
		return out
	}
	m := object{"role": "assistant", "content": x.text}
	if x.reasoning != "" {
		m["thinking"] = x.reasoning
	}
	if x.call != nil {
		m["tool_calls"] = []object{ollamaCall(x.call)}
	}
	out["message"] = m
	return out
}

func ollamaCall(c *call) object {
	return object{"id": c.id, "function": object{"index": c.index, "name": c.name, "arguments": json.RawMessage(c.arguments)}}
}

// counts adds what the last line has.
func (d ollamaDialect) counts(out object, h head, a *answer) object {
	out["done_reason"] = a.finish
	if a.finish == finishCalls {
		out["done_reason"] = finishStop
	}
	if h.asked.none {
		out["done_reason"] = "load"
		return out
	}
	out["total_duration"], out["load_duration"] = time.Since(h.created).Nanoseconds(), 0
	out["prompt_eval_count"], out["prompt_eval_duration"] = len(h.asked.prompt), a.prefill.Nanoseconds()
	out["eval_count"], out["eval_duration"] = len(a.run.Output), a.decode.Nanoseconds()
	return out
}

func (d ollamaDialect) whole(h head, answers []*answer, _ usage) any {
	a := answers[0]
	out := d.line(h, delta{text: a.text, reasoning: a.reasoning}, true)
	if m, ok := out["message"].(object); ok && len(a.calls) > 0 {
		list := []object{}
		for i := range a.calls {
			list = append(list, ollamaCall(&a.calls[i]))
		}
		m["tool_calls"] = list
	}
	return d.counts(out, h, a)
}

type ollamaWriter struct {
	d ollamaDialect
	h head
	e *events
}

func (d ollamaDialect) open(h head, e *events) writer { return &ollamaWriter{d, h, e} }
func (w *ollamaWriter) begin()                        {}
func (w *ollamaWriter) part(_ int, d delta)           { w.e.data("", w.d.line(w.h, d, false)) }

func (w *ollamaWriter) end(answers []*answer, _ usage) {
	w.e.data("", w.d.counts(w.d.line(w.h, delta{}, true), w.h, answers[0]))
}

// ollamaEmbed answers Ollama's /api/embed.
func (s *Server) ollamaEmbed(w http.ResponseWriter, r *http.Request) error {
	b, read, err := s.readBody(r)
	defer read()
	if err != nil {
		return err
	}
	var raw json.RawMessage
	var name string
	var size int
	options, err := b.takeBody("options")
	if err != nil {
		return err
	}
	if options == nil {
		options = body{}
	}
	for _, idle := range ollamaIdle {
		delete(options, idle)
	}
	asked := newAsked()
	if err := asked.takeOllamaMemory(b, options); err != nil {
		return err
	}
	if err := b.takeAll(want{"input", &raw}, want{"model", &name}, want{"dimensions", &size}); err != nil {
		return err
	}
	if err := options.restUnder("options."); err != nil {
		return err
	}
	if err := b.rest(); err != nil {
		return err
	}
	began := time.Now()
	vectors, tokens, name, err := s.embed(r, name, "input", raw, size, asked.context)
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, object{
		"model": name, "embeddings": vectors, "prompt_eval_count": tokens, "total_duration": time.Since(began).Nanoseconds(), "load_duration": 0,
	})
	return nil
}

// ollamaItem is a model as Ollama lists it.
func ollamaItem(m *Listed) object {
	return object{
		"name": m.Name, "model": m.Name, "modified_at": m.Modified.UTC().Format(time.RFC3339), "size": m.Size, "digest": m.ID,
		"details": object{"parent_model": "", "format": "gguf", "family": m.Family, "families": []string{m.Family}, "parameter_size": m.Parameters, "quantization_level": m.Quantization},
	}
}

func (s *Server) ollamaTags(w http.ResponseWriter, _ *http.Request) error {
	list := []object{}
	for _, m := range s.list() {
		list = append(list, ollamaItem(&m))
	}
	reply(w, http.StatusOK, object{"models": list})
	return nil
}

func (s *Server) ollamaPS(w http.ResponseWriter, _ *http.Request) error {
	list := []object{}
	for _, m := range s.list() {
		if m.Open {
			x := ollamaItem(&m)
			x["size_vram"], x["context_length"], x["expires_at"] = 0, m.Context, m.Until.UTC().Format(time.RFC3339)
			list = append(list, x)
		}
	}
	reply(w, http.StatusOK, object{"models": list})
	return nil
}

func (s *Server) ollamaShow(w http.ResponseWriter, r *http.Request) error {
	b, read, err := s.readBody(r)
	defer read()
	if err != nil {
		return err
	}
	var name, other string
	var verbose bool
	if err := b.takeAll(want{"model", &name}, want{"name", &other}, want{"verbose", &verbose}); err != nil {
		return err
	}
	if verbose {
		return refuse("verbose", "verbose is not done by this server: model_info has no lists; leave it out")
	}
	if name == "" {
		name = other
	}
	if err := b.rest(); err != nil {
		return err
	}
	m, err := s.listed(name)
	if err != nil {
		return err
	}
	can := []string{"completion"}
	if m.Template != "" {
		can = append(can, "tools")
	}
	if m.Thinks {
		can = append(can, "thinking")
	}
	out := ollamaItem(m)
	reply(w, http.StatusOK, object{
		"details": out["details"], "modified_at": out["modified_at"], "template": m.Template, "parameters": "", "license": "", "modelfile": "",
		"capabilities": can,
		"model_info": object{
			"general.architecture": m.Family, "general.parameter_count": m.Weights, m.Family + ".context_length": m.Context,
			m.Family + ".embedding_length": m.Width,
		},
	})
	return nil
}

func (s *Server) ollamaVersion(w http.ResponseWriter, _ *http.Request) error {
	reply(w, http.StatusOK, object{"version": ollamaVersion})
	return nil
}
