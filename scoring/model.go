package scoring

import (
	"context"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/protocol/task/inference"
)

// Model is what a judge needs of an engine with one model.
type Model interface {
	ID() [32]byte
	// Vocab is the number of tokens, StopTokens those that end an answer.
	Vocab() int
	StopTokens() []int32
	// Chat renders a conversation, with the beginning of the model's turn.
	Chat(messages []inference.Message) ([]int32, error)
	// Verify recomputes a run in one pass. An error means that there is no
	// report, not that the run is wrong.
	Verify(ctx context.Context, run engine.Run) (engine.Report, error)
}

// FromEngine returns the judge's view of an open model.
func FromEngine(m *engine.Model) Model { return opened{m} }

type opened struct{ *engine.Model }

func (o opened) Vocab() int          { return o.Tokenizer().VocabSize() }
func (o opened) StopTokens() []int32 { return o.Tokenizer().StopTokens() }

func (o opened) Chat(messages []inference.Message) ([]int32, error) {
	list := make([]tokenizer.Message, len(messages))
	for i, m := range messages {
		list[i] = tokenizer.Message{Role: m.Role, Content: m.Content}
	}
	return o.Tokenizer().Chat(list)
}
