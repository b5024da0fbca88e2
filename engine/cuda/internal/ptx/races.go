package ptx

// Races. Every byte remembers who wrote it last, and who has read it since. Two
// accesses of different threads, one a write, must be ordered: by the end of a
// grid; by a barrier of their block; or, in a warp, by an operation that waits
// for both lanes. Nothing orders blocks of a grid.
//
// A moment is the time of a block between two barriers. Each has a number, and
// so has each grid's first.

// moments are numbered one after another; blocks says whose each is, since the
// grid in progress began.
type moments struct {
	first  uint32
	blocks []int
}

// begin starts a grid.
func (m *moments) begin() {
	m.first += uint32(len(m.blocks)) + 1
	m.blocks = m.blocks[:0]
}

// next is a new moment of a block.
func (m *moments) next(block int) uint32 {
	m.blocks = append(m.blocks, block)
	return m.first + uint32(len(m.blocks)) - 1
}

// note is an access.
type note struct {
	moment uint32
	warp   uint16 // of the block, or several
	lane   uint8  // or several
	fixed  bool   // by a non-coherent load
	sync   uint32 // how often the warp had waited for lanes
}

const (
	severalWarps = 1<<16 - 1
	severalLanes = 1<<8 - 1
	noteBytes    = 1 << 12 // that share an allocation of notes
)

// notes are the accesses of as many bytes.
type notes struct{ wrote, read [noteBytes]note }

func (r *region) notesAt(off int) (*notes, int) {
	if r.notes == nil {
		r.notes = make([]*notes, (len(r.data)+noteBytes-1)/noteBytes)
	}
	n := &r.notes[off/noteBytes]
	if *n == nil {
		*n = &notes{}
	}
	return *n, off % noteBytes
}

// ordered tells whether an earlier access lies before what a lane does now.
func (w *warp) ordered(n note, lane int) bool {
	m := &w.block.mem.moments
	switch {
	case n.moment < m.first || n.moment == 0:
		return true
	case n.moment != w.block.moment:
		return m.blocks[n.moment-m.first] == w.block.number
	case n.warp != uint16(w.number):
		return false
	}
	return n.lane == uint8(lane) || n.sync != w.syncs
}

// current tells whether an access belongs to the grid in progress.
func (w *warp) current(n note) bool { return n.moment >= w.block.mem.moments.first && n.moment != 0 }

func (w *warp) note(lane int, fixed bool) note {
	return note{moment: w.block.moment, warp: uint16(w.number), lane: uint8(lane), sync: w.syncs, fixed: fixed}
}

// noteRead notes a read, and returns what is wrong with it.
func (r *region) noteRead(w *warp, lane, off, size int, fixed bool) error {
	for i := off; i < off+size; i++ {
		at, k := r.notesAt(i)
		if fixed && w.current(at.wrote[k]) {
			return ErrConstant
		}
		if !w.ordered(at.wrote[k], lane) {
			return ErrRace
		}
		n, old := w.note(lane, fixed), at.read[k]
		if w.current(old) {
			n.fixed = n.fixed || old.fixed
			if old.moment == n.moment {
				switch {
				case old.warp != n.warp:
					n.warp, n.lane = severalWarps, severalLanes
				case old.lane != n.lane && old.sync == n.sync:
					n.lane = severalLanes
				}
			} else if !w.ordered(old, lane) { // of two blocks at least: whoever writes is in the wrong
				continue
			}
		}
		at.read[k] = n
	}
	return nil
}

// noteWrite notes a write, and returns what is wrong with it.
func (r *region) noteWrite(w *warp, lane, off, size int) error {
	for i := off; i < off+size; i++ {
		at, k := r.notesAt(i)
		read := at.read[k]
		if read.fixed && w.current(read) {
			return ErrConstant
		}
		if !w.ordered(at.wrote[k], lane) || !w.ordered(read, lane) {
			return ErrRace
		}
		at.wrote[k] = w.note(lane, false)
	}
	return nil
}
