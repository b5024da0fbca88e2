package gate

import "slices"

// Diversity returns as what share of n different records a list of n of them
// counts: with Σ over all ordered pairs, a record with itself included,
//
//	n·112² ÷ Σ (equal positions)²
//
// which is the whole where no two are alike, and 1 ÷ n where all are one. The
// list counts as n times that: the n²·112² ÷ Σ of the rules. The work is n²: the
// caller bounds n. The whole of none.
func Diversity(list []Signature) uint32 {
	var c Crowd
	d := uint32(one)
	for i := range list {
		d = c.Add(&list[i])
	}
	return d
}

// Crowd is a list of signatures that grows. The zero value is empty.
type Crowd struct {
	list []lanes
	sum  uint64 // Σ of [Diversity]
}

// Len returns how many there are.
func (c *Crowd) Len() int { return len(c.list) }

// atOnce is how many signatures are compared with those that are there while a
// cache holds these, cached of them.
const (
	atOnce = 16
	cached = 64
)

// Add adds a signature and returns the [Diversity] of all. The work is their
// number.
func (c *Crowd) Add(s *Signature) uint32 {
	var d [1]uint32
	return c.AddEach(d[:0], s)[0]
}

// AddEach is Add of one signature after the other, and appends what each returns.
// Of many makers' crowds in turn no cache holds much: what is there is read once
// for sixteen signatures, so many at a time as the first cache holds.
func (c *Crowd) AddEach(out []uint32, list ...*Signature) []uint32 {
	const whole = Positions * Positions
	var added [atOnce]lanes
	var sums [atOnce]uint64 // by which each makes Σ larger
	for len(list) > 0 {
		n := min(len(list), atOnce)
		for i, s := range list[:n] {
			added[i], sums[i] = lanesOf(s), whole
		}
		for there := range slices.Chunk(c.list, cached) {
			for k := range n {
				sums[k] += added[k].twice(there)
			}
		}
		for k := range n {
			sums[k] += added[k].twice(added[:k])
			c.list, c.sum = append(c.list, added[k]), c.sum+sums[k]
			out = append(out, uint32(uint64(len(c.list))*whole*one/c.sum))
		}
		list = list[n:]
	}
	return out
}

// Clear empties the list.
func (c *Crowd) Clear() { c.list, c.sum = c.list[:0], 0 }

// lanes is a signature, four positions to a word: they are compared at once.
type lanes [Positions / 4]uint64

func lanesOf(s *Signature) (l lanes) {
	for i, v := range s {
		l[i/4] |= uint64(v) << (i % 4 * 16)
	}
	return l
}

// apart reports whether no position is equal, as is so of most pairs, in half the
// time that counting them takes.
func (l *lanes) apart(m *lanes) bool {
	const ones, high = 0x0001_0001_0001_0001, 0x8000_8000_8000_8000
	// The highest bit of the lowest lane that is zero, and maybe of others above it.
	// Four words a turn: the loop itself would take a third of the time.
	var zero uint64
	for i := 0; i < len(l); i += 4 {
		a, b, c, d := l[i]^m[i], l[i+1]^m[i+1], l[i+2]^m[i+2], l[i+3]^m[i+3]
		zero |= (a-ones)&^a | (b-ones)&^b | (c-ones)&^c | (d-ones)&^d
	}
	return zero&high == 0
}

// twice is what both orders of l and each of others make of Σ.
func (l *lanes) twice(others []lanes) (sum uint64) {
	for len(others) > 0 {
		i := l.sharing(others)
		if i == len(others) {
			break
		}
		e := others[i].equal(l)
		sum += 2 * e * e
		others = others[i+1:]
	}
	return sum
}

// sharing returns the place of the first of others, of which there is one at
// least, that has a position equal to l's, or their number.
func (l *lanes) sharing(others []lanes) int {
	if vectors {
		return sharing(&others[0], len(others), l)
	}
	return l.plainSharing(others)
}

// plainSharing is sharing without vectors.
func (l *lanes) plainSharing(others []lanes) int {
	for i := range others {
		if !others[i].apart(l) {
			return i
		}
	}
	return len(others)
}

// equal is [Signature.Equal].
func (l *lanes) equal(m *lanes) uint64 {
	const low = 0x7fff_7fff_7fff_7fff // all bits of each lane but the highest
	var n uint64                      // of each lane, up to 28
	for i := range l {
		x := l[i] ^ m[i]
		n += ^(x&low + low | x | low) >> 15 // one where the lane of x is zero
	}
	return n&0xffff + n>>16&0xffff + n>>32&0xffff + n>>48
}
