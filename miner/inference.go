package miner

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// Inference answers tasks of the kind inference by running their models.
type Inference struct {
	capacity uint16
	models   []Model
	tokens   prometheus.Counter
}

// NewInference returns a worker that offers as many answers a round with these
// models. Metrics may be nil.
func NewInference(capacity uint16, metrics prometheus.Registerer, models ...Model) *Inference {
	return &Inference{
		capacity: capacity, models: models,
		tokens: counter(metrics, "tokens_total", "Tokens of all answers of the kind inference."),
	}
}

// Offer says what the seat announces.
func (w *Inference) Offer() wire.Offer { return offer(inference.Kind, w.capacity, w.models) }

// Answer runs the model that a task asks for. Errors: [ErrStopped] once the
// model is closed, else what the model says.
func (w *Inference) Answer(ctx context.Context, asked *wire.Task, hotkey protocol.PublicKey) ([]byte, error) {
	return w.AnswerPlanted(ctx, asked, hotkey, nil)
}

// AnswerPlanted implements [Gardener].
func (w *Inference) AnswerPlanted(ctx context.Context, asked *wire.Task, hotkey protocol.PublicKey, alter Alter) ([]byte, error) {
	t, err := inference.ReadTask(asked.Body)
	if err != nil {
		return nil, err
	}
	model, err := modelOf(w.models, t.Model)
	if err != nil {
		return nil, err
	}
	result, err := generate(ctx, model, asked.ID, t, hotkey, alter)
	if err != nil {
		return nil, err
	}
	w.tokens.Add(float64(len(result.Output)))
	return wire.Encode(result), nil
}
