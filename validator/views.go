package validator

import (
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// view is a state of the ledger, and what holds while it is the newest. It does
// not change.
type view struct {
	ledger.Reader
	head       protocol.Height
	seat       protocol.SeatID // the own one, where registered
	registered bool
	// unsealed is the first epoch about which own cards can be made: what was found of
	// those before is sealed, or being sealed, or cannot be sealed in time any more.
	unsealed protocol.Epoch

	writers *sync.WaitGroup // who writes records under this view
}

// open reports whether own cards about a round can still be made.
func (now *view) open(s *protocol.Schedule, n protocol.Round) bool {
	return s.EpochOfRound(n) >= now.unsealed
}

// views hands out the newest view, and is how records are counted without a lock
// over the counting. Who writes a record enters the newest view and leaves it when
// the record is durable, and many do so at once. Who counts moves everybody on to
// another view first, under which nothing is written any more that belongs in the
// count, and waits for those who entered the one before:
//
//   - another's card is refused at a height at which its epoch is counted, so
//     after the step to that height all cards that ever count are there;
//   - an own card is made under a view to which its epoch is not sealed, so after
//     the move to one to which it is all are there that the seal is over.
//
// The lock is held for the exchange of a pointer.
type views struct {
	mu  sync.Mutex
	now *view // guarded by mu; nil before the first step
}

// newest returns the newest view, nil before the first step.
func (s *views) newest() *view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// enter returns the newest view to write records under, nil before the first
// step; leave must be called when they are durable, also after nil. Between the
// two nothing may wait for a step.
func (s *views) enter() (now *view, leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil {
		return nil, func() {}
	}
	s.now.writers.Add(1)
	return s.now, s.now.writers.Done
}

// move makes v the newest view and returns when all is durable that was written
// under the one before. Step alone calls it.
func (s *views) move(v view) *view {
	v.writers = new(sync.WaitGroup)
	s.mu.Lock()
	before := s.now
	s.now = &v
	s.mu.Unlock()
	if before != nil {
		before.writers.Wait()
	}
	return &v
}

// claims are names under which somebody writes right now, so that of two who
// would write one record the second knows. Its zero value has none.
type claims struct {
	mu    sync.Mutex
	names map[string]bool // guarded by mu
}

// take claims a name until free is called, and reports whether it was free.
func (c *claims) take(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.names[name] {
		return false
	}
	if c.names == nil {
		c.names = map[string]bool{}
	}
	c.names[name] = true
	return true
}

// taken reports whether a name is.
func (c *claims) taken(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.names[name]
}

func (c *claims) free(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.names, name)
}
