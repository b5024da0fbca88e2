package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assaynet/assay/engine/chattemplate"
	"github.com/assaynet/assay/engine/gguf"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string // "system", "user" or "assistant"
	Content string
}

// chat is the file's chat template, or why there is none.
type chat struct {
	template *chattemplate.Template
	source   string
	none     error
}

// The keys of templates. A file may have several: the one for plain
// conversations is under chatKey, in files by some tools under chatKey.default;
// the others, for calls of tools or retrieval, are under chatKey.<name>, and
// chatNamesKey lists their names.
const (
	chatKey      = "tokenizer.chat_template"
	chatNamesKey = "tokenizer.chat_templates"
)

// newChat makes the file's template ready to be run.
func newChat(f *gguf.File) chat {
	source, err := chatSource(f)
	if err != nil {
		return chat{none: err}
	}
	template, err := chattemplate.Parse(source)
	if err != nil {
		return chat{none: fmt.Errorf("the file's chat template cannot be read: %w", err)}
	}
	return chat{template: template, source: source}
}

// chatSource returns the template for plain conversations. One of white space
// alone is none: it would write no message.
func chatSource(f *gguf.File) (string, error) {
	for _, key := range []string{chatKey, chatKey + ".default"} {
		if s, ok := f.String(key); ok && strings.TrimSpace(s) != "" {
			return s, nil
		}
	}
	if kv, there := f.Lookup(chatKey); there && kv.Type != gguf.String {
		return "", errors.New("the file's chat template is no text")
	} else if there {
		return "", errors.New("the file's chat template is empty")
	}
	var names []string
	for _, kv := range f.Metadata() {
		if name, ok := strings.CutPrefix(kv.Key, chatKey+"."); ok {
			names = append(names, name)
		}
	}
	if names != nil {
		return "", fmt.Errorf("the file has chat templates for %s, but none for plain conversations", strings.Join(names, ", "))
	}
	return "", errors.New("the file has no chat template")
}

// Chat returns the ids of a conversation that the assistant is to continue, as
// the file's own template writes it. In contents nothing becomes a mark that
// the template writes, nor an end. What a template cannot do is an error, and
// never another prompt: a role that it refuses, parts of Jinja that are not
// there, the day.
//
// Errors: [ErrNoChat], [ErrTemplate] (with [ErrDay] where the template asks for
// the day), [ErrRole], [ErrTooLong].
func (t *Tokenizer) Chat(messages []Message) ([]int32, error) {
	return t.ChatOn(time.Time{}, messages)
}

// ChatOn is Chat on a day, which templates that ask for it write into the
// prompt; of the time of day they know nothing. The clock is never read, and
// Chat knows no day, so that all nodes make one prompt of one task.
func (t *Tokenizer) ChatOn(day time.Time, messages []Message) ([]int32, error) {
	if t.chat.none != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoChat, t.chat.none)
	}
	if err := checkMessages(messages); err != nil {
		return nil, err
	}
	text, err := t.render(day, messages)
	if err != nil {
		if _, on := t.render(anyDay, messages); day.IsZero() && on == nil {
			err = fmt.Errorf("%w: %w", ErrDay, err)
		}
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	if text.Len() > MaxText {
		return nil, fmt.Errorf("%w: the template wrote %d bytes, at most %d are encoded", ErrTooLong, text.Len(), MaxText)
	}
	if text.Trusted() && t.wantsParts(day, messages) {
		return nil, fmt.Errorf("%w: it writes nothing of what is said, for it wants contents in parts, which are not supported", ErrTemplate)
	}
	ids := t.encode(nil, text.String(), func(i, j int) bool { return text.Slice(i, j).Trusted() })
	if t.addBOS && (len(ids) == 0 || ids[0] != t.bos) {
		ids = slices.Insert(ids, 0, t.bos)
	}
	return ids, nil
}

func checkMessages(messages []Message) error {
	size := 0
	for _, m := range messages {
		switch m.Role {
		case "system", "user", "assistant":
		default:
			return fmt.Errorf("%w %q: it must be system, user or assistant", ErrRole, m.Role)
		}
		if size += len(m.Content); size > MaxText {
			return fmt.Errorf("%w: a conversation of more than %d bytes", ErrTooLong, MaxText)
		}
	}
	return nil
}

// render runs the template.
func (t *Tokenizer) render(day time.Time, messages []Message) (chattemplate.Text, error) {
	return t.chat.template.Render(t.input(day, messages))
}

func (t *Tokenizer) input(day time.Time, messages []Message) chattemplate.Input {
	in := chattemplate.Input{BOS: t.name(t.bos), EOS: t.name(t.eos), Today: day}
	for _, m := range messages {
		in.Messages = append(in.Messages, chattemplate.Message{Role: m.Role, Content: m.Content})
	}
	return in
}

// wantsParts tells whether a template would write something of what is said if
// it came as transformers gives texts beside pictures: a list of parts with a
// type. Templates that ask for that write nothing of a plain text, and say
// nothing of it.
func (t *Tokenizer) wantsParts(day time.Time, messages []Message) bool {
	type part struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	in := t.input(day, messages)
	for i, m := range messages {
		extra, err := json.Marshal(map[string][]part{"content": {{"text", m.Content}}})
		if err != nil {
			return false
		}
		in.Messages[i].Extra = extra
	}
	text, err := t.chat.template.Render(in)
	return err == nil && !text.Trusted()
}

// anyDay and its morrow find out what a template does with the day.
var anyDay = time.Date(2024, 7, 26, 0, 0, 0, 0, time.UTC)

// DayUse says what a model's chat template does with the day.
type DayUse string

// What a template does with the day.
const (
	DayUnused DayUse = "unused"
	DayUsed   DayUse = "used"   // writes it where one is given, and something else where not
	DayNeeded DayUse = "needed" // writes nothing without one
)

// ChatDay tells by trials what the template does with the day. Without a
// template it is DayUnused.
func (t *Tokenizer) ChatDay() DayUse {
	if t.chat.template == nil {
		return DayUnused
	}
	use := DayUnused
	for _, messages := range talks {
		first, err := t.render(anyDay, messages)
		if err != nil {
			continue // it fails for another reason
		}
		if _, err := t.render(time.Time{}, messages); err != nil {
			return DayNeeded
		}
		if second, err := t.render(anyDay.AddDate(1, 1, 1), messages); err == nil && second.String() != first.String() {
			use = DayUsed
		}
	}
	return use
}

// name is the text of a token, or "" for −1, which is none.
func (t *Tokenizer) name(id int32) string {
	if id < 0 {
		return ""
	}
	return t.vocab.tokens[id].text
}

// ChatFormat is "template" where conversations are written by the file's own
// template, and empty where there is none that can be read; [Tokenizer.Chat]
// says why.
func (t *Tokenizer) ChatFormat() string {
	if t.chat.none != nil {
		return ""
	}
	return "template"
}
