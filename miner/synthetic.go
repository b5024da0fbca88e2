package miner

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/wire"
)

// TextModel is a [Model] that says what its tokens are: bridge.Model.
type TextModel interface {
	Model
	// Text returns what tokens stand for, without control tokens; each byte that is
	// no part of UTF-8 is U+FFFD.
	Text(output []int32) string
}

// Synthetic makes records of the kind synthetic by running their models.
type Synthetic struct {
	capacity uint16
	models   []TextModel
	tokens   prometheus.Counter
}

// NewSynthetic returns a worker that offers as many records a round with these
// models. Metrics may be nil.
func NewSynthetic(capacity uint16, metrics prometheus.Registerer, models ...TextModel) *Synthetic {
	return &Synthetic{
		capacity: capacity, models: models,
		tokens: counter(metrics, "synthetic_tokens_total", "Tokens of all records of the kind synthetic."),
	}
}

// Offer says what the seat announces.
func (w *Synthetic) Offer() wire.Offer { return offer(synthetic.Kind, w.capacity, w.models) }

// Answer makes the record that a task asks for. Errors are those of
// [Inference.Answer].
func (w *Synthetic) Answer(ctx context.Context, asked *wire.Task, hotkey protocol.PublicKey) ([]byte, error) {
	return w.AnswerPlanted(ctx, asked, hotkey, nil)
}

// AnswerPlanted implements [Gardener].
func (w *Synthetic) AnswerPlanted(ctx context.Context, asked *wire.Task, hotkey protocol.PublicKey, alter Alter) ([]byte, error) {
	t, err := synthetic.ReadTask(asked.Body)
	if err != nil {
		return nil, err
	}
	model, err := modelOf(w.models, t.Run.Model)
	if err != nil {
		return nil, err
	}
	result, err := generate(ctx, model, asked.ID, &t.Run, hotkey, alter)
	if err != nil {
		return nil, err
	}
	w.tokens.Add(float64(len(result.Output)))
	return wire.Encode(&synthetic.Record{Text: model.Text(result.Output), Run: *result}), nil
}
