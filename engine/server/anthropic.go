package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// messages answers a conversation by Anthropic's /v1/messages.
func (s *Server) messages(w http.ResponseWriter, r *http.Request) error {
	return s.answer(w, r, func(b body, a *asked) (dialect, error) {
		if err := a.takeMessagesAPI(b); err != nil {
			return nil, err
		}
		if err := b.takeAll(want{"stream", &a.stream}); err != nil {
			return nil, err
		}
		if raw, there := b["max_tokens"]; !there || string(raw) == "null" {
			return nil, refuse("max_tokens", "max_tokens is missing")
		}
		if err := a.takeLength(b, "max_tokens"); err != nil {
			return nil, err
		}
		if err := a.takeStops(b, "stop_sequences"); err != nil {
			return nil, err
		}
		if err := a.takeSampling(b); err != nil {
			return nil, err
		}
		return messagesDialect{}, nil
	})
}

// countTokens tells how long the prompt of such a request is.
func (s *Server) countTokens(w http.ResponseWriter, r *http.Request) error {
	return s.count(w, r, object{}, func(b body, a *asked) (dialect, error) { return nil, a.takeMessagesAPI(b) })
}

// takeMessagesAPI takes model, conversation and tools.
func (a *asked) takeMessagesAPI(b body) error {
	var list []body
	var system json.RawMessage
	if err := b.takeAll(want{"model", &a.name}, want{"messages", &list}, want{"system", &system}); err != nil {
		return err
	}
	a.talk, a.field = &talk{}, "messages"
	text, err := blockTexts("system", system)
	if err != nil {
		return err
	}
	if text != "" {
		a.talk.system = []string{text}
	}
	if len(list) > maxMessages {
		return refuse("messages", "a conversation has 1 to %d messages", maxMessages)
	}
	names := map[string]string{}
	for i, m := range list {
		if err := a.talk.takeBlocks(m, i, names); err != nil {
			return err
		}
	}
	if err := a.takeBlockTools(b); err != nil {
		return err
	}
	if err := a.takeThinking(b); err != nil {
		return err
	}
	if err := a.takeOutputConfig(b); err != nil {
		return err
	}
	return a.talk.check("messages")
}

// takeOutputConfig takes the format of the answer, and how long the model is to
// think.
func (a *asked) takeOutputConfig(b body) error {
	config, err := b.takeBody("output_config")
	if err != nil {
		return err
	}
	if err := a.takeEffort(config, "effort", "output_config.effort"); err != nil {
		return err
	}
	format, err := config.takeBody("format")
	if err != nil {
		return err
	}
	if format != nil {
		if err := a.readFormat("output_config.format", format, true); err != nil {
			return err
		}
	}
	return config.only("output_config", "output_config")
}

// block is a part of a message.
type block struct {
	kind, text, thinking, id, name, toolUse string
	input, content                          json.RawMessage
	isError                                 bool
}

// blocksOf reads a content: a text, or blocks.
func blocksOf(field string, raw json.RawMessage) ([]block, error) {
	var text string
	if len(raw) == 0 || json.Unmarshal(raw, &text) == nil {
		return []block{{kind: "text", text: text}}, nil
	}
	var list []body
	if err := json.Unmarshal(raw, &list); err != nil || len(list) > maxMessages {
		return nil, refuse(field, "a content is a text, or a list of up to %d blocks", maxMessages)
	}
	out := make([]block, len(list))
	for i, b := range list {
		if err := out[i].read(field, b); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// read reads a block. Of the types that are not done the caller says so.
func (x *block) read(field string, b body) error {
	if _, err := b.take("type", &x.kind); err != nil {
		return err
	}
	var fields []want
	switch x.kind {
	case "text":
		fields = []want{{"text", &x.text}}
	case "thinking":
		fields = []want{{"thinking", &x.thinking}}
	case "tool_use":
		fields = []want{{"id", &x.id}, {"name", &x.name}, {"input", &x.input}}
	case "tool_result":
		fields = []want{{"tool_use_id", &x.toolUse}, {"content", &x.content}, {"is_error", &x.isError}}
	default:
		return nil
	}
	if err := b.takeAll(fields...); err != nil {
		return err
	}
	return b.only(field, "a block of the type "+x.kind, "cache_control", "signature", "caller")
}

// blockTexts joins the texts of a content that has nothing else.
func blockTexts(field string, raw json.RawMessage) (string, error) {
	list, err := blocksOf(field, raw)
	var out []string
	for _, x := range list {
		if x.kind != "text" {
			return "", refuse(field, "a block of the type %.40q is not done by this server here: text", x.kind)
		}
		out = append(out, x.text)
	}
	return strings.Join(out, "\n\n"), err
}

// takeBlocks takes message i; names are those of tools, by the ids of their
// calls.
func (t *talk) takeBlocks(m body, i int, names map[string]string) error {
	var role string
	var raw json.RawMessage
	if err := m.takeAll(want{"role", &role}, want{"content", &raw}); err != nil {
		return err
	}
	if err := m.only("messages", fmt.Sprintf("message %d", i), aside...); err != nil {
		return err
	}
	if role == "system" {
		text, err := blockTexts("messages", raw)
		t.system = append(t.system, text)
		return err
	}
	if role != "user" && role != "assistant" {
		return refuse("messages", "message %d has the role %.40q, which is not done by this server: user or assistant", i, role)
	}
	list, err := blocksOf("messages", raw)
	if err != nil {
		return err
	}
	x := turn{role: role}
	var texts []string
	for _, part := range list {
		switch {
		case part.kind == "text":
			texts = append(texts, part.text)
		case part.kind == "thinking" && role == "assistant":
			x.reasoning += part.thinking
		case part.kind == "redacted_thinking" && role == "assistant": // nobody can read it
		case part.kind == "tool_use" && role == "assistant":
			object, ok := arguments(part.input)
			if !ok || part.name == "" {
				return refuse("messages", "message %d has a tool_use without a name, or whose input is no object", i)
			}
			names[part.id] = part.name
			x.calls = append(x.calls, callOf{part.id, part.name, object})
		case part.kind == "tool_result" && role == "user":
			text, err := blockTexts("messages", part.content)
			if err != nil {
				return err
			}
			if part.isError {
				text = "Error: " + text
			}
			t.turns = append(t.turns, turn{role: "tool", text: text, callID: part.toolUse, name: names[part.toolUse]})
		default:
			return refuse("messages", "message %d has a block of the type %.40q, which is not done by this server", i, part.kind)
		}
	}
	if x.text = strings.Join(texts, "\n\n"); x.text != "" || role == "assistant" || len(list) == 0 {
		t.turns = append(t.turns, x)
	}
	return nil
}

// takeBlockTools takes tools of one's own; Anthropic's are not done.
func (a *asked) takeBlockTools(b body) error {
	var list []body
	var choice body
	if err := b.takeAll(want{"tools", &list}, want{"tool_choice", &choice}); err != nil {
		return err
	}
	for i, x := range list {
		var kind string
		if _, err := x.take("type", &kind); err != nil {
			return err
		}
		if kind != "" && kind != "custom" {
			return refuse("tools", "a tool of the type %.40q is not done by this server: custom", kind)
		}
		if err := a.talk.takeFunction(x, i, "input_schema", "cache_control", "eager_input_streaming"); err != nil {
			return err
		}
	}
	t := a.talk
	var kind string
	if err := choice.takeAll(want{"type", &kind}, want{"name", &t.named}, want{"disable_parallel_tool_use", &a.single}); err != nil {
		return err
	}
	words := map[string]string{"": choiceAuto, "auto": choiceAuto, "none": choiceNone, "any": choiceRequired, "tool": choiceRequired}
	word, known := words[kind]
	if t.choice = word; !known || (kind == "tool") != (t.named != "") {
		return refuse("tool_choice", "tool_choice is of the type auto, any, none, or tool, with its name")
	}
	return choice.only("tool_choice", "tool_choice")
}

// messagesDialect is /v1/messages.
type messagesDialect struct{}

func (messagesDialect) lines() bool { return false }

func (messagesDialect) problem(p *problem) any {
	kind := p.Type
	switch p.status {
	case http.StatusTooManyRequests:
		kind = "rate_limit_error"
	case http.StatusServiceUnavailable:
		kind = "overloaded_error"
	case http.StatusInternalServerError:
		kind = "api_error"
	}
	return map[string]any{"type": "error", "error": map[string]string{"type": kind, "message": p.named()}}
}

// messageUsage counts tokens in Anthropic's words.
type messageUsage struct {
	Input  int `json:"input_tokens"`
	Output int `json:"output_tokens"`
}

// message is the whole answer, or its head.
type message struct {
	ID           string           `json:"id"`
	Type         string           `json:"type"`
	Role         string           `json:"role"`
	Model        string           `json:"model"`
	Content      []map[string]any `json:"content"`
	StopReason   *string          `json:"stop_reason"`
	StopSequence *string          `json:"stop_sequence"`
	Usage        messageUsage     `json:"usage"`
}

func messageOf(h head) message {
	return message{ID: "msg_" + h.id, Type: "message", Role: "assistant", Model: h.asked.name, Content: []map[string]any{}, Usage: messageUsage{Input: len(h.asked.prompt)}}
}

// stopReason is why an answer ended, in Anthropic's words.
func stopReason(a *answer) (reason string, sequence *string) {
	switch {
	case a.finish == finishLength:
		return "max_tokens", nil
	case a.finish == finishCalls:
		return "tool_use", nil
	case a.stopped != "":
		return "stop_sequence", &a.stopped
	}
	return "end_turn", nil
}

func toolUse(c *call, input json.RawMessage) map[string]any {
	return map[string]any{"type": "tool_use", "id": c.id, "name": c.name, "input": input}
}

func thinkingBlock(text string) map[string]any {
	return map[string]any{"type": "thinking", "thinking": text, "signature": ""}
}

func textBlock(text string) map[string]any { return map[string]any{"type": "text", "text": text} }

func (messagesDialect) whole(h head, answers []*answer, u usage) any {
	a, m := answers[0], messageOf(h)
	if a.reasoning != "" {
		m.Content = append(m.Content, thinkingBlock(a.reasoning))
	}
	if a.text != "" {
		m.Content = append(m.Content, textBlock(a.text))
	}
	for i := range a.calls {
		m.Content = append(m.Content, toolUse(&a.calls[i], json.RawMessage(a.calls[i].arguments)))
	}
	reason, sequence := stopReason(a)
	m.StopReason, m.StopSequence, m.Usage.Output = &reason, sequence, u.Completion
	return m
}

// messagesWriter writes Anthropic's events: blocks, one after another.
type messagesWriter struct {
	h     head
	e     *events
	kind  string // of the block that is open, or empty
	index int    // of the next block
}

func (messagesDialect) open(h head, e *events) writer { return &messagesWriter{h: h, e: e} }

func (w *messagesWriter) event(kind string, more map[string]any) {
	more["type"] = kind
	w.e.data(kind, more)
}

func (w *messagesWriter) begin() {
	w.event("message_start", map[string]any{"message": messageOf(w.h)})
	w.event("ping", map[string]any{})
}

// block opens a block unless one of the kind is open.
func (w *messagesWriter) block(kind string, start map[string]any) {
	if w.kind == kind && kind != "tool_use" {
		return
	}
	w.close()
	w.kind = kind
	w.event("content_block_start", map[string]any{"index": w.index, "content_block": start})
}

func (w *messagesWriter) close() {
	if w.kind == "" {
		return
	}
	w.event("content_block_stop", map[string]any{"index": w.index})
	w.kind = ""
	w.index++
}

func (w *messagesWriter) delta(kind, field, text string) {
	w.event("content_block_delta", map[string]any{"index": w.index, "delta": map[string]string{"type": kind, field: text}})
}

func (w *messagesWriter) part(_ int, d delta) {
	switch {
	case d.call != nil:
		w.block("tool_use", toolUse(d.call, json.RawMessage("{}")))
		w.delta("input_json_delta", "partial_json", d.call.arguments)
		w.close()
	case d.reasoning != "":
		w.block("thinking", thinkingBlock(""))
		w.delta("thinking_delta", "thinking", d.reasoning)
	case d.text != "":
		w.block("text", textBlock(""))
		w.delta("text_delta", "text", d.text)
	}
}

func (w *messagesWriter) end(answers []*answer, u usage) {
	w.close()
	reason, sequence := stopReason(answers[0])
	w.event("message_delta", map[string]any{
		"delta": map[string]any{"stop_reason": reason, "stop_sequence": sequence}, "usage": messageUsage{u.Prompt, u.Completion},
	})
	w.event("message_stop", map[string]any{})
}
