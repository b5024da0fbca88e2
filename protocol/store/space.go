package store

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Space is one name's part of a database.
type Space struct {
	d      *DB
	prefix []byte // the name and a zero byte
}

// Space returns the part of the database called name, a constant without a
// zero byte. It panics on a bad name, which is a mistake of the program.
func (d *DB) Space(name string) *Space {
	if name == "" || bytes.IndexByte([]byte(name), 0) >= 0 {
		panic(fmt.Sprintf("store: space name %q", name))
	}
	return &Space{d: d, prefix: append([]byte(name), 0)}
}

func (s *Space) key(k []byte) []byte {
	b := make([]byte, 0, len(s.prefix)+len(k))
	return append(append(b, s.prefix...), k...)
}

// Get returns a copy of the value of key, nil when there is none.
func (s *Space) Get(key []byte) (value []byte, err error) {
	if len(key) == 0 {
		return nil, ErrKey
	}
	err = s.d.do(func() error {
		v, closer, err := s.d.db.Get(s.key(key))
		if errors.Is(err, pebble.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		value = append([]byte{}, v...)
		return closer.Close()
	})
	return value, err
}

// GetSorted calls fn with the values of those keys that are there, and where in
// keys each stands. The keys ascend. It is for many keys of which most are not
// there: one iterator serves all, and filters say of most that nothing need be
// read. The value is fn's until it returns, and fn does not use the database.
func (s *Space) GetSorted(keys [][]byte, fn func(at int, value []byte)) error {
	return s.d.do(func() error {
		it, err := s.d.db.NewIter(&pebble.IterOptions{UseL6Filters: true})
		if err != nil {
			return err
		}
		key := bytes.Clone(s.prefix)
		for at, k := range keys {
			if key = append(key[:len(s.prefix)], k...); !it.SeekPrefixGE(key) {
				if err := it.Error(); err != nil {
					return errors.Join(err, it.Close())
				}
				continue
			}
			v, err := it.ValueAndErr()
			if err != nil {
				return errors.Join(err, it.Close())
			}
			fn(at, v)
		}
		return it.Close()
	})
}

// Set writes one value, and returns when it is on the disk.
func (s *Space) Set(key, value []byte) error {
	b := s.d.Batch()
	b.Set(s, key, value)
	return b.Commit()
}

// Delete removes one value, and returns when that is on the disk.
func (s *Space) Delete(key []byte) error {
	b := s.d.Batch()
	b.Delete(s, key)
	return b.Commit()
}

// Clear removes all of the space, and returns when that is on the disk.
func (s *Space) Clear() error {
	b := s.d.Batch()
	b.DeleteRange(s, nil, nil)
	return b.Commit()
}

// Iterate calls fn for every key that begins with prefix and is not below
// prefix ‖ from, in the order of the bytes, until fn returns false. It sees the
// space as it was when it began; fn may use the database. Key and value are
// fn's own.
func (s *Space) Iterate(prefix, from []byte, fn func(key, value []byte) bool) error {
	lower := append(s.key(prefix), from...)
	it, err := s.d.iterator(lower, successor(s.key(prefix)), false)
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }()
	for ; it.Valid(); it.Next() {
		if !fn(it.Key()[len(s.prefix):], it.Value()) {
			break
		}
	}
	return it.Error()
}

// successor returns the least key above all that begin with prefix.
func successor(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// Batch is a set of writes that happen all or not at all. It is for one
// goroutine. An error of a step is kept, and Commit returns it.
type Batch struct {
	d   *DB
	b   *pebble.Batch
	err error
}

// Batch returns an empty batch. Commit or Discard it.
func (d *DB) Batch() *Batch {
	b := &Batch{d: d}
	b.err = d.do(func() error { b.b = d.db.NewBatch(); return nil })
	return b
}

// Set adds a write.
func (b *Batch) Set(s *Space, key, value []byte) {
	switch {
	case b.err != nil:
	case len(key) == 0 || value == nil:
		b.err = ErrKey
	default:
		b.err = b.b.Set(s.key(key), value, nil)
	}
}

// Delete adds a removal; a key that is not there is no error.
func (b *Batch) Delete(s *Space, key []byte) {
	switch {
	case b.err != nil:
	case len(key) == 0:
		b.err = ErrKey
	default:
		b.err = b.b.Delete(s.key(key), nil)
	}
}

// DeleteRange adds the removal of every key from ≤ key < to; a nil to is the
// end of the space.
func (b *Batch) DeleteRange(s *Space, from, to []byte) {
	if b.err != nil {
		return
	}
	end := successor(s.prefix)
	if to != nil {
		end = s.key(to)
	}
	b.err = b.b.DeleteRange(s.key(from), end, nil)
}

// Commit writes the batch; when it returns nil, the batch is on the disk.
func (b *Batch) Commit() error { return b.commit(pebble.Sync) }

func (b *Batch) commit(o *pebble.WriteOptions) error {
	if b.err != nil {
		b.Discard()
		return b.err
	}
	if b.b == nil {
		return ErrClosed
	}
	err := b.d.do(func() error { return b.b.Commit(o) })
	if err == nil {
		b.Discard()
	}
	b.b = nil // after a failure pebble still holds it
	return err
}

// Discard forgets the batch. It may follow Commit.
func (b *Batch) Discard() {
	if b.b != nil {
		_ = b.b.Close()
		b.b = nil
	}
}
