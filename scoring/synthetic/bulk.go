package synthetic

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/assaynet/assay/scoring/synthetic/gate"
	"github.com/assaynet/assay/scoring/synthetic/index"
	"github.com/assaynet/assay/scoring/synthetic/repeats"
)

// Bulk judges the records of one request as [Judge] does, in memory that does
// not grow with their texts: some two hundred bytes a record, a bit for each
// run of words that comes twice, and [BulkMemory]. What it keeps besides lies
// in files without a name: ten bytes for each run of words, as long as it is
// not closed.
//
// Whether a record is new hangs on those before it that were paid, and whether
// they were on those before them. But only what comes in two records can be
// seen before. So each record is first taken apart alone, on all processors,
// and its runs of words and bands go to a file, from which package repeats
// finds those that come twice. A second pass over what was found out then
// decides, in order.
type Bulk struct {
	gates        *gates
	examples     []trace
	last         *Place
	batch        []Record
	bytes        int // of the texts in batch
	said         *spool
	signs        *signFile
	grams, bones *repeats.Finder // of skeletons
	bands        *repeats.Finder
	verdicts     []verdict
	again        int // how many records [Bulk.Remember] was asked for
}

// BulkMemory is how much memory a [Bulk] takes for what is on its way to files, in
// bytes, where nothing else is said.
const BulkMemory = 64 << 20

// batchBytes is how much text is taken apart at a time.
const batchBytes = 4 << 20

// verdict is what the second pass finds of a record, by its number.
type verdict struct {
	novelty, skeleton, diversity uint32
	alike                        uint8
	full, paid                   bool
}

// NewBulk returns the judge of a request, whose examples it judges first, with
// files in dir ("": the system's directory for them) and so many bytes of
// memory for what is on its way there. Close it. Errors: those of [NewJudge],
// and those of the files.
func NewBulk(c Config, dir string, memory int) (*Bulk, error) {
	var running sync.Mutex
	if run := c.Run; run != nil {
		c.Run = func(program string) (string, bool) {
			running.Lock()
			defer running.Unlock()
			return run(program)
		}
	}
	c.Memo = nil // it is for one goroutine
	first, err := NewJudge(c)
	if err != nil {
		return nil, err
	}
	b := &Bulk{gates: first.gates}
	for i := range b.gates.spec.Examples {
		_, t, err := b.gates.measure(&Record{Text: b.gates.spec.Examples[i]})
		if err != nil {
			return nil, err
		}
		b.examples = append(b.examples, *t)
	}
	if err := b.open(dir, memory); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	for i := range b.examples {
		if err := b.put(nil, &b.examples[i], i, true); err != nil {
			return nil, errors.Join(err, b.Close())
		}
	}
	return b, nil
}

func (b *Bulk) open(dir string, memory int) (err error) {
	if b.said, err = newSpool(dir); err != nil {
		return err
	}
	if b.signs, err = newSignFile(dir); err != nil {
		return err
	}
	if b.grams, err = repeats.New(dir, memory/2); err != nil {
		return err
	}
	if b.bones, err = repeats.New(dir, memory/4); err != nil {
		return err
	}
	b.bands, err = repeats.New(dir, memory/4)
	return err
}

// Close removes the files.
func (b *Bulk) Close() error {
	var err error
	if b.said != nil {
		err = b.said.close()
	}
	if b.signs != nil {
		err = errors.Join(err, b.signs.close())
	}
	for _, f := range []*repeats.Finder{b.grams, b.bones, b.bands} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

// Judge judges the next record, in the order of [Place]s. What becomes of it stands
// when all have been judged: [Bulk.Finish]. Errors: [ErrOrder], and those of the
// window and of the files.
func (b *Bulk) Judge(r *Record) error {
	if err := inOrder(&b.last, b.gates.spec, r); err != nil {
		return err
	}
	b.batch = append(b.batch, *r)
	if b.bytes += len(r.Text); b.bytes < batchBytes && len(b.batch) < batchBytes>>12 {
		return nil
	}
	return b.flush()
}

// flush takes the records apart that wait for it, and keeps what was found.
func (b *Bulk) flush() error {
	type found struct {
		m   *Judgement
		t   *trace
		err error
	}
	list := make([]found, len(b.batch))
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(list); i += workers {
				f := &list[i]
				f.m, f.t, f.err = b.gates.measure(&b.batch[i])
			}
		})
	}
	group.Wait()
	for i := range list {
		f := &list[i]
		if f.err == nil {
			f.err = b.put(f.m, f.t, len(b.examples)+len(b.verdicts), len(f.m.Failed) == 0)
		}
		if f.err != nil {
			return f.err
		}
		b.verdicts = append(b.verdicts, verdict{})
	}
	clear(b.batch)
	b.batch, b.bytes = b.batch[:0], 0
	return nil
}

// put keeps what was found of a record, or of an example, which has no judgement.
// Good says that it may be paid.
func (b *Bulk) put(m *Judgement, t *trace, number int, good bool) error {
	s := said{Judgement: m, Whole: t != nil}
	if t == nil {
		t = &trace{}
	}
	s.Grams, s.Known, s.Bones, s.KnownBones = len(t.grams), t.known, len(t.bones), t.knownBones
	err := errors.Join(b.grams.Add(uint32(number), t.fresh, good), b.bones.Add(uint32(number), t.freshBones, good))
	if len(t.grams) > 0 {
		err = errors.Join(err, b.bands.Add(uint32(number), bandsOf(&t.signature), good))
	}
	err = errors.Join(err, b.signs.add(&t.signature))
	if m != nil {
		err = errors.Join(err, b.said.add(&s))
	}
	return err
}

// bandsOf returns the keys of a signature's bands, each once.
func bandsOf(s *gate.Signature) []uint64 {
	keys := make([]uint64, gate.Bands)
	for i := range keys {
		keys[i] = index.BandKey(s, i)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Finish pays, and calls yield with all judgements in the order of their places,
// until it fails. The judge takes no more records. Errors are yield's, those of ctx
// and those of the files.
func (b *Bulk) Finish(ctx context.Context, yield func(*Judgement) error) (Total, error) {
	if err := b.flush(); err != nil {
		return Total{}, err
	}
	if err := b.decide(ctx); err != nil {
		return Total{}, err
	}
	total := Total{Returned: b.gates.spec.Maximum, Failed: map[Gate]int{}}
	err := b.each(ctx, func(m *Judgement) error {
		total.add(m)
		return yield(m)
	})
	return total, err
}

// each calls do with all judgements, as they came out.
func (b *Bulk) each(ctx context.Context, do func(*Judgement) error) error {
	at := 0
	return b.said.each(func(s *said) error {
		m, v := s.Judgement, &b.verdicts[at]
		at++
		if s.Whole {
			m.Skeleton = v.skeleton
			b.gates.beside(m, int(v.alike), v.novelty)
		}
		if m.conclude(v.full) {
			m.Diversity, m.Pay = v.diversity, share(b.gates.spec.Price, v.diversity)
		}
		return errors.Join(do(m), ctx.Err())
	})
}

// Remember returns what a window is to remember of a record, nil where it is not
// paid. It comes after [Bulk.Finish], for all records again in the same order.
// Errors: [ErrOrder], where there are more.
func (b *Bulk) Remember(r *Record) (*index.Entry, error) {
	if b.again == len(b.verdicts) {
		return nil, ErrOrder
	}
	v := &b.verdicts[b.again]
	b.again++
	if !v.paid {
		return nil, nil
	}
	return b.gates.entry(r.Text), nil
}
