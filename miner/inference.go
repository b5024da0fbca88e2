package miner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// Model is what the worker of the kind inference needs of an engine with one
// model: bridge.Model.
type Model interface {
	ID() [32]byte
	// Chat renders a conversation, with the beginning of the model's turn.
	Chat(messages []inference.Message) ([]int32, error)
	// Generate answers a prompt; it stops within one token when ctx ends.
	Generate(ctx context.Context, r engine.Request, onToken func(engine.Token)) (engine.Run, error)
}

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
func (w *Inference) Offer() wire.Offer {
	o := wire.Offer{Kind: inference.Kind, Capacity: w.capacity}
	for _, m := range w.models {
		o.Models = append(o.Models, m.ID())
	}
	return o
}

// Answer runs the model that a task asks for. Errors: [ErrStopped] once the
// model is closed, else what the model says.
func (w *Inference) Answer(ctx context.Context, asked *wire.Task, hotkey protocol.PublicKey) ([]byte, error) {
	t, err := inference.ReadTask(asked.Body)
	if err != nil {
		return nil, err
	}
	model := w.model(t.Model)
	if model == nil {
		return nil, fmt.Errorf("task asks for model %s, which is not loaded", t.Model.Short())
	}
	request, err := bridge.Request(model, asked.ID, t, hotkey)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	run, err := model.Generate(bridge.For(ctx, hotkey), request, nil)
	if errors.Is(err, engine.ErrClosed) {
		err = fmt.Errorf("%w: %w", ErrStopped, err)
	}
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	w.tokens.Add(float64(len(run.Output)))
	return wire.Encode(bridge.Result(run, time.Since(began))), nil
}

func (w *Inference) model(id protocol.ModelID) Model {
	for _, m := range w.models {
		if m.ID() == id {
			return m
		}
	}
	return nil
}
