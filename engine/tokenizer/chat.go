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

// ChatML writes each message as
//
//	<|im_start|>role \n content <|im_end|> \n
//
// and then opens the assistant's turn.
const (
	chatStart = "<|im_start|>"
	chatEnd   = "<|im_end|>"
)

// chatML is the format with one model's ids.
type chatML struct {
	start, end int32
	// system is put first where a conversation has no system message of its own; it may be empty.
	system string
}

// newChatML recognises the format in the file: the template writes its marks,
// and the vocabulary has them as control tokens. Otherwise it returns nil.
func newChatML(f *gguf.File, t *Tokenizer) *chatML {
	template, ok := f.String("tokenizer.chat_template")
	if !ok || !strings.Contains(template, chatStart) || !strings.Contains(template, chatEnd) {
		return nil
	}
	start, hasStart := t.special.ids[chatStart]
	end, hasEnd := t.special.ids[chatEnd]
	if !hasStart || !hasEnd {
		return nil
	}
	return &chatML{start: start.id, end: end.id, system: defaultSystem(template)}
}

// defaultSystem finds the system message that a template writes by itself: a
// literal "<|im_start|>system\n…<|im_end|>" without any expression inside.
func defaultSystem(template string) string {
	// Templates hold line feeds as they are or as the escape of Jinja's strings.
	template = strings.ReplaceAll(template, `\n`, "\n")
	const open = chatStart + "system\n"
	for {
		_, rest, ok := strings.Cut(template, open)
		if !ok {
			return ""
		}
		text, _, ok := strings.Cut(rest, chatEnd)
		if ok && !strings.ContainsAny(text, `'"{}`) {
			return text
		}
		template = rest
	}
}

// Chat returns the ids of a conversation that the assistant is to continue.
// Names of control tokens inside roles or contents are plain text. Without a
// system message first, the model's own default comes first, where it has one.
//
// Errors: [ErrNoChat], [ErrRole], [ErrTooLong].
func (t *Tokenizer) Chat(messages []Message) ([]int32, error) {
	if t.chat == nil {
		return nil, fmt.Errorf("%w: the file's template is absent or not ChatML", ErrNoChat)
	}
	if t.chat.system != "" && (len(messages) == 0 || messages[0].Role != "system") {
		messages = append([]Message{{Role: "system", Content: t.chat.system}}, messages...)
	}
	var ids []int32
	if t.addBOS {
		ids = append(ids, t.bos)
	}
	for _, m := range messages {
		switch m.Role {
		case "system", "user", "assistant":
		default:
			return nil, fmt.Errorf("%w %q: it must be system, user or assistant", ErrRole, m.Role)
		}
		turn, err := t.Encode(m.Role+"\n"+m.Content, Options{})
		if err != nil {
			return nil, err
		}
		ids = append(append(ids, t.chat.start), turn...)
		closing, err := t.Encode("\n", Options{})
		if err != nil {
			return nil, err
		}
		ids = append(append(ids, t.chat.end), closing...)
	}
	opening, err := t.Encode("assistant\n", Options{})
	if err != nil {
		return nil, err
	}
	return append(append(ids, t.chat.start), opening...), nil
}
