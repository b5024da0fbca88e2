package ptx

import "strings"

// cp.async (PTX ISA §9.7.9.25): a lane's copies from global to shared memory go
// on beside it, and are done when it waits for them. Until then their bytes are
// undefined here. They land as late as they may, or, in a random schedule, some
// at once: so whoever reads before the wait, or writes to what still comes,
// is found.
var copies = []opcode{
	op(starts, "cp.async.ca.shared.global ms,m,c"), op(starts, "cp.async.cg.shared.global ms,m,c"),
	op(commits, "cp.async.commit_group"), op(waits, "cp.async.wait_group c"),
}

// copySize tells whether a copy may have so many bytes.
func copySize(name string, n uint64) bool {
	return n == 16 || strings.HasPrefix(name, "cp.async.ca.") && (n == 4 || n == 8)
}

// copying is a copy under way.
type copying struct {
	in       *instr
	to, from uint64
	size     int
}

// flight is what a lane has under way: groups, the first one first, and what is
// of no group yet.
type flight struct {
	groups [][]copying
	open   []copying
}

// start starts a copy of each lane.
func (w *warp) start(in *instr, mask uint32) error {
	size := int(w.regs[in.c][0])
	for m := mask; m != 0; m &= m - 1 {
		l := lowest(m)
		c := copying{in, w.regs[in.a][l] + uint64(in.offset), w.regs[in.b][l] + uint64(in.second), size}
		r, off, err := w.landing(c, l)
		if err != nil {
			return err
		}
		if !w.block.plan.late() {
			if err := w.land(c, l); err != nil {
				return err
			}
			continue
		}
		clear(r.valid[off : off+size])
		r.whole = false
		w.flights[l].open = append(w.flights[l].open, c)
	}
	return nil
}

// landing is where a copy goes, which nobody else may use meanwhile.
func (w *warp) landing(c copying, lane int) (*region, int, error) {
	r, off, err := w.locate(c.in, lane, c.to, c.size, shared)
	if err == nil && w.block.races {
		if kind := r.noteWrite(w, lane, off, c.size); kind != nil {
			err = w.wrong(kind, c.in, 1<<lane, "a write at %#x", c.to)
		}
	}
	return r, off, err
}

// land ends a copy.
func (w *warp) land(c copying, lane int) error {
	to, at, err := w.landing(c, lane)
	if err != nil {
		return err
	}
	from, off, err := w.locate(c.in, lane, c.from, c.size, global)
	if err != nil {
		return err
	}
	if w.block.launch.held {
		w.block.launch.see(c.from, c.size)
	}
	if !from.known(off, c.size) {
		return w.wrong(ErrUndefined, c.in, 1<<lane, "memory at %#x, %d bytes", c.from, c.size)
	}
	if w.block.races {
		if kind := from.noteRead(w, lane, off, c.size, false); kind != nil {
			return w.wrong(kind, c.in, 1<<lane, "a read at %#x", c.from)
		}
	}
	copy(to.data[at:at+c.size], from.data[off:])
	to.define(at, c.size)
	return nil
}

// commit makes a group of what is open.
func (w *warp) commit(mask uint32) {
	each(mask, func(l int) {
		f := &w.flights[l]
		f.groups, f.open = append(f.groups, f.open), nil
	})
}

// wait lands all groups but the last few, which may go on.
func (w *warp) wait(in *instr, mask uint32) error {
	for m := mask; m != 0; m &= m - 1 {
		l := lowest(m)
		f := &w.flights[l]
		for uint64(len(f.groups)) > w.regs[in.a][l] {
			for _, c := range f.groups[0] {
				if err := w.land(c, l); err != nil {
					return err
				}
			}
			f.groups = f.groups[1:]
		}
	}
	return nil
}
