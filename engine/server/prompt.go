package server

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// maxMessages bounds a conversation, and the parts of a message.
const maxMessages = 4096

// conversation turns messages into the tokenizer's. System messages, which newer
// clients call developer's, become one, before all others.
func conversation(list []body) ([]tokenizer.Message, error) {
	if len(list) == 0 || len(list) > maxMessages {
		return nil, refuse("messages", "a conversation has 1 to %d messages", maxMessages)
	}
	var system []string
	var out []tokenizer.Message
	for i, m := range list {
		role, text, err := turn(m, i)
		switch {
		case err != nil:
			return nil, err
		case role == "system", role == "developer":
			system = append(system, text)
		case role == "user", role == "assistant":
			out = append(out, tokenizer.Message{Role: role, Content: text})
		default:
			return nil, refuse("messages", "message %d has the role %.40q, which is not done by this server: system, developer, user or assistant", i, role)
		}
	}
	if system != nil {
		out = append([]tokenizer.Message{{Role: "system", Content: strings.Join(system, "\n\n")}}, out...)
	}
	return out, nil
}

// turn takes message i apart. What it has beside role and text is not done.
func turn(m body, i int) (role, text string, err error) {
	var raw json.RawMessage
	if _, err := m.take("role", &role); err != nil {
		return "", "", refuse("messages", "the role of message %d is no text", i)
	}
	if _, err := m.take("content", &raw); err != nil {
		return "", "", err
	}
	for name, value := range m {
		if text := string(value); text != "null" && text != "[]" && text != `""` {
			return "", "", refuse("messages", "message %d has a field that is not done by this server: %.80q", i, name)
		}
	}
	text, err = content(raw)
	return role, text, err
}

// content is a text, its parts, or nothing.
func content(raw json.RawMessage) (string, error) {
	var text string
	if len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var parts []body
	if err := json.Unmarshal(raw, &parts); err != nil || len(parts) > maxMessages {
		return "", refuse("messages", "a message's content is a text, or a list of up to %d parts", maxMessages)
	}
	var all strings.Builder
	for _, p := range parts {
		var kind, piece string
		if _, err := p.take("type", &kind); err != nil {
			return "", refuse("messages", "a part of a message has no type")
		}
		if kind != "text" {
			return "", refuse("messages", "a message has a part of the type %.40q, and this server reads texts alone", kind)
		}
		if _, err := p.take("text", &piece); err != nil || len(p) > 0 {
			return "", refuse("messages", "a part of the type text has a text, and nothing else")
		}
		all.WriteString(piece)
	}
	return all.String(), nil
}

// textPrompt is the prompt of /v1/completions: a text, or token ids as they are.
func textPrompt(raw json.RawMessage, t *tokenizer.Tokenizer) ([]engine.Token, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return t.Encode(text, tokenizer.Options{BOS: t.AddBOS()})
	}
	var given []*engine.Token
	if json.Unmarshal(raw, &given) == nil && !slices.Contains(given, nil) {
		ids := make([]engine.Token, len(given))
		for i, id := range given {
			ids[i] = *id
		}
		return ids, nil
	}
	var one []string
	if json.Unmarshal(raw, &one) == nil && len(one) == 1 {
		return t.Encode(one[0], tokenizer.Options{BOS: t.AddBOS()})
	}
	return nil, refuse("prompt", "the prompt is one text, or a list of token ids; ask for several one by one")
}

// fit bounds an answer by what the context leaves. A prompt that leaves nothing is
// refused with both numbers, and never cut.
func (a *asked) fit(param string, prompt []engine.Token) error {
	if len(prompt) == 0 {
		return refuse(param, "the prompt is empty")
	}
	context := a.model.Engine.Info().Context
	left := context - len(prompt) + 1 // the last token of an answer takes no place
	if left < 1 {
		return tooLong(param, len(prompt), context)
	}
	if a.settings.MaxTokens == 0 || a.settings.MaxTokens > left {
		a.settings.MaxTokens = left
	}
	return nil
}
