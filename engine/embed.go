package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/sched"
)

// Embed returns the final-normed hidden states of sequences, all run at once:
// of each, one state of Dims.Width numbers for each token. They are the bits
// that fingerprints stand for. Errors: ErrRequest, ErrToken, ErrContext,
// ErrMemory, ErrBusy, ErrClosed, ErrFile, a *FailedError, or the cause of ctx;
// with any of them there are no states.
func (m *Model) Embed(ctx context.Context, sequences [][]Token) ([][][]float32, error) {
	for i, tokens := range sequences {
		if err := m.checkPrompt(tokens, 1); err != nil {
			return nil, fmt.Errorf("sequence %d of %d: %w", i+1, len(sequences), err)
		}
	}
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	states := make([][][]float32, len(sequences))
	tasks := make([]*sched.Task, len(sequences))
	for i, tokens := range sequences {
		made := make([][]float32, len(tokens))
		states[i] = made
		tasks[i] = &sched.Task{
			Caller: callerOf(ctx), User: userOf(ctx), Share: sharerOf(ctx), Tokens: tokens, Keep: len(tokens), Want: backend.State, Most: len(tokens),
			Each: func(i int, r backend.Result) { made[i] = slices.Clone(r.State) },
		}
	}
	_, failed, err := m.runAll(ctx, tasks)
	if err != nil {
		return nil, err
	}
	for i, f := range failed {
		if f != nil {
			return nil, fmt.Errorf("sequence %d of %d: %w", i+1, len(sequences), f)
		}
	}
	return states, nil
}
