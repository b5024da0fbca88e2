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
	mu     sync.Mutex
	tables map[string]*rows
}

// rows are one table: keys are sorted, so that a scan looks at what it is for, and
// a network's history costs nothing.
type rows struct {
	keys   []string
	values map[string][]byte // never changed in place
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{tables: map[string]*rows{}} }

// Get returns a value, nil when there is none.
func (s *Store) Get(table string, key []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[table]; t != nil {
		return bytes.Clone(t.values[string(key)]), nil
	}
	return nil, nil
}

// Write applies all puts made by fn at once. A nil value deletes the key.
func (s *Store) Write(fn func(put func(table string, key, value []byte))) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(func(table string, key, value []byte) {
		t := s.tables[table]
		if t == nil {
			t = &rows{values: map[string][]byte{}}
			s.tables[table] = t
		}
		t.put(string(key), bytes.Clone(value))
	})
	return nil
}

func (t *rows) put(key string, value []byte) {
	_, there := t.values[key]
	at, _ := slices.BinarySearch(t.keys, key)
	switch {
	case value == nil && there:
		t.keys = slices.Delete(t.keys, at, at+1)
		delete(t.values, key)
	case value != nil && !there:
		t.keys = slices.Insert(t.keys, at, key)
	}
	if value != nil {
		t.values[key] = value
	}
}

// Scan calls fn for every key of table that begins with prefix, in the order
// of the bytes, until fn returns false.
func (s *Store) Scan(table string, prefix []byte, fn func(key, value []byte) bool) error {
	for from := string(prefix); ; {
		key, value, ok := s.next(table, from)
		if !ok || !strings.HasPrefix(key, string(prefix)) || !fn([]byte(key), value) {
			return nil
		}
		from = key + "\x00" // the least that is above it
	}
}

// next returns the first record of a table from a key on, false where there is
// none.
func (s *Store) next(table, from string) (key string, value []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[table]
	if t == nil {
		return "", nil, false
	}
	at, _ := slices.BinarySearch(t.keys, from)
	if at == len(t.keys) {
		return "", nil, false
	}
	return t.keys[at], bytes.Clone(t.values[t.keys[at]]), true
}

// Crash returns what a disk would hold if the process died now: all writes
// that returned, and nothing else. The store that died can be used on; the
// copy does not see it.
func (s *Store) Crash() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := NewStore()
	for table, t := range s.tables {
		c.tables[table] = &rows{keys: slices.Clone(t.keys), values: maps.Clone(t.values)}
	}
	return c
}
