package api

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/judgement"
)

// JudgementTask is the body of a task of the kind judgement: a pair.
type JudgementTask struct {
	Model  protocol.ModelID `json:"model"`
	Prompt string           `json:"prompt"`
	A      string           `json:"a"`
	B      string           `json:"b"`
}

// JudgementAnswer is the body of an answer of the kind judgement.
type JudgementAnswer struct {
	// LogitBits are the bits of binary32 numbers: of each order, A first and B first,
	// that of response A and that of B.
	LogitBits [judgement.Orders][2]uint32 `json:"logit_bits"`
	// MarginBits are those of what follows: by how much the model prefers A.
	MarginBits uint32 `json:"margin_bits"`
	// Side is "a", "b", or "" where it prefers neither.
	Side   string                          `json:"side"`
	Leaves [judgement.Orders]protocol.Hash `json:"leaves"`
	Millis uint64                          `json:"millis,string"`
}

// JudgementCard is the body of a card of the kind judgement.
type JudgementCard struct {
	Code  judgement.Code `json:"code"`
	Order uint8          `json:"order"`
	Root  protocol.Hash  `json:"root"`
}

func judgementShape() shape {
	return shape{
		kind: judgement.Kind,
		task: func(body []byte) (any, error) {
			t, err := judgement.ReadTask(body)
			if err != nil {
				return nil, err
			}
			return JudgementTask{Model: t.Model, Prompt: t.Prompt, A: t.A, B: t.B}, nil
		},
		answer: func(body []byte) (any, error) {
			r, err := judgement.ReadResult(body)
			if err != nil {
				return nil, err
			}
			return JudgementAnswer{LogitBits: r.Logits, MarginBits: r.Margin(), Side: r.SideName(), Leaves: r.Leaves, Millis: r.Millis}, nil
		},
		card: func(body []byte) (any, error) {
			c, err := judgement.ReadCard(body)
			if err != nil {
				return nil, err
			}
			return JudgementCard{Code: c.Code, Order: c.Order, Root: c.Root}, nil
		},
	}
}
