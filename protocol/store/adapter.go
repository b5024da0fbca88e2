package store

import (
	"errors"

	"cosmossdk.io/core/store"
	"github.com/cockroachdb/pebble/v2"
	dbm "github.com/cometbft/cometbft-db"
)

// view is a space as other people's stores want it: the part that CometBFT's
// and the Merkle tree's interfaces share. Set and Delete are durable with the
// next synced write, as both expect.
//
// A read after the database was closed finds nothing, instead of failing: a
// goroutine of CometBFT can outlive its Stop, and it panics on errors.
type view struct{ s *Space }

// Get returns the value of key, nil when there is none.
func (v view) Get(key []byte) ([]byte, error) {
	b, err := v.s.Get(key)
	if errors.Is(err, ErrClosed) {
		return nil, nil
	}
	return b, err
}

// Has reports whether there is a value.
func (v view) Has(key []byte) (bool, error) {
	b, err := v.Get(key)
	return b != nil, err
}

// Close does nothing: the database belongs to who opened it.
func (view) Close() error { return nil }

func (v view) write(o *pebble.WriteOptions, fill func(*Batch)) error {
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

func (v view) walk(start, end []byte, rev bool) (*walk, error) {
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

func (v view) batch() *batchView { return &batchView{b: v.s.d.Batch(), s: v.s} }

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

// comet is a space as CometBFT wants it.
type comet struct{ view }

var _ dbm.DB = comet{}

// CometDB returns the space as a store for CometBFT.
func (s *Space) CometDB() dbm.DB { return comet{view{s}} }

// Set writes, durable with the next synced write.
func (c comet) Set(k, v []byte) error {
	return c.write(pebble.NoSync, func(b *Batch) { b.Set(c.s, k, v) })
}

// SetSync writes to the disk.
func (c comet) SetSync(k, v []byte) error {
	return c.write(pebble.Sync, func(b *Batch) { b.Set(c.s, k, v) })
}

// Delete removes, durable with the next synced write.
func (c comet) Delete(k []byte) error {
	return c.write(pebble.NoSync, func(b *Batch) { b.Delete(c.s, k) })
}

// DeleteSync removes on the disk.
func (c comet) DeleteSync(k []byte) error {
	return c.write(pebble.Sync, func(b *Batch) { b.Delete(c.s, k) })
}

// Iterator walks start ≤ key < end.
func (c comet) Iterator(start, end []byte) (dbm.Iterator, error) { return c.walk(start, end, false) }

// ReverseIterator walks the same from its end.
func (c comet) ReverseIterator(start, end []byte) (dbm.Iterator, error) {
	return c.walk(start, end, true)
}

// NewBatch returns an empty batch.
func (c comet) NewBatch() dbm.Batch { return c.batch() }

// Print does nothing.
func (comet) Print() error { return nil }

// Stats returns nothing; the database has its own.
func (comet) Stats() map[string]string { return nil }

// Compact does nothing: pebble compacts by itself.
func (comet) Compact(_, _ []byte) error { return nil }

// Nodes is a space as the Merkle tree of package state wants it.
type Nodes struct{ view }

// Nodes returns the space as a store for a Merkle tree.
func (s *Space) Nodes() Nodes { return Nodes{view{s}} }

// Iterator walks start ≤ key < end.
func (n Nodes) Iterator(start, end []byte) (store.Iterator, error) { return n.walk(start, end, false) }

// ReverseIterator walks the same from its end.
func (n Nodes) ReverseIterator(start, end []byte) (store.Iterator, error) {
	return n.walk(start, end, true)
}

// NewBatch returns an empty batch.
func (n Nodes) NewBatch() store.Batch { return n.batch() }

// NewBatchWithSize returns an empty batch; the size is a hint that is not needed.
func (n Nodes) NewBatchWithSize(int) store.Batch { return n.batch() }
