package native

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/assaynet/assay/engine/backend"
)

// store is the memory of a model's keys and values: pages of one size, outside
// Go's heap. The garbage collector would let as much lie about unused as is in
// use before it looked, so that a limit on pages in use would be half a limit
// on memory; here a page that nobody holds any more is the next to be used.
type store struct {
	len int // 16-bit numbers of a page

	mu     sync.Mutex
	free   []*page // guarded by mu: held by no cache
	made   int     // guarded by mu: pages that there are, free or not
	slabs  []*slab // guarded by mu: of which pages are made
	closed bool    // guarded by mu: pages are not used again
}

// page is the keys and values of pageLen positions. Where its caches are
// forgotten without a Release, the collector frees it.
type page struct {
	data    []uint16
	slab    *slab
	refs    int // guarded by the store's mu: caches that hold it
	cleanup runtime.Cleanup
}

func (s *store) bytes() int64 { return int64(s.len) * 2 }

// take returns a page that holds anything finite. Errors: backend.ErrMemory.
func (s *store) take() (*page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		p := s.free[n-1]
		s.free, p.refs = s.free[:n-1], 1
		return p, nil
	}
	sl := s.slabLocked()
	if sl == nil {
		return nil, fmt.Errorf("%w: %d bytes of keys and values beside %d", backend.ErrMemory, s.bytes(), int64(s.made)*s.bytes())
	}
	data := sl.take()
	p := &page{data: data, slab: sl, refs: 1}
	p.cleanup = runtime.AddCleanup(p, s.lost, room{sl, data})
	s.made++
	return p, nil
}

// lost frees the memory of a page that nobody can reach any more.
func (s *store) lost(r room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveBackLocked(r)
}

// hold adds a holder to pages.
func (s *store) hold(pages []*page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pages {
		p.refs++
	}
}

// drop takes a holder from pages.
func (s *store) drop(pages []*page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pages {
		if p.refs--; p.refs > 0 {
			continue
		}
		if s.closed {
			s.freeLocked(p)
		} else {
			s.free = append(s.free, p)
		}
	}
}

func (s *store) freeLocked(p *page) {
	p.cleanup.Stop()
	s.giveBackLocked(room{p.slab, p.data})
	p.data = nil
}

// close frees the pages that nobody holds; others follow when they are dropped.
func (s *store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.free {
		s.freeLocked(p)
	}
	s.free, s.closed = nil, true
}

// size returns the memory of all pages, in use or not.
func (s *store) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.made) * s.bytes()
}
