package cuda

import (
	"slices"
	"sync"

	"github.com/assaynet/assay/engine/backend"
)

// store is a device's pages of keys and values. A page that nobody holds is the
// next to be used; after Close it is freed, and the last one closes the device.
type store struct {
	dev   Device
	last  func() // closes the device
	bytes int64  // of a page

	mu     sync.Mutex
	free   []*page // guarded by mu: held by no cache
	made   int     // guarded by mu: pages that there are, free or not
	closed bool    // guarded by mu: pages are not used again
}

// page is the keys and values of pageLen positions (kernels/rope.cu).
type page struct {
	at   pointer
	refs int // guarded by the store's mu: caches that hold it
}

// take returns a page that holds anything. Errors: *Error.
func (s *store) take() (p *page, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		p = s.free[n-1]
		s.free, p.refs = s.free[:n-1], 1
		return p, nil
	}
	at, err := s.dev.Alloc(s.bytes)
	if err != nil {
		return nil, err
	}
	s.made++
	return &page{at: pointer(at), refs: 1}, nil
}

// hold adds a holder to pages.
func (s *store) hold(pages []*page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pages {
		p.refs++
	}
}

// drop takes a holder from pages. It is called from any goroutine.
func (s *store) drop(pages []*page) {
	var gone []*page
	s.mu.Lock()
	for _, p := range pages {
		if p.refs--; p.refs == 0 && s.closed {
			gone = append(gone, p)
			s.made--
		} else if p.refs == 0 {
			s.free = append(s.free, p)
		}
	}
	last := s.closed && s.made == 0 && len(gone) > 0
	s.mu.Unlock()
	s.end(gone, last)
}

// end frees pages, and after the last one the device. What a device that has
// failed says to that is not heard: its memory is gone.
func (s *store) end(gone []*page, last bool) {
	if len(gone) > 0 {
		s.dev.Do(func() {
			for _, p := range gone {
				_ = s.dev.Free(uint64(p.at))
			}
		})
	}
	if last {
		s.last()
	}
}

// close frees the pages that nobody holds; others follow when they are dropped.
func (s *store) close() {
	s.mu.Lock()
	gone := s.free
	s.made -= len(gone)
	s.free, s.closed = nil, true
	last := s.made == 0
	s.mu.Unlock()
	s.end(gone, last)
}

func (s *store) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.made) * s.bytes
}

// cache is one sequence. See backend.Cache.
type cache struct {
	store  *store
	tokens []backend.Token
	pages  []*page
}

func (c *cache) Len() int                { return len(c.tokens) }
func (c *cache) Tokens() []backend.Token { return c.tokens }

// Fork shares whole pages, and copies the rest of one, or leaves it out where
// there is no memory for it.
func (c *cache) Fork(n int) backend.Cache {
	full := n / pageLen
	f := &cache{store: c.store, pages: slices.Clone(c.pages[:full])}
	c.store.hold(f.pages)
	if n%pageLen != 0 {
		if p := c.copied(full); p != nil {
			f.pages = append(f.pages, p)
		} else {
			n = full * pageLen
		}
	}
	f.tokens = slices.Clone(c.tokens[:n])
	return f
}

// copied returns a copy of a page, or nil. Positions past the fork come with
// it; each is written before it is read.
func (c *cache) copied(i int) (p *page) {
	c.store.dev.Do(func() {
		var err error
		if p, err = c.store.take(); err != nil {
			p = nil
		} else if c.store.dev.Copy(uint64(p.at), uint64(c.pages[i].at), c.store.bytes) != nil {
			c.store.mu.Lock()
			p.refs = 0
			c.store.free = append(c.store.free, p)
			c.store.mu.Unlock()
			p = nil
		}
	})
	return p
}

// Truncate leaves what lies at the positions from n on, which is written anew
// before it is read.
func (c *cache) Truncate(n int) {
	c.tokens = c.tokens[:n]
	c.trim()
}

// Release gives the pages back.
func (c *cache) Release() {
	c.tokens = nil
	c.trim()
}

// grow makes room for n more positions. Errors: *Error, which changes nothing.
func (c *cache) grow(n int) error {
	for len(c.pages)*pageLen < len(c.tokens)+n {
		p, err := c.store.take()
		if err != nil {
			return err
		}
		c.pages = append(c.pages, p)
	}
	return nil
}

// trim gives back the pages without positions.
func (c *cache) trim() {
	need := (len(c.tokens) + pageLen - 1) / pageLen
	c.store.drop(c.pages[need:])
	clear(c.pages[need:])
	c.pages = c.pages[:need]
}
