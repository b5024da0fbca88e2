package tokenizer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assaynet/assay/engine/chattemplate"
)

// Conversation is all that a template writes a prompt of.
type Conversation struct {
	// Messages are turns; beside those of Message, a role is "tool", whose
	// content is what a call gave.
	Messages []chattemplate.Message
	Tools    json.RawMessage // a JSON array of the tools that may be called, or empty
	Day      time.Time       // zero: none
}

// Written is a conversation as the template writes it.
type Written struct {
	IDs  []int32
	Text string // without a BOS that the file asks for and the template does not write
}

// Write is Chat of a conversation with tools, calls and what they gave. A
// template that knows none of these may write nothing of them: see
// [Tokenizer.KnowsTools]. Errors are those of Chat.
func (t *Tokenizer) Write(c Conversation) (Written, error) {
	if t.chat.none != nil {
		return Written{}, fmt.Errorf("%w: %w", ErrNoChat, t.chat.none)
	}
	if err := c.check(); err != nil {
		return Written{}, err
	}
	in := chattemplate.Input{BOS: t.name(t.bos), EOS: t.name(t.eos), Today: c.Day, Messages: c.Messages, Tools: c.Tools}
	text, err := t.chat.template.Render(in)
	if err != nil {
		in.Today = anyDay
		if _, on := t.chat.template.Render(in); c.Day.IsZero() && on == nil {
			err = fmt.Errorf("%w: %w", ErrDay, err)
		}
		return Written{}, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	if text.Len() > MaxText {
		return Written{}, fmt.Errorf("%w: the template wrote %d bytes, at most %d are encoded", ErrTooLong, text.Len(), MaxText)
	}
	if text.Trusted() && t.wantsParts(c.Day, plain(c.Messages)) {
		return Written{}, fmt.Errorf("%w: it writes nothing of what is said, for it wants contents in parts, which are not supported", ErrTemplate)
	}
	ids := t.encode(nil, text.String(), func(i, j int) bool { return text.Slice(i, j).Trusted() })
	if t.addBOS && (len(ids) == 0 || ids[0] != t.bos) {
		ids = slices.Insert(ids, 0, t.bos)
	}
	return Written{IDs: ids, Text: text.String()}, nil
}

// plain leaves away all but roles and texts.
func plain(messages []chattemplate.Message) []Message {
	out := make([]Message, len(messages))
	for i, m := range messages {
		out[i] = Message{Role: m.Role, Content: m.Content}
	}
	return out
}

func (c *Conversation) check() error {
	size := len(c.Tools)
	for _, m := range c.Messages {
		if !slices.Contains([]string{"system", "user", "assistant", "tool"}, m.Role) {
			return fmt.Errorf("%w %q: it must be system, user, assistant or tool", ErrRole, m.Role)
		}
		if size += len(m.Content) + len(m.Extra); size > MaxText {
			return fmt.Errorf("%w: a conversation of more than %d bytes", ErrTooLong, MaxText)
		}
	}
	return nil
}

// ChatTemplate returns the source of the file's template, or "".
func (t *Tokenizer) ChatTemplate() string { return t.chat.source }

// trialTool is a tool with a name that no template has.
const trialTool = `[{"type":"function","function":{"name":"trial_of_tools","description":"d","parameters":{"type":"object","properties":{}}}}]`

// KnowsTools tells by a trial whether the template writes of tools.
func (t *Tokenizer) KnowsTools() bool {
	if t.chat.template == nil {
		return false
	}
	in := chattemplate.Input{
		BOS: t.name(t.bos), EOS: t.name(t.eos), Today: anyDay, Tools: json.RawMessage(trialTool),
		Messages: []chattemplate.Message{{Role: "user", Content: "a"}},
	}
	text, err := t.chat.template.Render(in)
	return err == nil && strings.Contains(text.String(), "trial_of_tools")
}

// NewWholeStream returns a Stream that spells control tokens by their names,
// but not those that end an answer: tools are called between such marks.
func (t *Tokenizer) NewWholeStream() *Stream { return &Stream{t: t, control: true} }
