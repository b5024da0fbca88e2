package export

import (
	"errors"

	"github.com/klauspost/compress/s2"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/snappy"
)

const (
	// groupBytes is when a group of rows goes to the Parquet file, in bytes of
	// JSON: what a reader of one column takes at a time, and what a writer holds.
	groupBytes = 32 << 20
	// atOnce is how many rows the Parquet file takes at a time: each of its columns
	// is then filled by one loop.
	atOnce = 64
	// inLine is how many of these wait for the table, so that neither side does
	// while a page is compressed.
	inLine = 32
)

// codec compresses the Parquet file by snappy: every reader has it, and it takes a
// fifth of the time of zstd's quickest level, at its own quickest. Half of a row is
// hashes, of which none makes much.
var codec quick

type quick struct{ snappy.Codec }

// Encode implements parquet's compress.Codec.
func (*quick) Encode(dst, src []byte) ([]byte, error) { return s2.EncodeSnappy(dst, src), nil }

// table is a Parquet file, which a goroutine of its own writes beside whoever makes
// its rows.
type table[T any] struct {
	*part
	rows   chan stack[T]
	closed bool          // rows is
	ended  chan struct{} // closed when the goroutine has ended
	err    error         // of the goroutine, once it has ended
}

// stack is rows, and whether a group ends with them.
type stack[T any] struct {
	rows []T
	last bool
}

func newTable[T any](dir, name string) (*table[T], error) {
	p, err := newPart(dir, name)
	if err != nil {
		return nil, err
	}
	t := &table[T]{part: p, rows: make(chan stack[T], inLine), ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		t.err = t.write(parquet.NewGenericWriter[T](p, parquet.Compression(&codec)))
	}()
	return t, nil
}

func (t *table[T]) write(w *parquet.GenericWriter[T]) error {
	for b := range t.rows {
		if _, err := w.Write(b.rows); err != nil {
			return err
		}
		if b.last {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return w.Close()
}

// add hands rows on, which are the table's from then on. Its error may be that of
// rows before them.
func (t *table[T]) add(b stack[T]) error {
	select {
	case t.rows <- b:
		return nil
	case <-t.ended:
		return t.err
	}
}

// end lets the goroutine write what it was given, and waits for it.
func (t *table[T]) end() error {
	if !t.closed {
		t.closed = true
		close(t.rows)
	}
	<-t.ended
	return t.err
}

// finish is [part.finish] after the last row.
func (t *table[T]) finish() error { return errors.Join(t.end(), t.part.finish()) }

// drop removes what was written; it may follow finish.
func (t *table[T]) drop() {
	_ = t.end() // it is not wanted
	t.part.drop()
}
