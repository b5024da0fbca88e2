package audit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// A file is a line, and parts behind it:
//
//	"assay-audit/1\n"
//	'G' length JSON      the genesis, as `genesis.json` has it
//	'B' length record    of block 1, 2, … to the last block of an epoch
//	'Z' 32     hash      SHA-256 of all bytes before this part
//
// A length has four bytes, big-endian. Nothing follows 'Z': what was cut off has no
// hash, and what was changed has another.

// Format is the first line of a file, less its end.
const Format = "assay-audit/1"

const (
	// formats begins the first line in every version.
	formats = "assay-audit/"

	partGenesis = 'G'
	partRecord  = 'B'
	partEnd     = 'Z'
)

// Writer writes a file, one record after the other. It is for one goroutine.
type Writer struct {
	w    io.Writer
	sum  hash.Hash
	next protocol.Height
}

// NewWriter begins a file with the genesis of its network.
func NewWriter(w io.Writer, genesis []byte) (*Writer, error) {
	g, err := ledger.ReadGenesis(genesis)
	if err != nil {
		return nil, err
	}
	f := &Writer{sum: sha256.New(), next: g.First()}
	f.w = io.MultiWriter(w, f.sum)
	if _, err := io.WriteString(f.w, Format+"\n"); err != nil {
		return nil, err
	}
	return f, f.part(partGenesis, genesis)
}

func (f *Writer) part(name byte, b []byte) error {
	if _, err := f.w.Write(binary.BigEndian.AppendUint32([]byte{name}, uint32(len(b)))); err != nil {
		return err
	}
	_, err := f.w.Write(b)
	return err
}

// Add writes the record of the next block, of which the first is the genesis':
// [ErrOrder] for another.
func (f *Writer) Add(r *Record) error {
	if r.Height != f.next {
		return fmt.Errorf("%w: block %d, want %d", ErrOrder, r.Height, f.next)
	}
	f.next++
	return f.part(partRecord, wire.Encode(r))
}

// Close ends the file and returns the hash of what is before its end. It closes
// nothing else.
func (f *Writer) Close() (protocol.Hash, error) {
	sum := protocol.Hash(f.sum.Sum(nil))
	return sum, f.part(partEnd, sum[:])
}

// Reader reads a file that may be anybody's. It holds one record at a time. It is
// for one goroutine.
type Reader struct {
	r       *bufio.Reader
	sum     hash.Hash
	genesis *ledger.Genesis
	next    protocol.Height
	end     protocol.Hash
	buf     bytes.Buffer // the part that was read last
}

// NewReader reads the beginning of a file. Errors: [ErrFile], [ErrVersion],
// [ledger.ErrGenesis], and the reader's own.
func NewReader(r io.Reader) (*Reader, error) {
	f := &Reader{r: bufio.NewReaderSize(r, 1<<16), sum: sha256.New()}
	line := make([]byte, len(Format)+1)
	if err := f.fill(line); err != nil {
		return nil, err
	}
	switch first, isLine := strings.CutSuffix(string(line), "\n"); {
	case isLine && first == Format:
	case strings.HasPrefix(string(line), formats):
		return nil, fmt.Errorf("%w: it begins with %q, want %q", ErrVersion, line, Format)
	default:
		return nil, fmt.Errorf("%w: it does not begin with %q", ErrFile, Format)
	}
	_, b, err := f.part(map[byte]int{partGenesis: ledger.MaxGenesisBytes})
	if err != nil {
		return nil, err
	}
	if f.genesis, err = ledger.ReadGenesis(b); err != nil {
		return nil, err
	}
	f.next = f.genesis.First()
	return f, nil
}

// Genesis returns the genesis of the network.
func (f *Reader) Genesis() *ledger.Genesis { return f.genesis }

// Hash returns the hash that the file ends with, once Next has returned [io.EOF].
func (f *Reader) Hash() protocol.Hash { return f.end }

// Next returns the record of the next block; [io.EOF] at the end of a whole file.
// Errors: [ErrFile] and [ErrOrder], and the reader's own.
func (f *Reader) Next() (*Record, error) {
	if !f.end.IsZero() {
		return nil, io.EOF
	}
	before := f.sum.Sum(nil)
	name, b, err := f.part(map[byte]int{partRecord: MaxRecord, partEnd: len(f.end)})
	if err != nil {
		return nil, err
	}
	if name == partEnd {
		return nil, f.finish(before, b)
	}
	r, err := DecodeRecord(b)
	if err != nil {
		return nil, fmt.Errorf("%w: block %d: %w", ErrFile, f.next, err)
	}
	if r.Height != f.next {
		return nil, fmt.Errorf("%w: block %d, want %d", ErrOrder, r.Height, f.next)
	}
	f.next++
	return r, nil
}

// finish checks the end of the file.
func (f *Reader) finish(want, got []byte) error {
	if !bytes.Equal(want, got) {
		return fmt.Errorf("%w: its bytes have the hash %x, and it says %x", ErrFile, want, got)
	}
	if _, err := f.r.ReadByte(); err != io.EOF {
		return fmt.Errorf("%w: something follows its end", ErrFile)
	}
	f.end = protocol.Hash(got)
	return io.EOF
}

// part reads one part of those that may stand here, with the most bytes of each. It
// is there until the next is read.
func (f *Reader) part(most map[byte]int) (name byte, b []byte, err error) {
	var head [5]byte
	if err := f.fill(head[:]); err != nil {
		return 0, nil, err
	}
	limit, known := most[head[0]]
	size := binary.BigEndian.Uint32(head[1:])
	if !known || uint64(size) > uint64(limit) || head[0] == partEnd && int(size) != limit {
		return 0, nil, fmt.Errorf("%w: part %q of %d bytes, where block %d should be", ErrFile, head[0], size, f.next)
	}
	// What is there is read, not what is promised: memory follows the file.
	f.buf.Reset()
	n, err := io.CopyN(&f.buf, f.r, int64(size))
	if err != nil {
		return 0, nil, cut(err, n)
	}
	_, _ = f.sum.Write(f.buf.Bytes())
	return head[0], f.buf.Bytes(), nil
}

// fill reads all of b.
func (f *Reader) fill(b []byte) error {
	n, err := io.ReadFull(f.r, b)
	if err != nil {
		return cut(err, int64(n))
	}
	_, _ = f.sum.Write(b) // a hash takes all
	return nil
}

// cut is an error of reading, which may be that the file ends.
func cut(err error, n int64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends %d bytes into a part", ErrFile, n)
	}
	return err
}
