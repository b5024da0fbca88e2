package server

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// chat answers a conversation by OpenAI's /v1/chat/completions.
func (s *Server) chat(w http.ResponseWriter, r *http.Request) error {
	return s.answer(w, r, takeChat)
}

// takeChat takes such a request.
func takeChat(b body, a *asked) (dialect, error) {
	if err := a.takeCommon(b); err != nil {
		return nil, err
	}
	if err := a.takeEffort(b, "reasoning_effort", "reasoning_effort"); err != nil {
		return nil, err
	}
	if err := a.takeThinking(b); err != nil {
		return nil, err
	}
	if err := b.takeAll(want{"logprobs", &a.logProbs}, want{"top_logprobs", &a.top}); err != nil {
		return nil, err
	}
	if a.top < 0 || a.top > maxTopLogProbs || a.top > 0 && !a.logProbs {
		return nil, refuse("top_logprobs", "top_logprobs is 0 to %d, and goes with logprobs", maxTopLogProbs)
	}
	var list []body
	if _, err := b.take("messages", &list); err != nil {
		return nil, err
	}
	a.talk, a.field = &talk{}, "messages"
	if err := a.talk.takeMessages(list); err != nil {
		return nil, err
	}
	if err := a.takeTools(b); err != nil {
		return nil, err
	}
	return chatDialect{}, a.talk.check(a.field)
}

// takeMessages takes OpenAI's messages. Those of system and developer become
// one, before all others.
func (t *talk) takeMessages(list []body) error {
	if len(list) > maxMessages {
		return refuse("messages", "a conversation has 1 to %d messages", maxMessages)
	}
	names := map[string]string{} // of tools, by the ids of their calls
	for i, m := range list {
		x, err := takeTurn(m, i)
		if err != nil {
			return err
		}
		switch x.role {
		case "system", "developer":
			t.system = append(t.system, x.text)
			continue
		case "user", "assistant":
		case "tool":
			if x.name == "" {
				x.name = names[x.callID]
			}
		default:
			return refuse("messages", "message %d has the role %.40q, which is not done by this server: system, developer, user, assistant or tool", i, x.role)
		}
		for _, c := range x.calls {
			names[c.id] = c.name
		}
		t.turns = append(t.turns, x)
	}
	return nil
}

// takeTurn takes message i apart. What it has that changes nothing may stay;
// anything else is not done.
func takeTurn(m body, i int) (x turn, err error) {
	var raw json.RawMessage
	if _, err := m.take("role", &x.role); err != nil {
		return x, refuse("messages", "the role of message %d is no text", i)
	}
	var calls []body
	var other string
	err = m.takeAll(want{"content", &raw}, want{"tool_calls", &calls}, want{"tool_call_id", &x.callID},
		want{"reasoning_content", &x.reasoning}, want{"reasoning", &other})
	if err != nil {
		return x, err
	}
	if x.reasoning == "" {
		x.reasoning = other
	}
	if x.role == "tool" {
		if _, err := m.take("name", &x.name); err != nil {
			return x, err
		}
	}
	if err := m.only("messages", fmt.Sprintf("message %d", i), aside...); err != nil {
		return x, err
	}
	for _, b := range calls {
		c, err := takeCall(b, i)
		if err != nil {
			return x, err
		}
		if x.role != "assistant" {
			return x, refuse("messages", "message %d has a call, and is not the assistant's", i)
		}
		x.calls = append(x.calls, c)
	}
	x.text, err = content(raw)
	return x, err
}

// takeCall takes a call of message i.
func takeCall(b body, i int) (c callOf, err error) {
	var kind string
	var function body
	var raw json.RawMessage
	if err := b.takeAll(want{"id", &c.id}, want{"type", &kind}, want{"function", &function}); err != nil {
		return c, err
	}
	if err := function.takeAll(want{"name", &c.name}, want{"arguments", &raw}); err != nil {
		return c, err
	}
	object, ok := arguments(raw)
	if !ok || c.name == "" || kind != "" && kind != "function" {
		return c, refuse("messages", "message %d has a call that is none of a function with its name and an object of arguments", i)
	}
	c.arguments = object
	what := fmt.Sprintf("a call of message %d", i)
	if err := b.only("messages", what, aside...); err != nil {
		return c, err
	}
	return c, function.only("messages", what, aside...)
}

// content is a text, its parts, or nothing.
func content(raw json.RawMessage) (string, error) {
	return parts("messages", raw, "text", "input_text", "output_text")
}

// takeTools takes tools, and which of them may be called.
func (a *asked) takeTools(b body) error {
	var list []body
	if _, err := b.take("tools", &list); err != nil {
		return err
	}
	for i, x := range list {
		var kind string
		var function body
		if err := x.takeAll(want{"type", &kind}, want{"function", &function}); err != nil {
			return err
		}
		if kind != "function" {
			return refuse("tools", "a tool of the type %.40q is not done by this server: function", kind)
		}
		if err := x.only("tools", fmt.Sprintf("tool %d", i), aside...); err != nil {
			return err
		}
		if err := a.talk.takeFunction(function, i, "parameters", aside...); err != nil {
			return err
		}
	}
	return a.takeToolChoice(b)
}

// takeFunction takes tool i, whose schema is in a field of a name. idle are
// fields that change nothing.
func (t *talk) takeFunction(b body, i int, schema string, idle ...string) error {
	var x tool
	err := b.takeAll(want{"name", &x.name}, want{"description", &x.description}, want{schema, &x.parameters}, want{"strict", &x.strict})
	if err != nil {
		return err
	}
	t.tools = append(t.tools, x)
	return b.only("tools", fmt.Sprintf("tool %d", i), idle...)
}

// takeToolChoice takes tool_choice, and whether there may be several calls.
func (a *asked) takeToolChoice(b body) error {
	var raw json.RawMessage
	parallel := true
	if err := b.takeAll(want{"tool_choice", &raw}, want{"parallel_tool_calls", &parallel}); err != nil {
		return err
	}
	a.single = !parallel
	return a.talk.readChoice(raw)
}

// chatDialect is /v1/chat/completions.
type chatDialect struct{}

func (chatDialect) lines() bool            { return false }
func (chatDialect) problem(p *problem) any { return envelope{p} }

// openHead is what all objects of one of OpenAI's answers begin with.
type openHead struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	Model   string `json:"model"`
}

func openHeadOf(h head, prefix, object string) openHead {
	return openHead{prefix + h.id, object, h.created.Unix(), h.asked.name}
}

type chatFunction struct {
	Name      string  `json:"name,omitempty"`
	Arguments *string `json:"arguments"`
}

type chatCall struct {
	Index    *int         `json:"index,omitempty"` // in streams
	ID       string       `json:"id,omitempty"`
	Type     string       `json:"type,omitempty"`
	Function chatFunction `json:"function"`
}

type chatMessage struct {
	Role    string  `json:"role"`
	Content *string `json:"content"`
	Refusal *string `json:"refusal"`
	// The same text under both names that clients have for it.
	Reasoning        string     `json:"reasoning,omitempty"`
	ReasoningContent string     `json:"reasoning_content,omitempty"`
	Calls            []chatCall `json:"tool_calls,omitempty"`
}

// chatProb is a token and its probability; chatProbs those of a text.
type (
	chatProb struct {
		Token   string     `json:"token"`
		LogProb *float64   `json:"logprob"`
		Bytes   []int      `json:"bytes"`
		Top     []chatProb `json:"top_logprobs,omitempty"`
	}
	chatProbs struct {
		Content []chatProb `json:"content"`
		Refusal []chatProb `json:"refusal"`
	}
)

func (a *asked) chatProbs(tokens []tokenProb) *chatProbs {
	if !a.logProbs {
		return nil
	}
	return &chatProbs{Content: chatProbList(tokens)}
}

func chatProbList(tokens []tokenProb) []chatProb {
	out := make([]chatProb, len(tokens))
	for i, x := range tokens {
		out[i] = chatProb{Token: x.text, LogProb: x.logProb, Bytes: make([]int, len(x.bytes)), Top: chatProbList(x.top)}
		for j, b := range x.bytes {
			out[i].Bytes[j] = int(b)
		}
	}
	return out
}

type chatChoice struct {
	Index    int         `json:"index"`
	Message  chatMessage `json:"message"`
	Logprobs *chatProbs  `json:"logprobs"`
	Finish   string      `json:"finish_reason"`
}

type chatAnswer struct {
	openHead
	Choices []chatChoice `json:"choices"`
	Usage   usage        `json:"usage"`
}

func (chatDialect) whole(h head, answers []*answer, u usage) any {
	out := chatAnswer{openHead: openHeadOf(h, "chatcmpl-", "chat.completion"), Usage: u}
	for i, a := range answers {
		m := chatMessage{Role: "assistant", Content: &a.text, Reasoning: a.reasoning, ReasoningContent: a.reasoning}
		for _, c := range a.calls {
			m.Calls = append(m.Calls, chatCall{ID: c.id, Type: "function", Function: chatFunction{c.name, &c.arguments}})
		}
		if a.text == "" && len(a.calls) > 0 {
			m.Content = nil
		}
		out.Choices = append(out.Choices, chatChoice{i, m, h.asked.chatProbs(a.tokens), a.finish})
	}
	return out
}

type chatDelta struct {
	Role             string     `json:"role,omitempty"`
	Content          *string    `json:"content,omitempty"`
	Reasoning        string     `json:"reasoning,omitempty"`
	ReasoningContent string     `json:"reasoning_content,omitempty"`
	Calls            []chatCall `json:"tool_calls,omitempty"`
}

type chatChunkChoice struct {
	Index    int        `json:"index"`
	Delta    chatDelta  `json:"delta"`
	Logprobs *chatProbs `json:"logprobs"`
	Finish   *string    `json:"finish_reason"`
}

type chatChunk struct {
	openHead
	Choices []chatChunkChoice `json:"choices"`
	Usage   *usage            `json:"usage,omitempty"`
}

// chatWriter writes chat.completion.chunk.
type chatWriter struct {
	h     head
	e     *events
	tally *tally
}

func (chatDialect) open(h head, e *events) writer { return &chatWriter{h, e, newTally(h.asked)} }

func (w *chatWriter) chunk(choices []chatChunkChoice, u *usage) {
	w.e.data("", chatChunk{openHeadOf(w.h, "chatcmpl-", "chat.completion.chunk"), choices, u})
}

func (w *chatWriter) delta(choice, count int, d chatDelta, tokens []tokenProb) {
	c := chatChunkChoice{Index: choice, Delta: d}
	if len(tokens) > 0 {
		c.Logprobs = w.h.asked.chatProbs(tokens)
	}
	w.chunk([]chatChunkChoice{c}, w.tally.at(choice, count))
}

func (w *chatWriter) begin() {
	for i := range w.h.asked.choices {
		empty := ""
		w.delta(i, 0, chatDelta{Role: "assistant", Content: &empty}, nil)
	}
}

func (w *chatWriter) part(choice int, d delta) {
	if d.call == nil {
		out := chatDelta{Reasoning: d.reasoning, ReasoningContent: d.reasoning}
		if d.reasoning == "" {
			out.Content = &d.text
		}
		w.delta(choice, d.count, out, d.tokens)
		return
	}
	empty := ""
	w.delta(choice, d.count, chatDelta{Calls: []chatCall{{&d.call.index, d.call.id, "function", chatFunction{d.call.name, &empty}}}}, d.tokens)
	w.delta(choice, d.count, chatDelta{Calls: []chatCall{{Index: &d.call.index, Function: chatFunction{Arguments: &d.call.arguments}}}}, nil)
}

func (w *chatWriter) end(answers []*answer, u usage) {
	for i, a := range answers {
		w.chunk([]chatChunkChoice{{Index: i, Finish: &a.finish}}, w.tally.at(i, len(a.run.Output)))
	}
	if w.h.asked.usage {
		w.chunk([]chatChunkChoice{}, &u)
	}
	w.e.send("data: [DONE]\n\n")
}
