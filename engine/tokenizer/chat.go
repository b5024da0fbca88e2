package tokenizer

import (
	"fmt"
	"strings"

	"github.com/assaynet/assay/engine/gguf"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string // "system", "user" or "assistant"
	Content string
}

// chat writes conversations in the format of one model's family.
type chat struct {
	format *format
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

// newChat recognises the format of the file's template; nil means that none is known.
func newChat(f *gguf.File, t *Tokenizer) *chat {
	template, ok := f.String("tokenizer.chat_template")
	if !ok {
		return nil
	}
	// Templates hold line feeds as they are or as the escape of Jinja's strings.
	template = strings.ReplaceAll(template, `\n`, "\n")
	for i := range formats {
		if fm := &formats[i]; fm.fits(template, t) {
			bos := t.addBOS || t.bos >= 0 && strings.Contains(template, "bos_token")
			return &chat{format: fm, bos: bos, system: defaultSystem(template), template: template}
		}
	}
	return nil
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
// Names of control tokens inside roles or contents are plain text. Without a
// system message first, the model's own default comes first, where it has one.
//
// Errors: [ErrNoChat], [ErrRole], [ErrTooLong].
func (t *Tokenizer) Chat(messages []Message) ([]int32, error) {
	if t.chat == nil {
		return nil, fmt.Errorf("%w: the file's template is absent or of no family known here (%s)", ErrNoChat, formatNames())
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
	if t.chat.system != "" && (len(messages) == 0 || messages[0].Role != "system") {
		messages = append([]Message{{Role: "system", Content: t.chat.system}}, messages...)
	}
	p := &prompt{t: t}
	if t.chat.bos {
		p.token(t.bos)
	}
	t.chat.format.write(p, t.chat, messages)
	p.flush()
	return p.ids, p.err
}

// ChatFormat names the family that the model's conversations are written for; it is empty where none is known.
func (t *Tokenizer) ChatFormat() string {
	if t.chat == nil {
		return ""
	}
	return t.chat.format.name
}
