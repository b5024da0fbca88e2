package ptx

import "slices"

// A grid that is launched as a dependent of the one before it (PTX ISA §9.7.13,
// griddepcontrol) may begin when every block of that one has said
// launch_dependents, or has ended. Its threads are then beside grids that have
// not ended, until each has come through griddepcontrol.wait: behind that, all
// grids before have ended, and what they wrote is seen. "All" is so only where
// each of them has waited, too, before it ended. So here
//
//   - Launch.Begin runs a grid up to its waits before anything of the grids before
//     it has run, which is earlier than a device does it and than any of them
//     says launch_dependents; without Begin it runs when they have ended, which
//     is as late as may be;
//   - a byte that is read before the wait may be written by nobody until the grid
//     has ended (ErrRace), not by itself either;
//   - nothing in a device's memory is written before the wait (ErrRace): grids
//     before might read it or write it;
//   - no thread ends before it has waited (ErrEarly).
//
// prefetch reads nothing that a thread sees, so it is no access; its address must
// be within memory that is allocated.
var dependents = []opcode{
	op(depends, "griddepcontrol.wait"), op(hints, "griddepcontrol.launch_dependents"), op(prefetches, "prefetch.global.L2 m"),
}

// Begin runs an early grid up to its waits: all blocks, or of a random schedule
// some. Errors: those of Run, and ErrLaunch of a grid that is not early.
func (l *Launch) Begin() error {
	if !l.early {
		return ErrLaunch
	}
	count := len(l.waiting)
	if l.plan.Random {
		count = l.plan.number(count + 1)
	}
	l.mem.moments.begin()
	l.mem.early = append(l.mem.early, l)
	l.held, l.seen = true, map[uint64]struct{}{}
	for range count {
		l.next()
		for stands := false; !stands; {
			var err error
			if stands, err = l.under[len(l.under)-1].run(); err != nil {
				return err
			}
		}
	}
	return nil
}

// resume lets the threads through that stand at their waits.
func (l *Launch) resume() {
	l.held = false
	for _, b := range l.under {
		b.moment = l.mem.moments.next(b.number)
		for _, w := range b.warps {
			for m := w.dependent(); m != 0; m &= m - 1 {
				at := lowest(m)
				w.release(1<<at, int(w.pc[at])+1)
			}
		}
	}
}

// forget ends what Begin began.
func (l *Launch) forget() {
	l.mem.early = slices.DeleteFunc(l.mem.early, func(x *Launch) bool { return x == l })
}

// stands tells whether any thread of a block waits for the grids before.
func (b *block) stands() bool {
	return slices.ContainsFunc(b.warps, func(w *warp) bool { return w.dependent() != 0 })
}

// dependent are the lanes that do.
func (w *warp) dependent() (mask uint32) {
	for m := w.waiting; m != 0; m &= m - 1 {
		if l := lowest(m); w.k.code[w.pc[l]].op.kind == depends {
			mask |= 1 << l
		}
	}
	return mask
}

// see notes what is read before the wait.
func (l *Launch) see(addr uint64, n int) {
	for i := range uint64(n) {
		l.seen[addr+i] = struct{}{}
	}
}

func (w *warp) see(in *instr, mask uint32, n int) {
	for m := mask; m != 0; m &= m - 1 {
		w.block.launch.see(w.regs[in.a][lowest(m)]+uint64(in.offset), n)
	}
}

// mayWrite refuses a write before the wait, and one to what a grid has read
// before its own.
func (w *warp) mayWrite(in *instr, lane int, addr uint64, n int) error {
	if w.block.launch.early && w.passed>>lane&1 == 0 {
		return w.wrong(ErrRace, in, 1<<lane, "a write at %#x before the wait", addr)
	}
	for _, l := range w.block.mem.early {
		if len(l.seen) == 0 {
			continue
		}
		for i := range uint64(n) {
			if _, read := l.seen[addr+i]; read {
				return w.wrong(ErrRace, in, 1<<lane, "a write at %#x, which %s has read before its wait", addr+i, l.k.Name)
			}
		}
	}
	return nil
}

// mayEnd refuses the end of lanes that did not wait.
func (w *warp) mayEnd(in *instr, mask uint32) error {
	if early := mask &^ w.passed; w.block.launch.early && early != 0 {
		return w.wrong(ErrEarly, in, early, "lanes %#x", early)
	}
	return nil
}

// prefetch looks at addresses alone.
func (w *warp) prefetch(in *instr, mask uint32) error {
	for m := mask; m != 0; m &= m - 1 {
		l := lowest(m)
		if _, _, err := w.locate(in, l, w.regs[in.a][l]+uint64(in.offset), 1, global); err != nil {
			return err
		}
	}
	return nil
}
