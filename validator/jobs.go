package validator

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Bounds of the work that waits. What does not fit is found again by the next
// step: jobs are derived from the ledger and the store.
const (
	maxJobs = 4096
	// maxAsked is how many answers are remembered as asked for.
	maxAsked = 1 << 16
)

// job is one answer to judge, or to ask peers for.
type job struct {
	key      wire.AnswerKey
	deadline protocol.Height
	duty     bool // own duties go before runs that another's card caused
	fetch    bool
}

// jobs is a queue without order of its own: the most urgent is taken first.
type jobs struct {
	waiting map[wire.AnswerKey]job
	// asked are answers that peers were asked for and do not have.
	asked map[wire.AnswerKey]bool
	// complete are rounds of which no answer is missing that was not asked for.
	complete map[protocol.Round]bool
}

func newJobs() jobs {
	return jobs{waiting: map[wire.AnswerKey]job{}, asked: map[wire.AnswerKey]bool{}, complete: map[protocol.Round]bool{}}
}

// before orders jobs by deadline, own duties first.
func (j job) before(o job) bool {
	rank := func(j job) int {
		switch {
		case j.duty:
			return 0
		case j.fetch:
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(j.deadline, o.deadline), cmp.Compare(rank(j), rank(o)), slices.Compare(j.key.Bytes(), o.key.Bytes())) < 0
}

func (v *Validator) enqueue(j job) {
	v.mu.Lock()
	defer v.mu.Unlock()
	old, ok := v.jobs.waiting[j.key]
	if !ok && len(v.jobs.waiting) >= maxJobs {
		return
	}
	if !ok || j.before(old) {
		v.jobs.waiting[j.key] = j
	}
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// enqueueIfDrawn puts a fresh answer into the queue if it is an own duty, so
// that it need not wait for the next block.
func (v *Validator) enqueueIfDrawn(k wire.AnswerKey) {
	v.mu.Lock()
	self := v.status.Seat
	mine := v.status.Registered && slices.ContainsFunc(v.duties[k.Round], func(d duty) bool { return d.key == k && d.judge == self })
	v.mu.Unlock()
	if mine {
		v.enqueue(job{key: k, deadline: v.cardDeadline(k.Round), duty: true})
	}
}

// ask puts a missing answer into the queue and reports whether it was not
// asked for before.
func (v *Validator) ask(k wire.AnswerKey) bool {
	v.mu.Lock()
	asked := v.jobs.asked[k]
	v.mu.Unlock()
	if !asked {
		v.enqueue(job{key: k, deadline: v.cardDeadline(k.Round), fetch: true})
	}
	return !asked
}

// takeJob removes the most urgent job.
func (v *Validator) takeJob() (best job, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, j := range v.jobs.waiting {
		if !ok || j.before(best) {
			best, ok = j, true
		}
	}
	delete(v.jobs.waiting, best.key)
	return best, ok
}

// Work does all jobs that wait, the most urgent first. A job that meets an
// error is left to the next step; the first error is returned at the end.
func (v *Validator) Work(ctx context.Context) error {
	var first error
	for ctx.Err() == nil {
		j, ok := v.takeJob()
		if !ok {
			break
		}
		var err error
		if j.fetch {
			err = v.fetch(ctx, j)
		} else {
			err = v.judge(ctx, j)
		}
		if err != nil && first == nil {
			first = err
		}
	}
	return first
}

// fetch asks peers for an answer.
func (v *Validator) fetch(ctx context.Context, j job) error {
	raw, err := v.cfg.Evidence(ctx, j.key)
	if err != nil {
		return fmt.Errorf("ask for slot %d of seat %d in round %d: %w", j.key.Slot, j.key.UID, j.key.Round, err)
	}
	if raw != nil {
		err = v.takeAnswer(raw, true)
		v.metrics.message("evidence", err)
		if err == nil {
			return nil
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.jobs.asked) >= maxAsked {
		clear(v.jobs.asked)
	}
	v.jobs.asked[j.key] = true
	return nil
}

// judge runs one answer and records what is found.
func (v *Validator) judge(ctx context.Context, j job) error {
	now := v.newest()
	answer, ok, err := get[Answer](v.cfg.Store, tableAnswers, j.key.Bytes())
	if err != nil || !ok || now.head > j.deadline {
		return err
	}
	opened, err := answer.Open()
	if err != nil {
		return err
	}
	d, err := v.ownDuty(now, j.key)
	if err != nil {
		return err
	}
	known, ok, err := get[Judgement](v.cfg.Store, tableJudgements, j.key.Bytes())
	if err != nil || (ok && d == nil) {
		return err
	}
	out := known.Outcome
	if !ok || out.Finding == wire.FindingUnopen {
		if out, err = v.cfg.Judge.Judge(ctx, &answer.Task, answer.Hotkey, &opened.Result); err != nil {
			return err
		}
	}
	return v.record(ctx, j.key, opened.Seat, d, answer.hash(), &out)
}

// ownDuty returns the own duty about a slot that has no card yet.
func (v *Validator) ownDuty(now *view, k wire.AnswerKey) (*duty, error) {
	duties, err := v.dutiesOf(now, k.Round)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	self, registered := v.status.Seat, v.status.Registered
	v.mu.Unlock()
	i := slices.IndexFunc(duties, func(d duty) bool { return registered && d.key == k && d.judge == self })
	if i < 0 {
		return nil, nil
	}
	if card, err := v.ownCard(k, self); err != nil || card != nil {
		return nil, err
	}
	return &duties[i], nil
}
