package sched

import (
	"context"
	"fmt"
	"time"

	"github.com/assaynet/assay/engine/backend"
)

// Task is a sequence to run. It is the Scheduler's from Start until the task
// has ended.
type Task struct {
	Caller string          // whom the work is counted against
	User   string          // for whom, among the users of the caller
	Share  string          // beginnings are shared with tasks of the same alone
	Tokens []backend.Token // at least one
	Keep   int             // of how many of the last Tokens something is wanted, at least one
	Want   backend.Want    // what; of each token that Next adds, too
	// Most is the most positions that the sequence may have, Tokens included.
	Most int
	// Each is called for each wanted position, i from 0 and growing with each
	// token that Next adds; for one again, where the token before it was a wrong
	// guess. Within a step the order is any and the goroutines
	// are many; between steps it has returned. What a Result holds is of use
	// within the call only.
	Each func(i int, r backend.Result)
	Hash func(state []float32) [32]byte // see backend.Piece; may be nil
	// Next, where not nil, returns the token that continues the sequence, after
	// Each of its last position; false ends it.
	Next func() (backend.Token, bool)
	// Draft, where not nil, guesses what Next will return, at most so many
	// tokens, and says of each how likely it and all before it are right, which
	// never grows. They may be tried in the next step: then Each is called for
	// their positions, too, as if they were right, and Next for those that are
	// and for one more. It is called between steps, from one goroutine, which
	// waits for it: what guessing takes is to be worth it by the terms.
	Draft func(most int, t Terms) (tokens []backend.Token, likely []float64)
}

func (t *Task) check() error {
	switch {
	case len(t.Tokens) == 0:
		return fmt.Errorf("%w: no tokens", ErrTask)
	case t.Keep < 1 || t.Keep > len(t.Tokens):
		return fmt.Errorf("%w: results of %d of %d tokens wanted", ErrTask, t.Keep, len(t.Tokens))
	case t.Want == 0:
		return fmt.Errorf("%w: nothing is wanted", ErrTask)
	case t.Most < len(t.Tokens):
		return fmt.Errorf("%w: %d tokens of at most %d", ErrTask, len(t.Tokens), t.Most)
	}
	return nil
}

// Handle is a task on its way.
type Handle struct {
	s     *Scheduler
	ctx   context.Context //nolint:containedctx // it is the task's, which outlives the call that starts it
	task  *Task
	user  *user
	began time.Time
	done  chan struct{} // closed when the task has ended

	waiting bool // guarded by s.mu: in its user's queue

	// Of the goroutine that runs, until done is closed.
	tokens   []backend.Token // those of the task and what Next added
	wanted   int             // position of the first wanted result
	cache    backend.Cache
	pages    []*page // reserved: enough for the task's Most
	leader   *Handle // while waiting: it computes positions that this one will share
	leaderAt int     // so many
	pause    int     // somebody waits for so many positions of this one: a chunk ends there
	ran      int     // wanted results that were computed
	plain    bool    // no guess is tried any more
	broken   bool    // nothing can be said of the cache
	over     bool    // with err
	err      error
}

// Done is closed when the task has ended.
func (h *Handle) Done() <-chan struct{} { return h.done }

// Wait returns when the task has ended: how many of the wanted results were
// computed, and why not all, where that is so: the backend's error of this task
// or step, the cause of the task's context, ErrTask or ErrStopped.
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
func (h *Handle) piece(n int) *backend.Piece {
	at := h.cache.Len()
	return h.pieceOf(h.tokens[at : at+n])
}

// pieceOf makes a piece of tokens that follow those of the cache.
func (h *Handle) pieceOf(tokens []backend.Token) *backend.Piece {
	at, n := h.cache.Len(), len(tokens)
	p := &backend.Piece{Cache: h.cache, Tokens: tokens, Keep: min(n, max(0, at+n-h.wanted)), Want: h.task.Want, Hash: h.task.Hash}
	first := at + n - p.Keep - h.wanted
	p.Each = func(i int, r backend.Result) { h.task.Each(first+i, r) }
	return p
}
