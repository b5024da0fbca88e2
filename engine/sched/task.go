package sched

import (
	"context"
	"fmt"
	"time"
)

// Task is a sequence to run. It is the Scheduler's from Start until the task has ended.
type Task struct {
	Caller string  // whom the work is counted against
	Tokens []Token // at least one
	Keep   int     // how many of the last Tokens' states are wanted, at least one
	Bare   bool    // no logits are wanted
	// Most is the most positions that the sequence may have, Tokens included.
	Most int
	// Each is called for each wanted position, i from 0 and growing with each token that Next adds. Within a step the order is
	// any and the goroutines are many; between steps it has returned. Where Bare, logits is nil.
	Each func(i int, state, logits []float32, best Token)
	// Next, where not nil, returns the token that continues the sequence, after Each of its last position; false ends it.
	Next func() (Token, bool)
}

func (t *Task) check() error {
	switch {
	case len(t.Tokens) == 0:
		return fmt.Errorf("%w: no tokens", ErrTask)
	case t.Keep < 1 || t.Keep > len(t.Tokens):
		return fmt.Errorf("%w: %d states of %d tokens wanted", ErrTask, t.Keep, len(t.Tokens))
	case t.Most < len(t.Tokens):
		return fmt.Errorf("%w: %d tokens of at most %d", ErrTask, len(t.Tokens), t.Most)
	}
	return nil
}

// Handle is a task on its way.
type Handle struct {
	s      *Scheduler
	ctx    context.Context //nolint:containedctx // it is the task's, which outlives the call that starts it
	task   *Task
	caller *caller
	began  time.Time
	done   chan struct{} // closed when the task has ended

	waiting bool // guarded by s.mu: in its caller's queue

	// Of the goroutine that runs, until done is closed.
	tokens   []Token // those of the task and what Next added
	wanted   int     // position of the first wanted state
	cache    Cache
	pages    []*page // reserved: enough for the task's Most
	leader   *Handle // while waiting: it computes positions that this one will share
	leaderAt int     // so many
	pause    int     // somebody waits for so many positions of this one: a chunk ends there
	ran      int     // wanted states that were computed
	broken   bool    // nothing can be said of the cache
	over     bool    // with err
	err      error
}

// Done is closed when the task has ended.
func (h *Handle) Done() <-chan struct{} { return h.done }

// Wait returns when the task has ended: how many of the wanted states were computed, and why not all, where that is so: the
// backend's error of this task or step, the cause of the task's context, ErrTask or ErrStopped.
func (h *Handle) Wait() (ran int, err error) {
	select {
	case <-h.done:
	case <-h.ctx.Done():
		h.s.withdraw(h)
		<-h.done
	}
	return h.ran, h.err
}

// left is how many tokens are still to be computed.
func (h *Handle) left() int { return len(h.tokens) - h.cache.Len() }

// continuing tells whether the next token is one that Next added.
func (h *Handle) continuing() bool { return h.cache.Len() >= len(h.task.Tokens) }

// piece makes a piece of the next n tokens.
func (h *Handle) piece(n int) *Piece {
	at := h.cache.Len()
	p := &Piece{Cache: h.cache, Tokens: h.tokens[at : at+n], Keep: min(n, max(0, at+n-h.wanted)), Bare: h.task.Bare}
	first := at + n - p.Keep - h.wanted
	p.Each = func(i int, state, logits []float32, best Token) { h.task.Each(first+i, state, logits, best) }
	return p
}
