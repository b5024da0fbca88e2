package sched

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/assaynet/assay/engine/backend"
)

// How a model is shared out.
//
// A step of a model costs nearly the same for thirty tokens as for one, because
// it reads all weights once. So a step should hold many tokens; but the longer it
// takes, the longer waits whoever waits for the next token of an answer. And the
// memory of keys and values is short: where it runs out half way, work that was
// done is lost. What is decided here is who comes next, with how many tokens, and
// who may begin at all.
//
// One goroutine decides and computes, step after step:
//
//	Run:    leave, admit, step; where nothing runs, wait until a task comes
//	leave:  end the running tasks whose context has ended
//	admit:  while a place is free:                                (admit.go)
//	          of the caller that has had the fewest tokens, and of its users of
//	          the one that has, the oldest task that waits for no leader
//	          find the sequence, past or running, with the longest common beginning
//	          where a running one is about to compute clearly more of it: follow it,
//	          which is to wait until it has
//	          reserve pages for every position that the task may ever have, letting
//	          go of past sequences, the one used longest ago first
//	          where that is not enough, begin nothing more
//	step:   one token of each sequence that is being continued    (step.go)
//	        and, where that is all, guesses of the next             (drafts.go)
//	        then tokens of prompts, fewest-served callers first, up to the budget,
//	        which is a quarter where sequences are being continued; a leader's chunk
//	        ends where its followers begin
//	        the backend computes; each task gets its results, and names its next
//	        token or ends; pages of one that ended are kept for those who will begin
//	        alike                                                 (pages.go)
//
// Invariants:
//
//	used ≤ limit; a page counts once, however many sequences hold it
//	a running task holds ⌈Most ÷ PageLen⌉ pages: no step asks for memory
//	a running task has a token to compute: no step is empty
//	running tasks belong to the goroutine of Run; mu guards queues and pages
//	between steps no cache holds a token that was guessed wrong
//	a decision moves when a token is computed, never its bits
//
// Why not otherwise. First come, first served: one caller with a thousand tasks
// would keep all others waiting. Passing a task that does not fit: small ones
// would keep a large one waiting for ever. Taking pages when they are needed, and
// putting a sequence aside when there is none (Kwon et al., "Efficient Memory
// Management for Large Language Model Serving with PagedAttention", SOSP 2023): it
// holds more sequences where their lengths are unknown; here each has a named
// most, and what is begun is sure to end.

// Config is how a Scheduler shares a model out. No field changes a result.
type Config struct {
	Backend Backend
	// MaxBatch is how many sequences run at once, at least 1; those after them
	// wait. More make each token of one slower and all together faster.
	MaxBatch int
	// KeepPlaces has a few places of a large batch, and an eighth of the memory,
	// kept for users and callers that have none, see doc.go.
	KeepPlaces bool
	// MaxQueue is how many tasks may wait; those after them are refused with
	// ErrBusy.
	MaxQueue int
	// KVBytes is how much memory keys and values may take, those of past
	// sequences included.
	KVBytes int64
	// KeepBytes is how much of that past sequences may take, whose beginnings
	// others share; below one page nothing is kept.
	KeepBytes int64
	// Drafts says when the guesses of tasks that make some are tried.
	Drafts Drafts
	// Now is the clock by which it learns how long steps take, and so which guesses
	// are worth trying; nil is time.Now.
	Now func() time.Time
	// Observer, where not nil, is told what happens.
	Observer Observer
}

func (c *Config) check() error {
	switch {
	case c.Backend == nil:
		return fmt.Errorf("%w: no backend", ErrTask)
	case c.MaxBatch < 1 || c.MaxQueue < 1:
		return fmt.Errorf("%w: batches of %d, queue of %d", ErrTask, c.MaxBatch, c.MaxQueue)
	case c.KVBytes < c.Backend.PageBytes():
		return fmt.Errorf("%w for keys and values: %d bytes, and a page takes %d", backend.ErrMemory, c.KVBytes, c.Backend.PageBytes())
	}
	return nil
}

// Scheduler runs tasks. Its methods are safe for concurrent use.
type Scheduler struct {
	cfg     Config
	backend Backend
	wake    chan struct{} // capacity 1: something waits, or has changed

	running []*Handle // of the goroutine of Run; in the order in which they started
	yielded time.Time // of the goroutine of Run: when it last let others run
	pace    pace      // of the goroutine of Run

	mu      sync.Mutex
	pages   pages     // guarded by mu, but for the limits, which do not change
	callers []*caller // guarded by mu: those with tasks, in the order in which they came
	came    uint64    // guarded by mu: callers and users that there were
	queued  int       // guarded by mu: tasks that wait
	stopped bool      // guarded by mu
	stats   Stats     // guarded by mu
}

// caller is whose tasks are counted together.
type caller struct {
	account
	users []*user // those with tasks, in the order in which they came
}

// user is whose tasks are counted together among those of a caller.
type user struct {
	account
	caller *caller
	queue  []*Handle // tasks that wait, the oldest first
}

// account is what somebody has had.
type account struct {
	id      string
	used    uint64 // tokens that were computed for it, from where it began
	tasks   int    // that wait or run
	waiting int    // of these
	came    uint64 // before those with a higher number
}

// New makes a Scheduler; nothing runs before Run does. Errors: ErrTask,
// backend.ErrMemory.
func New(cfg Config) (*Scheduler, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	size := cfg.Backend.PageBytes()
	return &Scheduler{
		cfg: cfg, backend: cfg.Backend, wake: make(chan struct{}, 1),
		pages: pages{limit: int(cfg.KVBytes / size), keepLimit: int(max(0, cfg.KeepBytes) / size)},
	}, nil
}

// Start hands over a task. It ends with ctx. Errors: ErrTask, ErrBusy,
// ErrStopped, the cause of ctx, and backend.ErrMemory where the keys and values
// would not fit, however long the task waited.
func (s *Scheduler) Start(ctx context.Context, t *Task) (*Handle, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	if need := pagesOf(t.Most); need > s.pages.limit {
		return nil, fmt.Errorf("%w for keys and values: up to %d positions take %d bytes, of %d", backend.ErrMemory, t.Most, int64(need)*s.backend.PageBytes(), s.cfg.KVBytes)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	h := &Handle{
		s: s, ctx: ctx, task: t, began: time.Now(), done: make(chan struct{}),
		tokens: slices.Clone(t.Tokens), wanted: len(t.Tokens) - t.Keep, waiting: true,
	}
	if err := s.enqueue(h); err != nil {
		return nil, err
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return h, nil
}

func (s *Scheduler) enqueue(h *Handle) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		return ErrStopped
	case s.queued >= s.cfg.MaxQueue:
		s.stats.Refused++
		return fmt.Errorf("%w: %d", ErrBusy, s.queued)
	}
	h.user = s.userLocked(h.task.Caller, h.task.User)
	h.user.count(1, 1)
	h.user.queue = append(h.user.queue, h)
	s.queued++
	return nil
}

// withdraw ends h if it still waits; else the goroutine that runs it sees the
// end of its context.
func (s *Scheduler) withdraw(h *Handle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.waiting {
		s.unqueueLocked(h)
		s.finishLocked(h, context.Cause(h.ctx))
	}
}

func (s *Scheduler) unqueueLocked(h *Handle) {
	i := slices.Index(h.user.queue, h)
	h.user.queue = slices.Delete(h.user.queue, i, i+1)
	h.user.count(0, -1)
	h.waiting = false
	s.queued--
}

// finishLocked ends a task that is neither waiting nor running any more.
func (s *Scheduler) finishLocked(h *Handle, err error) {
	switch {
	case h.pages == nil:
	case h.broken:
		s.pages.release(h.pages)
		h.cache.Release()
	default:
		s.pages.keep(h.task.Share, h.cache, h.pages)
	}
	h.err, h.cache, h.pages, h.leader = err, nil, nil, nil
	s.countedLocked(h.user)
	close(h.done)
}

// Run runs the tasks until ctx ends; then it ends those there are with
// ErrStopped and returns nil.
func (s *Scheduler) Run(ctx context.Context) error {
	defer s.stop()
	for ctx.Err() == nil {
		s.leave()
		s.admit()
		if len(s.running) > 0 {
			s.step()
			continue
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
	}
	return nil
}

// leave ends the running tasks whose context has ended.
func (s *Scheduler) leave() {
	s.retire(func(h *Handle) (bool, error) {
		if h.ctx.Err() == nil {
			return false, nil
		}
		return true, context.Cause(h.ctx)
	})
}

// retire ends the running tasks of which ended says that they have.
func (s *Scheduler) retire(ended func(*Handle) (bool, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := s.running[:0]
	for _, h := range s.running {
		if end, err := ended(h); end {
			s.finishLocked(h, err)
		} else {
			rest = append(rest, h)
		}
	}
	clear(s.running[len(rest):])
	s.running = rest
}

// stop ends all tasks.
func (s *Scheduler) stop() {
	s.retire(func(*Handle) (bool, error) { return true, ErrStopped })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	for len(s.callers) > 0 {
		h := s.callers[0].users[0].queue[0] // whoever is a user has tasks, and none runs
		s.unqueueLocked(h)
		s.finishLocked(h, ErrStopped)
	}
	s.pages.forget()
}
