package tokenizer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine/chattemplate"
	"github.com/assaynet/assay/engine/gguf"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string // "system", "user" or "assistant"
	Content string
}

// chat writes conversations in the format of one model's family or, where that is not known, as the file's template says.
type chat struct {
	format *format                // nil: the family is not known
	jinja  *chattemplate.Template // what is run instead; nil where there is none
	none   error                  // why there is neither
	bos    bool
	// system is put first where a conversation has no system message of its own; it may be empty.
	system string
	// template is the file's, its escaped line feeds made real: formats look for variants in it.
	template string
}

// format is how a family of models writes conversations. Formats are told apart by their marks, see formats.go.
type format struct {
	name  string
	marks []string // control tokens that the template names and the vocabulary has
	texts []string // other texts that the template has
	// write writes the turns and opens the assistant's.
	write func(p *prompt, c *chat, messages []Message)
}

// newChat recognises the format of the file's template, or makes the template ready to be run.
func newChat(f *gguf.File, t *Tokenizer) chat {
	source, ok := f.String("tokenizer.chat_template")
	if !ok {
		return chat{none: errors.New("the file has no template")}
	}
	// Templates hold line feeds as they are or as the escape of Jinja's strings.
	template := strings.ReplaceAll(source, `\n`, "\n")
	for i := range formats {
		if fm := &formats[i]; fm.fits(template, t) {
			bos := t.addBOS || t.bos >= 0 && strings.Contains(template, "bos_token")
			return chat{format: fm, bos: bos, system: defaultSystem(template), template: template}
		}
	}
	jinja, err := chattemplate.Parse(source)
	if err != nil {
		err = fmt.Errorf("the file's template is of no family known here (%s) and cannot be run: %w", formatNames(), err)
	}
	return chat{jinja: jinja, none: err}
}

func (fm *format) fits(template string, t *Tokenizer) bool {
	for _, m := range fm.marks {
		if s, ok := t.special.ids[m]; !ok || !s.control || !strings.Contains(template, m) {
			return false
		}
	}
	for _, text := range fm.texts {
		if !strings.Contains(template, text) {
			return false
		}
	}
	return true
}

// prompt is a conversation on its way to ids. Text between two marks is
// encoded at once: where a turn's frame ends and its content begins is no
// boundary of tokens.
type prompt struct {
	t    *Tokenizer
	ids  []int32
	text strings.Builder
	err  error // the first; afterwards nothing is done
}

// say adds plain text: names of control tokens in it are text.
func (p *prompt) say(parts ...string) {
	for _, s := range parts {
		p.text.WriteString(s)
	}
}

// mark adds a control token, or its name as text where the vocabulary has none.
func (p *prompt) mark(name string) {
	s, ok := p.t.special.ids[name]
	if !ok {
		p.say(name)
		return
	}
	p.flush()
	p.ids = append(p.ids, s.id)
}

// token adds a token by its id, or nothing where the model has none.
func (p *prompt) token(id int32) {
	p.flush()
	if id >= 0 {
		p.ids = append(p.ids, id)
	}
}

func (p *prompt) flush() {
	if p.err != nil || p.text.Len() == 0 {
		return
	}
	var ids []int32
	ids, p.err = p.t.Encode(p.text.String(), Options{})
	p.ids = append(p.ids, ids...)
	p.text.Reset()
}

// Chat returns the ids of a conversation that the assistant is to continue.
// Names of control tokens inside contents are plain text. Where the model's
// format is known, a system message of the model's own comes first if the
// conversation has none and the model has one; otherwise the file's template
// decides all ([Tokenizer.ChatFormat] tells which).
//
// Errors: [ErrNoChat], [ErrTemplate], [ErrRole], [ErrTooLong].
func (t *Tokenizer) Chat(messages []Message) ([]int32, error) {
	if t.chat.none != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoChat, t.chat.none)
	}
	size := 0
	for _, m := range messages {
		switch m.Role {
		case "system", "user", "assistant":
		default:
			return nil, fmt.Errorf("%w %q: it must be system, user or assistant", ErrRole, m.Role)
		}
		if size += len(m.Content); size > MaxText {
			return nil, fmt.Errorf("%w: a conversation of more than %d bytes", ErrTooLong, MaxText)
		}
	}
	if t.chat.format == nil {
		return t.chatByTemplate(t.chat.jinja, messages)
	}
	if t.chat.system != "" && (len(messages) == 0 || messages[0].Role != "system") {
		messages = append([]Message{{Role: "system", Content: t.chat.system}}, messages...)
	}
	p := &prompt{t: t}
	if t.chat.bos {
		p.token(t.bos)
	}
	t.chat.format.write(p, &t.chat, messages)
	p.flush()
	return p.ids, p.err
}

// chatByTemplate runs the template. In what it writes, a control token counts
// where none of its name's bytes came out of a content.
func (t *Tokenizer) chatByTemplate(template *chattemplate.Template, messages []Message) ([]int32, error) {
	in := chattemplate.Input{BOS: t.name(t.bos), EOS: t.name(t.eos)}
	for _, m := range messages {
		in.Messages = append(in.Messages, chattemplate.Message{Role: m.Role, Content: m.Content})
	}
	text, err := template.Render(in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	if text.Len() > MaxText {
		return nil, fmt.Errorf("%w: the template wrote %d bytes, at most %d are encoded", ErrTooLong, text.Len(), MaxText)
	}
	ids := t.encode(nil, text.String(), func(i, j int) bool { return text.Slice(i, j).Trusted() })
	if t.addBOS && (len(ids) == 0 || ids[0] != t.bos) {
		ids = slices.Insert(ids, 0, t.bos)
	}
	return ids, nil
}

// name is the text of a token, or "" for −1, which is none.
func (t *Tokenizer) name(id int32) string {
	if id < 0 {
		return ""
	}
	return t.vocab.tokens[id].text
}

// ChatFormat names the family that the model's conversations are written for:
// one that this package knows, or "jinja" where the file's own template is
// run. It is empty where the model has no chat format.
func (t *Tokenizer) ChatFormat() string {
	switch {
	case t.chat.none != nil:
		return ""
	case t.chat.format == nil:
		return "jinja"
	}
	return t.chat.format.name
}
