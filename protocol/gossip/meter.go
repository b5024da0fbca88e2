package gossip

import (
	"sync"
	"time"
)

// maxMeters bounds how many keys a meter knows: an identity costs nothing, but a
// connection for each, which are few.
const maxMeters = 4096

// allowance is what may be used at once, and what comes back in a second, up to
// that again.
type allowance struct{ burst, perSecond float64 }

// meter keeps a token bucket for each key. The zero value is ready.
//
// Invariant: a key without a bucket has its whole burst.
type meter[K comparable] struct {
	mu sync.Mutex
	by map[K]bucket // guarded by mu
}

type bucket struct {
	allowance
	left float64 // as of at; below zero it is a debt
	at   time.Time
}

// fill returns the bucket as of now.
func (b bucket) fill(now time.Time) bucket {
	if now.After(b.at) {
		b.left = min(b.burst, b.left+now.Sub(b.at).Seconds()*b.perSecond)
		b.at = now
	}
	return b
}

// left returns what is left; a debt is below zero.
func (m *meter[K]) left(k K, a allowance, now time.Time) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ofLocked(k, a, now).left
}

// spend uses n, into debt where less is left: what it costs is known only once
// the work is done.
func (m *meter[K]) spend(k K, a allowance, n float64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.ofLocked(k, a, now)
	b.left -= n
	m.setLocked(k, b)
}

// take uses n if that much is left, and else nothing; it reports which.
func (m *meter[K]) take(k K, a allowance, n float64, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.ofLocked(k, a, now)
	if b.left < n {
		return false
	}
	b.left -= n
	m.setLocked(k, b)
	return true
}

func (m *meter[K]) ofLocked(k K, a allowance, now time.Time) bucket {
	b, ok := m.by[k]
	if !ok {
		return bucket{a, a.burst, now}
	}
	b.allowance = a // a peer may have changed its class
	return b.fill(now)
}

func (m *meter[K]) setLocked(k K, b bucket) {
	if m.by == nil {
		m.by = map[K]bucket{}
	}
	if _, ok := m.by[k]; !ok && len(m.by) >= maxMeters {
		m.pruneLocked(b.at)
	}
	m.by[k] = b
}

// pruneLocked drops what is full again, or any bucket when none is.
func (m *meter[K]) pruneLocked(now time.Time) {
	for k, b := range m.by {
		if b.fill(now).left >= b.burst {
			delete(m.by, k)
		}
	}
	for k := range m.by {
		if len(m.by) < maxMeters {
			return
		}
		delete(m.by, k)
	}
}
