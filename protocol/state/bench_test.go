package state_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/assaynet/assay/protocol/store/storetest"
)

// BenchmarkRestore puts a state of 200,000 keys with values of 200 bytes, some 50
// MB, together from its parts, as a node does that joins.
func BenchmarkRestore(b *testing.B) {
	from, _ := open(b, storetest.Memory())
	key, value := make([]byte, 16), bytes.Repeat([]byte{7}, 200)
	for i := range uint64(200_000) {
		binary.BigEndian.PutUint64(key, i*0x9e3779b97f4a7c15)
		check(b, from.Set(bytes.Clone(key), value))
	}
	root, _, err := from.Commit()
	check(b, err)
	var parts [][]byte
	size := 0
	check(b, from.Latest().Export(func(p []byte) error { parts, size = append(parts, bytes.Clone(p)), size+len(p); return nil }))
	b.SetBytes(int64(size))
	for b.Loop() {
		to, db := open(b, storetest.Memory())
		r, err := to.Restore(1)
		check(b, err)
		for _, p := range parts {
			check(b, r.Add(p))
		}
		check(b, r.Finish(root))
		check(b, db.Close())
	}
}
