package server

import (
	"encoding/json"
	"strings"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// message is a turn as clients send it.
type message struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
	Name    *string         `json:"name"`
	Calls   json.RawMessage `json:"tool_calls"`
	Refusal *string         `json:"refusal"`
}

// conversation turns messages into the tokenizer's. System messages, which newer
// clients call developer's, become one, before all others.
func conversation(list []message) ([]tokenizer.Message, error) {
	if len(list) == 0 {
		return nil, refuse("messages", "there is no message")
	}
	var system []string
	var out []tokenizer.Message
	for i, m := range list {
		text, err := content(m.Content)
		if err != nil {
			return nil, err
		}
		if len(m.Calls) > 0 && string(m.Calls) != "null" && string(m.Calls) != "[]" {
			return nil, refuse("messages", "message %d calls tools, which is not done by this server", i)
		}
		switch m.Role {
		case "system", "developer":
			system = append(system, text)
		case "user", "assistant":
			out = append(out, tokenizer.Message{Role: m.Role, Content: text})
		default:
			return nil, refuse("messages", "message %d has the role %.40q, which is not done by this server: system, developer, user or assistant", i, m.Role)
		}
	}
	if system != nil {
		out = append([]tokenizer.Message{{Role: "system", Content: strings.Join(system, "\n\n")}}, out...)
	}
	return out, nil
}

// content is a text, its parts, or nothing.
func content(raw json.RawMessage) (string, error) {
	var text string
	if len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return "", refuse("messages", "a message's content is a text, or a list of parts")
	}
	for _, p := range parts {
		if p.Type != "text" {
			return "", refuse("messages", "a message has a part of the type %.40q, and this server reads texts alone", p.Type)
		}
		text += p.Text
	}
	return text, nil
}

// textPrompt is the prompt of /v1/completions: a text, or token ids as they are.
func textPrompt(raw json.RawMessage, t *tokenizer.Tokenizer) ([]engine.Token, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return t.Encode(text, tokenizer.Options{BOS: t.AddBOS()})
	}
	var ids []engine.Token
	if json.Unmarshal(raw, &ids) == nil {
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
func (a *asked) fit(prompt []engine.Token) error {
	if len(prompt) == 0 {
		return refuse("prompt", "the prompt is empty")
	}
	context := a.model.Engine.Info().Context
	left := context - len(prompt) + 1 // the last token of an answer takes no place
	if left < 1 {
		return tooLong(len(prompt), context)
	}
	if a.settings.MaxTokens == 0 || a.settings.MaxTokens > left {
		a.settings.MaxTokens = left
	}
	return nil
}
