package index

import (
	"slices"

	"github.com/assaynet/assay/scoring/synthetic/gate"
)

// MaxBand is how many records are found by one band: the first that have it.
const MaxBand = 8

// Memory is an index in memory. The zero value is empty.
type Memory struct {
	grams gramTable
	signs []gate.Signature
	// bands holds, by [BandKey], the first record that has a band, and next, by
	// record and band, the next one, plus one.
	bands bandTable
	next  [][gate.Bands]uint32
	found []uint64 // by Add, used again
}

// Has reports whether a gram was added.
func (m *Memory) Has(gram uint64) bool { return m.grams.has(gram) }

// Clear empties the index, and keeps its memory for what comes then.
func (m *Memory) Clear() {
	clear(m.grams.slots)
	m.grams.used, m.grams.zero = 0, false
	clear(m.bands.slots)
	m.bands.used = 0
	m.signs, m.next = m.signs[:0], m.next[:0]
}

// Len returns how many records were added.
func (m *Memory) Len() int { return len(m.signs) }

// Alike returns the number of the record with a band in common and the most
// equal positions, the first of equals, and how many those are; 0 positions where
// no record has a band in common.
func (m *Memory) Alike(s *gate.Signature) (number uint64, equal int) {
	var found []uint64
	for b := range gate.Bands {
		for at := m.bands.first(BandKey(s, b)); at != 0; at = m.next[at-1][b] {
			found = append(found, uint64(at-1))
		}
	}
	number, equal, _ = Most(found, func(n uint64) (int, error) { return s.Equal(&m.signs[n]), nil })
	return number, equal
}

// Fixed is a window of what a Memory holds, to which nothing is added any more.
// It is safe for concurrent use.
type Fixed struct{ *Memory }

// Missing is [Disk.Missing].
func (f Fixed) Missing(grams []uint64) ([]uint64, error) {
	return slices.DeleteFunc(slices.Clone(grams), f.Has), nil
}

// Alike is [Memory.Alike], and does not fail.
func (f Fixed) Alike(s *gate.Signature) (number uint64, equal int, err error) {
	number, equal = f.Memory.Alike(s)
	return number, equal, nil
}

// Most returns which of the records that were found is the most alike, the first
// of equals, and how many positions it has in common. It sorts found.
func Most(found []uint64, equal func(uint64) (int, error)) (number uint64, best int, err error) {
	slices.Sort(found)
	for _, n := range slices.Compact(found) {
		e, err := equal(n)
		if err != nil {
			return 0, 0, err
		}
		if e > best {
			number, best = n, e
		}
	}
	return number, best, nil
}

// Add adds a record, whose grams are different, and returns how many of them
// were there before, and what [Memory.Alike] would have said. Its number is how
// many records there were.
func (m *Memory) Add(grams []uint64, s *gate.Signature) (seen, equal int) {
	var keys [gate.Bands]uint64
	for b := range keys {
		keys[b] = BandKey(s, b)
	}
	m.grams.fetch(grams)
	m.bands.fetch(&keys)
	for _, g := range grams {
		if !m.grams.add(g) {
			seen++
		}
	}
	number := uint32(len(m.signs))
	m.signs, m.next = append(m.signs, *s), append(m.next, [gate.Bands]uint32{})
	found := m.found[:0]
	for b, key := range keys {
		at := m.bands.add(key, number)
		if at == number { // it is the first, or another of its bands has the same hash
			continue
		}
		found = append(found, uint64(at))
		count := 1
		for m.next[at][b] != 0 {
			at, count = m.next[at][b]-1, count+1
			found = append(found, uint64(at))
		}
		if count < MaxBand {
			m.next[at][b] = number + 1
		}
	}
	m.found = found
	_, equal, _ = Most(found, func(n uint64) (int, error) { return s.Equal(&m.signs[n]), nil })
	return seen, equal
}

// BandKey hashes the b-th band of a signature. Bands of one hash are one: the
// hash spreads 16 bytes over 8, and who looks for two that collide finds
// himself compared.
func BandKey(s *gate.Signature, b int) uint64 {
	rows := s.Band(b)
	h := uint64(b + 1)
	for i := 0; i < gate.Rows; i += 4 {
		h ^= uint64(rows[i]) | uint64(rows[i+1])<<16 | uint64(rows[i+2])<<32 | uint64(rows[i+3])<<48
		h = mix(h)
	}
	return h
}

// mix is the finaliser of splitmix64 (S. Vigna), a bijection.
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// gramTable is a set of hashes: open addressing at most ¾ full, eight bytes a
// slot, a third of what Go's map takes.
type gramTable struct {
	slots []uint64 // 0: empty
	used  int
	zero  bool   // 0 is in the set
	read  uint64 // by fetch: what is read must be used, or would not be
}

// fetch reads where each gram is looked for first. None of these reads waits for
// another, so that a table which no cache holds is read many times quicker.
func (t *gramTable) fetch(grams []uint64) {
	if len(t.slots) == 0 {
		return
	}
	mask, read := len(t.slots)-1, uint64(0)
	for _, g := range grams {
		read |= t.slots[int(g)&mask]
	}
	t.read = read
}

func (t *gramTable) has(g uint64) bool {
	if g == 0 {
		return t.zero
	}
	return len(t.slots) > 0 && t.slots[t.find(g)] == g
}

// find returns the slot of g, or the empty one where it belongs.
func (t *gramTable) find(g uint64) int {
	mask := len(t.slots) - 1
	i := int(g) & mask // grams are spread already
	for t.slots[i] != 0 && t.slots[i] != g {
		i = (i + 1) & mask
	}
	return i
}

// bandTable holds the first record of each band, by its [BandKey]: open addressing
// at most ¾ full.
type bandTable struct {
	slots []bandSlot
	used  int
	read  uint32 // as in gramTable
}

type bandSlot struct {
	key   uint64
	first uint32 // number, plus one; 0: empty
}

// fetch is gramTable's.
func (t *bandTable) fetch(keys *[gate.Bands]uint64) {
	if len(t.slots) == 0 {
		return
	}
	mask, read := len(t.slots)-1, uint32(0)
	for _, k := range keys {
		read |= t.slots[int(k)&mask].first
	}
	t.read = read
}

// first returns the number of a band's first record, plus one; 0 where none has it.
func (t *bandTable) first(key uint64) uint32 {
	if len(t.slots) == 0 {
		return 0
	}
	return t.slots[t.find(key)].first
}

// find returns the slot of a key, or the empty one where it belongs.
func (t *bandTable) find(key uint64) int {
	mask := len(t.slots) - 1
	i := int(key) & mask // keys are spread already
	for t.slots[i].first != 0 && t.slots[i].key != key {
		i = (i + 1) & mask
	}
	return i
}

// add returns the number of a band's first record: this one where none was there.
func (t *bandTable) add(key uint64, number uint32) uint32 {
	if 4*(t.used+1) > 3*len(t.slots) {
		old := t.slots
		t.slots = make([]bandSlot, max(256, 2*len(old)))
		for _, s := range old {
			if s.first != 0 {
				t.slots[t.find(s.key)] = s
			}
		}
	}
	s := &t.slots[t.find(key)]
	if s.first == 0 {
		*s = bandSlot{key, number + 1}
		t.used++
	}
	return s.first - 1
}

// add reports whether g was not there before.
func (t *gramTable) add(g uint64) bool {
	if g == 0 {
		was := t.zero
		t.zero = true
		return !was
	}
	if 4*(t.used+1) > 3*len(t.slots) {
		old := t.slots
		t.slots = make([]uint64, max(1024, 2*len(old)))
		for _, v := range old {
			if v != 0 {
				t.slots[t.find(v)] = v
			}
		}
	}
	i := t.find(g)
	if t.slots[i] == g {
		return false
	}
	t.slots[i] = g
	t.used++
	return true
}
