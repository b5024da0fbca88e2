package gramset

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
)

const (
	magic = "assay/1/gramset\n"
	head  = len(magic) + 16
)

// MaxGrams is the most grams of a set: 1 GiB of file, and of memory.
const MaxGrams = 1 << 27

// ErrFile says that bytes are not the file of a set.
var ErrFile = errors.New("gramset: not a set")

// Set is a set of grams of one size. It is safe for concurrent use.
type Set struct {
	name  protocol.Hash
	size  int
	grams []uint64
}

// Of makes a set of grams of a size of package text, in any order.
func Of(size int, grams []uint64) *Set {
	grams = slices.Clone(grams)
	slices.Sort(grams)
	s := &Set{size: size, grams: slices.Compact(grams)}
	h := sha256.New()
	_ = s.write(h) // a hash fails no write
	s.name = protocol.Hash(h.Sum(nil))
	return s
}

// Read reads a set's file to its end. Errors: [ErrFile], and those of r.
func Read(r io.Reader) (*Set, error) {
	h := sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(r, h), 1<<16)
	b := make([]byte, head)
	if _, err := io.ReadFull(in, b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	size, count := int(binary.BigEndian.Uint32(b[16:])), binary.BigEndian.Uint64(b[24:])
	if string(b[:16]) != magic || size != text.OverlapGram && size != text.NovelGram || binary.BigEndian.Uint32(b[20:]) != 0 {
		return nil, fmt.Errorf("another head: %w", ErrFile)
	}
	if count > MaxGrams {
		return nil, fmt.Errorf("%d grams, at most %d: %w", count, MaxGrams, ErrFile)
	}
	s := &Set{size: size}
	for i := range count {
		if _, err := io.ReadFull(in, b[:8]); err != nil {
			return nil, fmt.Errorf("it ends at gram %d of %d: %w", i, count, ErrFile)
		}
		g := binary.BigEndian.Uint64(b)
		if i > 0 && g <= s.grams[i-1] {
			return nil, fmt.Errorf("gram %d does not ascend: %w", i, ErrFile)
		}
		s.grams = append(s.grams, g) // what came, not what was claimed, is allocated
	}
	switch _, err := in.ReadByte(); {
	case err == nil:
		return nil, fmt.Errorf("more after the last gram: %w", ErrFile)
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	s.name = protocol.Hash(h.Sum(nil))
	return s, nil
}

// WriteTo writes the set's file.
func (s *Set) WriteTo(w io.Writer) (int64, error) {
	return int64(head + 8*len(s.grams)), s.write(w)
}

func (s *Set) write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	b := append([]byte(magic), 0, 0, 0, byte(s.size), 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(len(s.grams)))
	_, _ = out.Write(b) // Flush returns the first error
	for _, g := range s.grams {
		_, _ = out.Write(binary.BigEndian.AppendUint64(b[:0], g))
	}
	return out.Flush()
}

// Name returns the SHA-256 of the set's file.
func (s *Set) Name() protocol.Hash { return s.name }

// Size returns the words of a gram: [text.OverlapGram] or [text.NovelGram].
func (s *Set) Size() int { return s.size }

// Len returns how many grams there are.
func (s *Set) Len() int { return len(s.grams) }

// Has reports whether a gram is in the set. Grams are spread as hashes are: where
// each stands is near where it stands among all numbers.
func (s *Set) Has(gram uint64) bool {
	n := len(s.grams)
	near, _ := bits.Mul64(gram, uint64(n))
	from, to := int(near), int(near)
	for step := 8; from > 0 && s.grams[from] > gram; step *= 2 {
		from = max(0, from-step)
	}
	for step := 8; to < n && s.grams[to] < gram; step *= 2 {
		to = min(n, to+step)
	}
	_, there := slices.BinarySearch(s.grams[from:min(n, to+1)], gram)
	return there
}
