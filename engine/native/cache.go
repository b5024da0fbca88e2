package native

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/engine/backend"
)

// pageLen is how many positions a page holds.
const pageLen = 64

// Cache holds the keys and values of one sequence of tokens, in pages of 64
// positions as internal.h lays them out. It is for one goroutine at a time.
// Pages that are full are never written again, so caches share them.
type Cache struct {
	store  *store
	tokens []int32
	pages  []*page
}

// NewCache returns an empty cache for sequences of m.
func (m *Model) NewCache() *Cache { return &Cache{store: m.pages} }

// Len returns the number of positions that c holds.
func (c *Cache) Len() int { return len(c.tokens) }

// Tokens returns the tokens at c's positions. The caller does not change them.
func (c *Cache) Tokens() []int32 { return c.tokens }

// PageBytes returns the memory of one page.
func (c *Cache) PageBytes() int64 { return c.store.bytes() }

// Fork returns a cache of the first n positions of c, n ≤ Len: whole pages are
// shared, the rest of a page is copied, or left out where there is no memory
// for it. Both may be continued, for what is there is never written again.
func (c *Cache) Fork(n int) *Cache {
	full := n / pageLen
	f := &Cache{store: c.store, pages: slices.Clone(c.pages[:full])}
	c.store.hold(f.pages)
	if n%pageLen != 0 {
		if p, err := c.store.take(); err == nil {
			copy(p.data, c.pages[full].data) // positions from n on, too: each is written before it is read
			f.pages = append(f.pages, p)
		} else {
			n = full * pageLen
		}
	}
	f.tokens = slices.Clone(c.tokens[:n])
	return f
}

// Truncate forgets the positions from n on, n ≤ Len, which no Fork has seen.
// What they leave in their page is written anew before it is read.
func (c *Cache) Truncate(n int) {
	c.tokens = c.tokens[:n]
	c.trim()
}

// Release gives c's pages back, which other caches may still share; c is empty
// then. A cache that is forgotten without it keeps its memory until the garbage
// collector finds that.
func (c *Cache) Release() {
	c.tokens = nil
	c.trim()
}

// grow makes room for n more positions. Errors: backend.ErrMemory, which
// changes nothing.
func (c *Cache) grow(n int) error {
	for len(c.pages)*pageLen < len(c.tokens)+n {
		p, err := c.store.take()
		if err != nil {
			c.trim()
			return err
		}
		clear(p.data)
		c.pages = append(c.pages, p)
	}
	return nil
}

// trim gives back the pages without positions.
func (c *Cache) trim() {
	need := (len(c.tokens) + pageLen - 1) / pageLen
	c.store.drop(c.pages[need:])
	clear(c.pages[need:])
	c.pages = c.pages[:need]
}

// Piece is the new tokens of one sequence.
type Piece struct {
	Cache  *Cache
	Tokens []int32
	// Residual is the residual stream of the tokens where the model is a part
	// without the first layer.
	Residual []float32
	Keep     int // how many of the last tokens' states are wanted
	// Choose tells that their logits are wanted too, which are best made in the
	// same call.
	Choose bool

	// States, out: final-normed, of the last Keep tokens; the residual stream
	// where the model is a part without the last layer. They are not checked,
	// see Logits.
	States [][]float32
	// Chose, out: whether Best and Logits are as [Model.Logits] makes them of
	// States. They are valid until the next Forward.
	Chose  bool
	Best   []int32
	Logits [][]float32
	Err    error // out
}

// check refuses a piece that cannot run.
func (m *Model) check(p *Piece) error {
	if p.Cache.Len()+len(p.Tokens) > m.Context {
		return fmt.Errorf("%w: %d positions and %d more, of %d", backend.ErrContext, p.Cache.Len(), len(p.Tokens), m.Context)
	}
	for _, id := range p.Tokens {
		if id < 0 || int(id) >= m.Vocab {
			return fmt.Errorf("%w: %d of %d", backend.ErrToken, id, m.Vocab)
		}
	}
	return nil
}

// finish takes the states of the last tokens and the number of tokens before
// the first that failed, in a layer.
func (p *Piece) finish(states []float32, width, ran, layer int) {
	keep := len(states) / width
	if ran < len(p.Tokens) {
		p.Err = &backend.FailedError{Position: p.Cache.Len() + ran, Layer: layer + 1}
		keep = max(0, keep-(len(p.Tokens)-ran))
	} else {
		ran = len(p.Tokens)
	}
	for i := range keep {
		p.States = append(p.States, states[i*width:(i+1)*width:(i+1)*width])
	}
	p.Cache.tokens = append(p.Cache.tokens, p.Tokens[:ran]...)
	p.Cache.trim()
}
