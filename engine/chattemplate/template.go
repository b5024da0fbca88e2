package chattemplate

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/assaynet/assay/engine/chattemplate/syntax"
)

// Template is a compiled chat template. It does not change; its methods are safe for concurrent use.
type Template struct {
	body  stmt
	known map[string]value
}

// Message is one turn of a conversation.
type Message struct {
	Role    string // the caller vouches for it: it counts as the template's own text
	Content string // anyone's bytes
}

// Input is what a template writes a prompt of.
type Input struct {
	Messages []Message
	// BOS and EOS are the texts of the tokens that begin and end a text; "" where there is none.
	BOS, EOS string
	// Today is the day that strftime_now writes, at midnight, in Today's own zone; the clock is never read. With the zero Time,
	// strftime_now is not defined, and a template that knows what to do without a clock does that.
	Today time.Time
}

// Parse compiles a template of at most [MaxSource] bytes. Errors: [ErrSyntax], [ErrLimit].
func Parse(source string) (*Template, error) {
	if len(source) > MaxSource {
		return nil, fmt.Errorf("%w: a template of %d bytes, at most %d are read", ErrLimit, len(source), MaxSource)
	}
	nodes, err := syntax.Parse(source)
	switch {
	case errors.Is(err, syntax.ErrLimit):
		return nil, fmt.Errorf("%w: %w", ErrLimit, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	c := &compiler{literals: map[string]Text{}}
	return &Template{c.body(nodes), functions()}, nil
}

// Render writes the conversation and opens the assistant's turn (add_generation_prompt).
// Errors: [ErrRun], [ErrLimit], [ErrRefused].
func (t *Template) Render(in Input) (Text, error) {
	r := &run{steps: maxSteps, bytes: minBytes, out: &builder{}, known: maps.Clone(t.known)}
	messages := &list{}
	for _, m := range in.Messages {
		r.bytes += bytesPerInput * (len(m.Role) + len(m.Content))
		d := &dict{}
		for _, kv := range [][2]Text{{Own("role"), Own(m.Role)}, {Own("content"), Foreign(m.Content)}} {
			if err := d.set(r, kv[0], kv[1]); err != nil {
				return Text{}, err
			}
		}
		messages.items = append(messages.items, d)
	}
	maps.Copy(r.known, map[string]value{
		"messages": messages, "add_generation_prompt": true, "bos_token": Own(in.BOS), "eos_token": Own(in.EOS),
		"tools": nil, "documents": nil, // as transformers gives them
	})
	if !in.Today.IsZero() {
		r.known["strftime_now"] = strftimeNow(in.Today)
	}
	if _, err := t.body(r, &scope{}); err != nil {
		return Text{}, fmt.Errorf("render the chat template: %w", err)
	}
	if r.steps < 0 {
		return Text{}, fmt.Errorf("render the chat template: %w", r.spend(0, 0))
	}
	return r.out.text(), nil
}
