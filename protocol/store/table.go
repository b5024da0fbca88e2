package store

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol/wire"
)

// maxRecord bounds a record that is read back.
const maxRecord = 64 << 10

// Table is a space whose values are canonical CBOR records of type V of at
// most 64 KiB.
type Table[V any] struct{ space *Space }

// TableOf returns the table called name. Two tables never share a name.
func TableOf[V any](d *DB, name string) Table[V] { return Table[V]{d.Space(name)} }

// Key is a number in eight bytes, big-endian: in the order of a database.
func Key(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// Put writes a record, and returns when it is on the disk.
func (t Table[V]) Put(key []byte, v V) error { return t.space.Set(key, wire.Encode(v)) }

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
