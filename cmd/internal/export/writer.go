package export

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/assaynet/assay/protocol"
)

const (
	// partEnd ends the name of a file that is not whole yet.
	partEnd = ".part"
	// syncBytes is how much of a file goes to the disk at a time, while more is
	// written: at the end there is little left to wait for.
	syncBytes = 8 << 20
)

// part is a file that is being written, and what the manifest will say of it.
type part struct {
	file File
	path string // without partEnd
	f    *os.File
	sum  hash.Hash
	buf  *bufio.Writer
	// sent is how much of the file the disk was told to write already.
	sent int64
}

func newPart(dir, name string) (*part, error) {
	path := filepath.Join(dir, name)
	f, err := os.Create(path + partEnd)
	if err != nil {
		return nil, err
	}
	p := &part{file: File{Name: name}, path: path, f: f, sum: sha256.New()}
	p.buf = bufio.NewWriterSize(io.MultiWriter(f, p.sum), 1<<18)
	return p, nil
}

func (p *part) Write(b []byte) (int, error) {
	if more := p.file.Bytes - p.sent; more >= syncBytes {
		send(p.f, p.sent, more)
		p.sent = p.file.Bytes
	}
	p.file.Bytes += int64(len(b))
	return p.buf.Write(b)
}

// finish writes all to the disk; the file still has the name of a part.
func (p *part) finish() error {
	if err := errors.Join(p.buf.Flush(), p.f.Sync(), p.f.Close()); err != nil {
		return err
	}
	p.file.SHA256 = protocol.Hash(p.sum.Sum(nil))
	return nil
}

// drop removes what was written; it may follow finish.
func (p *part) drop() {
	_ = p.f.Close()
	_ = os.Remove(p.f.Name())
}

// writer writes the rows of one epoch in both forms.
type writer[T any] struct {
	jsonl   *part
	parquet *table[T]
	line    lineWriter
	waiting []T // at most atOnce, for the table
	rows    int64
	inGroup int
}

func newWriter[T any](dir string, e protocol.Epoch) (*writer[T], error) {
	j, err := newPart(dir, fileName(e, formJSONL))
	if err != nil {
		return nil, err
	}
	p, err := newTable[T](dir, fileName(e, formParquet))
	if err != nil {
		j.drop()
		return nil, err
	}
	return &writer[T]{jsonl: j, parquet: p}, nil
}

func (w *writer[T]) add(row *T) error {
	b, err := w.line.of(row)
	if err != nil {
		return err
	}
	if _, err := w.jsonl.Write(b); err != nil {
		return err
	}
	w.rows++
	w.waiting = append(w.waiting, *row)
	w.inGroup += len(b)
	full := w.inGroup >= groupBytes
	if !full && len(w.waiting) < atOnce {
		return nil
	}
	if full {
		w.inGroup = 0
	}
	return w.fill(full)
}

// fill hands the rows that wait to the table.
func (w *writer[T]) fill(last bool) error {
	rows := w.waiting
	w.waiting = make([]T, 0, atOnce)
	return w.parquet.add(stack[T]{rows, last})
}

// finish gives both files their names and returns what they are.
func (w *writer[T]) finish(e protocol.Epoch, dropped int64) (Epoch, error) {
	jsonl := make(chan error, 1)
	go func() { jsonl <- w.jsonl.finish() }()
	err := errors.Join(w.fill(false), w.parquet.finish())
	if err := errors.Join(err, <-jsonl); err != nil {
		return Epoch{}, err
	}
	for _, p := range []*part{w.jsonl, w.parquet.part} {
		if err := os.Rename(p.f.Name(), p.path); err != nil {
			return Epoch{}, err
		}
	}
	return Epoch{Epoch: e, Rows: w.rows, Dropped: dropped, JSONL: w.jsonl.file, Parquet: w.parquet.file}, nil
}

// drop removes what was written of an epoch that did not end.
func (w *writer[T]) drop() {
	w.jsonl.drop()
	w.parquet.drop()
}

// lineWriter makes lines of JSON, in memory that it uses again.
type lineWriter struct {
	line []byte // of an [Appender]
	buf  bytes.Buffer
	enc  *json.Encoder
}

// of returns a row as its line, which is good until the next call.
func (l *lineWriter) of(row any) ([]byte, error) {
	if a, ok := row.(Appender); ok {
		l.line = append(a.AppendLine(l.line[:0]), '\n')
		return l.line, nil
	}
	if l.enc == nil {
		l.enc = json.NewEncoder(&l.buf)
		l.enc.SetEscapeHTML(false)
	}
	l.buf.Reset()
	err := l.enc.Encode(row)
	return l.buf.Bytes(), err
}

// Line returns a row as a line of JSON Lines, without its end.
func Line(row any) ([]byte, error) {
	var l lineWriter
	b, err := l.of(row)
	return bytes.TrimSuffix(b, []byte("\n")), err
}
