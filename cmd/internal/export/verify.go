package export

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"

	"github.com/assaynet/assay/protocol"
)

const (
	// maxLine bounds a line: an answer of a mebibyte, each byte of which may be
	// escaped in six, twice.
	maxLine = 16 << 20
	// maxWrong is how many differences are told: the first ones say it.
	maxWrong = 100
	// batch is how many rows are read from a Parquet file at a time.
	batch = 256
)

// Report is what [Verify] found.
type Report struct {
	Epochs int   `json:"epochs"`
	Rows   int64 `json:"rows"`
	Bytes  int64 `json:"bytes"`
	// Ledger counts the epochs whose rows were made again from what the network
	// keeps, Gone lists those that it does not keep any more.
	Ledger int              `json:"ledger"`
	Gone   []protocol.Epoch `json:"gone"`
	// Wrong is what does not hold, of which the first hundred are told.
	Wrong []Wrong `json:"wrong"`
}

// Wrong is one thing that does not hold.
type Wrong struct {
	File string `json:"file"`
	Line int64  `json:"line"` // from 1; 0 of a whole file
	What string `json:"what"`
}

func (r *Report) wrong(file string, line int64, format string, a ...any) {
	if len(r.Wrong) < maxWrong {
		r.Wrong = append(r.Wrong, Wrong{file, line, fmt.Sprintf(format, a...)})
	}
}

// Verify reads a data set again: sizes and hashes of its files, that both forms
// have the same rows, and that source gives them again. A nil source leaves out the
// last. rows counts the rows that were read; nil does not. Errors are those of
// manifest, source and system: what does not hold is in the report.
func Verify[T any, P Row[T]](ctx context.Context, dir string, m *Manifest, source Source[T], rows *atomic.Int64) (*Report, error) {
	r := &Report{Gone: []protocol.Epoch{}, Wrong: []Wrong{}}
	for i := range m.Epochs {
		e := &m.Epochs[i]
		r.Epochs++
		if err := verifyFiles[T](ctx, dir, e, r, rows, nil); err != nil {
			return nil, fmt.Errorf("epoch %d: %w", e.Epoch, err)
		}
		if source == nil {
			continue
		}
		err := verifyRows[T, P](ctx, dir, e, r, source)
		switch {
		case errors.Is(err, ErrGone):
			r.Gone = append(r.Gone, e.Epoch)
		case err != nil:
			return nil, fmt.Errorf("epoch %d: %w", e.Epoch, err)
		default:
			r.Ledger++
		}
	}
	return r, nil
}

// Check is [Verify] of one epoch without a source: it calls each with the rows
// that could be read, numbered from 1, which are good until that returns. Errors
// are those of each and of the system.
func Check[T any](ctx context.Context, dir string, e *Epoch, rows *atomic.Int64, each func(number int64, row *T) error) (*Report, error) {
	r := &Report{Epochs: 1, Gone: []protocol.Epoch{}, Wrong: []Wrong{}}
	return r, verifyFiles(ctx, dir, e, r, rows, each)
}

// verifyFiles reads both files of an epoch to their ends, side by side; each may be
// nil.
func verifyFiles[T any](ctx context.Context, dir string, e *Epoch, r *Report, rows *atomic.Int64, each func(int64, *T) error) error {
	lines, err := openLines(dir, e.JSONL.Name)
	if errors.Is(err, os.ErrNotExist) {
		r.wrong(e.JSONL.Name, 0, "it is not there")
		return nil
	}
	if err != nil {
		return err
	}
	defer lines.close()
	table, err := openTable[T](dir, e.Parquet.Name)
	if err != nil {
		r.wrong(e.Parquet.Name, 0, "%v", err)
		return nil
	}
	defer table.close()
	var line lineWriter
	for {
		text, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.wrong(e.JSONL.Name, lines.number, "%v", err)
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		count(rows)
		row, err := table.next()
		if err != nil {
			r.wrong(e.Parquet.Name, lines.number, "%v", err)
			return nil
		}
		same, err := line.of(row)
		if err != nil {
			return err
		}
		if !bytes.Equal(bytes.TrimSpace(same), text) {
			r.wrong(e.Parquet.Name, lines.number, "the row differs from that of %s", e.JSONL.Name)
		}
		if each != nil {
			if err := each(lines.number, row); err != nil {
				return err
			}
		}
	}
	r.Rows += lines.number
	if _, err := table.next(); !errors.Is(err, io.EOF) {
		r.wrong(e.Parquet.Name, lines.number+1, "it has more rows than %s", e.JSONL.Name)
	}
	if lines.number != e.Rows {
		r.wrong(e.JSONL.Name, 0, "%d rows, and the manifest says %d", lines.number, e.Rows)
	}
	lines.compare(&e.JSONL, r)
	return table.compare(&e.Parquet, r)
}

// verifyRows compares the rows of an epoch with those that a source gives.
func verifyRows[T any, P Row[T]](ctx context.Context, dir string, e *Epoch, r *Report, source Source[T]) error {
	lines, err := openLines(dir, e.JSONL.Name)
	if errors.Is(err, os.ErrNotExist) {
		return nil // was told
	}
	if err != nil {
		return err
	}
	defer lines.close()
	var enc lineWriter
	ended := false
	dropped, err := source(ctx, e.Epoch, func(row *T) error {
		text, err := lines.next()
		if err != nil && !ended {
			ended = true
			r.wrong(e.JSONL.Name, lines.number+1, "the network has more rows: %v", err)
		}
		if err != nil {
			return ctx.Err()
		}
		want, err := enc.of(row)
		if err != nil || bytes.Equal(bytes.TrimSpace(want), text) {
			return err
		}
		return differ[T, P](e, r, lines.number, row, text)
	})
	if err != nil {
		return err
	}
	if _, err := lines.next(); !errors.Is(err, io.EOF) && !ended {
		r.wrong(e.JSONL.Name, lines.number, "the network has no more rows")
	}
	if dropped != e.Dropped {
		r.wrong(e.JSONL.Name, 0, "the network leaves out %d, and the manifest %d", dropped, e.Dropped)
	}
	return nil
}

// differ compares a row with a line but for what another node may know otherwise.
func differ[T any, P Row[T]](e *Epoch, r *Report, number int64, row *T, text []byte) error {
	got, err := parseRow[T](text)
	if err != nil {
		r.wrong(e.JSONL.Name, number, "%v", err)
		return nil
	}
	a, errA := json.Marshal(P(row).Settled())
	b, errB := json.Marshal(P(got).Settled())
	if !bytes.Equal(a, b) {
		r.wrong(e.JSONL.Name, number, "the network has another row")
	}
	return errors.Join(errA, errB)
}

// parseRow reads one line; [ErrRow].
func parseRow[T any](text []byte) (*T, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	row := new(T)
	if err := d.Decode(row); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRow, err)
	}
	if d.More() {
		return nil, fmt.Errorf("%w: something follows the object", ErrRow)
	}
	return row, nil
}

// summed is a file that is read to its end, and what it holds.
type summed struct {
	f   *os.File
	sum hash.Hash
	n   int64
}

func (s *summed) Read(b []byte) (int, error) {
	n, err := s.f.Read(b)
	s.sum.Write(b[:n])
	s.n += int64(n)
	return n, err
}

func (s *summed) compare(want *File, r *Report) {
	if s.n != want.Bytes || protocol.Hash(s.sum.Sum(nil)) != want.SHA256 {
		r.wrong(want.Name, 0, "its SHA-256 is not that of the manifest")
	}
	r.Bytes += s.n
}

// lineReader reads the lines of a file.
type lineReader struct {
	summed
	in     *bufio.Reader
	number int64 // of lines read
	long   []byte
}

func openLines(dir, name string) (*lineReader, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	l := &lineReader{summed: summed{f: f, sum: sha256.New()}}
	l.in = bufio.NewReaderSize(&l.summed, 1<<16)
	return l, nil
}

func (l *lineReader) close() { _ = l.f.Close() }

// next returns a line without its end, good until the next call; [io.EOF] after
// the last, [ErrRow] for one that is too long or does not end.
func (l *lineReader) next() ([]byte, error) {
	l.long = l.long[:0]
	for {
		b, err := l.in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(l.long)+len(b) <= maxLine:
			l.long = append(l.long, b...)
			continue
		case errors.Is(err, bufio.ErrBufferFull):
			l.number++
			return nil, fmt.Errorf("%w: a line of more than %d bytes", ErrRow, maxLine)
		case errors.Is(err, io.EOF) && len(l.long)+len(b) == 0:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			l.number++
			return nil, fmt.Errorf("%w: the last line does not end", ErrRow)
		case err != nil:
			return nil, err
		}
		l.number++
		if len(l.long) > 0 {
			b = append(l.long, b...)
			l.long = b
		}
		return b[:len(b)-1], nil
	}
}

// tableReader reads the rows of a Parquet file.
type tableReader[T any] struct {
	f    *os.File
	rows *parquet.GenericReader[T]
	got  []T
	at   int
	end  bool
}

func openTable[T any](dir, name string) (t *tableReader[T], err error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, errors.New("it is not there")
	}
	defer func() {
		if p := recover(); p != nil { // the library panics on schemas that do not fit
			t, err = nil, fmt.Errorf("no Parquet of this kind: %v", p)
		}
		if err != nil {
			_ = f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("no Parquet: %w", err)
	}
	if got, want := file.Schema().String(), parquet.SchemaOf(new(T)).String(); got != want {
		return nil, errors.New("it has other columns")
	}
	return &tableReader[T]{f: f, rows: parquet.NewGenericReader[T](file)}, nil
}

func (t *tableReader[T]) close() {
	_ = t.rows.Close()
	_ = t.f.Close()
}

// next returns a row, good until the next call; [io.EOF] after the last.
func (t *tableReader[T]) next() (row *T, err error) {
	defer func() {
		if p := recover(); p != nil { // a damaged page
			row, err = nil, fmt.Errorf("it cannot be read: %v", p)
		}
	}()
	if t.at == len(t.got) {
		if t.end {
			return nil, io.EOF
		}
		t.got, t.at = make([]T, batch), 0
		n, err := t.rows.Read(t.got)
		t.got = t.got[:n]
		if t.end = errors.Is(err, io.EOF); err != nil && !t.end {
			return nil, fmt.Errorf("it cannot be read: %w", err)
		}
		if n == 0 {
			return nil, io.EOF
		}
	}
	t.at++
	return &t.got[t.at-1], nil
}

// compare hashes the file, which was read here and there.
func (t *tableReader[T]) compare(want *File, r *Report) error {
	if _, err := t.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	s := summed{f: t.f, sum: sha256.New()}
	if _, err := io.Copy(io.Discard, &s); err != nil {
		return err
	}
	s.compare(want, r)
	return nil
}
