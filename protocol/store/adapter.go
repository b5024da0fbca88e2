package store

import (
	"errors"

	"cosmossdk.io/core/store"
	"github.com/cockroachdb/pebble/v2"
)

// View is a space as other people's stores want it: what the interfaces of
// CometBFT's stores and of the Merkle tree ask for, with iterators and batches
// as package cosmossdk.io/core/store describes them. Set and Delete are durable
// with the next synced write, as both expect.
//
// A read after the database was closed finds nothing, instead of failing: a
// goroutine of CometBFT can outlive its Stop, and it panics on errors.
type View struct{ s *Space }

// View returns the space for other people's stores.
func (s *Space) View() View { return View{s} }

// Get returns the value of key, nil when there is none.
func (v View) Get(key []byte) ([]byte, error) {
	b, err := v.s.Get(key)
	if errors.Is(err, ErrClosed) {
		return nil, nil
	}
	return b, err
}

// Has reports whether there is a value.
func (v View) Has(key []byte) (bool, error) {
	b, err := v.Get(key)
	return b != nil, err
}

// Close does nothing: the database belongs to who opened it.
func (View) Close() error { return nil }

func (v View) write(o *pebble.WriteOptions, fill func(*Batch)) error {
	b := v.s.d.Batch()
	fill(b)
	return b.commit(o)
}

// walk is an iterator over a space, with keys as the space's user knows them.
type walk struct {
	*Iterator
	s          *Space
	start, end []byte
}

func (v View) walk(start, end []byte, rev bool) (*walk, error) {
	if (start != nil && len(start) == 0) || (end != nil && len(end) == 0) {
		return nil, ErrKey
	}
	upper := successor(v.s.prefix)
	if end != nil {
		upper = v.s.key(end)
	}
	it, err := v.s.d.iterator(v.s.key(start), upper, rev)
	if errors.Is(err, ErrClosed) {
		return &walk{Iterator: &Iterator{d: v.s.d}, s: v.s, start: start, end: end}, nil
	}
	if err != nil {
		return nil, err
	}
	return &walk{Iterator: it, s: v.s, start: start, end: end}, nil
}

// Domain returns the bounds that were asked for.
func (w *walk) Domain() (start, end []byte) { return w.start, w.end }

// Key returns a copy of the key, without the space's name.
func (w *walk) Key() []byte {
	if k := w.Iterator.Key(); len(k) >= len(w.s.prefix) {
		return k[len(w.s.prefix):]
	}
	return nil
}

// Error returns what ended the walk early; a closed database is an end.
func (w *walk) Error() error { return ignoreClosed(w.Iterator.Error()) }

// Close frees the walk.
func (w *walk) Close() error { return ignoreClosed(w.Iterator.Close()) }

func ignoreClosed(err error) error {
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}

// batchView is a batch as both interfaces want it.
type batchView struct {
	b    *Batch
	s    *Space
	done bool
}

// errBatchDone: a batch was used after Write or Close.
var errBatchDone = errors.New("store: batch was written or closed")

func (v View) batch() *batchView { return &batchView{b: v.s.d.Batch(), s: v.s} }

// Set adds a write.
func (b *batchView) Set(key, value []byte) error {
	if b.done {
		return errBatchDone
	}
	if len(key) == 0 || value == nil {
		return ErrKey
	}
	b.b.Set(b.s, key, value)
	return b.b.err
}

// Delete adds a removal.
func (b *batchView) Delete(key []byte) error {
	if b.done {
		return errBatchDone
	}
	if len(key) == 0 {
		return ErrKey
	}
	b.b.Delete(b.s, key)
	return b.b.err
}

// Write writes the batch; the next synced write makes it durable.
func (b *batchView) Write() error { return b.write(pebble.NoSync) }

// WriteSync writes the batch to the disk.
func (b *batchView) WriteSync() error { return b.write(pebble.Sync) }

func (b *batchView) write(o *pebble.WriteOptions) error {
	if b.done {
		return errBatchDone
	}
	b.done = true
	return b.b.commit(o)
}

// Close forgets the batch.
func (b *batchView) Close() error {
	b.done = true
	b.b.Discard()
	return nil
}

// GetByteSize returns the size of the batch.
func (b *batchView) GetByteSize() (int, error) {
	if b.done || b.b.b == nil {
		return 0, errBatchDone
	}
	return b.b.b.Len(), nil
}

// Set writes, durable with the next synced write.
func (v View) Set(key, value []byte) error {
	return v.write(pebble.NoSync, func(b *Batch) { b.Set(v.s, key, value) })
}

// SetSync writes to the disk.
func (v View) SetSync(key, value []byte) error {
	return v.write(pebble.Sync, func(b *Batch) { b.Set(v.s, key, value) })
}

// Delete removes, durable with the next synced write.
func (v View) Delete(key []byte) error {
	return v.write(pebble.NoSync, func(b *Batch) { b.Delete(v.s, key) })
}

// DeleteSync removes on the disk.
func (v View) DeleteSync(key []byte) error {
	return v.write(pebble.Sync, func(b *Batch) { b.Delete(v.s, key) })
}

// Iterator walks start ≤ key < end.
func (v View) Iterator(start, end []byte) (store.Iterator, error) { return v.walk(start, end, false) }

// ReverseIterator walks the same from its end.
func (v View) ReverseIterator(start, end []byte) (store.Iterator, error) {
	return v.walk(start, end, true)
}

// NewBatch returns an empty batch.
func (v View) NewBatch() store.Batch { return v.batch() }

// NewBatchWithSize returns an empty batch; the size is a hint that is not needed.
func (v View) NewBatchWithSize(int) store.Batch { return v.batch() }
