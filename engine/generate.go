package engine

import (
	"context"
	"sync"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/sched"
)

// choice is the token chosen at a position and the hash of the state there.
type choice struct {
	token Token
	state [32]byte
}

// want is what a choice takes of a backend: its state is hashed, and its token
// is the likeliest, or drawn.
func (s Settings) want() backend.Want {
	if s.Temperature == 0 {
		return backend.State | backend.Likeliest
	}
	return backend.State | backend.Logits
}

// choose makes a choice of what a backend computed at a position.
func (s Settings) choose(r backend.Result, position int) choice {
	token := r.Likeliest
	if s.Temperature != 0 {
		token = arith.Choose(r.Logits, s.sampling(), position)
	}
	return choice{token: token, state: fingerprint.State(r.State)}
}

// Generate answers a prompt. onToken, where it is not nil, is called with each
// token soon after it is chosen, from the calling goroutine. Errors:
// ErrRequest, ErrToken, ErrContext, ErrMemory, ErrBusy, ErrClosed, ErrFile, a
// *FailedError, or the cause of ctx; with the last three the Run holds what
// there was so far, without a fingerprint.
func (m *Model) Generate(ctx context.Context, r Request, onToken func(Token)) (Run, error) {
	run := Run{Prompt: append([]Token(nil), r.Prompt...), Settings: r.Settings, Binding: r.Binding}
	if err := r.Settings.check(); err != nil {
		return run, err
	}
	if err := m.checkPrompt(r.Prompt, r.Settings.MaxTokens); err != nil {
		return run, err
	}
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return run, err
	}
	defer end()
	g := &generation{m: m, run: run, onToken: onToken, more: make(chan struct{}, 1)}
	h, err := m.sched.Start(ctx, &sched.Task{
		Caller: callerOf(ctx), Tokens: run.Prompt, Keep: 1, Want: r.Settings.want(), Most: len(run.Prompt) + r.Settings.MaxTokens - 1,
		Each: g.each, Next: g.next,
	})
	if err != nil {
		return run, err
	}
	err = g.follow(ctx, h)
	if err == nil {
		g.run.Fingerprint = fingerprint.Root(g.run.Leaves)
	}
	return g.run, err
}

// generation is an answer in the making. The model's goroutine makes it, the
// caller's hands out its tokens.
type generation struct {
	m       *Model
	onToken func(Token)
	made    choice        // of the step in progress
	more    chan struct{} // capacity 1: there are tokens to hand out

	mu  sync.Mutex
	run Run // guarded by mu until the task has ended
}

func (g *generation) each(i int, r backend.Result) {
	g.made = g.run.Settings.choose(r, len(g.run.Prompt)-1+i)
}

// next adds the token that was chosen to the run and continues with it, unless
// it is the last.
func (g *generation) next() (Token, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	run := &g.run
	run.Leaves = append(run.Leaves, fingerprint.Leaf(run.Binding, len(run.Prompt)-1+len(run.Output), g.made.token, g.made.state))
	run.Output = append(run.Output, g.made.token)
	switch {
	case g.m.stop[g.made.token]:
		run.Finish = FinishStop
	case len(run.Output) == run.Settings.MaxTokens:
		run.Finish = FinishLength
	}
	if g.onToken != nil {
		select {
		case g.more <- struct{}{}:
		default:
		}
	}
	return g.made.token, run.Finish == ""
}

// follow hands out tokens until the task has ended. Where its context ends, the
// run is what was handed out.
func (g *generation) follow(ctx context.Context, h *sched.Handle) error {
	if g.onToken == nil {
		_, err := h.Wait()
		return err
	}
	for given := 0; ; {
		ended := false
		select {
		case <-g.more:
		case <-ctx.Done():
			_, _ = h.Wait() // with the cause of ctx, or done
			ended = true
		case <-h.Done():
			ended = true
		}
		g.mu.Lock()
		output, finish := g.run.Output, g.run.Finish
		g.mu.Unlock()
		for ; given < len(output); given++ {
			if ctx.Err() != nil {
				_, _ = h.Wait()
				g.run.Output, g.run.Leaves, g.run.Finish = output[:given], g.run.Leaves[:given], ""
				return context.Cause(ctx)
			}
			g.onToken(output[given])
		}
		if ended && finish != "" {
			return nil
		}
		if ended {
			_, err := h.Wait()
			return err
		}
	}
}
