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
	c := m.prefixes.fork(run.Prompt, len(run.Prompt)-1, m.backend.newCache())
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
func (m *Model) advance(ctx context.Context, c kv, tokens []Token, keep int, s Settings) ([]choice, error) {
	var made []choice
	first := c.Len() + len(tokens) - keep
	for len(tokens) > 0 {
		piece := tokens[:min(len(tokens), m.backend.most())]
		tokens = tokens[len(piece):]
		wanted := min(len(piece), max(0, keep-len(tokens)))
		begin := len(made)
		made = append(made, make([]choice, wanted)...)
		ran, err := m.backend.step(ctx, c, piece, wanted, func(i int, state, logits []float32, best Token) {
			if s.Temperature != 0 {
				best = arith.Choose(logits, s.sampling(), first+begin+i)
			}
			made[begin+i] = choice{token: best, state: fingerprint.State(state)}
		})
		if err != nil {
			return made[:begin+ran], err
		}
	}
	return made, nil
}
