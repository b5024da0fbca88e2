package engine

import (
	"context"
	"errors"

	"github.com/assaynet/assay/engine/fingerprint"
)

// Kind says in what a run differs from its recomputation.
type Kind string

// The ways to differ. Those of the first group are found without running the model.
const (
	KindRange  Kind = "token out of range" // an output token outside the vocabulary
	KindEmpty  Kind = "empty"              // no output
	KindEarly  Kind = "ended too early"    // neither a stop token nor the maximum at the end
	KindLate   Kind = "ended too late"     // tokens after a stop token or above the maximum
	KindLeaves Kind = "leaves"             // not one leaf for each token, or leaves that do not give the fingerprint

	KindToken       Kind = "token"        // another choice of token
	KindState       Kind = "hidden state" // the same token from another state, or another binding
	KindFingerprint Kind = "fingerprint"  // equal tokens, another root, and no leaves that say where
	KindFailed      Kind = "failed"       // the model fails on this run: no answer is right
)

// Report is what Verify found.
type Report struct {
	Equal    bool
	Position int  // index of the first output token that differs; -1 where Equal, or where no single one does
	Kind     Kind // empty where Equal

	First    int        // position of the first choice: the prompt's length less one
	States   [][32]byte // h_t of every choice, the judge's own; none where the model did not run
	Choices  []Token    // the judge's own choice after each beginning of the answer as given
	FailedAt int        // position at which the run fails, or -1
}

// Ran tells whether the model ran; only then has the report a Root.
func (r Report) Ran() bool { return r.FailedAt >= 0 || len(r.States) > 0 }

// Root returns the root that a judge with binding b publishes for the run: over its own choices with the answer's tokens as
// context, or that of a failed run. It takes hashing only, so one recomputation gives the root of any judge.
func (r Report) Root(b Binding) [32]byte {
	if r.FailedAt >= 0 {
		return fingerprint.Failed(b, r.FailedAt)
	}
	return fingerprint.Root(fingerprint.Leaves(b, r.First, r.Choices, r.States))
}

// Verify recomputes a run in one pass over its prompt and output and compares. The report tells of the run; an error means
// that there is none: ErrRequest, ErrToken (of the prompt), ErrContext, ErrClosed or the cause of ctx.
func (m *Model) Verify(ctx context.Context, run Run) (Report, error) {
	r := Report{Position: -1, First: len(run.Prompt) - 1, FailedAt: -1}
	if err := run.Settings.check(); err != nil {
		return r, err
	}
	if err := m.checkPrompt(run.Prompt, run.Settings.MaxTokens); err != nil {
		return r, err
	}
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return r, err
	}
	defer end()
	if r.Kind, r.Position = m.checkForm(run); r.Kind != "" {
		return r, nil
	}
	tokens := append(append([]Token(nil), run.Prompt...), run.Output[:len(run.Output)-1]...)
	c := m.prefixes.fork(tokens, r.First, m.backend.newCache())
	defer func() { m.prefixes.keep(c) }()
	made, err := m.advance(ctx, c, tokens[c.Len():], len(run.Output), run.Settings)
	var failed *FailedError
	if err != nil && !errors.As(err, &failed) {
		return r, err
	}
	for _, x := range made {
		r.Choices = append(r.Choices, x.token)
		r.States = append(r.States, x.state)
	}
	if failed != nil {
		r.Kind, r.FailedAt, r.Position = KindFailed, failed.Position, max(-1, failed.Position-r.First)
		return r, nil
	}
	r.Kind, r.Position = r.compare(run)
	r.Equal = r.Kind == ""
	return r, nil
}

// checkForm finds what is wrong with a run whatever the model says.
func (m *Model) checkForm(run Run) (Kind, int) {
	n := len(run.Output)
	switch {
	case n == 0:
		return KindEmpty, -1
	case n > run.Settings.MaxTokens:
		return KindLate, run.Settings.MaxTokens
	}
	for i, id := range run.Output {
		if id < 0 || int(id) >= m.dims.Vocab {
			return KindRange, i
		}
		if m.stop[id] && i < n-1 {
			return KindLate, i + 1
		}
	}
	switch {
	case n < run.Settings.MaxTokens && !m.stop[run.Output[n-1]]:
		return KindEarly, n
	case run.Leaves != nil && (len(run.Leaves) != n || fingerprint.Root(run.Leaves) != run.Fingerprint):
		return KindLeaves, -1
	}
	return "", -1
}

// compare finds the first difference between a run and the report's own choices and states.
func (r Report) compare(run Run) (Kind, int) {
	leaves := fingerprint.Leaves(run.Binding, r.First, r.Choices, r.States)
	for i, id := range run.Output {
		switch {
		case id != r.Choices[i]:
			return KindToken, i
		case run.Leaves != nil && run.Leaves[i] != leaves[i]:
			return KindState, i
		}
	}
	if fingerprint.Root(leaves) != run.Fingerprint {
		return KindFingerprint, -1
	}
	return "", -1
}
