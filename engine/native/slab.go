package native

import "slices"

// slab is memory for pages, many where they are small: what the processor must
// look up to find a page then fits its tables, for the system gives memory of
// that size in large pages. A page of a model of 10⁸ weights has 1.5 MB, of
// which a step reads 16 KB in each of ninety places.
type slab struct {
	memory []uint16
	free   [][]uint16 // rooms of a page that hold none
	pages  int        // that it holds
}

// room is the place of a page.
type room struct {
	slab *slab
	data []uint16
}

// Bytes of a slab of more than one page, and the smallest page of which it has
// more than one: smaller ones are each an allocation, in which a checker of
// memory finds who reads beyond the end.
const (
	slabBytes    = 16 << 20
	smallestPage = 256 << 10
)

// pagesOfSlab returns how many pages of so many bytes are made at a time.
func pagesOfSlab(bytes int64) int {
	if bytes < smallestPage {
		return 1
	}
	return int(max(1, slabBytes/bytes))
}

// slabLocked returns a slab with room for a page, or nil where there is no memory.
func (s *store) slabLocked() *slab {
	if i := slices.IndexFunc(s.slabs, func(l *slab) bool { return len(l.free) > 0 }); i >= 0 {
		return s.slabs[i]
	}
	n := pagesOfSlab(s.bytes())
	memory := allocate(n * s.len)
	if memory == nil {
		return nil
	}
	l := &slab{memory: memory}
	for i := n - 1; i >= 0; i-- {
		l.free = append(l.free, memory[i*s.len:(i+1)*s.len:(i+1)*s.len])
	}
	s.slabs = append(s.slabs, l)
	return l
}

// take returns a room of a slab that has one, the first ones first.
func (l *slab) take() []uint16 {
	last := len(l.free) - 1
	data := l.free[last]
	l.free = l.free[:last]
	l.pages++
	return data
}

// giveBackLocked takes back the room of a page, and frees the slab with its last.
func (s *store) giveBackLocked(r room) {
	s.made--
	r.slab.free = append(r.slab.free, r.data)
	if r.slab.pages--; r.slab.pages == 0 {
		s.slabs = slices.DeleteFunc(s.slabs, func(l *slab) bool { return l == r.slab })
		release(r.slab.memory)
	}
}
