package store

import (
	"bytes"

	"github.com/cockroachdb/pebble/v2"
)

// Iterator walks over raw keys of the database. It outlives a Close of the
// database as an iterator at its end. It is for one goroutine.
type Iterator struct {
	d   *DB
	it  *pebble.Iterator
	rev bool
}

// iterator walks lower ≤ key < upper, from the end when rev.
func (d *DB) iterator(lower, upper []byte, rev bool) (*Iterator, error) {
	i := &Iterator{d: d, rev: rev}
	err := d.do(func() error {
		it, err := d.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
		if err != nil {
			return err
		}
		i.it = it
		if rev {
			it.Last()
		} else {
			it.First()
		}
		d.itermu.Lock()
		d.iters[i] = struct{}{}
		d.itermu.Unlock()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return i, nil
}

// Valid reports whether the iterator stands on a key.
func (i *Iterator) Valid() bool {
	ok := false
	_ = i.d.do(func() error { ok = i.open() && i.it.Valid(); return nil })
	return ok
}

// open reports whether pebble's iterator may be used.
func (i *Iterator) open() bool {
	i.d.itermu.Lock()
	defer i.d.itermu.Unlock()
	_, ok := i.d.iters[i]
	return ok
}

// Next moves on.
func (i *Iterator) Next() {
	_ = i.d.do(func() error {
		if i.open() {
			if i.rev {
				i.it.Prev()
			} else {
				i.it.Next()
			}
		}
		return nil
	})
}

// Key returns a copy of the whole key, the space's name included.
func (i *Iterator) Key() []byte {
	var k []byte
	_ = i.d.do(func() error { k = bytes.Clone(i.it.Key()); return nil })
	return k
}

// Value returns a copy of the value.
func (i *Iterator) Value() []byte {
	v := []byte{}
	_ = i.d.do(func() error {
		b, err := i.it.ValueAndErr()
		v = append(v, b...)
		return err
	})
	return v
}

// Error returns what ended the iteration early.
func (i *Iterator) Error() error {
	return i.d.do(func() error {
		if !i.open() {
			return nil
		}
		return i.it.Error()
	})
}

// Close frees the iterator. A second call does nothing.
func (i *Iterator) Close() error {
	return i.d.do(func() error {
		if !i.open() {
			return nil
		}
		i.d.itermu.Lock()
		delete(i.d.iters, i)
		i.d.itermu.Unlock()
		return i.it.Close()
	})
}
