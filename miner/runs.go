package miner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// Model is what a worker that runs models needs of an engine with one:
// bridge.Model.
type Model interface {
	ID() [32]byte
	// Chat renders a conversation, with the beginning of the model's turn.
	Chat(messages []inference.Message) ([]int32, error)
	// Generate answers a prompt; it stops within one token when ctx ends.
	Generate(ctx context.Context, r engine.Request, onToken func(engine.Token)) (engine.Run, error)
}

// modelOf returns the model that a task asks for.
func modelOf[M Model](models []M, id protocol.ModelID) (m M, err error) {
	for _, m := range models {
		if m.ID() == id {
			return m, nil
		}
	}
	return m, fmt.Errorf("task asks for model %s, which is not loaded", id.Short())
}

// offer says what a seat announces of a kind that models do.
func offer[M Model](kind protocol.Kind, capacity uint16, models []M) wire.Offer {
	o := wire.Offer{Kind: kind, Capacity: capacity}
	for _, m := range models {
		o.Models = append(o.Models, m.ID())
	}
	return o
}

// generate runs a model for the task with this id, and has alter, if it is not nil,
// plant the answer. Errors: [ErrStopped] once the
// model is closed, else what the model says.
func generate(ctx context.Context, m Model, id protocol.TaskID, t *inference.Task, hotkey protocol.PublicKey, alter Alter) (*inference.Result, error) {
	request, err := bridge.Request(m, id, t, hotkey)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	run, err := m.Generate(bridge.For(ctx, hotkey), request, nil)
	if errors.Is(err, engine.ErrClosed) {
		err = fmt.Errorf("%w: %w", ErrStopped, err)
	}
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	result := bridge.Result(run, time.Since(began))
	if alter != nil && len(run.States) != len(run.Output) {
		return nil, fmt.Errorf("%d states of %d tokens", len(run.States), len(run.Output))
	}
	if alter != nil {
		choices := make([]plant.Choice, len(run.Output))
		for i, token := range run.Output {
			choices[i] = plant.Choice{Position: len(run.Prompt) - 1 + i, Token: token, State: run.States[i]}
		}
		result.Fingerprint = alter(result.Leaves, choices)
	}
	return result, nil
}
