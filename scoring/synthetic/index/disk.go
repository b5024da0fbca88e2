package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

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

// The memory that an index wants of its database: the filters of a record of some
// 40 grams, ten bits a key, and what leads to them. Where they do not fit, a
// lookup reads filters of megabytes again and again.
const (
	cacheLeast     = 128 << 20
	cacheForRecord = 96
)

var nextKey = []byte("next")

// Open opens the database in dir, and the index called name in it, with memory for
// as many records as are there: 128 MiB, or 96 bytes a record. Errors are those of
// [store.Open] and [OpenDisk]. Who opens it closes the database.
func Open(dir, name string) (*store.DB, *Disk, error) {
	for cache := int64(cacheLeast); ; {
		db, err := store.Open(dir, store.Options{Cache: cache})
		if err != nil {
			return nil, nil, err
		}
		d, err := OpenDisk(db, name)
		if err != nil {
			return nil, nil, errors.Join(err, db.Close())
		}
		wants := int64(d.Len() * cacheForRecord)
		if wants <= cache {
			return db, d, nil
		}
		if err := db.Close(); err != nil {
			return nil, nil, err
		}
		cache = wants
	}
}

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

// Missing returns those of these grams, which ascend, that were not added.
func (d *Disk) Missing(grams []uint64) ([]uint64, error) {
	out, from := make([]uint64, 0, len(grams)), 0
	err := d.grams.GetSorted(keysOf(grams), func(at int, _ []byte) {
		out, from = append(out, grams[from:at]...), at+1
	})
	return append(out, grams[from:]...), err
}

// keysOf returns the keys of numbers, in one piece of memory.
func keysOf(numbers []uint64) [][]byte {
	b, keys := make([]byte, 0, 8*len(numbers)), make([][]byte, len(numbers))
	for i, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, n)
		keys[i] = b[8*i : 8*i+8]
	}
	return keys
}

// Alike is [Memory.Alike] of what is in the database.
func (d *Disk) Alike(s *gate.Signature) (number uint64, equal int, err error) {
	var bands, found []uint64
	for b := range gate.Bands {
		bands = append(bands, BandKey(s, b))
	}
	slices.Sort(bands)
	err = d.bands.GetSorted(keysOf(bands), func(_ int, list []byte) {
		for ; len(list) >= 8; list = list[8:] {
			found = append(found, binary.BigEndian.Uint64(list))
		}
	})
	if err != nil {
		return 0, 0, err
	}
	return Most(found, func(n uint64) (int, error) {
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
	bands, err := d.bandsOf(list)
	if err != nil {
		return err
	}
	batch, next := d.db.Batch(), d.next
	defer batch.Discard()
	for i := range list {
		for _, key := range keysOf(list[i].Grams) {
			batch.Set(d.grams, key, []byte{})
		}
		s, b := &list[i].Signature, make([]byte, 0, 2*gate.Positions)
		for _, v := range s {
			b = binary.BigEndian.AppendUint16(b, v)
		}
		batch.Set(d.signs, store.Key(next), b)
		for b := range gate.Bands {
			if key := BandKey(s, b); len(bands[key]) < 8*MaxBand {
				bands[key] = binary.BigEndian.AppendUint64(bands[key], next)
			}
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

// bandsOf returns the lists of the bands of all entries, as they are now.
func (d *Disk) bandsOf(list []Entry) (map[uint64][]byte, error) {
	keys := make([]uint64, 0, len(list)*gate.Bands)
	for i := range list {
		for b := range gate.Bands {
			keys = append(keys, BandKey(&list[i].Signature, b))
		}
	}
	slices.Sort(keys)
	bands := map[uint64][]byte{}
	err := d.bands.GetSorted(keysOf(keys), func(at int, numbers []byte) {
		bands[keys[at]] = slices.Clone(numbers)
	})
	return bands, err
}
