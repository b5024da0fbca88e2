package gate

import "math/bits"

const (
	// few is how many signatures are compared one by one, which is quicker than to
	// look positions up.
	few = 32
	// stepsEach is how many entries are looked at for each signature, at most: who
	// makes all of them alike has them compared one by one.
	stepsEach = 4
)

// Crowd is a list of signatures that grows. The zero value is empty.
type Crowd struct {
	list []lanes
	sum  uint64 // Σ of [Diversity]

	// heads has by a hash of position and value the newest entry, plus one, and before
	// by entry the one with the same hash before it, plus one. Entry
	// row·[Positions] + position is that position of a signature.
	heads, before []uint32
	equal         []uint8 // by row: positions that are equal, 0 between two calls of Add
	touched       []uint32
}

// Len returns how many there are.
func (c *Crowd) Len() int { return len(c.list) }

// Add adds a signature and returns the [Diversity] of all. The work is at most
// their number, and most often that of its positions.
func (c *Crowd) Add(s *Signature) uint32 {
	const whole = Positions * Positions
	l := lanesOf(s)
	if len(c.list) < few || !c.look(s) {
		for i := range c.list {
			if c.list[i].apart(&l) {
				continue
			}
			e := c.list[i].equal(&l)
			c.sum += 2 * e * e
		}
	}
	c.list, c.sum = append(c.list, l), c.sum+whole
	c.enter(s)
	return uint32(uint64(len(c.list)) * whole * one / c.sum)
}

// Clear empties the list.
func (c *Crowd) Clear() {
	c.list, c.sum, c.before, c.equal = c.list[:0], 0, c.before[:0], c.equal[:0]
	clear(c.heads)
}

// look adds to the sum what a signature has in common with those that are there, by
// looking its positions up; false, and nothing is added, if that takes too long.
func (c *Crowd) look(s *Signature) bool {
	steps := stepsEach * len(c.list)
	c.touched = c.touched[:0]
	for i, v := range s {
		for at := c.heads[c.slot(i, v)]; at != 0; at = c.before[at-1] {
			row, position := int(at-1)/Positions, int(at-1)%Positions
			if position == i && c.list[row].at(i) == v {
				if c.equal[row] == 0 {
					c.touched = append(c.touched, uint32(row))
				}
				c.equal[row]++
			}
			steps--
		}
		if steps < 0 {
			break
		}
	}
	for _, row := range c.touched {
		if e := uint64(c.equal[row]); steps >= 0 {
			c.sum += 2 * e * e
		}
		c.equal[row] = 0
	}
	return steps >= 0
}

// enter makes the positions of the newest signature be found; the first ones wait
// until there are more than a few.
func (c *Crowd) enter(s *Signature) {
	switch n := len(c.list); {
	case n < few:
		return
	case 2*n*Positions > len(c.heads):
		c.heads = make([]uint32, 1<<bits.Len(uint(4*n*Positions)))
		fallthrough
	case len(c.equal) == 0:
		c.before, c.equal = c.before[:0], c.equal[:0]
		for i := range c.list {
			t := c.list[i].signature()
			c.put(&t)
		}
	default:
		c.put(s)
	}
}

func (c *Crowd) put(s *Signature) {
	for i, v := range s {
		head := &c.heads[c.slot(i, v)]
		c.before = append(c.before, *head)
		*head = uint32(len(c.before))
	}
	c.equal = append(c.equal, 0)
}

// slot hashes a position and its value.
func (c *Crowd) slot(position int, value uint16) int {
	h := (uint64(position)<<16 | uint64(value)) * 0x9e3779b97f4a7c15
	return int(h>>32) & (len(c.heads) - 1)
}
