package validator

import (
	"context"
	"sync"

	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// judging is one answer on its way to a judgement.
type judging struct {
	key    wire.AnswerKey
	answer Answer
	opened *wire.Answer
	duty   *duty // nil where the own run was not drawn

	run  bool // false where the outcome is known from before
	out  scoring.Outcome
	err  error
	done chan struct{} // closed when out or err is set
}

// judgeAll runs the answers of some jobs side by side and records what is found
// in the order of the jobs, each as soon as those before it are recorded. The
// verdicts are those of lone runs. The error is the first.
func (v *Validator) judgeAll(ctx context.Context, batch []job) (first error) {
	keep := func(err error) {
		if err != nil && first == nil {
			first = err
		}
	}
	now := v.newest()
	var open []*judging
	for _, j := range batch {
		x, err := v.prepare(now, j)
		keep(err)
		if x != nil {
			open = append(open, x)
		}
	}
	var runs sync.WaitGroup
	defer runs.Wait()
	for _, x := range open {
		runs.Go(func() {
			defer close(x.done)
			if x.run {
				x.out, x.err = judges(v.cfg.Judges).judge(ctx, &x.answer.Task, x.answer.Hotkey, x.opened.Body)
			}
		})
	}
	for _, x := range open {
		<-x.done
		if x.err == nil {
			x.err = v.record(ctx, x.key, x.opened.Seat, x.duty, x.answer.hash(), &x.out)
		}
		keep(x.err)
	}
	return first
}

// prepare reads what a job needs; nil where there is nothing to judge, or no
// longer.
func (v *Validator) prepare(now *view, j job) (*judging, error) {
	answer, ok, err := get[Answer](v.cfg.Store, tableAnswers, j.key.Bytes())
	if err != nil || !ok || now.head > j.deadline {
		return nil, err
	}
	opened, err := answer.Open()
	if err != nil {
		return nil, err
	}
	d, err := v.ownDuty(now, j.key)
	if err != nil {
		return nil, err
	}
	known, ok, err := get[Judgement](v.cfg.Store, tableJudgements, j.key.Bytes())
	if err != nil || (ok && d == nil) {
		return nil, err
	}
	return &judging{
		key: j.key, answer: answer, opened: opened, duty: d,
		run: !ok || known.Outcome.Finding == wire.FindingUnopened, out: known.Outcome, done: make(chan struct{}),
	}, nil
}
