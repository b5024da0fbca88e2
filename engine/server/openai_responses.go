package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// responses answers OpenAI's /v1/responses. Nothing is stored: a request has
// all of its conversation.
func (s *Server) responses(w http.ResponseWriter, r *http.Request) error {
	return s.answer(w, r, takeResponses)
}

// takeResponses takes such a request.
func takeResponses(b body, a *asked) (dialect, error) {
	var raw json.RawMessage
	var d responsesDialect
	var include []string
	err := b.takeAll(want{"model", &a.name}, want{"stream", &a.stream}, want{"input", &raw}, want{"instructions", &d.instructions}, want{"include", &include})
	if err != nil {
		return nil, err
	}
	if err := a.takeResponseText(b, &d); err != nil {
		return nil, err
	}
	for _, x := range include {
		if x != "reasoning.encrypted_content" { // there is none to give
			return nil, refuse("include", "%.80q is not done by this server", x)
		}
	}
	a.talk, a.field = &talk{}, "input"
	if d.instructions != "" {
		a.talk.system = []string{d.instructions}
	}
	if err := a.talk.takeItems(raw); err != nil {
		return nil, err
	}
	if err := a.takeFlatTools(b); err != nil {
		return nil, err
	}
	if err := a.takeLength(b, "max_output_tokens"); err != nil {
		return nil, err
	}
	if err := a.takeSampling(b); err != nil {
		return nil, err
	}
	d.tools = a.talk.tools
	d.metadata, d.most = b["metadata"], a.settings.MaxTokens
	return d, a.talk.check("input")
}

// takeResponseText takes text, with the format of the answer, and what is said
// of streams and of thoughts. How long to think is the model's own decision.
func (a *asked) takeResponseText(b body, d *responsesDialect) error {
	var text, reasoning, options body
	if err := b.takeAll(want{"text", &text}, want{"reasoning", &reasoning}, want{"stream_options", &options}); err != nil {
		return err
	}
	if err := a.takeEffort(reasoning, "effort", "reasoning.effort"); err != nil {
		return err
	}
	if err := reasoning.takeSummary(); err != nil {
		return err
	}
	if err := options.restOfStream(); err != nil {
		return err
	}
	var format body
	raw := text["format"]
	given, err := text.take("format", &format)
	if err != nil {
		return err
	}
	if given {
		if err := a.readFormat("text.format", format, true); err != nil {
			return err
		}
		d.format = raw
	}
	if raw, there := text["verbosity"]; there && !asksNothing(raw, verbosities) {
		return refuse("text.verbosity", "text.verbosity is low, medium or high")
	}
	return text.only("text", "text", "verbosity")
}

// takeSummary takes whether thoughts are to be summed up. They are given whole,
// so that "auto" is that none is made, and another is refused.
func (b body) takeSummary() error {
	for _, name := range []string{"summary", "generate_summary"} {
		var how string
		given, err := b.take(name, &how)
		if err != nil || given && how != "auto" {
			return refuse("reasoning."+name, "thoughts are not summed up here but given whole: reasoning.%s is auto, or left out", name)
		}
	}
	return b.only("reasoning", "reasoning")
}

// takeItems takes an input: a text, or items.
func (t *talk) takeItems(raw json.RawMessage) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		t.turns = append(t.turns, turn{role: "user", text: text})
		return nil
	}
	var list []body
	if json.Unmarshal(raw, &list) != nil || len(list) > maxMessages {
		return refuse("input", "the input is a text, or a list of 1 to %d items", maxMessages)
	}
	names := map[string]string{}
	for i, x := range list {
		if err := t.takeItem(x, i, names); err != nil {
			return err
		}
	}
	return nil
}

// takeItem takes item i; names are those of tools, by the ids of their calls.
func (t *talk) takeItem(b body, i int, names map[string]string) error {
	var kind, role, callID, name string
	var content, args, output json.RawMessage
	if err := b.takeAll(want{"type", &kind}); err != nil {
		return err
	}
	var fields []want
	switch kind {
	case "", "message":
		fields = []want{{"role", &role}, {"content", &content}}
	case "function_call":
		fields = []want{{"call_id", &callID}, {"name", &name}, {"arguments", &args}}
	case "function_call_output":
		fields = []want{{"call_id", &callID}, {"output", &output}}
	case "reasoning": // of a model elsewhere, or of this one before: it is not read again
		return nil
	default:
		return refuse("input", "item %d is of the type %.40q, which is not done by this server", i, kind)
	}
	if err := b.takeAll(fields...); err != nil {
		return err
	}
	if err := b.only("input", fmt.Sprintf("item %d", i), "id", "status", "phase", "end_turn"); err != nil {
		return err
	}
	switch kind {
	case "function_call":
		object, ok := arguments(args)
		if !ok || name == "" {
			return refuse("input", "item %d is a call without a name, or whose arguments are no object", i)
		}
		names[callID] = name
		t.call(callOf{callID, name, object})
		return nil
	case "function_call_output":
		text, err := parts("input", output, "input_text", "output_text", "text")
		t.turns = append(t.turns, turn{role: "tool", text: text, callID: callID, name: names[callID]})
		return err
	}
	text, err := parts("input", content, "input_text", "output_text", "text")
	switch role {
	case "system", "developer":
		t.system = append(t.system, text)
	case "user", "assistant":
		t.turns = append(t.turns, turn{role: role, text: text})
	default:
		return refuse("input", "item %d has the role %.40q, which is not done by this server", i, role)
	}
	return err
}

// call puts a call behind what the assistant has said or called before it.
func (t *talk) call(c callOf) {
	if n := len(t.turns); n == 0 || t.turns[n-1].role != "assistant" {
		t.turns = append(t.turns, turn{role: "assistant"})
	}
	last := &t.turns[len(t.turns)-1]
	last.calls = append(last.calls, c)
}

// takeFlatTools takes tools. Those of other types than function are of OpenAI's
// own servers; clients send them unasked, and they are left out, as the answer
// says.
func (a *asked) takeFlatTools(b body) error {
	var list []body
	if _, err := b.take("tools", &list); err != nil {
		return err
	}
	for i, x := range list {
		var kind string
		if _, err := x.take("type", &kind); err != nil {
			return err
		}
		switch kind {
		case "function":
		case "":
			return refuse("tools", "tool %d has no type", i)
		default:
			continue
		}
		if err := a.talk.takeFunction(x, i, "parameters"); err != nil {
			return err
		}
	}
	return a.takeToolChoice(b)
}

// parts reads a content: nothing, a text, or a list of parts of some types,
// each with a text.
func parts(field string, raw json.RawMessage, types ...string) (string, error) {
	var text string
	if len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var list []body
	if err := json.Unmarshal(raw, &list); err != nil || len(list) > maxMessages {
		return "", refuse(field, "a content is a text, or a list of up to %d parts", maxMessages)
	}
	var all strings.Builder
	for _, p := range list {
		var kind, piece string
		if _, err := p.take("type", &kind); err != nil {
			return "", refuse(field, "a part of a content has no type")
		}
		known := false
		for _, t := range types {
			known = known || t == kind
		}
		if !known {
			return "", refuse(field, "a content has a part of the type %.40q, and this server reads texts alone", kind)
		}
		if _, err := p.take("text", &piece); err != nil {
			return "", refuse(field, "a part of the type %s has a text", kind)
		}
		if err := p.only(field, "a part of a content", "annotations", "logprobs", "cache_control"); err != nil {
			return "", err
		}
		all.WriteString(piece)
	}
	return all.String(), nil
}

// responsesDialect is /v1/responses.
type responsesDialect struct {
	instructions string
	tools        []tool
	format       json.RawMessage // of the text, or nil
	metadata     json.RawMessage // as it came, or nil
	most         int             // tokens that are asked for, or 0
}

func (responsesDialect) lines() bool            { return false }
func (responsesDialect) problem(p *problem) any { return envelope{p} }

type object = map[string]any

// response is the answer in one of its states.
func (d responsesDialect) response(h head, status string, output []object) object {
	tools := []object{}
	for _, t := range d.tools {
		tools = append(tools, object{"type": "function", "name": t.name, "description": t.description, "parameters": t.parameters, "strict": t.strict})
	}
	a := h.asked
	out := object{
		"id": "resp_" + h.id, "object": "response", "created_at": h.created.Unix(), "status": status, "model": a.name, "output": output,
		"error": nil, "incomplete_details": nil, "instructions": nil, "metadata": object{}, "parallel_tool_calls": !a.single,
		"temperature": a.settings.Temperature, "top_p": float64(a.settings.TopP) / 65536, "tool_choice": "auto", "tools": tools,
		"previous_response_id": nil, "store": false, "text": object{"format": object{"type": "text"}}, "truncation": "disabled", "usage": nil,
		"max_output_tokens": nil, "reasoning": object{"effort": nil, "summary": nil}, "background": false,
	}
	if d.instructions != "" {
		out["instructions"] = d.instructions
	}
	if len(d.metadata) > 0 && d.metadata[0] == '{' {
		out["metadata"] = d.metadata
	}
	if d.most > 0 {
		out["max_output_tokens"] = d.most
	}
	if a.talk.choice != "" {
		out["tool_choice"] = a.talk.choice
	}
	if a.talk.named != "" {
		out["tool_choice"] = object{"type": "function", "name": a.talk.named}
	}
	if d.format != nil {
		out["text"] = object{"format": d.format}
	}
	return out
}

// finished is the answer at its end.
func (d responsesDialect) finished(h head, a *answer, output []object, u usage) (kind string, out object) {
	kind, out = "response.completed", d.response(h, "completed", output)
	if a.finish == finishLength {
		kind, out = "response.incomplete", d.response(h, "incomplete", output)
		out["incomplete_details"] = object{"reason": "max_output_tokens"}
	}
	out["usage"] = object{
		"input_tokens": u.Prompt, "input_tokens_details": object{"cached_tokens": 0},
		"output_tokens": u.Completion, "output_tokens_details": object{"reasoning_tokens": a.thought}, "total_tokens": u.Total,
	}
	return kind, out
}

func (d responsesDialect) whole(h head, answers []*answer, u usage) any {
	w := &responsesWriter{h: h, d: d}
	a := answers[0]
	if a.reasoning != "" {
		w.part(0, delta{reasoning: a.reasoning})
	}
	if a.text != "" || len(a.calls) == 0 {
		w.part(0, delta{text: a.text})
	}
	for i := range a.calls {
		w.part(0, delta{call: &a.calls[i]})
	}
	w.close()
	_, out := d.finished(h, a, w.output, u)
	return out
}

// responsesWriter writes the events of an answer, or, without e, only collects
// its items.
type responsesWriter struct {
	h        head
	d        responsesDialect
	e        *events
	sequence int
	output   []object        // items that are whole
	kind     string          // of the item that is open, or empty
	text     strings.Builder // of it
}

func (d responsesDialect) open(h head, e *events) writer { return &responsesWriter{h: h, d: d, e: e} }

func (w *responsesWriter) event(kind string, more object) {
	if w.e == nil {
		return
	}
	more["type"], more["sequence_number"] = kind, w.sequence
	w.sequence++
	w.e.data(kind, more)
}

func (w *responsesWriter) begin() {
	for _, kind := range []string{"response.created", "response.in_progress"} {
		w.event(kind, object{"response": w.d.response(w.h, "in_progress", []object{})})
	}
}

// id is that of the item that is open.
func (w *responsesWriter) id() string {
	prefix := map[string]string{"message": "msg_", "reasoning": "rs_", "function_call": "fc_"}[w.kind]
	return fmt.Sprintf("%s%s%02d", prefix, w.h.id, len(w.output))
}

func (w *responsesWriter) at(more object) object {
	more["item_id"], more["output_index"] = w.id(), len(w.output)
	if w.kind != "function_call" {
		more["content_index"] = 0
	}
	return more
}

// item opens an item of a kind.
func (w *responsesWriter) item(kind string, c *call) {
	if w.kind == kind && c == nil {
		return
	}
	w.close()
	w.kind = kind
	w.text.Reset()
	w.event("response.output_item.added", object{"output_index": len(w.output), "item": w.built("in_progress", c, "")})
	switch kind {
	case "message":
		w.event("response.content_part.added", w.at(object{"part": outputText("")}))
	case "reasoning":
		w.event("response.content_part.added", w.at(object{"part": reasoningText("")}))
	}
}

func reasoningText(text string) object { return object{"type": "reasoning_text", "text": text} }

func outputText(text string) object {
	return object{"type": "output_text", "text": text, "annotations": []any{}, "logprobs": []any{}}
}

// built is the item that is open; of a function_call with arguments.
func (w *responsesWriter) built(status string, c *call, arguments string) object {
	switch w.kind {
	case "function_call":
		return object{"type": w.kind, "id": w.id(), "call_id": c.id, "name": c.name, "arguments": arguments, "status": status}
	case "reasoning":
		content := []object{}
		if text := w.text.String(); text != "" {
			content = append(content, reasoningText(text))
		}
		return object{"type": w.kind, "id": w.id(), "summary": []any{}, "content": content, "status": status}
	}
	content := []object{}
	if status == "completed" {
		content = append(content, outputText(w.text.String()))
	}
	return object{"type": w.kind, "id": w.id(), "role": "assistant", "content": content, "status": status}
}

func (w *responsesWriter) part(_ int, d delta) {
	switch {
	case d.call != nil:
		w.item("function_call", d.call)
		w.event("response.function_call_arguments.delta", w.at(object{"delta": d.call.arguments}))
		w.event("response.function_call_arguments.done", w.at(object{"arguments": d.call.arguments, "name": d.call.name}))
		w.whole(w.built("completed", d.call, d.call.arguments))
	case d.reasoning != "":
		w.item("reasoning", nil)
		w.text.WriteString(d.reasoning)
		w.event("response.reasoning_text.delta", w.at(object{"delta": d.reasoning}))
	default:
		w.item("message", nil)
		w.text.WriteString(d.text)
		w.event("response.output_text.delta", w.at(object{"delta": d.text, "logprobs": []any{}}))
	}
}

// close ends the item that is open.
func (w *responsesWriter) close() {
	text := w.text.String()
	switch w.kind {
	case "":
		return
	case "reasoning":
		w.event("response.reasoning_text.done", w.at(object{"text": text}))
		w.event("response.content_part.done", w.at(object{"part": reasoningText(text)}))
	case "message":
		w.event("response.output_text.done", w.at(object{"text": text, "logprobs": []any{}}))
		w.event("response.content_part.done", w.at(object{"part": outputText(text)}))
	}
	w.whole(w.built("completed", nil, ""))
}

func (w *responsesWriter) whole(item object) {
	w.event("response.output_item.done", object{"output_index": len(w.output), "item": item})
	w.output, w.kind = append(w.output, item), ""
}

func (w *responsesWriter) end(answers []*answer, u usage) {
	if len(w.output) == 0 && w.kind == "" {
		w.item("message", nil)
	}
	w.close()
	kind, out := w.d.finished(w.h, answers[0], w.output, u)
	w.event(kind, object{"response": out})
}

// fail ends a stream that goes wrong: what is whole stays, and the item that is
// open is none.
func (w *responsesWriter) fail(p *problem) {
	code := "server_error"
	switch p.status {
	case http.StatusTooManyRequests:
		code = "rate_limit_exceeded"
	case http.StatusBadRequest:
		code = "invalid_prompt"
	}
	if w.output == nil {
		w.output = []object{}
	}
	out := w.d.response(w.h, "failed", w.output)
	out["error"] = object{"code": code, "message": p.Message}
	w.event("response.failed", object{"response": out})
}
