package arith

import "github.com/assaynet/assay/engine/half"

// page holds keys and values of 64 positions, numbers that binary16 can hold: for
// each layer and key head the keys as [head][PageLen], so that the scores of
// neighbouring positions are computed together, the values as [PageLen][head].
type page struct{ k, v []float32 }

// Cache holds the keys and values of one sequence of tokens. It is for one
// goroutine at a time. Pages that are full are never written again, so caches
// share them.
type Cache struct {
	shape  cacheShape
	tokens []int32
	pages  []*page
}

type cacheShape struct{ layers, heads, head int }

func (s cacheShape) pageFloats() int { return s.layers * s.heads * PageLen * s.head }

// Len returns the number of positions that c holds.
func (c *Cache) Len() int { return len(c.tokens) }

// Tokens returns the tokens at c's positions. The caller does not change them.
func (c *Cache) Tokens() []int32 { return c.tokens }

// PageBytes returns the memory of one page.
func (c *Cache) PageBytes() int64 { return int64(c.shape.pageFloats()) * 2 * 4 }

// Fork returns a cache of the first n positions of c, n ≤ Len: whole pages are
// shared, the rest of a page is copied. Both may be continued, for what is
// there is never written again.
func (c *Cache) Fork(n int) *Cache {
	full := n / PageLen
	f := &Cache{shape: c.shape, tokens: append([]int32(nil), c.tokens[:n]...)}
	f.pages = append(f.pages, c.pages[:full]...)
	if n%PageLen != 0 {
		f.pages = append(f.pages, c.copyPage(full, n%PageLen))
	}
	return f
}

// Truncate forgets the positions from n on, n ≤ Len, which no Fork has seen.
func (c *Cache) Truncate(n int) {
	c.tokens = c.tokens[:n]
	c.pages = c.pages[:(n+PageLen-1)/PageLen]
}

func (c *Cache) copyPage(p, positions int) *page {
	src, dst := c.pages[p], c.newPage()
	size := PageLen * c.shape.head
	for at := 0; at < len(src.k); at += size {
		for e := at; e < at+size; e += PageLen {
			copy(dst.k[e:e+positions], src.k[e:])
		}
		copy(dst.v[at:at+positions*c.shape.head], src.v[at:])
	}
	return dst
}

func (c *Cache) newPage() *page {
	n := c.shape.pageFloats()
	return &page{k: make([]float32, n), v: make([]float32, n)}
}

// grow makes room for n more positions.
func (c *Cache) grow(n int) {
	for len(c.pages)*PageLen < len(c.tokens)+n {
		c.pages = append(c.pages, c.newPage())
	}
}

// at returns where the numbers of a layer and key head begin in a page.
func (s cacheShape) at(layer, head int) int { return (layer*s.heads + head) * PageLen * s.head }

// store keeps the key and the value of one head at a position, rounded to
// binary16; ok is false where one is not finite.
func (c *Cache) store(layer, head, pos int, k, v []float32) (ok bool) {
	p, at, i := c.pages[pos/PageLen], c.shape.at(layer, head), pos%PageLen
	ok = storeHalf(p.k[at+i:], k, PageLen)
	return storeHalf(p.v[at+i*c.shape.head:], v, 1) && ok
}

// storeHalf stores src, every stride-th number of dst.
func storeHalf(dst, src []float32, stride int) bool {
	ok := true
	for i, x := range src {
		h := half.Narrow(x)
		ok = ok && half.Finite(h)
		dst[i*stride] = half.Widen(h)
	}
	return ok
}
