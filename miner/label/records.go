package label

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Store keeps the desk's records: named tables, in the order of their keys. It is
// the miner's (package miner, Store).
type Store interface {
	// Write applies all puts made by fn at once, and returns when they are
	// durable. A nil value deletes the key.
	Write(fn func(put func(table string, key, value []byte))) error
	// Scan calls fn for every key of table that begins with prefix, in the order
	// of the bytes, until fn returns false.
	Scan(table string, prefix []byte, fn func(key, value []byte) bool) error
}

// The tables.
const (
	tableItems   = "label-items"   // a pair under round and slot
	tableRatings = "label-ratings" // its rating under the same; none before it is rated
	tableRounds  = "label-rounds"  // a round that is sealed
	tableChange  = "label-change"  // the number of the newest change, under changeKey
)

var (
	changeKey = []byte{0}
	sealMark  = []byte{1} // the value of a round that is sealed
)

// maxRecord bounds a record that is read back: three texts.
const maxRecord = 3*MaxText + 1024

type itemRecord struct {
	_            struct{} `cbor:",toarray"`
	Pair         protocol.Hash
	Prompt, A, B string
	Deadline     protocol.Height
	Expected     int64 // seconds of Unix time
}

type ratingRecord struct {
	_      struct{} `cbor:",toarray"`
	Change uint64   // by which it came
	Choice uint8
	Reason string
	Given  int64 // seconds of Unix time
}

func roundKey(n protocol.Round) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func (r Ref) key() []byte { return binary.BigEndian.AppendUint16(roundKey(r.Round), r.Slot) }

func encodeItem(i *Item) []byte {
	return wire.Encode(&itemRecord{Pair: i.Pair, Prompt: i.Prompt, A: i.A, B: i.B, Deadline: i.Deadline, Expected: i.Expected.Unix()})
}

func encodeRating(k *kept) []byte {
	return wire.Encode(&ratingRecord{Change: k.change, Choice: uint8(k.Choice), Reason: k.Reason, Given: k.Given.Unix()})
}

// load reads all that the store holds of a desk.
func (d *Desk) load() error {
	var bad error
	scan := func(table string, size int, use func(key, value []byte) error) error {
		err := d.store.Scan(table, nil, func(key, value []byte) bool {
			if len(key) != size {
				bad = fmt.Errorf("a key of %d bytes: %w", len(key), ErrRecord)
			} else {
				bad = use(key, value)
			}
			return bad == nil
		})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrStore, err)
		}
		if bad != nil {
			return fmt.Errorf("table %s: %w", table, bad)
		}
		return nil
	}
	for _, t := range []struct {
		table string
		size  int
		use   func(key, value []byte) error
	}{
		{tableItems, 10, d.loadItem},
		{tableRatings, 10, d.loadRating},
		{tableRounds, 8, d.loadRound},
		{tableChange, 1, func(_, value []byte) error { return decode(value, &d.change) }},
	} {
		if err := scan(t.table, t.size, t.use); err != nil {
			return err
		}
	}
	return nil
}

func decode(b []byte, v any) error {
	if err := wire.Decode(b, maxRecord, v); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return nil
}

// ref reads a key of ten bytes.
func ref(key []byte) Ref {
	return Ref{protocol.Round(binary.BigEndian.Uint64(key)), binary.BigEndian.Uint16(key[8:])}
}

func (d *Desk) loadItem(key, value []byte) error {
	var r itemRecord
	if err := decode(value, &r); err != nil {
		return err
	}
	i := Item{Ref: ref(key), Pair: r.Pair, Prompt: r.Prompt, A: r.A, B: r.B, Deadline: r.Deadline, Expected: time.Unix(r.Expected, 0).UTC()}
	if err := i.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	d.round(i.Round).entries[i.Slot] = &entry{item: i}
	return nil
}

func (d *Desk) loadRating(key, value []byte) error {
	var r ratingRecord
	if err := decode(value, &r); err != nil {
		return err
	}
	e := d.find(ref(key))
	k := &kept{Rating{Choice(r.Choice), r.Reason, time.Unix(r.Given, 0).UTC()}, r.Change}
	if e == nil {
		return fmt.Errorf("a rating of no pair: %w", ErrRecord)
	}
	if err := k.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	e.rating = k
	return nil
}

func (d *Desk) loadRound(key, _ []byte) error {
	d.round(protocol.Round(binary.BigEndian.Uint64(key))).sealed = true
	return nil
}
