package sched

import (
	"context"
	"slices"

	"github.com/assaynet/assay/engine/backend"
)

// minShare is how many positions a task must save to wait for another that is
// about to compute them: fewer are computed sooner than the other comes to
// them.
const minShare = 16

// admit starts tasks while there are places and memory: the caller that has had
// least first, of its users the one that has, and that one's tasks in the order
// in which they came, but for those that wait for a leader.
func (s *Scheduler) admit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.queued > 0 && len(s.running) < s.cfg.MaxBatch {
		h := s.nextLocked()
		if h == nil {
			return
		}
		s.unqueueLocked(h)
		s.running = append(s.running, h)
	}
}

// One in so many places is kept for users that have none, and one for callers
// that have none, so that who asks once need not wait for the end of an answer
// to who asks as often as there are places.
const keptForUsers, keptForCallers = 32, 64

// mayEnter reports whether a user may have one of the places that are left.
func (s *Scheduler) mayEnter(u *user) bool {
	left, callers := s.cfg.MaxBatch-len(s.running), s.cfg.MaxBatch/keptForCallers
	switch users := s.cfg.MaxBatch / keptForUsers; {
	case !s.cfg.KeepPlaces || left > callers+users:
		return true
	case left > callers:
		return u.running() == 0
	default:
		return u.caller.running() == 0
	}
}

// One in so many parts of the memory is kept for users that have nothing running,
// half of it for such callers: a few sequences that may become as long as the
// context take all of it long before they take all places.
const keptMemory = 8

// mayTake reports whether a user may have memory for a task, n positions of which
// are those of source, in what the running ones leave. What past sequences alone
// hold is free for this.
func (s *Scheduler) mayTake(u *user, h *Handle, source *past, n int) bool {
	if !s.cfg.KeepPlaces {
		return true
	}
	kept := s.pages.limit / keptMemory
	switch {
	case u.caller.running() == 0:
		return true
	case u.running() == 0:
		kept /= 2
	}
	need := pagesOf(h.task.Most)
	if source != nil {
		for _, g := range source.pages[:n/backend.PageLen] {
			if g.refs > g.kept {
				need--
			}
		}
	}
	return s.pages.running+need <= s.pages.limit-kept
}

// nextLocked returns a task that has its memory, or nil where none can start
// now. A task that does not fit stops those after it: else small ones would
// pass a large one for ever.
func (s *Scheduler) nextLocked() *Handle {
	var full *caller // whose other users wait, too
	for _, u := range s.usersLocked() {
		if u.caller == full || !s.mayEnter(u) {
			continue
		}
		for _, h := range slices.Clone(u.queue) {
			if h.ctx.Err() != nil { // whoever waits for it would take it back, but may come too late
				s.unqueueLocked(h)
				s.finishLocked(h, context.Cause(h.ctx))
				continue
			}
			if h.leader != nil && !h.leader.ended() && h.leader.cache.Len() < h.leaderAt {
				continue
			}
			h.leader = nil
			source, n := s.beginning(h)
			if h.leader != nil {
				continue
			}
			if !s.mayTake(u, h, source, n) {
				if u.running() == 0 {
					full = u.caller // else small tasks of others would pass it for ever
				}
				break // and nothing of this user's passes it
			}
			if !s.reserve(h, source, n) {
				return nil
			}
			return h
		}
	}
	return nil
}

func (h *Handle) ended() bool {
	select {
	case <-h.done:
		return true
	default:
		return false
	}
}

// past is a sequence whose beginning others may share.
type past struct {
	share string
	cache backend.Cache
	pages []*page
}

// beginning finds the past or running sequence that has computed most of h's
// positions before the first wanted one, and how many. Where one that runs is
// about to compute clearly more, it makes that one h's leader.
func (s *Scheduler) beginning(h *Handle) (source *past, n int) {
	for _, p := range s.pages.kept {
		if p.share != h.task.Share {
			continue
		}
		if m := min(common(p.cache.Tokens(), h.tokens), h.wanted); m > n {
			source, n = &p, m
		}
	}
	var leader *Handle
	most := 0
	for _, r := range s.running {
		if r.task.Share != h.task.Share {
			continue
		}
		m := min(common(r.tokens, h.tokens), h.wanted)
		if have := min(m, r.cache.Len()); have > n {
			source, n = &past{r.task.Share, r.cache, r.pages}, have
		}
		if m > most {
			leader, most = r, m
		}
	}
	if leader != nil && most-n >= minShare {
		h.leader, h.leaderAt = leader, most
		leader.pause = max(leader.pause, most)
	}
	return source, n
}

// reserve gives h a cache that shares n positions of source, and all the pages
// it may need. It is false where they are not there.
func (s *Scheduler) reserve(h *Handle, source *past, n int) bool {
	var shared []*page
	if source != nil {
		shared = source.pages[:n/backend.PageLen]
	}
	held, gone := s.pages.take(shared, pagesOf(h.task.Most))
	for _, c := range gone {
		if source != nil && c == source.cache {
			n -= n % backend.PageLen // a copy of the rest would be a page too many while the source is there
			defer c.Release()
			continue
		}
		c.Release()
	}
	if h.pages = held; held == nil {
		return false
	}
	if source == nil {
		h.cache = s.backend.NewCache()
		return true
	}
	h.cache = source.cache.Fork(n)
	s.pages.touch(source.cache)
	s.stats.Shared += uint64(h.cache.Len())
	return true
}

// common is the length of the longest common beginning.
func common(a, b []backend.Token) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
