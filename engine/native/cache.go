package native

import (
	"fmt"

	"github.com/assaynet/assay/engine/arith"
)

// Cache holds the keys and values of one sequence of tokens, in pages of 64 positions as internal.h lays them out. It is for one
// goroutine at a time. Pages that are full are never written again, so caches share them.
type Cache struct {
	pageLen int
	tokens  []int32
	pages   [][]uint16
}

// NewCache returns an empty cache for sequences of m.
func (m *Model) NewCache() *Cache { return &Cache{pageLen: m.pageLen} }

// Len returns the number of positions that c holds.
func (c *Cache) Len() int { return len(c.tokens) }

// Tokens returns the tokens at c's positions. The caller does not change them.
func (c *Cache) Tokens() []int32 { return c.tokens }

// Bytes returns the memory of c's pages, those shared with other caches included.
func (c *Cache) Bytes() int64 { return int64(len(c.pages)) * c.PageBytes() }

// PageBytes returns the memory of one page.
func (c *Cache) PageBytes() int64 { return int64(c.pageLen) * 2 }

// Fork returns a cache of the first n positions of c, n ≤ Len: whole pages are shared, the rest of a page is copied. Both
// may be continued, for what is there is never written again.
func (c *Cache) Fork(n int) *Cache {
	full := n / arith.PageLen
	f := &Cache{pageLen: c.pageLen, tokens: append([]int32(nil), c.tokens[:n]...)}
	f.pages = append(f.pages, c.pages[:full]...)
	if n%arith.PageLen != 0 {
		// Positions from n on are copied too; each is written before it is read.
		f.pages = append(f.pages, append([]uint16(nil), c.pages[full]...))
	}
	return f
}

// grow makes room for n more positions.
func (c *Cache) grow(n int) {
	for len(c.pages)*arith.PageLen < len(c.tokens)+n {
		c.pages = append(c.pages, make([]uint16, c.pageLen))
	}
}

// Piece is the new tokens of one sequence.
type Piece struct {
	Cache  *Cache
	Tokens []int32
	Keep   int // how many of the last tokens' states are wanted

	States [][]float32 // out: final-normed, of the last Keep tokens; not checked, see Logits
	Err    error       // out
}

// check refuses a piece that cannot run.
func (m *Model) check(p *Piece) error {
	if p.Cache.Len()+len(p.Tokens) > m.Context {
		return fmt.Errorf("%w: %d positions and %d more, of %d", arith.ErrContext, p.Cache.Len(), len(p.Tokens), m.Context)
	}
	for _, id := range p.Tokens {
		if id < 0 || int(id) >= m.Vocab {
			return fmt.Errorf("%w: %d of %d", arith.ErrToken, id, m.Vocab)
		}
	}
	return nil
}

// finish takes the states of the last tokens and the number of tokens before the first that failed, in a layer.
func (p *Piece) finish(states []float32, width, ran, layer int) {
	keep := len(states) / width
	if ran < len(p.Tokens) {
		p.Err = &arith.FailedError{Position: p.Cache.Len() + ran, Layer: layer + 1}
		keep = max(0, keep-(len(p.Tokens)-ran))
	} else {
		ran = len(p.Tokens)
	}
	for i := range keep {
		p.States = append(p.States, states[i*width:(i+1)*width:(i+1)*width])
	}
	p.Cache.tokens = append(p.Cache.tokens, p.Tokens[:ran]...)
}
