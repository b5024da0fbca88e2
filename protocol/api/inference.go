package api

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/inference"
)

// InferenceTask is the body of a task of the kind inference.
type InferenceTask struct {
	Model  protocol.ModelID `json:"model"`
	System string           `json:"system"`
	Prompt string           `json:"prompt"`
	// TemperatureBits are the bits of a binary32; 0 is greedy.
	TemperatureBits uint32        `json:"temperature_bits"`
	TopK            uint32        `json:"top_k"`
	TopP            uint32        `json:"top_p"`
	Seed            protocol.Hash `json:"seed"`
	MaxTokens       uint32        `json:"max_tokens"`
}

// InferenceAnswer is the body of an answer of the kind inference, without the
// leaves of its fingerprint, which are many: they are in the answer's Raw.
type InferenceAnswer struct {
	Output      []int32       `json:"output"`
	Finish      string        `json:"finish"`
	Fingerprint protocol.Hash `json:"fingerprint"`
	Millis      uint64        `json:"millis,string"`
}

// InferenceCard is the body of a card of the kind inference.
type InferenceCard struct {
	Code     inference.Code `json:"code"`
	Position uint32         `json:"position"`
	Tokens   uint32         `json:"tokens"`
	Root     protocol.Hash  `json:"root"`
}

func inferenceShape() shape {
	return shape{
		kind: inference.Kind,
		task: func(body []byte) (any, error) {
			t, err := inference.ReadTask(body)
			if err != nil {
				return nil, err
			}
			return shownTask(t), nil
		},
		answer: func(body []byte) (any, error) {
			r, err := inference.ReadResult(body)
			if err != nil {
				return nil, err
			}
			return shownResult(r), nil
		},
		card: func(body []byte) (any, error) {
			c, err := inference.ReadCard(body)
			if err != nil {
				return nil, err
			}
			return shownCard(c), nil
		},
	}
}

func shownTask(t *inference.Task) InferenceTask {
	return InferenceTask{
		Model: t.Model, System: t.System, Prompt: t.Prompt, TemperatureBits: t.TemperatureBits,
		TopK: t.TopK, TopP: t.TopP, Seed: t.Seed, MaxTokens: t.MaxTokens,
	}
}

func shownResult(r *inference.Result) InferenceAnswer {
	return InferenceAnswer{Output: r.Output, Finish: r.Finish, Fingerprint: r.Fingerprint, Millis: r.Millis}
}

func shownCard(c *inference.Card) InferenceCard {
	return InferenceCard{Code: c.Code, Position: c.Position, Tokens: c.Tokens, Root: c.Root}
}
