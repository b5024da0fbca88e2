package split

import (
	"slices"

	"github.com/assaynet/assay/engine/backend"
)

// cache is one sequence. See backend.Cache.
type cache struct {
	tokens []backend.Token
	parts  []backend.Cache // each of the tokens, and maybe of more: see settle
}

func (c *cache) Len() int                { return len(c.tokens) }
func (c *cache) Tokens() []backend.Token { return c.tokens }

// Fork has as many positions as the part with the least.
func (c *cache) Fork(n int) backend.Cache {
	f := &cache{}
	for _, p := range c.parts {
		q := p.Fork(n)
		n = min(n, q.Len())
		f.parts = append(f.parts, q)
	}
	f.tokens = slices.Clone(c.tokens[:n])
	return f
}

// Truncate cuts all parts.
func (c *cache) Truncate(n int) {
	c.tokens = c.tokens[:n]
	for _, p := range c.parts {
		p.Truncate(n)
	}
}

// Release releases all parts.
func (c *cache) Release() {
	c.tokens = nil
	for _, p := range c.parts {
		p.Release()
	}
}

// settle cuts the parts that have more positions than the sequence, and which
// nobody can have forked since. Errors: backend.ErrMemory, which changes nothing
// that matters.
func (c *cache) settle() error {
	for i, p := range c.parts {
		if p.Len() == c.Len() {
			continue
		}
		q := p.Fork(c.Len())
		if q.Len() < c.Len() {
			q.Release()
			return backend.ErrMemory
		}
		p.Release()
		c.parts[i] = q
	}
	return nil
}
