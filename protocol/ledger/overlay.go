package ledger

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/assaynet/assay/protocol/wire"
)

// maxValue bounds a value of the state: the largest, a row of weights over
// 4,096 seats, has some 25 KB; the records of one block's duties stay far below.
const maxValue = 1 << 20

// overlay holds the writes of a block, or of one transaction, above what it
// reads from, until they are flushed or forgotten.
//
// The first error of the tree below sticks in *fault, which a stack of
// overlays shares; from then on reads find nothing and the result is thrown
// away. So the rules read as rules, and Apply looks at the fault once a step.
type overlay struct {
	base  Reader
	fault *error
	// done counts what the rules read and write, for a stack of overlays: what is
	// passed down from one to the next does not count twice.
	done *Cost
	// writes by first letter of the key, so that a walk over one sort of
	// record does not look at the others; nil stands for removed.
	writes [256]map[string]*record
}

func newOverlay(base Reader) *overlay {
	return &overlay{base: base, fault: new(error), done: new(Cost)}
}

// child returns an overlay for one transaction.
func (o *overlay) child() *overlay {
	return &overlay{base: o, fault: o.fault, done: o.done}
}

func (o *overlay) fail(err error) {
	if *o.fault == nil {
		*o.fault = err
	}
}

// Get implements [Reader].
func (o *overlay) Get(key []byte) ([]byte, error) {
	rec, err := o.recall(key)
	return rec.raw, err
}

// recall implements [memory].
func (o *overlay) recall(key []byte) (record, error) {
	rec, err := o.look(key)
	o.done.Reads++
	o.done.Bytes += uint64(len(key) + len(rec.raw))
	return rec, err
}

// look is recall, not counted.
func (o *overlay) look(key []byte) (record, error) {
	if rec, ok := o.writes[key[0]][string(key)]; ok {
		if rec == nil {
			return record{}, nil
		}
		return *rec, nil
	}
	switch below := o.base.(type) {
	case *overlay:
		return below.look(key)
	case *MemTree:
		return below.recall(key)
	}
	raw, err := o.base.Get(key)
	return record{raw: raw}, err
}

// Set implements [Tree].
func (o *overlay) Set(key, value []byte) error {
	if value == nil {
		return o.Remove(key)
	}
	o.set(key, &record{raw: value})
	return nil
}

// set writes a record, or removes it, which is nil.
func (o *overlay) set(key []byte, rec *record) {
	o.done.Writes++
	o.done.Bytes += uint64(len(key))
	if rec != nil {
		o.done.Bytes += uint64(len(rec.raw))
	}
	o.letter(key[0], 0)[string(key)] = rec
}

// letter returns what was written of one sort. Where that is nothing yet, there is
// room for so many.
func (o *overlay) letter(first byte, room int) map[string]*record {
	letter := o.writes[first]
	if letter == nil {
		letter = make(map[string]*record, room)
		o.writes[first] = letter
	}
	return letter
}

// room makes room for so many writes of each of some sorts of which there are none
// yet: to grow by and by takes longer.
func (o *overlay) room(writes int, prefixes ...[]byte) {
	for _, prefix := range prefixes {
		o.letter(prefix[0], writes)
	}
}

// Remove implements [Tree].
func (o *overlay) Remove(key []byte) error {
	o.set(key, nil)
	return nil
}

// Iterate implements [Reader].
func (o *overlay) Iterate(prefix []byte, fn func(key, value []byte) bool) error {
	return o.each(prefix, func(key []byte, rec record) bool { return fn(key, rec.raw) })
}

// each implements [memory]. To find where a walk begins counts as a read, and so
// does each record.
func (o *overlay) each(prefix []byte, fn func(key []byte, rec record) bool) error {
	o.done.Reads++
	return o.walk(prefix, func(key []byte, rec record) bool {
		o.done.Reads++
		o.done.Bytes += uint64(len(key) + len(rec.raw))
		return fn(key, rec)
	})
}

// walk is each, not counted: a merge of the base with the writes.
func (o *overlay) walk(prefix []byte, fn func(key []byte, rec record) bool) error {
	own := o.writes[prefix[0]]
	var keys []string
	for k := range own {
		if strings.HasPrefix(k, string(prefix)) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	next, more := 0, true
	// emit passes on own writes below limit, or all for a nil limit.
	emit := func(limit []byte) {
		for ; more && next < len(keys) && (limit == nil || keys[next] < string(limit)); next++ {
			if rec := own[keys[next]]; rec != nil {
				more = fn([]byte(keys[next]), *rec)
			}
		}
	}
	err := eachOf(o.base, prefix, func(key []byte, rec record) bool {
		emit(key)
		if !more {
			return false
		}
		if _, changed := own[string(key)]; !changed {
			more = fn(key, rec)
		}
		return more
	})
	if err != nil {
		return err
	}
	emit(nil)
	return nil
}

// eachOf walks what an overlay reads from.
func eachOf(base Reader, prefix []byte, fn func(key []byte, rec record) bool) error {
	switch below := base.(type) {
	case *overlay:
		return below.walk(prefix, fn)
	case *MemTree:
		return below.each(prefix, fn)
	}
	return base.Iterate(prefix, func(key, value []byte) bool { return fn(key, record{raw: value}) })
}

// merge passes the writes of a transaction on to its block.
func (o *overlay) merge(into *overlay) {
	for letter, writes := range &o.writes {
		if into.writes[letter] == nil {
			into.writes[letter] = writes
			continue
		}
		maps.Copy(into.writes[letter], writes)
	}
}

// flush writes everything to t in the order of the keys: a Merkle tree's
// shape, and with it its root, depends on the order. A tree in memory has none.
func (o *overlay) flush(t Tree) error {
	if mem, ok := t.(*MemTree); ok {
		for letter, writes := range &o.writes {
			if len(writes) > 0 {
				mem.write(byte(letter), writes)
			}
		}
		return nil
	}
	for _, writes := range &o.writes {
		for _, k := range slices.Sorted(maps.Keys(writes)) {
			var value []byte
			if rec := writes[k]; rec != nil {
				value = rec.raw
			}
			if err := flushOne(t, []byte(k), value); err != nil {
				return err
			}
		}
	}
	return nil
}

func flushOne(t Tree, key, value []byte) error {
	old, err := t.Get(key)
	switch {
	case err != nil:
		return fmt.Errorf("read %x: %w", key, err)
	case value == nil && old == nil, value != nil && bytes.Equal(old, value):
		return nil
	case value == nil:
		err = t.Remove(key)
	default:
		err = t.Set(key, value)
	}
	if err != nil {
		return fmt.Errorf("write %x: %w", key, err)
	}
	return nil
}

// get reads a record.
func get[T any](o *overlay, key []byte) (T, bool) {
	v, ok, err := read[T](o, key)
	if err != nil {
		o.fail(err)
	}
	return v, ok && err == nil
}

// put writes a record.
func put[T any](o *overlay, key []byte, v T) {
	o.set(key, &record{wire.Encode(&v), memorable(&v)})
}

// keep writes a record, or removes it where there is nothing to be kept.
func keep[T any](o *overlay, key []byte, some bool, v T) {
	if some {
		put(o, key, v)
	} else {
		del(o, key)
	}
}

// del removes a record.
func del(o *overlay, key []byte) { _ = o.Remove(key) }

// delAll removes every record below prefix.
func delAll(o *overlay, prefix []byte) {
	var keys [][]byte
	err := o.Iterate(prefix, func(k, _ []byte) bool {
		keys = append(keys, bytes.Clone(k))
		return true
	})
	if err != nil {
		o.fail(fmt.Errorf("walk %x: %w", prefix, err))
	}
	for _, k := range keys {
		del(o, k)
	}
}

// all returns the records below prefix in the order of their keys.
func all[T any](o *overlay, prefix []byte) []T {
	v, err := list[T](o, prefix)
	if err != nil {
		o.fail(err)
		return nil
	}
	return v
}
