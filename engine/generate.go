package engine

import (
	"context"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/fingerprint"
)

// choice is the token chosen at a position and the hash of the state there.
type choice struct {
	token Token
	state [32]byte
}

// Generate answers a prompt. onToken, where it is not nil, is called with each token as soon as it is chosen, from the calling
// goroutine. Errors: ErrRequest, ErrToken, ErrContext, ErrClosed, a *FailedError, or the cause of ctx; with the last three the
// Run holds what there was so far, without a fingerprint.
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
	c := m.prefixes.fork(run.Prompt, len(run.Prompt)-1, m.net.NewCache())
	defer func() { m.prefixes.keep(c) }()
	next := run.Prompt[c.Len():]
	for run.Finish == "" {
		made, err := m.advance(ctx, c, next, 1, r.Settings)
		if err != nil {
			return run, err
		}
		token := made[0].token
		run.Output = append(run.Output, token)
		run.Leaves = append(run.Leaves, fingerprint.Leaf(r.Binding, c.Len()-1, token, made[0].state))
		if onToken != nil {
			onToken(token)
		}
		next = run.Output[len(run.Output)-1:]
		switch {
		case m.stop[token]:
			run.Finish = FinishStop
		case len(run.Output) == r.Settings.MaxTokens:
			run.Finish = FinishLength
		}
	}
	run.Fingerprint = fingerprint.Root(run.Leaves)
	return run, nil
}

// advance runs tokens after those in c, piece by piece, and returns the choices at the last keep of their positions. On a
// *FailedError they are those before the failure.
func (m *Model) advance(ctx context.Context, c *arith.Cache, tokens []Token, keep int, s Settings) ([]choice, error) {
	var made []choice
	for len(tokens) > 0 {
		piece := tokens[:min(len(tokens), arith.MaxPiece)]
		tokens = tokens[len(piece):]
		wanted := min(len(piece), max(0, keep-len(tokens)))
		var some []choice
		var failed error
		err := m.compute(ctx, func(spread arith.Spread, w *arith.Workspace) {
			some, failed = m.choose(spread, w, c, piece, wanted, s)
		})
		made = append(made, some...)
		if err == nil {
			err = failed
		}
		if err != nil {
			return made, err
		}
	}
	return made, nil
}

// choose runs one piece and chooses at its last wanted positions.
func (m *Model) choose(
	spread arith.Spread, w *arith.Workspace, c *arith.Cache, piece []Token, wanted int, s Settings,
) ([]choice, error) {
	first := c.Len() + len(piece) - wanted
	states, err := m.net.Forward(spread, w, c, piece, wanted)
	// After a failure the positions before it still have states, and one of those may fail for its own sake.
	if len(states) == 0 {
		return nil, err
	}
	logits, failed := m.net.Logits(spread, w, states)
	made := make([]choice, len(logits))
	spread(len(logits), func(i int) {
		made[i] = choice{token: arith.Choose(logits[i], s.sampling(), first+i), state: fingerprint.State(states[i])}
	})
	if failed != nil {
		return made, &FailedError{Position: first + len(logits)}
	}
	return made, err
}
