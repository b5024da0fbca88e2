package repeats

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// MaxRecords bounds the records of a [Finder].
const MaxRecords = 1 << 21

// ErrRecord says that a record is not one of those that can be added, or looked up,
// after the one before it.
var ErrRecord = errors.New("repeats: record out of order")

const (
	bucketBits = 10
	buckets    = 1 << bucketBits
	// An entry of a number is its lower seven bytes, for the bucket has the rest, and
	// three bytes of its record, of which the highest bit says that the record may be
	// the first to have it.
	numberSize = 10
	mayBeFirst = 1 << 23
	// An entry of a record is its number above the number of what it repeats.
	repeatSize  = 8
	repeatBits  = 42
	repeatMask  = 1<<repeatBits - 1
	rangeBits   = 11 // records of a bucket: 2048
	recordsEach = 1 << rangeBits
	// unit is a multiple of both sizes.
	unit = numberSize * repeatSize
)

// Finder finds repeated numbers. Add records, then [Finder.Find], then ask for them
// by [Finder.Of]. It is for one goroutine.
type Finder struct {
	numbers, repeats *pile
	salt             uint64 // nobody can fill one bucket without knowing it
	last             int64  // the record that was added, or asked for, last
	distinct         uint64
	bucket           int      // whose entries are in list
	list             []uint64 // ascending
}

// New returns a Finder with files in dir, "" for the system's directory, and so
// many bytes of memory for what is not in the files yet. Memory for a bucket that
// is sorted comes to it: a thousandth of all numbers on each processor, of 16 bytes
// each. Close it.
func New(dir string, memory int) (*Finder, error) {
	chunk := max(memory/(2*buckets)/unit, 1) * unit
	numbers, err := newPile(dir, buckets, chunk)
	if err != nil {
		return nil, err
	}
	repeats, err := newPile(dir, MaxRecords/recordsEach, chunk)
	if err != nil {
		return nil, errors.Join(err, numbers.close())
	}
	return &Finder{numbers: numbers, repeats: repeats, salt: rand.Uint64(), last: -1, bucket: -1}, nil
}

// Close removes the files.
func (f *Finder) Close() error { return errors.Join(f.numbers.close(), f.repeats.close()) }

// Add adds a record and its numbers, each once. Records ascend. What repeats
// numbers of records alone of which none may be the first is not found: mayFirst
// says that this one may. Errors: [ErrRecord], and those of the file.
func (f *Finder) Add(record uint32, numbers []uint64, mayFirst bool) error {
	if record >= MaxRecords || int64(record) <= f.last {
		return ErrRecord
	}
	f.last = int64(record)
	who := record
	if mayFirst {
		who |= mayBeFirst
	}
	var b [numberSize]byte
	for _, n := range numbers {
		n = mix(n ^ f.salt)
		binary.BigEndian.PutUint64(b[:], n<<8)
		b[7], b[8], b[9] = byte(who>>16), byte(who>>8), byte(who)
		if err := f.numbers.add(int(n>>(64-bucketBits)), b[:]); err != nil {
			return err
		}
	}
	return nil
}

// mix is the finaliser of splitmix64 (S. Vigna), a bijection.
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// entry is a number of a record: its lower 56 bits.
type entry struct {
	number uint64
	who    uint32
}

// Find finds what is repeated, and returns how many different numbers are. It sorts
// on all processors. Errors are those of ctx and of the files.
func (f *Finder) Find(ctx context.Context) (uint64, error) {
	var next atomic.Int64
	var finding sync.Mutex
	workers := runtime.GOMAXPROCS(0)
	ended := make(chan error, workers)
	for range workers {
		go func() {
			var list []entry
			var err error
			for b := next.Add(1) - 1; err == nil && b < buckets; b = next.Add(1) - 1 {
				if list, err = f.sorted(int(b), list[:0]); err == nil {
					finding.Lock()
					err = errors.Join(f.found(list), ctx.Err())
					finding.Unlock()
				}
			}
			ended <- err
		}()
	}
	var err error
	for range workers {
		err = errors.Join(err, <-ended)
	}
	f.last = -1
	return f.distinct, err
}

// sorted appends the entries of a bucket to list, by number and record.
func (f *Finder) sorted(bucket int, list []entry) ([]entry, error) {
	list = slices.Grow(list, f.numbers.size(bucket)/numberSize)
	err := f.numbers.each(bucket, func(b []byte) {
		for ; len(b) >= numberSize; b = b[numberSize:] {
			list = append(list, entry{binary.BigEndian.Uint64(b) >> 8, uint32(b[7])<<16 | uint32(b[8])<<8 | uint32(b[9])})
		}
	})
	slices.SortFunc(list, func(a, b entry) int {
		if a.number != b.number {
			return cmp.Compare(a.number, b.number)
		}
		return cmp.Compare(a.who&^mayBeFirst, b.who&^mayBeFirst)
	})
	return list, err
}

// found keeps what of a bucket is repeated: of one number the records from the
// first on that may be the first, where there are two.
func (f *Finder) found(list []entry) error {
	var b [repeatSize]byte
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].number == list[0].number {
			n++
		}
		same := list[:n]
		list = list[n:]
		for len(same) > 0 && same[0].who&mayBeFirst == 0 {
			same = same[1:]
		}
		if len(same) < 2 {
			continue
		}
		for _, e := range same {
			record := e.who &^ mayBeFirst
			binary.BigEndian.PutUint64(b[:], uint64(record)<<repeatBits|f.distinct)
			if err := f.repeats.add(int(record>>rangeBits), b[:]); err != nil {
				return err
			}
		}
		f.distinct++
	}
	return nil
}

// Of appends the numbers of what a record repeats, or others repeat of it, to list:
// equal ones for equal numbers, each below what Find returned. Records ascend.
// Errors: [ErrRecord], and those of the file.
func (f *Finder) Of(record uint32, list []uint64) ([]uint64, error) {
	if record >= MaxRecords || int64(record) <= f.last {
		return list, ErrRecord
	}
	f.last = int64(record)
	if b := int(record >> rangeBits); b != f.bucket {
		f.bucket, f.list = b, slices.Grow(f.list[:0], f.repeats.size(b)/repeatSize)
		err := f.repeats.each(b, func(b []byte) {
			for ; len(b) >= repeatSize; b = b[repeatSize:] {
				f.list = append(f.list, binary.BigEndian.Uint64(b))
			}
		})
		if err != nil {
			return list, err
		}
		slices.Sort(f.list)
	}
	at, _ := slices.BinarySearch(f.list, uint64(record)<<repeatBits)
	for ; at < len(f.list) && f.list[at]>>repeatBits == uint64(record); at++ {
		list = append(list, f.list[at]&repeatMask)
	}
	return list, nil
}
