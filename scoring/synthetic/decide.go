package synthetic

import (
	"context"
	"errors"

	"github.com/assaynet/assay/scoring/synthetic/gate"
	"github.com/assaynet/assay/scoring/synthetic/index"
)

// decision is the second pass of a [Bulk]: over what was found of each record
// alone, in order. Numbers of records begin with the examples.
type decision struct {
	b *Bulk
	// seen has a bit for each gram that is repeated: whether a record has it that is
	// known, or an example.
	seen marks
	// seenBones has the like of skeletons.
	seenBones marks
	// heads has for each band that is repeated the first of its nodes, plus one: of
	// such records the first [index.MaxBand] that have it.
	heads    []uint32
	nodes    []node
	accepted int
	twins    int                 // as in [Judge]
	makers   map[uint32][]uint32 // by maker: the numbers of its window
	// grams and bands are those of the record that was loaded that are repeated.
	grams, bones, bands []uint64
}

// marks is a set of small numbers.
type marks []uint64

// count returns how many of a list it has.
func (s marks) count(list []uint64) (n int) {
	for _, id := range list {
		n += int(s[id/64] >> (id % 64) & 1)
	}
	return n
}

func (s marks) add(list []uint64) {
	for _, id := range list {
		s[id/64] |= 1 << (id % 64)
	}
}

type node struct{ number, next uint32 } // next: plus one

func (b *Bulk) decide(ctx context.Context) error {
	grams, err := b.grams.Find(ctx)
	if err != nil {
		return err
	}
	bones, err := b.bones.Find(ctx)
	if err != nil {
		return err
	}
	bands, err := b.bands.Find(ctx)
	if err != nil {
		return err
	}
	d := &decision{b: b, seen: make(marks, grams/64+1), seenBones: make(marks, bones/64+1), heads: make([]uint32, bands), makers: map[uint32][]uint32{}}
	number := uint32(0)
	for range b.examples {
		if err := d.load(number); err != nil {
			return err
		}
		d.add(number)
		number++
	}
	err = b.said.each(func(s *said) error {
		number++
		return errors.Join(d.record(number-1, s), ctx.Err())
	})
	for _, list := range d.makers {
		err = errors.Join(err, d.close(list))
	}
	return err
}

// record decides on one record.
func (d *decision) record(number uint32, s *said) error {
	if err := d.load(number); err != nil {
		return err
	}
	m, v := s.Judgement, d.verdict(number)
	if s.Whole {
		alike, err := d.alike(number)
		if err != nil {
			return err
		}
		m.Skeleton = d.b.gates.skeleton(s.Bones, s.KnownBones+d.seenBones.count(d.bones))
		d.b.gates.beside(m, max(m.Alike, alike), gate.Novelty(s.Grams, s.Known+d.seen.count(d.grams)))
	}
	v.novelty, v.skeleton, v.alike, v.full = m.Novelty, m.Skeleton, uint8(m.Alike), d.accepted == d.b.gates.spec.places()
	if v.paid = m.conclude(v.full); !v.paid {
		if m.twin() && d.twins < d.b.gates.spec.places() {
			d.twins++
			d.add(number)
		}
		return nil
	}
	d.accepted++
	d.add(number)
	list := d.makers[m.Maker]
	if len(list) == d.b.gates.rules.Window {
		if err := d.close(list); err != nil {
			return err
		}
		list = list[:0]
	}
	d.makers[m.Maker] = append(list, number)
	return nil
}

func (d *decision) verdict(number uint32) *verdict {
	return &d.b.verdicts[int(number)-len(d.b.examples)]
}

// load reads what of a record is repeated.
func (d *decision) load(number uint32) (err error) {
	if d.grams, err = d.b.grams.Of(number, d.grams[:0]); err != nil {
		return err
	}
	if d.bones, err = d.b.bones.Of(number, d.bones[:0]); err != nil {
		return err
	}
	d.bands, err = d.b.bands.Of(number, d.bands[:0])
	return err
}

// alike returns how many positions the loaded record shares with the most alike.
func (d *decision) alike(number uint32) (int, error) {
	var found []uint64
	for _, id := range d.bands {
		for at := d.heads[id]; at != 0; at = d.nodes[at-1].next {
			found = append(found, uint64(d.nodes[at-1].number))
		}
	}
	if len(found) == 0 {
		return 0, nil
	}
	own, err := d.b.signs.at(number)
	if err != nil {
		return 0, err
	}
	_, equal, err := index.Most(found, func(n uint64) (int, error) {
		s, err := d.b.signs.at(uint32(n))
		return own.Equal(&s), err
	})
	return equal, err
}

// add adds the loaded record to those that others are compared with.
func (d *decision) add(number uint32) {
	d.seen.add(d.grams)
	d.seenBones.add(d.bones)
	for _, id := range d.bands {
		count, end := 0, &d.heads[id]
		for ; *end != 0; end = &d.nodes[*end-1].next {
			count++
		}
		if count < index.MaxBand {
			*end = uint32(len(d.nodes) + 1)
			d.nodes = append(d.nodes, node{number: number})
		}
	}
}

// close finds how different the records of a window are from each other.
func (d *decision) close(window []uint32) error {
	var c gate.Crowd
	diversity := uint32(0)
	for _, n := range window {
		s, err := d.b.signs.at(n)
		if err != nil {
			return err
		}
		diversity = c.Add(&s)
	}
	for _, n := range window {
		d.verdict(n).diversity = diversity
	}
	return nil
}
