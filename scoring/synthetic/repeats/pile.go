package repeats

import (
	"os"
)

// pile is a file of entries in buckets. It is written in chunks, each of one
// bucket: in memory is one chunk of each, and where the others stand.
type pile struct {
	f      *os.File
	chunk  int       // bytes
	open   [][]byte  // by bucket: what is not in the file yet
	chunks [][]int32 // by bucket: which chunks of the file are its own
	next   int32
}

// newPile makes a pile in dir; "" is the system's directory for such files.
func newPile(dir string, buckets, chunk int) (*pile, error) {
	f, err := os.CreateTemp(dir, "assay-repeats-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &pile{f: f, chunk: chunk, open: make([][]byte, buckets), chunks: make([][]int32, buckets)}, nil
}

// add adds an entry to a bucket. All entries of a pile have one length, of which a
// chunk is a multiple.
func (p *pile) add(bucket int, entry []byte) error {
	b := append(p.open[bucket], entry...)
	if len(b) < p.chunk {
		p.open[bucket] = b
		return nil
	}
	if _, err := p.f.WriteAt(b, int64(p.next)*int64(p.chunk)); err != nil {
		return err
	}
	p.open[bucket], p.chunks[bucket] = b[:0], append(p.chunks[bucket], p.next)
	p.next++
	return nil
}

// size returns how many bytes a bucket has.
func (p *pile) size(bucket int) int { return len(p.chunks[bucket])*p.chunk + len(p.open[bucket]) }

// each calls do with a bucket's entries, a chunk of them at a time, in memory that
// is used again. Several buckets may be read at once, when no more is added.
func (p *pile) each(bucket int, do func(entries []byte)) error {
	var b []byte
	for _, at := range p.chunks[bucket] {
		if b == nil {
			b = make([]byte, p.chunk)
		}
		if _, err := p.f.ReadAt(b, int64(at)*int64(p.chunk)); err != nil {
			return err
		}
		do(b)
	}
	do(p.open[bucket])
	return nil
}

func (p *pile) close() error { return p.f.Close() }
