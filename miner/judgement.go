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
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/wire"
)

// Rater is a [Model] that can be asked what it prefers: bridge.Model.
type Rater interface {
	Model
	// Letter returns the token of a text that is one.
	Letter(text string) (int32, error)
	// Logits tells what the model makes of some tokens after prompts.
	Logits(ctx context.Context, requests []engine.LogitsRequest) ([]engine.Logits, error)
}

// Judgement answers tasks of the kind judgement by running their models.
type Judgement struct {
	capacity uint16
	models   []Rater
	pairs    prometheus.Counter
}

// NewJudgement returns a worker that offers as many answers a round with these
// models. Metrics may be nil.
func NewJudgement(capacity uint16, metrics prometheus.Registerer, models ...Rater) *Judgement {
	return &Judgement{
		capacity: capacity, models: models,
		pairs: counter(metrics, "judgement_pairs_total", "Pairs of all answers of the kind judgement."),
	}
}

// Offer says what the seat announces.
func (w *Judgement) Offer() wire.Offer { return offer(judgement.Kind, w.capacity, w.models) }

// Answer asks the model that a task names which response it prefers. Errors are
// those of [Inference.Answer].
func (w *Judgement) Answer(ctx context.Context, asked *wire.Task, hotkey protocol.PublicKey) ([]byte, error) {
	return w.AnswerPlanted(ctx, asked, hotkey, nil)
}

// AnswerPlanted implements [Gardener].
func (w *Judgement) AnswerPlanted(ctx context.Context, asked *wire.Task, hotkey protocol.PublicKey, alter Alter) ([]byte, error) {
	t, err := judgement.ReadTask(asked.Body)
	if err != nil {
		return nil, err
	}
	model, err := modelOf(w.models, t.Model)
	if err != nil {
		return nil, err
	}
	requests, err := bridge.Judgement(model, t.Pair())
	if err != nil {
		return nil, err
	}
	began := time.Now()
	ran, err := model.Logits(bridge.For(ctx, hotkey), requests[:])
	if errors.Is(err, engine.ErrClosed) {
		err = fmt.Errorf("%w: %w", ErrStopped, err)
	}
	if err != nil {
		return nil, fmt.Errorf("logits: %w", err)
	}
	result, err := bridge.JudgementResult(requests, ran, engine.Binding{Hotkey: hotkey, Task: asked.ID}, time.Since(began))
	if err != nil {
		return nil, err
	}
	if alter != nil {
		choices := make([]plant.Choice, len(ran))
		for i, l := range ran {
			choices[i] = plant.Choice{Position: len(requests[i].Prompt) - 1, Token: l.Likeliest, State: l.State}
		}
		alter(result.Leaves[:], choices)
	}
	w.pairs.Inc()
	return wire.Encode(result), nil
}
