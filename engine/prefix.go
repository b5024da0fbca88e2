package engine

import "sync"

// prefixes keeps the caches of the last runs, so that a prompt that begins like one of them starts there. Keys and values of a
// position depend only on the tokens up to it, so it changes no bit.
type prefixes struct {
	limit int64 // bytes; nothing is kept where it is below one page

	mu    sync.Mutex
	kept  []kv  // guarded by mu; the one used last is last; nobody writes to them
	bytes int64 // guarded by mu; of kept
}

// fork returns a cache that holds the longest known beginning of tokens, no more than most of them, or fresh.
func (p *prefixes) fork(tokens []Token, most int, fresh kv) kv {
	p.mu.Lock()
	best, length := -1, 0
	for i, c := range p.kept {
		if n := min(common(c.Tokens(), tokens), most); n > length {
			best, length = i, n
		}
	}
	if best < 0 {
		p.mu.Unlock()
		return fresh
	}
	c := p.kept[best]
	copy(p.kept[best:], p.kept[best+1:])
	p.kept[len(p.kept)-1] = c
	p.mu.Unlock()
	return c.fork(length)
}

// keep takes over c, whose run has ended, and lets go of the caches that it continues and of those used longest ago.
func (p *prefixes) keep(c kv) {
	if c.Len() == 0 || c.Bytes() > p.limit {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.kept[:0]
	for _, old := range p.kept {
		if common(old.Tokens(), c.Tokens()) == old.Len() {
			p.bytes -= old.Bytes()
			continue
		}
		kept = append(kept, old)
	}
	clear(p.kept[len(kept):])
	p.kept = append(kept, c)
	p.bytes += c.Bytes()
	for p.bytes > p.limit {
		p.bytes -= p.kept[0].Bytes()
		p.kept[0] = nil
		p.kept = p.kept[1:]
	}
}

// common is the length of the longest common beginning.
func common(a, b []Token) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
