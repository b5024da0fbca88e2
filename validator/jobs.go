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
	// maxTogether is how many answers are judged side by side: sixteen cost the
	// engine little more than a few one by one, and an urgent answer that comes
	// meanwhile does not wait long.
	maxTogether = 16
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

// first returns the most urgent job.
func (q *jobs) first() (best job, ok bool) {
	for _, j := range q.waiting {
		if !ok || j.before(best) {
			best, ok = j, true
		}
	}
	return best, ok
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

// takeJobs removes the most urgent jobs that are done together: one to fetch, or
// up to maxTogether to judge.
func (v *Validator) takeJobs() (batch []job) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for len(batch) < maxTogether {
		next, ok := v.jobs.first()
		if !ok || (next.fetch && len(batch) > 0) {
			break
		}
		delete(v.jobs.waiting, next.key)
		batch = append(batch, next)
		if next.fetch {
			break
		}
	}
	return batch
}

// Work does all jobs that wait, the most urgent first, and judges answers side
// by side. A job that meets an error is left to the next step, and harms no
// other; the first error is returned at the end.
func (v *Validator) Work(ctx context.Context) error {
	var first error
	for ctx.Err() == nil {
		batch := v.takeJobs()
		if len(batch) == 0 {
			break
		}
		var err error
		if batch[0].fetch {
			err = v.fetch(ctx, batch[0])
		} else {
			err = v.judgeAll(ctx, batch)
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
