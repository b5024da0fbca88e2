// Package records reads files of synthetic data: JSON Lines of one specification
// and its records, in any order, of any size. [Scan] reads a file once and keeps
// where each record stands; [File.Each] reads the records again in the order of
// their places. So the file is never in memory, and its order of lines is nothing.
package records

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/scoring/synthetic"
)

var (
	// ErrLong says that a line is longer than any specification or record.
	ErrLong = errors.New("line too long")
	// ErrFile says that the lines of a file do not make a request.
	ErrFile = errors.New("not a request's file")
)

// File is what is known of a file after it was scanned.
type File struct {
	Specification *synthetic.Specification
	lines         []line
}

// line is where a record stands.
type line struct {
	place  synthetic.Place
	offset int64
	length int32
}

// Len returns how many records there are.
func (f *File) Len() int { return len(f.lines) }

// Scan reads a file to its end; seen is told of each record. Errors: [ErrLong] and
// [ErrFile], and those of [synthetic.ParseLine], each with the number of the line.
func Scan(r io.Reader, seen func()) (*File, error) {
	f, ids := &File{}, map[protocol.Hash]struct{}{}
	in := bufio.NewReaderSize(r, synthetic.MaxLine+2)
	var offset int64
	for number := 1; ; number++ {
		b, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("line %d has more than %d bytes: %w", number, synthetic.MaxLine, ErrLong)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(b) > 0 {
			if err := f.line(b, offset, ids); err != nil {
				return nil, fmt.Errorf("line %d: %w", number, err)
			}
			seen()
		}
		if err != nil {
			break
		}
		offset += int64(len(b))
	}
	if f.Specification == nil {
		return nil, fmt.Errorf("no line is a specification: %w", ErrFile)
	}
	for i := range f.lines {
		p := &f.lines[i].place
		*p = synthetic.PlaceOf(f.Specification, p.Block, p.ID)
	}
	slices.SortFunc(f.lines, func(a, b line) int { return a.place.Compare(b.place) })
	return f, nil
}

func (f *File) line(b []byte, offset int64, ids map[protocol.Hash]struct{}) error {
	l, err := synthetic.ParseLine(b)
	if err != nil {
		return err
	}
	if l.Specification != nil {
		if f.Specification != nil {
			return fmt.Errorf("a second specification: %w", ErrFile)
		}
		f.Specification = l.Specification
		return nil
	}
	if len(f.lines) == synthetic.MaxRecords {
		return fmt.Errorf("more than %d records: %w", synthetic.MaxRecords, ErrFile)
	}
	if _, twice := ids[l.Record.ID]; twice {
		return fmt.Errorf("record %s comes twice: %w", l.Record.ID, ErrFile)
	}
	ids[l.Record.ID] = struct{}{}
	f.lines = append(f.lines, line{synthetic.Place{Block: l.Record.Block, ID: l.Record.ID}, offset, int32(len(b))})
	return nil
}

// Each calls do with the records in the order of their places, until it fails. r
// is the file that was scanned.
func (f *File) Each(r io.ReaderAt, do func(*synthetic.Record) error) error {
	var b []byte
	for _, l := range f.lines {
		b = slices.Grow(b[:0], int(l.length))[:l.length]
		if _, err := r.ReadAt(b, l.offset); err != nil {
			return err
		}
		parsed, err := synthetic.ParseLine(b)
		if err != nil || parsed.Record == nil || parsed.Record.ID != l.place.ID || parsed.Record.Block != l.place.Block {
			return fmt.Errorf("it changed while it was read: %w", ErrFile)
		}
		if err := do(parsed.Record); err != nil {
			return err
		}
	}
	return nil
}
