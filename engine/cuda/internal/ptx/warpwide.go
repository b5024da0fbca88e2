package ptx

// Operations of several lanes: shfl.sync (PTX ISA §9.7.9.6) and bar.sync
// (§9.7.13.1).
//
// shfl.sync waits for the lanes that its mask names, all at the same
// instruction with the same mask. A lane that asks for the value of one that
// takes no part gets an undefined one: that is an error here.
var warpwide = []opcode{
	shuffle("shfl.sync.idx.b32", sourceIdx), shuffle("shfl.sync.bfly.b32", sourceBfly),
	shuffle("shfl.sync.up.b32", sourceUp), shuffle("shfl.sync.down.b32", sourceDown),
	op(barriers, "bar.sync c"), op(barriers, "bar.warp.sync i32"),
	op(jumps, "bra"), uniform(op(jumps, "bra.uni")), op(exits, "ret"), op(exits, "exit"),
}

func uniform(o opcode) opcode {
	o.uniform = true
	return o
}

// shuffle has operands d, a, b, c and the mask, which is the fifth register.
func shuffle(name string, from source) opcode {
	o := op(shuffles, name+" b32,b32,i32,i32,i32")
	o.source = from
	return o
}

// source is the lane whose value lane l takes; in tells whether it lies within
// l's segment. Where not, l keeps its own.
type source func(l, b, c int) (lane int, in bool)

// segment gives the last and the first lane of l's segment, by the two fields of c.
func segment(l, c int) (most, least int) {
	clamp, mask := c&31, c>>8&31
	return l&mask | clamp&^mask, l & mask
}

func sourceIdx(l, b, c int) (int, bool) {
	most, least := segment(l, c)
	from := least | b&31&^(c>>8)
	return from, from <= most
}

func sourceBfly(l, b, c int) (int, bool) {
	most, _ := segment(l, c)
	from := l ^ b&31
	return from, from <= most
}

func sourceUp(l, b, c int) (int, bool) {
	most, _ := segment(l, c)
	from := l - b&31
	return from, from >= most
}

func sourceDown(l, b, c int) (int, bool) {
	most, _ := segment(l, c)
	from := l + b&31
	return from, from <= most
}

// shuffle runs for all lanes of the mask at once.
func (w *warp) shuffle(in *instr, mask uint32) error {
	a, b, c, from := &w.regs[in.a], &w.regs[in.b], &w.regs[in.c], in.op.source
	var x lanes
	for m := mask; m != 0; m &= m - 1 {
		l := lowest(m)
		k, ok := from(l, int(b[l]), int(c[l]))
		if !ok {
			k = l
		}
		if mask>>(k&31)&1 == 0 {
			return w.wrong(ErrUndefined, in, 1<<l, "the value of lane %d, which takes no part", k)
		}
		x[l] = a[k&31]
	}
	w.write(in.d, &x, mask)
	w.syncs++
	return nil
}

// allNamed tells whether all lanes of a shuffle name the whole warp, as nearly
// all do.
func (w *warp) allNamed(in *instr) bool {
	for _, x := range w.regs[in.more[0]] {
		if x != fullWarp {
			return false
		}
	}
	return true
}

// named is the mask of lanes that a waiting lane names.
func (w *warp) named(in *instr, lane int) uint32 {
	switch in.op.kind {
	case shuffles:
		return uint32(w.regs[in.more[0]][lane])
	case collectives:
		return fullWarp
	}
	return uint32(w.regs[in.a][lane]) // bar.warp.sync
}

// arrive runs an operation that waits, for those lanes that are complete. Lanes
// of mask have just come to it.
func (w *warp) arrive(in *instr, pc int, mask uint32) error {
	if in.op.name == "bar.sync" {
		return nil // the block does it
	}
	lane := lowest(mask)
	names := w.named(in, lane)
	for m := mask; m != 0; m &= m - 1 {
		if l := lowest(m); w.named(in, l) != names { // lanes of other masks are other groups
			mask &^= 1 << l
		}
	}
	if mask&^names != 0 {
		return w.wrong(ErrDeadlock, in, mask, "a lane that its own mask %#x does not name", names)
	}
	if names&^w.live != 0 {
		return w.wrong(ErrDeadlock, in, mask, "the mask %#x names lanes that have ended", names)
	}
	for m := names; m != 0; m &= m - 1 {
		l := lowest(m)
		if w.waiting>>l&1 == 0 || int(w.pc[l]) != pc || w.named(in, l) != names {
			return nil
		}
	}
	if err := w.meeting(in, names); err != nil {
		return err
	}
	w.release(names, pc+1)
	return nil
}

// meeting runs an operation of lanes that are all there.
func (w *warp) meeting(in *instr, mask uint32) error {
	switch in.op.kind {
	case shuffles:
		return w.shuffle(in, mask)
	case collectives:
		return w.collective(in)
	}
	w.syncs++ // bar.warp.sync
	return nil
}

// release lets lanes go on.
func (w *warp) release(mask uint32, pc int) {
	w.waiting &^= mask
	for m := mask; m != 0; m &= m - 1 {
		w.pc[lowest(m)] = int32(pc)
	}
}

// atBarrier tells whether the whole warp waits at one bar.sync.
func (w *warp) atBarrier() bool {
	if w.waiting != fullWarp || w.live != fullWarp {
		return false
	}
	for _, pc := range w.pc {
		if pc != w.pc[0] {
			return false
		}
	}
	return w.k.code[w.pc[0]].op.name == "bar.sync"
}
