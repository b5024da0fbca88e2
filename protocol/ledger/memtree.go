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

// MemTree is a [Tree] in memory, for tests and networks in memory. The zero
// value is an empty tree. It is not safe for concurrent use.
type MemTree struct {
	keys   []string // sorted
	values map[string][]byte
}

// Get implements [Reader].
func (t *MemTree) Get(key []byte) ([]byte, error) { return t.values[string(key)], nil }

// Set implements [Tree]. It keeps a copy of value.
func (t *MemTree) Set(key, value []byte) error {
	if t.values == nil {
		t.values = make(map[string][]byte)
	}
	k := string(key)
	if _, ok := t.values[k]; !ok {
		i, _ := slices.BinarySearch(t.keys, k)
		t.keys = slices.Insert(t.keys, i, k)
	}
	t.values[k] = append([]byte{}, value...)
	return nil
}

// Remove implements [Tree].
func (t *MemTree) Remove(key []byte) error {
	if i, ok := slices.BinarySearch(t.keys, string(key)); ok {
		t.keys = slices.Delete(t.keys, i, i+1)
		delete(t.values, string(key))
	}
	return nil
}

// Iterate implements [Reader].
func (t *MemTree) Iterate(prefix []byte, fn func(key, value []byte) bool) error {
	i, _ := slices.BinarySearch(t.keys, string(prefix))
	for ; i < len(t.keys) && strings.HasPrefix(t.keys[i], string(prefix)); i++ {
		if !fn([]byte(t.keys[i]), bytes.Clone(t.values[t.keys[i]])) {
			break
		}
	}
	return nil
}

// Clone returns an independent copy.
func (t *MemTree) Clone() *MemTree {
	return &MemTree{keys: slices.Clone(t.keys), values: maps.Clone(t.values)}
}

// Hash returns SHA-256 over all keys and values, each behind its length.
func (t *MemTree) Hash() protocol.Hash {
	h := sha256.New()
	part := func(b []byte) {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		_, _ = h.Write(b)
	}
	for _, k := range t.keys {
		part([]byte(k))
		part(t.values[k])
	}
	return protocol.Hash(h.Sum(nil))
}
