package sched

import (
	"slices"

	"github.com/assaynet/assay/engine/backend"
)

// page counts who holds PageLen positions of keys and values; the numbers
// themselves lie in the Caches.
type page struct {
	refs int // sequences, running and past
	kept int // past sequences among them
}

// maxKept bounds the past sequences, all of which are compared with each new one.
const maxKept = 512

// pages is the account of memory. A page is in use while anybody holds it,
// shared or not.
type pages struct {
	limit     int
	used      int
	running   int // pages that running sequences hold
	keepLimit int
	keptUsed  int    // pages that past sequences hold
	kept      []past // the one used last is last
}

func pagesOf(positions int) int { return (positions + backend.PageLen - 1) / backend.PageLen }

// take holds the shared pages and new ones, n in all, letting go of past
// sequences where memory asks for it; held is nil where even that is not
// enough. The caches of the past sequences are the caller's to release: it may
// be about to share one.
func (p *pages) take(shared []*page, n int) (held []*page, gone []backend.Cache) {
	for _, g := range shared {
		if g.refs++; g.refs == g.kept+1 {
			p.running++
		}
	}
	for p.used+n-len(shared) > p.limit {
		if len(p.kept) == 0 {
			p.release(shared)
			return nil, gone
		}
		gone = append(gone, p.drop(0))
	}
	held = slices.Clone(shared)
	for len(held) < n {
		held = append(held, &page{refs: 1})
		p.used++
		p.running++
	}
	return held, gone
}

func (p *pages) release(held []*page) {
	for _, g := range held {
		if g.refs == g.kept+1 {
			p.running--
		}
		if g.refs--; g.refs == 0 {
			p.used--
		}
	}
}

// keep takes over the cache and the pages of a sequence that has ended: it
// becomes a past one, in place of those that it continues, unless it is too
// long, or the beginning of another, and is released.
func (p *pages) keep(share string, c backend.Cache, held []*page) {
	n := pagesOf(c.Len())
	p.release(held[n:])
	held = held[:n]
	for i, old := range p.kept {
		if old.share == share && c.Len() <= old.cache.Len() && common(old.cache.Tokens(), c.Tokens()) == c.Len() {
			p.release(held)
			c.Release()
			p.kept = append(slices.Delete(p.kept, i, i+1), old)
			return
		}
	}
	if n == 0 || n > p.keepLimit {
		p.release(held)
		c.Release()
		return
	}
	for i := 0; i < len(p.kept); {
		if old := p.kept[i]; old.share == share && common(old.cache.Tokens(), c.Tokens()) == old.cache.Len() {
			p.drop(i).Release()
		} else {
			i++
		}
	}
	for _, g := range held {
		if g.kept++; g.kept == 1 {
			p.keptUsed++
		}
		if g.refs == g.kept {
			p.running--
		}
	}
	p.kept = append(p.kept, past{share, c, held})
	for p.keptUsed > p.keepLimit || len(p.kept) > maxKept {
		p.dropOldest()
	}
}

// touch makes a past sequence the one used last.
func (p *pages) touch(c backend.Cache) {
	if i := slices.IndexFunc(p.kept, func(x past) bool { return x.cache == c }); i >= 0 {
		x := p.kept[i]
		p.kept = append(slices.Delete(p.kept, i, i+1), x)
	}
}

func (p *pages) dropOldest() { p.drop(0).Release() }

// drop lets go of a past sequence and returns its cache, to be released.
func (p *pages) drop(i int) backend.Cache {
	c, held := p.kept[i].cache, p.kept[i].pages
	p.kept = slices.Delete(p.kept, i, i+1)
	for _, g := range held {
		if g.refs == g.kept {
			p.running++ // until release
		}
		if g.kept--; g.kept == 0 {
			p.keptUsed--
		}
	}
	p.release(held)
	return c
}

func (p *pages) forget() {
	for len(p.kept) > 0 {
		p.dropOldest()
	}
}
