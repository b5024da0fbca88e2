package sched

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/assaynet/assay/engine/backend"
)

// While sequences are being continued, a step has fewer tokens of prompts, so
// that each of them gets its next token soon: a quarter of the backend's
// budget, and at least so many that a prompt comes to an end.
const (
	mixedShare = 4
	minMixed   = 8
)

// part is a piece and whose it is.
type part struct {
	h *Handle
	*backend.Piece
	continued bool
	guesses   []backend.Token // the last tokens of the piece, once it is extended
	tried     int             // how many of them are tried
	right     int             // of tried, those that were right
}

// plan chooses the tokens of a step. Invariant: it is not empty where tasks
// run, for each has tokens left.
func (s *Scheduler) plan() []part {
	parts := make([]part, 0, len(s.running))
	var prompts []*Handle
	for _, h := range s.running {
		if h.continuing() {
			parts = append(parts, part{h: h, Piece: h.piece(1), continued: true})
		} else {
			prompts = append(prompts, h)
		}
	}
	budget := s.backend.Budget()
	if len(parts) > 0 {
		budget = min(budget, max(minMixed, budget/mixedShare))
	}
	slices.SortStableFunc(prompts, func(a, b *Handle) int { return a.user.compare(b.user) })
	for _, g := range share(prompts, budget) {
		parts = append(parts, part{h: g.h, Piece: g.h.piece(g.n)})
	}
	return parts
}

// step runs one step and ends the tasks that are done with it.
func (s *Scheduler) step() {
	s.mu.Lock()
	parts := s.plan()
	s.mu.Unlock()
	rows := continuedRows(parts)
	if rows > 0 {
		s.draft(parts)
		rows = continuedRows(parts)
	}
	pieces := make([]*backend.Piece, len(parts))
	for i, p := range parts {
		pieces[i] = p.Piece
	}
	began := s.yield()
	failed := s.backend.Step(pieces)
	took := s.cfg.Now().Sub(began)
	for i := range parts {
		s.advance(&parts[i], failed)
	}
	s.count(parts, took)
	s.pace.learn(rows, took, rows > len(parts))
	s.retire(func(h *Handle) (bool, error) { return h.over, h.err })
}

// yieldEvery is half the time after which Go's monitor thread finds that a
// goroutine ran for long. From then on it takes the processor from it whenever
// it finds it in C, and looks every few dozen microseconds, on a processor that
// a kernel needs. To yield wakes another thread, so it is not done at each step.
const yieldEvery = 5 * time.Millisecond

// yield lets other goroutines run when it is time, and returns the time.
func (s *Scheduler) yield() time.Time {
	now := s.cfg.Now()
	if now.Sub(s.yielded) < yieldEvery {
		return now
	}
	runtime.Gosched()
	s.yielded = s.cfg.Now()
	return s.yielded
}

// continuedRows is how many tokens the parts have, where all continue sequences,
// or 0.
func continuedRows(parts []part) int {
	rows := 0
	for _, p := range parts {
		if !p.continued {
			return 0
		}
		rows += len(p.Tokens)
	}
	return rows
}

// advance takes what a step made of a piece.
func (s *Scheduler) advance(p *part, failed error) {
	h := p.h
	if failed != nil {
		h.over, h.broken, h.err = true, true, failed
		return
	}
	if h.ran == 0 && p.Ran > 0 && s.cfg.Observer != nil {
		s.cfg.Observer.First(time.Since(h.began))
	}
	if p.tried > 0 {
		h.check(p)
		return
	}
	h.ran += p.Ran
	switch {
	case p.Err != nil:
		h.over, h.err = true, p.Err
	case h.left() > 0:
	case h.task.Next == nil:
		h.over = true
	default:
		h.next()
	}
}

// next adds the token that continues the sequence, unless it has ended.
func (h *Handle) next() {
	next, ok := h.task.Next()
	switch {
	case !ok:
		h.over = true
	case len(h.tokens) == h.task.Most:
		h.over, h.err = true, fmt.Errorf("%w: token %d of %d", ErrTask, len(h.tokens)+1, h.task.Most)
	default:
		h.tokens = append(h.tokens, next)
	}
}

// check goes through the rows of a piece with guesses as if each had been a step:
// on to the next as long as its token was guessed right. What is behind is taken
// back. A row that failed is the sequence's failure only where it is reached.
func (h *Handle) check(p *part) {
	at := len(h.tokens) - 1                  // of the first row
	if p.Err != nil && h.cache.Len() == at { // nothing has run: the piece may be too much, and its first row not
		h.plain, p.right = true, -1
		return
	}
	for row := 0; ; row++ {
		if row == p.Ran {
			h.over, h.err = true, p.Err
			h.cache.Truncate(min(h.cache.Len(), at+row))
			return
		}
		h.ran++
		if h.next(); h.over || row == p.tried || h.tokens[at+row+1] != p.guesses[row] {
			h.cache.Truncate(at + row + 1)
			return
		}
		p.right++
	}
}
