package index

import (
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/scoring/synthetic/gate"
)

// Disk is an index in a database, in spaces whose names begin with its own.
type Disk struct {
	db    *store.DB
	grams *store.Space // gram → nothing
	bands *store.Space // hash of a band → numbers of its records, 8 bytes each
	signs *store.Space // number → signature, positions of 2 bytes
	count *store.Space // "next" → how many records there are
	next  uint64
}

// Entry is a record to add.
type Entry struct {
	Grams     []uint64
	Signature gate.Signature
}

var nextKey = []byte("next")

// OpenDisk returns the index called name in a database, with all that was added to
// it before. Errors: [store.ErrCorrupt], and those of the database.
func OpenDisk(db *store.DB, name string) (*Disk, error) {
	d := &Disk{db: db, grams: db.Space(name + "/grams"), bands: db.Space(name + "/bands"), signs: db.Space(name + "/signs"), count: db.Space(name)}
	b, err := d.count.Get(nextKey)
	switch {
	case err != nil:
		return nil, err
	case b == nil:
		return d, nil
	case len(b) != 8:
		return nil, fmt.Errorf("count of %d bytes: %w", len(b), store.ErrCorrupt)
	}
	d.next = binary.BigEndian.Uint64(b)
	return d, nil
}

// Len returns how many records were added.
func (d *Disk) Len() uint64 { return d.next }

// Has reports whether a gram was added.
func (d *Disk) Has(gram uint64) (bool, error) {
	v, err := d.grams.Get(store.Key(gram))
	return v != nil, err
}

// Alike is [Memory.Alike] of what is in the database.
func (d *Disk) Alike(s *gate.Signature) (number uint64, equal int, err error) {
	var found []uint64
	for b := range gate.Bands {
		list, err := d.bands.Get(store.Key(bandKey(s, b)))
		if err != nil {
			return 0, 0, err
		}
		for ; len(list) >= 8; list = list[8:] {
			found = append(found, binary.BigEndian.Uint64(list))
		}
	}
	return most(found, func(n uint64) (int, error) {
		t, err := d.signature(n)
		return s.Equal(&t), err
	})
}

func (d *Disk) signature(n uint64) (s gate.Signature, err error) {
	b, err := d.signs.Get(store.Key(n))
	if err != nil {
		return s, err
	}
	if len(b) != 2*gate.Positions {
		return s, fmt.Errorf("signature %d of %d bytes: %w", n, len(b), store.ErrCorrupt)
	}
	for i := range s {
		s[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return s, nil
}

// Add adds records, all or none. When it returns nil, they are on the disk.
func (d *Disk) Add(list []Entry) error {
	batch, next, bands := d.db.Batch(), d.next, map[uint64][]byte{}
	defer batch.Discard()
	for i := range list {
		for _, g := range list[i].Grams {
			batch.Set(d.grams, store.Key(g), []byte{})
		}
		s, b := &list[i].Signature, make([]byte, 0, 2*gate.Positions)
		for _, v := range s {
			b = binary.BigEndian.AppendUint16(b, v)
		}
		batch.Set(d.signs, store.Key(next), b)
		if err := d.addBands(bands, s, next); err != nil {
			return err
		}
		next++
	}
	for key, numbers := range bands {
		batch.Set(d.bands, store.Key(key), numbers)
	}
	batch.Set(d.count, nextKey, store.Key(next))
	if err := batch.Commit(); err != nil {
		return err
	}
	d.next = next
	return nil
}

// addBands adds a record to the lists of its bands that have room.
func (d *Disk) addBands(bands map[uint64][]byte, s *gate.Signature, number uint64) error {
	for b := range gate.Bands {
		key := bandKey(s, b)
		numbers, ok := bands[key]
		if !ok {
			var err error
			if numbers, err = d.bands.Get(store.Key(key)); err != nil {
				return err
			}
		}
		if len(numbers) < 8*MaxBand {
			bands[key] = binary.BigEndian.AppendUint64(numbers, number)
		}
	}
	return nil
}
