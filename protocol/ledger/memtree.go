package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/assaynet/assay/protocol"
)

// MemTree is a [Tree] in memory, for networks in memory and for who carries blocks
// out again. The zero value is an empty tree. It is not safe for concurrent use.
type MemTree struct {
	// keys are sorted, apart for each first letter: a new record moves those of its
	// own sort alone.
	keys   [256][]string
	values map[string][]byte
}

// Get implements [Reader].
func (t *MemTree) Get(key []byte) ([]byte, error) { return t.values[string(key)], nil }

// Set implements [Tree]. It keeps a copy of value. The key is not empty.
func (t *MemTree) Set(key, value []byte) error {
	if t.values == nil {
		t.values = make(map[string][]byte)
	}
	k := string(key)
	if _, ok := t.values[k]; !ok {
		letter := &t.keys[k[0]]
		i, _ := slices.BinarySearch(*letter, k)
		*letter = slices.Insert(*letter, i, k)
	}
	t.values[k] = append([]byte{}, value...)
	return nil
}

// Remove implements [Tree].
func (t *MemTree) Remove(key []byte) error {
	k := string(key)
	if _, ok := t.values[k]; ok {
		letter := &t.keys[k[0]]
		i, _ := slices.BinarySearch(*letter, k)
		*letter = slices.Delete(*letter, i, i+1)
		delete(t.values, k)
	}
	return nil
}

// write sets many records of one sort, and removes those that are nil. It keeps
// copies of the values.
func (t *MemTree) write(letter byte, writes map[string][]byte) {
	if t.values == nil {
		t.values = make(map[string][]byte)
	}
	var gone []string
	for k, v := range writes {
		old, there := t.values[k]
		switch {
		case v == nil && there:
			delete(t.values, k)
			gone = append(gone, k)
		case v != nil && !there:
			i, _ := slices.BinarySearch(t.keys[letter], k)
			t.keys[letter] = slices.Insert(t.keys[letter], i, k)
			t.values[k] = append([]byte{}, v...)
		case v != nil && !bytes.Equal(old, v):
			t.values[k] = append([]byte{}, v...)
		}
	}
	slices.Sort(gone)
	t.keys[letter] = without(t.keys[letter], gone)
}

// without removes some keys of a sorted list, sorted as it is, in one walk.
func without(keys, gone []string) []string {
	if len(gone) == 0 {
		return keys
	}
	to, _ := slices.BinarySearch(keys, gone[0])
	for from := to; from < len(keys); from++ {
		if len(gone) == 0 {
			to += copy(keys[to:], keys[from:])
			break
		}
		if keys[from] == gone[0] {
			gone = gone[1:]
			continue
		}
		keys[to] = keys[from]
		to++
	}
	clear(keys[to:])
	return keys[:to]
}

// Iterate implements [Reader].
func (t *MemTree) Iterate(prefix []byte, fn func(key, value []byte) bool) error {
	letters := t.keys[:]
	if len(prefix) > 0 {
		letters = letters[prefix[0] : int(prefix[0])+1]
	}
	for _, keys := range letters {
		i, _ := slices.BinarySearch(keys, string(prefix))
		for ; i < len(keys) && strings.HasPrefix(keys[i], string(prefix)); i++ {
			if !fn([]byte(keys[i]), t.values[keys[i]]) {
				return nil
			}
		}
	}
	return nil
}

// Clone returns an independent copy.
func (t *MemTree) Clone() *MemTree {
	c := &MemTree{values: maps.Clone(t.values)}
	for letter := range t.keys {
		c.keys[letter] = slices.Clone(t.keys[letter])
	}
	return c
}

// Hash returns SHA-256 over all keys and values, each behind its length.
func (t *MemTree) Hash() protocol.Hash {
	h := sha256.New()
	part := func(b []byte) {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		_, _ = h.Write(b)
	}
	for _, keys := range t.keys {
		for _, k := range keys {
			part([]byte(k))
			part(t.values[k])
		}
	}
	return protocol.Hash(h.Sum(nil))
}
