//go:build cgo

package native

import "math/rand/v2"

// Watched lets tests watch memory of their own.
type Watched = watch

// What tests use of C.
var (
	NewWatch = newWatch
	ReadAll  = readAll
	Refuse   = refuse
)

// Err is err.
func (w *watch) Err() error { return w.err() }

// Close is close.
func (w *watch) Close() { w.close() }

// SpoilFreePages fills the pages that no cache holds with the largest finite
// numbers.
func (m *Model) SpoilFreePages() {
	m.pages.mu.Lock()
	defer m.pages.mu.Unlock()
	for _, p := range m.pages.free {
		for i := range p.data {
			p.data[i] = 0x7bff
		}
	}
}

// Bytes returns the memory of c's pages, those shared with other caches included.
func (c *Cache) Bytes() int64 { return int64(len(c.pages)) * c.PageBytes() }

// Fill makes c one of n positions whose keys and values are random, of which
// nobody has computed a token.
func (c *Cache) Fill(n int, seed uint64) error {
	if err := c.grow(n); err != nil {
		return err
	}
	r := rand.NewPCG(seed, 0)
	for _, p := range c.pages {
		for i := range p.data { // ±2^-3 … 2^-1
			x := r.Uint64()
			p.data[i] = uint16(x)&0x83ff | uint16(12+x>>62&1)<<10
		}
	}
	c.tokens = make([]int32, n)
	return nil
}
