package record

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Scores stay for good. When the evidence of an epoch whose scores are final is
// pruned, the epoch's rows are folded into one record, compressed: the same bytes
// under the same keys, so that all that reads rows reads it, and nothing of an
// epoch changes with it. Rows are removed by the write that adds the record.

// folded are the tables whose rows of an epoch are folded. A record names a table
// by its place here: others go to the end.
var folded = []string{tableScores, tableEpochs, tableAbstained, tableFinals, tableClosed}

const (
	// maxPast bounds a record before it is compressed. An epoch of 4,096 seats that
	// answer 16 tasks each in a kind has 4 MiB a kind; one of which there are more
	// keeps its rows.
	maxPast = 64 << 20
	// maxFolds is how many epochs [Book.Fold] folds at once: a database of a program
	// that folded none is caught up with by and by.
	maxFolds = 64
	// maxChunk is how many rows stand in one list, of which wire allows 8,192.
	maxChunk = 4096
)

// row is one row of a table, in which all keys begin with the epoch.
type row struct {
	_     struct{} `cbor:",toarray"`
	Rest  []byte   // of the key, behind the epoch
	Value []byte
}

// chunk is rows of one table that follow each other.
type chunk struct {
	_     struct{} `cbor:",toarray"`
	Table uint8    // in folded
	Rows  []row
}

// rows are the rows of an epoch, by table and key.
type rows map[string][]row

// of returns the value under a key's rest, nil where there is none.
func (p rows) of(table string, rest []byte) []byte {
	list := p[table]
	i := sort.Search(len(list), func(i int) bool { return bytes.Compare(list[i].Rest, rest) >= 0 })
	if i == len(list) || !bytes.Equal(list[i].Rest, rest) {
		return nil
	}
	return list[i].Value
}

// Both are safe for concurrent use, and fail for wrong options only.
var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPast))
)

// errOrder says that the rows of a record do not ascend, or are of no table.
var errOrder = errors.New("its rows do not ascend")

// pack returns rows as bytes: canonical CBOR, compressed by Zstandard; false where
// they are more than [maxPast].
func (p rows) pack() ([]byte, bool) {
	var list []chunk
	for n, table := range folded {
		for part := range slices.Chunk(p[table], maxChunk) {
			list = append(list, chunk{Table: uint8(n), Rows: part})
		}
	}
	raw := wire.Encode(list)
	if len(raw) > maxPast {
		return nil, false
	}
	return packer.EncodeAll(raw, nil), true
}

// unpack reads what pack made. Its errors say what is wrong with the bytes.
func unpack(b []byte) (rows, error) {
	raw, err := unpacker.DecodeAll(b, nil)
	if err != nil {
		return nil, err
	}
	var list []chunk
	if err := wire.Decode(raw, maxPast, &list); err != nil {
		return nil, err
	}
	out := rows{}
	last := 0
	for _, c := range list {
		if int(c.Table) < last || int(c.Table) >= len(folded) {
			return nil, errOrder
		}
		last = int(c.Table)
		table := folded[c.Table]
		for _, r := range c.Rows {
			if n := len(out[table]); n > 0 && bytes.Compare(out[table][n-1].Rest, r.Rest) >= 0 {
				return nil, errOrder
			}
			out[table] = append(out[table], r)
		}
	}
	return out, nil
}

// folds are the rows of the epoch that was read last: what is asked of one is asked
// several times.
type folds struct {
	mu    sync.Mutex
	epoch uint64 // guarded by mu
	rows  rows   // guarded by mu; nil before the first
}

func (f *folds) of(epoch uint64) rows {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.epoch != epoch {
		return nil
	}
	return f.rows
}

func (f *folds) keep(epoch uint64, p rows) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.epoch, f.rows = epoch, p
}

// past returns the folded rows of an epoch, nil where it is not folded. They are
// not to be changed.
func (r *Reader) past(epoch uint64) (rows, error) {
	if p := r.folds.of(epoch); p != nil {
		return p, nil // a record is written once
	}
	key := era(protocol.Epoch(epoch))
	b, err := r.store.Get(tablePast, key)
	if err != nil {
		return nil, fmt.Errorf("%w: read %s: %w", ErrStore, tablePast, err)
	}
	if b == nil {
		return nil, nil
	}
	p, err := unpack(b)
	if err != nil {
		return nil, corrupt(tablePast, key, err)
	}
	r.folds.keep(epoch, p)
	return p, nil
}

// isFolded reports whether the rows of a table are folded.
func isFolded(table string) bool { return slices.Contains(folded, table) }

// Fold folds the rows of epochs before a given one whose scores are final, some of
// them at once, each with a write of its own. A book looks at an epoch once. It is
// [ErrStore] where the store fails.
func (b *Book) Fold(before protocol.Epoch) error {
	closed, err := b.below(tableClosed, uint64(before))
	if err != nil {
		return err
	}
	from := b.tried.Load()
	closed = slices.DeleteFunc(closed, func(key []byte) bool { return eraOf(key) < from })
	for _, key := range closed[:min(len(closed), maxFolds)] {
		if err := b.fold(eraOf(key)); err != nil {
			return err
		}
		b.tried.Store(eraOf(key) + 1)
	}
	return nil
}

// fold folds an epoch that has rows, unless they are too many.
func (b *Book) fold(epoch uint64) error {
	prefix, all, size := era(protocol.Epoch(epoch)), rows{}, 0
	batch := Batch{}
	for _, table := range folded {
		if err := b.walk(table, prefix, func(key, value []byte) bool {
			size += len(key) + len(value)
			all[table] = append(all[table], row{Rest: bytes.Clone(key[len(prefix):]), Value: bytes.Clone(value)})
			batch.put(table, bytes.Clone(key), nil)
			return size <= maxPast
		}); err != nil {
			return err
		}
	}
	if size > maxPast {
		return nil
	}
	packed, fits := all.pack()
	if !fits {
		return nil
	}
	batch.put(tablePast, prefix, packed)
	if len(all[tableScores]) > 0 {
		if err := b.noteOldest(&batch, protocol.Epoch(epoch)); err != nil {
			return err
		}
	}
	return b.Write(&batch)
}

// noteOldest adds the mark that an epoch is the oldest one that is folded and has
// scores, where it is.
func (b *Book) noteOldest(batch *Batch, e protocol.Epoch) error {
	oldest, err := get[protocol.Epoch](b.Reader, tableMarks, markOldest)
	if err == nil && (oldest == nil || e < *oldest) {
		batch.put(tableMarks, markOldest, e)
	}
	return err
}
