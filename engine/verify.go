package engine

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/sched"
)

// Kind says in what a run differs from its recomputation.
type Kind string

// The ways to differ. Those of the first group are found without running the
// model.
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

// Root returns the root that a judge with binding b publishes for the run: over
// its own choices with the answer's tokens as context, or that of a failed run.
// It takes hashing only, so one recomputation gives the root of any judge.
func (r Report) Root(b Binding) [32]byte {
	if r.FailedAt >= 0 {
		return fingerprint.Failed(b, r.FailedAt)
	}
	return fingerprint.Root(fingerprint.Leaves(b, r.First, r.Choices, r.States))
}

// Verify recomputes a run in one pass over its prompt and output and compares.
// The report tells of the run; an error means that there is none: ErrRequest,
// ErrToken (of the prompt), ErrGrammar, ErrContext, ErrMemory, ErrBusy, ErrClosed,
// ErrFile or the cause of ctx.
func (m *Model) Verify(ctx context.Context, run Run) (Report, error) {
	reports, err := m.verify(ctx, []Run{run})
	return reports[0], err
}

// VerifyMany is Verify of many runs at once, which is much faster than one
// after another, and prompts that they share are computed once. The reports are
// in the order of the runs. An error means that there are none.
func (m *Model) VerifyMany(ctx context.Context, runs []Run) ([]Report, error) {
	reports, err := m.verify(ctx, runs)
	if err != nil {
		return nil, err
	}
	return reports, nil
}

// verify returns a report for each run, in any case.
func (m *Model) verify(ctx context.Context, runs []Run) ([]Report, error) {
	reports := make([]Report, len(runs))
	for i, run := range runs {
		reports[i] = Report{Position: -1, First: len(run.Prompt) - 1, FailedAt: -1}
	}
	programs := make([]*grammar.Program, len(runs))
	for i, run := range runs {
		err := m.checkRun(run)
		if err == nil {
			programs[i], err = m.grammars.program(run.Settings.Grammar)
		}
		if err != nil {
			if len(runs) > 1 {
				err = fmt.Errorf("run %d of %d: %w", i+1, len(runs), err)
			}
			return reports, err
		}
	}
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return reports, err
	}
	defer end()
	var tasks []*sched.Task
	var judged []int // the run of each task
	made := make([][]choice, len(runs))
	for i, run := range runs {
		r := &reports[i]
		if r.Kind, r.Position = m.checkForm(run); r.Kind == "" {
			made[i] = make([]choice, len(run.Output))
			t := run.task(callerOf(ctx), programs[i], made[i])
			t.Share = sharerOf(ctx)
			tasks, judged = append(tasks, t), append(judged, i)
		}
	}
	ran, failed, err := m.runAll(ctx, tasks)
	if err != nil {
		return reports, err
	}
	for k, i := range judged {
		reports[i].judge(runs[i], made[i][:ran[k]], failed[k])
	}
	return reports, nil
}

func (m *Model) checkRun(run Run) error {
	if err := run.Settings.check(m.dims.Vocab); err != nil {
		return err
	}
	return m.checkPrompt(run.Prompt, run.Settings.MaxTokens)
}

// task recomputes a run that has the right form: each of its choices, after the
// tokens before it.
func (run Run) task(caller string, p *grammar.Program, made []choice) *sched.Task {
	followers := followersOf(p, run.Output)
	tokens := append(append([]Token(nil), run.Prompt...), run.Output[:len(run.Output)-1]...)
	return &sched.Task{
		Caller: caller, Tokens: tokens, Keep: len(run.Output), Want: run.Settings.want(), Most: len(tokens), Hash: fingerprint.State,
		Each: func(i int, r backend.Result) {
			mask, err := followers[i].mask()
			if err != nil { // behind what the grammar has not, and where it has nothing, no token is right
				made[i] = choice{token: noToken, state: hashOf(r)}
				return
			}
			made[i] = run.Settings.choose(r, run.Prompt, run.Output[:i], mask)
		},
	}
}

// judge completes the report with the choices that were made and, where the run
// fails, how.
func (r *Report) judge(run Run, made []choice, failed *FailedError) {
	for _, x := range made {
		r.Choices = append(r.Choices, x.token)
		r.States = append(r.States, x.state)
	}
	if failed != nil {
		r.Kind, r.FailedAt, r.Position = KindFailed, failed.Position, max(-1, failed.Position-r.First)
		return
	}
	r.Kind, r.Position = r.compare(run)
	r.Equal = r.Kind == ""
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

// compare finds the first difference between a run and the report's own choices
// and states.
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
