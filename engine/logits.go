package engine

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/sched"
)

// LogitsRequest asks what a model makes of some tokens as the next one after a
// prompt.
type LogitsRequest struct {
	Prompt []Token // at least one
	Of     []Token // may be empty
}

// Logits is what a model makes of a prompt's end. It holds what a fingerprint is
// made of: Likeliest is the token that a greedy run chooses there, State the hash
// of the state that it chooses from.
type Logits struct {
	Values    []float32 // those of the tokens asked for, the same bits everywhere
	Likeliest Token
	State     [32]byte
	Failed    *FailedError // where the run fails, or nil; with it there is nothing else
}

// Leaf returns the leaf of a greedy run whose prompt ends where the logits are, at
// a position: the prompt's length less one.
func (l Logits) Leaf(b Binding, position int) [32]byte {
	return fingerprint.Leaf(b, position, l.Likeliest, l.State)
}

// Logits tells the logits after prompts, all at once and in one pass over each;
// what they share is computed once. They are in the order of the requests. An error
// means that there are none: ErrRequest, ErrToken, ErrContext, ErrMemory, ErrBusy,
// ErrClosed, ErrFile or the cause of ctx.
func (m *Model) Logits(ctx context.Context, requests []LogitsRequest) ([]Logits, error) {
	for i, r := range requests {
		if err := m.checkLogits(r); err != nil {
			return nil, fmt.Errorf("request %d of %d: %w", i+1, len(requests), err)
		}
	}
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	out := make([]Logits, len(requests))
	tasks := make([]*sched.Task, len(requests))
	for i, r := range requests {
		tasks[i] = out[i].task(callerOf(ctx), r)
		tasks[i].Share = sharerOf(ctx)
	}
	_, failed, err := m.runAll(ctx, tasks)
	if err != nil {
		return nil, err
	}
	for i, f := range failed {
		if f != nil {
			out[i] = Logits{Failed: f}
		}
	}
	return out, nil
}

func (m *Model) checkLogits(r LogitsRequest) error {
	if err := m.checkPrompt(r.Prompt, 1); err != nil {
		return err
	}
	for _, id := range r.Of {
		if id < 0 || int(id) >= m.dims.Vocab {
			return fmt.Errorf("%w: %d, of %d, whose logit is asked for", ErrToken, id, m.dims.Vocab)
		}
	}
	return nil
}

// task looks at the last position of a prompt.
func (l *Logits) task(caller string, r LogitsRequest) *sched.Task {
	return &sched.Task{
		Caller: caller, Tokens: r.Prompt, Keep: 1, Want: backend.State | backend.Likeliest | backend.Logits, Most: len(r.Prompt),
		Each: func(_ int, at backend.Result) {
			l.Likeliest, l.State, l.Values = at.Likeliest, fingerprint.State(at.State), make([]float32, len(r.Of))
			for i, id := range r.Of {
				l.Values[i] = at.Logits[id]
			}
		},
	}
}
