package protocoltest

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Store keeps records in memory as a role's database does. Make it with
// [NewStore]; it is safe for concurrent use.
type Store struct {
	mu   sync.Mutex
	rows map[string]map[string][]byte // by table
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{rows: map[string]map[string][]byte{}} }

// Get returns a value, nil when there is none.
func (s *Store) Get(table string, key []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.rows[table][string(key)]), nil
}

// Write applies all puts made by fn at once. A nil value deletes the key.
func (s *Store) Write(fn func(put func(table string, key, value []byte))) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(func(table string, key, value []byte) {
		if s.rows[table] == nil {
			s.rows[table] = map[string][]byte{}
		}
		if value == nil {
			delete(s.rows[table], string(key))
			return
		}
		s.rows[table][string(key)] = bytes.Clone(value)
	})
	return nil
}

// Scan calls fn for every key of table that begins with prefix, in the order
// of the bytes, until fn returns false.
func (s *Store) Scan(table string, prefix []byte, fn func(key, value []byte) bool) error {
	s.mu.Lock()
	var keys []string
	for k := range s.rows[table] {
		if strings.HasPrefix(k, string(prefix)) {
			keys = append(keys, k)
		}
	}
	values := make([][]byte, len(keys))
	slices.Sort(keys)
	for i, k := range keys {
		values[i] = s.rows[table][k]
	}
	s.mu.Unlock()
	for i, k := range keys {
		if !fn([]byte(k), bytes.Clone(values[i])) {
			break
		}
	}
	return nil
}

// Crash returns what a disk would hold if the process died now: all writes
// that returned, and nothing else. The store that died can be used on; the
// copy does not see it.
func (s *Store) Crash() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := NewStore()
	for table, rows := range s.rows {
		c.rows[table] = maps.Clone(rows) // values are never changed in place
	}
	return c
}
