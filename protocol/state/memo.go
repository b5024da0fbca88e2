package state

import (
	"maps"
	"sync"
)

// A version does not change, and what a block is made and checked of is read again
// and again: the accounts of who pays, and what stands above all. A walk down the
// tree takes twelve nodes and a lock for each. So a [Snapshot] remembers what it
// read, and the next one all of that which its block did not change, and what it
// wrote.

const (
	// memoKeys is how many values one version remembers: an account and what is asked
	// of its name for each of a pool full of transactions, and as many again. Who
	// reaches it begins anew with the next version.
	memoKeys = 1 << 15
	// memoBytes is the longest value that is remembered: a seat, and no row of weights.
	memoBytes = 1 << 10
)

// memo remembers values. The zero value is ready.
type memo struct {
	mu     sync.RWMutex
	values map[string][]byte // guarded by mu; nil for what is not there
}

// get returns the value of a key, and remembers what read gives of it.
func (m *memo) get(key []byte, read func([]byte) ([]byte, error)) ([]byte, error) {
	m.mu.RLock()
	v, known := m.values[string(key)]
	m.mu.RUnlock()
	if known {
		return v, nil
	}
	v, err := read(key)
	if err != nil || len(v) > memoBytes {
		return v, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = make(map[string][]byte)
	}
	if len(m.values) < memoKeys {
		m.values[string(key)] = v
	}
	return v, nil
}

// next returns what is known of the version that has these writes above this one;
// nil stands for what was removed.
func (m *memo) next(writes map[string][]byte) map[string][]byte {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := map[string][]byte{}
	if len(m.values) < memoKeys {
		out = maps.Clone(m.values)
	}
	for k, v := range writes {
		switch {
		case len(v) > memoBytes:
			delete(out, k)
		case out == nil:
			out = map[string][]byte{k: v}
		default:
			out[k] = v
		}
	}
	return out
}
