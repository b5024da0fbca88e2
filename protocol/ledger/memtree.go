package ledger

import (
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
	keys    [256][]string
	records [256]map[string]*record
}

// Get implements [Reader].
func (t *MemTree) Get(key []byte) ([]byte, error) {
	rec, err := t.recall(key)
	return rec.raw, err
}

// recall implements [memory].
func (t *MemTree) recall(key []byte) (record, error) {
	if rec := t.records[key[0]][string(key)]; rec != nil {
		return *rec, nil
	}
	return record{}, nil
}

// letter returns the records of one sort.
func (t *MemTree) letter(first byte) map[string]*record {
	if t.records[first] == nil {
		t.records[first] = make(map[string]*record)
	}
	return t.records[first]
}

// Set implements [Tree]. It keeps a copy of value. The key is not empty.
func (t *MemTree) Set(key, value []byte) error {
	k, records := string(key), t.letter(key[0])
	if _, ok := records[k]; !ok {
		letter := &t.keys[k[0]]
		i, _ := slices.BinarySearch(*letter, k)
		*letter = slices.Insert(*letter, i, k)
	}
	records[k] = &record{raw: append([]byte{}, value...)}
	return nil
}

// Remove implements [Tree].
func (t *MemTree) Remove(key []byte) error {
	k, records := string(key), t.records[key[0]]
	if _, ok := records[k]; ok {
		letter := &t.keys[k[0]]
		i, _ := slices.BinarySearch(*letter, k)
		*letter = slices.Delete(*letter, i, i+1)
		delete(records, k)
	}
	return nil
}

// write sets many records of one sort, and removes those that are nil. It keeps the
// records, which nobody changes from then on.
func (t *MemTree) write(letter byte, writes map[string]*record) {
	records := t.letter(letter)
	var fresh, gone []string
	for k, rec := range writes {
		before := len(records)
		if rec == nil {
			if delete(records, k); len(records) < before {
				gone = append(gone, k)
			}
			continue
		}
		records[k] = rec
		if len(records) > before {
			fresh = append(fresh, k)
		}
	}
	slices.Sort(gone)
	slices.Sort(fresh)
	t.keys[letter] = with(without(t.keys[letter], gone), fresh)
}

// with adds keys to a sorted list, sorted as it is, in one walk from its end on.
func with(keys, fresh []string) []string {
	from := len(keys)
	keys = append(keys, fresh...)
	for to := len(keys) - 1; len(fresh) > 0; to-- {
		if last := len(fresh) - 1; from == 0 || keys[from-1] < fresh[last] {
			keys[to], fresh = fresh[last], fresh[:last]
			continue
		}
		from--
		keys[to] = keys[from]
	}
	return keys
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
	return t.each(prefix, func(key []byte, rec record) bool { return fn(key, rec.raw) })
}

// each implements [memory].
func (t *MemTree) each(prefix []byte, fn func(key []byte, rec record) bool) error {
	letters := t.keys[:]
	first := 0
	if len(prefix) > 0 {
		first = int(prefix[0])
		letters = letters[first : first+1]
	}
	for n, keys := range letters {
		records := t.records[first+n]
		i, _ := slices.BinarySearch(keys, string(prefix))
		for ; i < len(keys) && strings.HasPrefix(keys[i], string(prefix)); i++ {
			if !fn([]byte(keys[i]), *records[keys[i]]) {
				return nil
			}
		}
	}
	return nil
}

// Clone returns an independent copy.
func (t *MemTree) Clone() *MemTree {
	c := &MemTree{}
	for letter := range t.keys {
		c.keys[letter], c.records[letter] = slices.Clone(t.keys[letter]), maps.Clone(t.records[letter])
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
	for letter, keys := range t.keys {
		for _, k := range keys {
			part([]byte(k))
			part(t.records[letter][k].raw)
		}
	}
	return protocol.Hash(h.Sum(nil))
}
