package engine

import (
	"context"
	"fmt"
	"sync"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/draft"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/sched"
)

// choice is the token chosen at a position and the hash of the state there.
type choice struct {
	token    Token
	state    [32]byte
	logProbs LogProbs
}

// want is what a choice takes of a backend: its state is hashed, and its token
// is the likeliest, or drawn.
func (s Settings) want() backend.Want {
	if s.Temperature == 0 && s.None() && s.Grammar == (Grammar{}) {
		return backend.State | backend.Likeliest
	}
	return backend.State | backend.Logits
}

// choose makes a choice of what a backend computed after a prompt and the
// answer so far, among the tokens of a mask, where there is one. It depends on
// nothing else.
func (s Settings) choose(r backend.Result, prompt, answer []Token, mask *grammar.Mask) choice {
	token, position := r.Likeliest, len(prompt)-1+len(answer)
	logits := r.Logits
	if !s.None() {
		shaped := s.Apply(r.Logits, prompt, answer)
		defer shaped.Free()
		logits = shaped.Logits
	}
	switch {
	case mask != nil:
		token = arith.ChooseAmong(logits, mask.Words(), s.sampling(), position)
	case !s.None() || s.Temperature != 0:
		token = arith.Choose(logits, s.sampling(), position)
	}
	return choice{token: token, state: hashOf(r)}
}

// hashOf is the hash of a result's state, which the backend may have had made
// while it computed something else.
func hashOf(r backend.Result) [32]byte {
	if r.Hashed {
		return r.Hash
	}
	return fingerprint.State(r.State)
}

// Generate answers a prompt. onToken, where it is not nil, is called with each
// token soon after it is chosen, from the calling goroutine. Errors:
// ErrRequest, ErrToken, ErrContext, ErrMemory, ErrBusy, ErrClosed, ErrGrammar,
// ErrFile, a *FailedError, or the cause of ctx; with the last four the Run holds
// what there was so far, without a fingerprint.
func (m *Model) Generate(ctx context.Context, r Request, onToken func(Token)) (Run, error) {
	run := Run{Prompt: append([]Token(nil), r.Prompt...), Settings: r.Settings, Binding: r.Binding}
	if err := r.Settings.check(m.dims.Vocab); err != nil {
		return run, err
	}
	if r.TopLogProbs < 0 || r.TopLogProbs > maxTopLogProbs {
		return run, fmt.Errorf("%w: %d likeliest tokens, not within 0 … %d", ErrRequest, r.TopLogProbs, maxTopLogProbs)
	}
	if err := m.checkPrompt(r.Prompt, r.Settings.MaxTokens); err != nil {
		return run, err
	}
	program, err := m.grammars.program(r.Settings.Grammar)
	if err != nil {
		return run, err
	}
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return run, err
	}
	defer end()
	g := &generation{m: m, run: run, follows: newFollower(program), onToken: onToken, logProbs: r.LogProbs, top: r.TopLogProbs, onLogProbs: r.OnLogProbs, more: make(chan struct{}, 1)}
	task := &sched.Task{
		Caller: callerOf(ctx), User: userOf(ctx), Share: sharerOf(ctx), Tokens: run.Prompt, Keep: 1, Want: g.want(), Most: len(run.Prompt) + r.Settings.MaxTokens - 1,
		Each: g.each, Hash: fingerprint.State, Next: g.next,
	}
	// A choice that looked at more than the tokens before it (text, which guesses
	// stand in for) could not be made behind a guess: such a run has none. Nor has
	// one that is held to a grammar, which is followed token by token.
	if m.drafter != nil && program == nil && r.Settings.MaxTokens > 2 {
		g.drafts = m.drafter(run.Prompt, r.Settings.MaxTokens)
		task.Draft = g.guess
		defer g.drafts.Close() // once the task has ended
	}
	h, err := m.sched.Start(ctx, task)
	if err != nil {
		return run, err
	}
	err = g.follow(ctx, h)
	if err == nil {
		g.run.Fingerprint = fingerprint.Root(g.run.Leaves)
	}
	return g.run, err
}

// drafter guesses the next tokens of one sequence, see sched.Task's Draft, and is
// told each that was chosen. Close is the last call, from any goroutine.
type drafter interface {
	Add(Token)
	Guess(most int, t sched.Terms) (tokens []Token, likely []float64)
	Close()
}

// lookup is a drafter that looks into the prompt and the answer.
type lookup struct{ *draft.Lookup }

func newLookup(prompt []Token, _ int) drafter { return lookup{draft.New(prompt)} }

func (l lookup) Guess(most int, _ sched.Terms) ([]Token, []float64) { return l.Lookup.Guess(most) }

func (l lookup) Close() {}

// generation is an answer in the making. The model's goroutine makes it, the
// caller's hands out its tokens.
type generation struct {
	m          *Model
	onToken    func(Token)
	logProbs   bool // wanted of each token
	top        int  // of how many of the likeliest, too
	onLogProbs func(LogProbs)
	follows    follower // the answer through its grammar
	failed     error    // why there is no choice; the model's goroutine's until the task has ended
	// made are the choices of the step in progress: of output token i at i modulo
	// its length, which is more than a step has rows of one sequence.
	made [sched.MaxDraft + 1]choice
	// text is the run's output and, in a step that tries guesses, all of those
	// behind it. It does not change while a step runs.
	text   []Token
	drafts drafter       // or nil; of the model's goroutine
	more   chan struct{} // capacity 1: there are tokens to hand out

	mu  sync.Mutex
	run Run // guarded by mu until the task has ended
}

func (g *generation) want() backend.Want {
	if g.logProbs {
		return g.run.Settings.want() | backend.Likeliest | backend.Logits
	}
	return g.run.Settings.want()
}

// guess guesses the tokens that come next; it is the task's Draft.
func (g *generation) guess(most int, t sched.Terms) ([]Token, []float64) {
	tokens, likely := g.drafts.Guess(most, t)
	g.text = append(g.text[:len(g.run.Output)], tokens...)
	return tokens, likely
}

// each chooses output token i, from what stands before it: the output so far and
// the guesses that the step tries. Several of a step are chosen at once.
func (g *generation) each(i int, r backend.Result) {
	var mask *grammar.Mask
	if g.follows.program != nil { // then no other choice is made at the same time
		if mask, g.failed = g.follows.mask(); g.failed != nil {
			return
		}
	}
	made := g.run.Settings.choose(r, g.run.Prompt, g.text[:i], mask)
	if g.logProbs {
		made.logProbs = logProbsOf(r, made.token, g.top)
	}
	g.made[i%len(g.made)] = made
}

// next adds the token that was chosen to the run and continues with it, unless
// it is the last.
func (g *generation) next() (Token, bool) {
	if g.failed != nil {
		return 0, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	run := &g.run
	made := g.made[len(run.Output)%len(g.made)]
	g.follows.accept(made.token)
	run.Leaves = append(run.Leaves, fingerprint.Leaf(run.Binding, len(run.Prompt)-1+len(run.Output), made.token, made.state))
	run.Output, run.States = append(run.Output, made.token), append(run.States, made.state)
	if g.logProbs {
		run.LogProbs = append(run.LogProbs, made.logProbs)
	}
	if g.text = append(g.text[:len(run.Output)-1], made.token); g.drafts != nil {
		g.drafts.Add(made.token)
	}
	switch {
	case g.m.stop[made.token]:
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
	return made.token, run.Finish == ""
}

// follow hands out tokens until the task has ended. Where its context ends, the
// run is what was handed out.
func (g *generation) follow(ctx context.Context, h *sched.Handle) error {
	if g.onToken == nil {
		return g.wait(h)
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
		output, finish, logProbs := g.run.Output, g.run.Finish, g.run.LogProbs
		g.mu.Unlock()
		for ; given < len(output); given++ {
			if ctx.Err() != nil {
				_, _ = h.Wait()
				g.run.Output, g.run.Leaves, g.run.States, g.run.Finish = output[:given], g.run.Leaves[:given], g.run.States[:given], ""
				g.run.LogProbs = g.run.LogProbs[:min(given, len(g.run.LogProbs))]
				return context.Cause(ctx)
			}
			if g.onLogProbs != nil && g.logProbs {
				g.onLogProbs(logProbs[given])
			}
			g.onToken(output[given])
		}
		if ended && finish != "" {
			return nil
		}
		if ended {
			return g.wait(h)
		}
	}
}

// wait returns why the task has ended.
func (g *generation) wait(h *sched.Handle) error {
	if _, err := h.Wait(); err != nil {
		return err
	}
	return errGrammar(g.failed)
}
