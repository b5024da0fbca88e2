package sched

import "time"

// Stats is what a Scheduler has done and holds.
type Stats struct {
	Steps     uint64 // of the model
	Prompt    uint64 // tokens of prompts that were computed
	Continued uint64 // tokens that were computed to continue a sequence
	Shared    uint64 // tokens that were not computed, for another sequence had begun alike
	Drafted   uint64 // guesses of tokens that were tried
	Accepted  uint64 // of Drafted, those that were right; they are among Continued
	Refused   uint64 // tasks that came while as many waited as may

	Running int   // sequences
	Queued  int   // tasks that wait
	KVBytes int64 // memory of keys and values that is held or reserved, past sequences included
	KVLimit int64 // the most that it may be
	KVKept  int64 // of KVBytes, what past sequences hold
}

// Step is what one step of the model was.
type Step struct {
	Sequences int           // computed together
	Prompt    int           // tokens of prompts
	Continued int           // tokens that continue sequences
	Drafted   int           // guesses that were tried
	Accepted  int           // of Drafted, those that were right; they are among Continued
	Took      time.Duration // in the backend
}

// Observer is told what happens, by the goroutine that runs the steps: its
// methods return at once.
type Observer interface {
	// Stepped is called after each step.
	Stepped(Step)
	// First is called when a task has its first wanted result, that long after
	// Start.
	First(after time.Duration)
}

// Stats returns what has happened so far.
func (s *Scheduler) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, size := s.stats, s.backend.PageBytes()
	for _, c := range s.callers {
		x.Running += c.tasks
	}
	x.Queued = s.queued
	x.Running -= s.queued
	x.KVLimit = int64(s.pages.limit) * size
	x.KVBytes, x.KVKept = int64(s.pages.used)*size, int64(s.pages.keptUsed)*size
	return x
}

// count keeps account of a step and charges it to the users, but for guesses
// that were wrong.
func (s *Scheduler) count(parts []part, took time.Duration) {
	x := Step{Sequences: len(parts), Took: took}
	s.mu.Lock()
	for _, p := range parts {
		n := len(p.Tokens) - p.tried + p.right
		x.Drafted += p.tried
		x.Accepted += max(0, p.right)
		p.h.user.charge(uint64(n))
		if p.continued {
			x.Continued += n
		} else {
			x.Prompt += n
		}
	}
	s.stats.Steps++
	s.stats.Prompt += uint64(x.Prompt)
	s.stats.Continued += uint64(x.Continued)
	s.stats.Drafted += uint64(x.Drafted)
	s.stats.Accepted += uint64(x.Accepted)
	s.mu.Unlock()
	if s.cfg.Observer != nil {
		s.cfg.Observer.Stepped(x)
	}
}
