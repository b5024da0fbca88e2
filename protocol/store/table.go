package store

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol/wire"
)

// MaxScan is the most rows that one [Table.Scan] returns: what one page of the
// API shows, and little enough to hold in memory.
const MaxScan = 1000

// maxRecord bounds a record that is read back: the largest, a judge's own run
// over 4,096 tokens, has about 160 KiB; a round of sealed answers has more.
const maxRecord = 64 << 20

// Table is a space whose values are canonical CBOR records of type V, and
// whose keys begin with eight bytes: the epoch or round that the record
// belongs to, big-endian, by which it is pruned. Build keys with [Key].
type Table[V any] struct{ space *Space }

// Row is one record with its key.
type Row[V any] struct {
	Key   []byte
	Value V
}

// TableOf returns the table called name. Two tables never share a name.
func TableOf[V any](d *DB, name string) Table[V] { return Table[V]{d.Space(name)} }

// Key is era, an epoch or a round, followed by rest.
func Key(era uint64, rest ...byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, era), rest...)
}

// Space returns the table's space, for batches over several tables.
func (t Table[V]) Space() *Space { return t.space }

// Put writes a record, and returns when it is on the disk.
func (t Table[V]) Put(key []byte, v V) error { return t.space.Set(key, wire.Encode(v)) }

// PutIn adds the write of a record to a batch.
func (t Table[V]) PutIn(b *Batch, key []byte, v V) { b.Set(t.space, key, wire.Encode(v)) }

// Get reads a record, and whether there is one. A record that does not decode
// is [ErrCorrupt].
func (t Table[V]) Get(key []byte) (v V, ok bool, err error) {
	b, err := t.space.Get(key)
	if err != nil || b == nil {
		return v, false, err
	}
	v, err = t.decode(key, b)
	return v, err == nil, err
}

func (t Table[V]) decode(key, b []byte) (v V, err error) {
	if err := wire.Decode(b, maxRecord, &v); err != nil {
		return v, fmt.Errorf("record %x of %s: %w: %w", key, bytes.TrimRight(t.space.prefix, "\x00"), ErrCorrupt, err)
	}
	return v, nil
}

// Has reports whether there is a record.
func (t Table[V]) Has(key []byte) (bool, error) {
	b, err := t.space.Get(key)
	return b != nil, err
}

// Delete removes a record, and returns when that is on the disk.
func (t Table[V]) Delete(key []byte) error { return t.space.Delete(key) }

// Scan returns up to limit rows, at most [MaxScan], whose keys begin with
// prefix and come after the key after (nil: from the first). More says
// whether others follow the last one: its key is the next call's after.
func (t Table[V]) Scan(prefix, after []byte, limit int) (rows []Row[V], more bool, err error) {
	limit = min(max(limit, 1), MaxScan)
	var from []byte
	if len(after) > 0 {
		if !bytes.HasPrefix(after, prefix) {
			return nil, false, fmt.Errorf("scan after %x under %x: %w", after, prefix, ErrKey)
		}
		from = append(bytes.Clone(after[len(prefix):]), 0)
	}
	var inner error
	err = t.space.Iterate(prefix, from, func(k, b []byte) bool {
		if len(rows) == limit {
			more = true
			return false
		}
		var v V
		if v, inner = t.decode(k, b); inner != nil {
			return false
		}
		rows = append(rows, Row[V]{Key: k, Value: v})
		return true
	})
	if err == nil {
		err = inner
	}
	return rows, more, err
}

// PruneBefore removes every record of an era below era.
func (t Table[V]) PruneBefore(era uint64) error {
	if era == 0 {
		return nil
	}
	b := t.space.d.Batch()
	t.PruneIn(b, era)
	return b.Commit()
}

// PruneIn adds the removal of every record of an era below era to a batch.
func (t Table[V]) PruneIn(b *Batch, era uint64) { b.DeleteRange(t.space, nil, Key(era)) }
