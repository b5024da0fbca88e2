//go:build cgo

package native

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
