package chattemplate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string // the caller vouches for it: it counts as the template's own text
	Content string // anyone's bytes
	// Extra is a JSON object of further fields, such as tool_calls or
	// reasoning_content, or empty. A field "content" in it takes the place of
	// Content: a list of parts, or null. It must not have a field "role". Its
	// strings, keys included, are anyone's.
	Extra json.RawMessage
}

// Input is what a template writes a prompt of.
type Input struct {
	Messages []Message
	// Tools is a JSON array of the tools that the model may call, or empty for
	// none. Its strings, keys included, are anyone's.
	Tools json.RawMessage
	// BOS and EOS are the texts of the tokens that begin and end a text; ""
	// where there is none.
	BOS, EOS string
	// Today is the day that strftime_now writes, at midnight, in Today's own
	// zone; the clock is never read. With the zero Time, strftime_now is not
	// defined, and a template that knows what to do without a clock does that.
	Today time.Time
}

// size is the number of bytes that a rendering's budget is made for.
func (in *Input) size() int {
	n := len(in.Tools)
	for _, m := range in.Messages {
		n += len(m.Role) + len(m.Content) + len(m.Extra)
	}
	return n
}

// variables are the names that a template finds, as transformers gives them.
func (r *run) variables(in Input) error {
	messages := &list{items: make([]value, len(in.Messages))}
	for i, m := range in.Messages {
		d, err := r.message(m)
		if err != nil {
			return fmt.Errorf("message %d: %w", i+1, err)
		}
		messages.items[i] = d
	}
	tools, err := r.decode(in.Tools)
	if err != nil {
		return fmt.Errorf("tools: %w", err)
	}
	if _, ok := tools.(*list); !ok && tools != nil {
		return fmt.Errorf("%w: tools that are a %s, not a list", ErrInput, kindOf(tools))
	}
	r.known["messages"], r.known["tools"], r.known["documents"] = messages, tools, nil
	r.known["add_generation_prompt"] = true
	r.known["bos_token"], r.known["eos_token"] = Own(in.BOS), Own(in.EOS)
	if !in.Today.IsZero() {
		r.known["strftime_now"] = strftimeNow(in.Today)
	}
	return nil
}

func (r *run) message(m Message) (*dict, error) {
	d := &dict{}
	if err := d.set(r, Own("role"), Own(m.Role)); err != nil {
		return nil, err
	}
	if err := d.set(r, Own("content"), Foreign(m.Content)); err != nil {
		return nil, err
	}
	extra, err := r.decode(m.Extra)
	if err != nil || extra == nil {
		return d, err
	}
	fields, ok := extra.(*dict)
	if !ok {
		return nil, fmt.Errorf("%w: fields that are a %s, not a dict", ErrInput, kindOf(extra))
	}
	if _, ok := fields.field("role"); ok {
		return nil, fmt.Errorf("%w: a second role", ErrInput)
	}
	for i, k := range fields.keys {
		if err := d.set(r, k, fields.values[i]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// decode reads a JSON text, or nil of an empty one.
func (r *run) decode(text json.RawMessage) (value, error) {
	if len(text) == 0 {
		return nil, nil
	}
	if err := r.spend(1, len(text)); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := r.decodeNext(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: more than one value", ErrInput)
	}
	return v, nil
}

func (r *run) decodeNext(d *json.Decoder, depth int) (value, error) {
	if depth > maxDeep {
		return nil, fmt.Errorf("%w: values nested more than %d deep", ErrLimit, maxDeep)
	}
	if err := r.spend(1, 0); err != nil {
		return nil, err
	}
	t, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	switch t := t.(type) {
	case string:
		return Foreign(t), nil
	case json.Number:
		return decodeNumber(t.String())
	case json.Delim:
		if t == '[' {
			return r.decodeList(d, depth)
		}
		return r.decodeDict(d, depth)
	}
	return t, nil // a bool, or nil
}

func decodeNumber(s string) (value, error) {
	if strings.ContainsAny(s, ".eE") {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: the number %.40s", ErrInput, s)
		}
		return x, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil, errBigNumber
	}
	return n, nil
}

func (r *run) decodeList(d *json.Decoder, depth int) (value, error) {
	out := &list{}
	for d.More() {
		v, err := r.decodeNext(d, depth+1)
		if err != nil {
			return nil, err
		}
		out.items = append(out.items, v)
	}
	return out, closed(d)
}

func (r *run) decodeDict(d *json.Decoder, depth int) (value, error) {
	out := &dict{}
	for d.More() {
		key, err := r.decodeNext(d, depth+1)
		if err != nil {
			return nil, err
		}
		v, err := r.decodeNext(d, depth+1)
		if err != nil {
			return nil, err
		}
		if err := out.set(r, key, v); err != nil {
			return nil, err
		}
	}
	return out, closed(d)
}

// closed reads the bracket that ends a list or a dictionary.
func closed(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	return nil
}
