package preference

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// Book collects the pairs of one lane and scores its raters. It is used by one
// goroutine: [Book.Restore] if there is something to carry, then [Book.Add] for
// each pair, [Book.Score], and again for later epochs; [Book.Carry] at any time
// says what the scored ones leave.
type Book struct {
	p       Params
	raters  names
	setters names
	epochs  map[uint64]*epoch // those that are not scored yet
	seen    map[[16]byte]struct{}
	sums    sums
}

// New returns an empty book. Errors: [ErrParams].
func New(p Params) (*Book, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return &Book{
		p:       p,
		raters:  names{index: map[string]uint32{}, most: MaxRaters},
		setters: names{index: map[string]uint32{}, most: MaxSetters},
		epochs:  map[uint64]*epoch{},
		seen:    map[[16]byte]struct{}{},
		sums:    sums{meet: map[meeting]uint32{}},
	}, nil
}

// epoch holds pairs in four bytes each, and four for each answer.
type epoch struct {
	heads   []head
	answers []entry
}

// head packs a pair: 16 bits of setter, 1 of cell, 2 of gold + 1, 4 of stratum,
// 7 of number of answers.
type head uint32

func (h head) setter() uint32 { return uint32(h) >> 16 }
func (h head) cell() int      { return int(h>>13) & 1 }
func (h head) gold() Choice   { return Choice(h>>11&3) - 1 }
func (h head) stratum() int   { return int(h>>7) & 15 }
func (h head) count() int     { return int(h & 127) }

// entry packs an answer: the rater's index, and 2 bits of choice + 1.
type entry uint32

func (e entry) rater() uint32  { return uint32(e) >> 2 }
func (e entry) choice() Choice { return Choice(e&3) - 1 }

// strata is the number of strata: three signs of two signals.
const strata = 9

// Add takes one pair. It keeps nothing of p. Errors: [ErrPair], [ErrTwice],
// [ErrLimit], [ErrEpoch]; after any of them the book is as it was, but for names
// that it has met.
func (b *Book) Add(p *Pair) error {
	if err := p.Check(); err != nil {
		return err
	}
	if b.sums.any && p.Epoch <= b.sums.epoch {
		return fmt.Errorf("%w: epoch %d, and the sums are of epoch %d", ErrEpoch, p.Epoch, b.sums.epoch)
	}
	key := pairKey(p)
	if _, twice := b.seen[key]; twice {
		return fmt.Errorf("%w: pair %s of epoch %d", ErrTwice, p.ID, p.Epoch)
	}
	e := b.epochs[p.Epoch]
	switch {
	case len(b.seen) >= MaxPairs:
		return fmt.Errorf("%w: more than %d pairs", ErrLimit, MaxPairs)
	case e == nil && len(b.epochs) >= MaxEpochs:
		return fmt.Errorf("%w: more than %d epochs", ErrLimit, MaxEpochs)
	}
	setter, err := b.setters.intern(p.Setter, "setters")
	if err != nil {
		return err
	}
	var entries [MaxAnswers]entry
	for i, a := range p.Answers {
		rater, err := b.raters.intern(a.Rater, "raters")
		if err != nil {
			return err
		}
		entries[i] = entry(rater<<2 | uint32(a.Choice+1))
	}
	if e == nil {
		e = &epoch{}
		b.epochs[p.Epoch] = e
	}
	b.seen[key] = struct{}{}
	stratum := uint32(p.Length+1)*3 + uint32(p.Z+1)
	e.heads = append(e.heads, head(setter<<16|uint32(p.Cell)<<13|uint32(p.Gold+1)<<11|stratum<<7|uint32(len(p.Answers))))
	e.answers = append(e.answers, entries[:len(p.Answers)]...)
	return nil
}

// pairKey names a pair of an epoch in few bytes.
func pairKey(p *Pair) [16]byte {
	var buf [8 + MaxID]byte
	n := copy(buf[8:], p.ID)
	binary.BigEndian.PutUint64(buf[:], p.Epoch)
	sum := sha256.Sum256(buf[:8+n])
	return [16]byte(sum[:])
}

// all calls f with each pair's head and answers.
func (e *epoch) all(f func(h head, answers []entry) error) error {
	rest := e.answers
	for _, h := range e.heads {
		n := h.count()
		if err := f(h, rest[:n:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// Score scores the epochs that were added, one after the other, and returns
// what the last one pays: a row for each rater of its pairs and each of whom
// something is remembered, ascending by [CompareIDs]; none where nothing was
// added. Errors: [ErrLimit].
func (b *Book) Score() ([]Row, error) {
	var rows []Row
	for _, number := range slices.Sorted(maps.Keys(b.epochs)) {
		b.sums.pass(number, &b.p)
		var err error
		if rows, err = b.step(b.epochs[number]); err != nil {
			return nil, err
		}
		delete(b.epochs, number) // and its memory
	}
	clear(b.seen) // their epochs are over
	slices.SortFunc(rows, func(x, y Row) int { return CompareIDs(x.Rater, y.Rater) })
	return rows, nil
}

// names numbers ids in the order in which they come; no result depends on it.
type names struct {
	index map[string]uint32
	list  []string
	most  int
}

func (n *names) intern(id, what string) (uint32, error) {
	if i, ok := n.index[id]; ok {
		return i, nil
	}
	if len(n.list) >= n.most {
		return 0, fmt.Errorf("%w: more than %d %s", ErrLimit, n.most, what)
	}
	i := uint32(len(n.list))
	n.index[id] = i
	n.list = append(n.list, id)
	return i, nil
}
