package validator

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// Bounds of the work that waits. What does not fit is found again by the next
// step: jobs are derived from the ledger and the store.
const (
	maxJobs = 4096
	// maxTogether is how many answers are judged side by side: sixteen cost the
	// engine little more than a few one by one, and an urgent answer that comes
	// meanwhile does not wait long.
	maxTogether = 16
)

// job is one answer to judge, or to ask peers for.
type job struct {
	key      wire.AnswerKey
	deadline protocol.Height // there is nothing to be done after it
	duty     bool            // own duties go before runs that another's finding caused
	fetch    bool
}

// urgent reports whether it is an own duty whose answer is here.
func (j job) urgent() bool { return j.duty && !j.fetch }

// before orders jobs: own duties whose answers are here come first, so that nobody
// who hangs when it is asked keeps them waiting; then by deadline.
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
	ready := func(j job) int {
		if j.urgent() {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(ready(j), ready(o)), cmp.Compare(j.deadline, o.deadline), cmp.Compare(rank(j), rank(o)), slices.Compare(j.key.Bytes(), o.key.Bytes())) < 0
}

// queue holds the jobs that wait, without an order of its own: the most urgent is
// taken first.
type queue struct {
	// wake holds a token when there are jobs: one is enough, for who wakes takes all.
	wake chan struct{}

	mu      sync.Mutex // guards all below
	waiting map[wire.AnswerKey]job
	// interrupt ends what is done meanwhile and can wait; nil where nothing is.
	interrupt func()
}

func newQueue() *queue {
	return &queue{
		wake:    make(chan struct{}, 1),
		waiting: map[wire.AnswerKey]job{},
	}
}

// add puts a job into the queue, or moves it forward. Where the queue is full, an
// own duty takes the place of what is least urgent.
func (q *queue) add(j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	old, ok := q.waiting[j.key]
	if !ok && len(q.waiting) >= maxJobs {
		last := q.lastLocked()
		if !j.duty || !j.before(last) {
			return
		}
		delete(q.waiting, last.key)
	}
	if !ok || j.before(old) {
		q.waiting[j.key] = j
	}
	if q.interrupt != nil && j.urgent() {
		q.interrupt()
	}
	q.signal()
}

// meanwhile runs what can wait until a duty can be judged, and ends it then: a
// finding that is not sealed in time is lost, and the rest is found again.
func (q *queue) meanwhile(ctx context.Context, run func(context.Context) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	q.giveWay(cancel)
	defer q.giveWay(nil)
	err := run(inner)
	if inner.Err() != nil && ctx.Err() == nil && !errors.Is(err, record.ErrStore) {
		return nil
	}
	return err
}

// giveWay has interrupt called when a duty can be judged, at once if one waits.
func (q *queue) giveWay(interrupt func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.interrupt = interrupt
	if interrupt == nil {
		return
	}
	for _, j := range q.waiting {
		if j.urgent() {
			interrupt()
			return
		}
	}
}

// signal wakes the worker.
func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take removes the most urgent jobs that are done together: one to fetch, or up to
// maxTogether to judge.
func (q *queue) take() (batch []job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(batch) < maxTogether {
		next, ok := q.firstLocked()
		if !ok || len(batch) > 0 && next.fetch {
			break
		}
		delete(q.waiting, next.key)
		batch = append(batch, next)
		if next.fetch {
			break
		}
	}
	return batch
}

// firstLocked returns the most urgent job.
func (q *queue) firstLocked() (best job, ok bool) {
	for _, j := range q.waiting {
		if !ok || j.before(best) {
			best, ok = j, true
		}
	}
	return best, ok
}

// lastLocked returns the least urgent job.
func (q *queue) lastLocked() (last job) {
	first := true
	for _, j := range q.waiting {
		if first || last.before(j) {
			first, last = false, j
		}
	}
	return last
}

// len returns how many jobs wait.
func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
