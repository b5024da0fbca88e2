package server

import "encoding/hex"

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// head is what all objects of one answer begin with.
type head struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	Model   string `json:"model"`
}

// chatDialect is /v1/chat/completions.
type chatDialect struct{}

type chatMessage struct {
	Role    string  `json:"role"`
	Content string  `json:"content"`
	Refusal *string `json:"refusal"`
}

type chatChoice struct {
	Index   int         `json:"index"`
	Message chatMessage `json:"message"`
	// Logprobs are never given; clients look for the field.
	Logprobs *struct{} `json:"logprobs"`
	Finish   string    `json:"finish_reason"`
}

type chatAnswer struct {
	head
	Choices []chatChoice `json:"choices"`
	Usage   usage        `json:"usage"`
}

func (chatDialect) whole(id string, created int64, model string, answers []*answer, u usage) any {
	out := chatAnswer{head: head{"chatcmpl-" + id, "chat.completion", created, model}, Usage: u}
	for i, a := range answers {
		out.Choices = append(out.Choices, chatChoice{Index: i, Message: chatMessage{Role: "assistant", Content: a.text}, Finish: a.finish})
	}
	return out
}

type chatDelta struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

type chatChunkChoice struct {
	Index    int       `json:"index"`
	Delta    chatDelta `json:"delta"`
	Logprobs *struct{} `json:"logprobs"`
	Finish   *string   `json:"finish_reason"`
}

type chatChunk struct {
	head
	Choices []chatChunkChoice `json:"choices"`
	Usage   *usage            `json:"usage,omitempty"`
}

func (chatDialect) chunk(id string, created int64, model string, choice int, first bool, text, finish string) any {
	c := chatChunkChoice{Index: choice}
	if finish != "" {
		c.Finish = &finish
	} else {
		c.Delta.Content = &text
	}
	if first {
		c.Delta.Role = "assistant"
	}
	return chatChunk{head: head{"chatcmpl-" + id, "chat.completion.chunk", created, model}, Choices: []chatChunkChoice{c}}
}

func (chatDialect) last(id string, created int64, model string, u usage) any {
	return chatChunk{head: head{"chatcmpl-" + id, "chat.completion.chunk", created, model}, Choices: []chatChunkChoice{}, Usage: &u}
}

// textDialect is /v1/completions.
type textDialect struct{}

type textChoice struct {
	Index    int       `json:"index"`
	Text     string    `json:"text"`
	Logprobs *struct{} `json:"logprobs"`
	Finish   *string   `json:"finish_reason"`
}

type textAnswer struct {
	head
	Choices []textChoice `json:"choices"`
	Usage   *usage       `json:"usage,omitempty"`
}

func (textDialect) whole(id string, created int64, model string, answers []*answer, u usage) any {
	out := textAnswer{head: head{"cmpl-" + id, "text_completion", created, model}, Usage: &u}
	for i, a := range answers {
		out.Choices = append(out.Choices, textChoice{Index: i, Text: a.text, Finish: &a.finish})
	}
	return out
}

func (textDialect) chunk(id string, created int64, model string, choice int, _ bool, text, finish string) any {
	c := textChoice{Index: choice, Text: text}
	if finish != "" {
		c.Finish = &finish
	}
	return textAnswer{head: head{"cmpl-" + id, "text_completion", created, model}, Choices: []textChoice{c}}
}

func (textDialect) last(id string, created int64, model string, u usage) any {
	return textAnswer{head: head{"cmpl-" + id, "text_completion", created, model}, Choices: []textChoice{}, Usage: &u}
}
