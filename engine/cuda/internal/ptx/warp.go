package ptx

import (
	"fmt"
	"math/bits"
)

const (
	warpSize = 32
	fullWarp = 1<<warpSize - 1
)

// warp is 32 threads of a block. Each lane has a program counter, and runs,
// waits at an operation of several lanes, or has ended.
//
// Invariants: waiting ⊆ live; a lane that waits stands at an operation that it
// has come to and that has not run for it.
type warp struct {
	k      *Kernel
	block  *block
	number int  // in the block
	fresh  bool // constants have no values yet

	regs    []lanes
	defined []uint32 // lanes of each register that were written
	preds   []uint32
	known   []uint32 // lanes of each predicate that were written
	scratch lanes
	none    lanes

	pc      [warpSize]int32
	live    uint32
	waiting uint32
	passed  uint32 // lanes that have waited for the grids before
	flights [warpSize]flight
	syncs   uint32  // how often lanes have waited for one another
	last    *region // that was accessed
}

// wrong is an error of a thread at an instruction.
func (w *warp) wrong(kind error, in *instr, mask uint32, format string, args ...any) error {
	return fmt.Errorf("%w: %s, line %d, %s, block %d, thread %d: %s", kind, w.k.Name, in.line, in.op.name, w.block.number,
		w.number*warpSize+lowest(mask), fmt.Sprintf(format, args...))
}

func lowest(mask uint32) int { return bits.TrailingZeros32(mask) & 31 }

// write gives lanes of a register their values.
func (w *warp) write(slot int, x *lanes, mask uint32) {
	if mask == fullWarp {
		w.regs[slot] = *x
	} else {
		for m := mask; m != 0; m &= m - 1 {
			l := lowest(m)
			w.regs[slot][l] = x[l]
		}
	}
	w.defined[slot] |= mask
}

// standing are those of some lanes that stand at an instruction.
func (w *warp) standing(pc int32, of uint32) (mask uint32) {
	for m := of; m != 0; m &= m - 1 {
		if l := lowest(m); w.pc[l] == pc {
			mask |= 1 << l
		}
	}
	return mask
}

// run runs the warp until nothing in it can, or for about so many instructions.
func (w *warp) run(most int) error {
	for n := 0; n < most; {
		ready := w.live &^ w.waiting
		if ready == 0 {
			return nil
		}
		mask, stop, some := w.block.plan.pick(w, ready)
		ran, err := w.together(mask, stop, ready != mask, min(some, most-n, w.block.plan.left()))
		if err != nil {
			return err
		}
		if n += ran; w.block.plan.spend(ran) {
			return fmt.Errorf("%w: %s runs on", ErrDeadlock, w.k.Name)
		}
	}
	return nil
}

// together runs lanes that stand at one instruction, until they part, wait,
// end, come to stop where others are, or have run most instructions.
func (w *warp) together(mask uint32, stop int32, others bool, most int) (n int, err error) {
	pc := w.pc[lowest(mask)]
	code := w.k.code
	for n < most {
		n++
		in := &code[pc]
		act, err := w.guarded(in, mask)
		if err != nil {
			return n, err
		}
		if in.ran += uint64(bits.OnesCount32(act)); in.op.kind == jumps {
			in.ran += uint64(bits.OnesCount32(mask &^ act)) // a branch that is not taken has run, too
		}
		switch in.op.kind {
		case jumps:
			if act != mask && act != 0 {
				if in.op.uniform {
					return n, w.wrong(ErrUniform, in, act, "lanes %#x jump, and %#x do not", act, mask&^act)
				}
				w.put(act, int32(in.target))
				w.put(mask&^act, pc+1)
				return n, nil
			}
			if pc++; act != 0 {
				pc = int32(in.target)
			}
			if others {
				w.put(mask, pc)
				return n, nil
			}
			continue
		case exits:
			if err := w.mayEnd(in, act); err != nil {
				return n, err
			}
			w.put(mask&^act, pc+1)
			w.live &^= act
			return n, nil
		case depends:
			if w.passed |= act; act == 0 || !w.block.launch.held {
				break
			}
			w.put(mask&^act, pc+1)
			w.put(act, pc)
			w.waiting |= act
			return n, nil
		case shuffles, barriers, collectives:
			if act == 0 {
				break
			}
			if err := w.ready(in, act); err != nil {
				return n, err
			}
			if act == fullWarp && (in.op.kind == collectives || in.op.kind == shuffles && w.allNamed(in)) {
				if err := w.meeting(in, act); err != nil {
					return n, err
				}
				break
			}
			w.put(mask&^act, pc+1)
			w.put(act, pc)
			w.waiting |= act
			if err := w.arrive(in, int(pc), act); err != nil {
				return n, err
			}
			if w.live&^w.waiting != mask { // some wait still, or others need not any more
				return n, nil
			}
		default:
			if act != 0 {
				if err := w.alone(in, act); err != nil {
					return n, err
				}
			}
		}
		if pc++; pc == stop {
			break
		}
	}
	w.put(mask, pc)
	return n, nil
}

// put sets program counters.
func (w *warp) put(mask uint32, pc int32) {
	for m := mask; m != 0; m &= m - 1 {
		w.pc[lowest(m)] = pc
	}
}

// guarded are the lanes that an instruction's guard lets take part.
func (w *warp) guarded(in *instr, mask uint32) (uint32, error) {
	if in.guard < 0 {
		return mask, nil
	}
	if mask&^w.known[in.guard] != 0 {
		return 0, w.wrong(ErrUndefined, in, mask&^w.known[in.guard], "the guard")
	}
	if in.not {
		return mask &^ w.preds[in.guard], nil
	}
	return mask & w.preds[in.guard], nil
}

// ready tells whether what an instruction reads was written.
func (w *warp) ready(in *instr, mask uint32) error {
	for _, slot := range in.reads {
		if bad := mask &^ w.defined[slot]; bad != 0 {
			return w.wrong(ErrUndefined, in, bad, "a register")
		}
	}
	if in.p < 0 && in.q < 0 {
		return nil
	}
	for _, p := range [...]int{in.p, in.q} {
		if p >= 0 && mask&^w.known[p] != 0 {
			return w.wrong(ErrUndefined, in, mask&^w.known[p], "a predicate")
		}
	}
	return nil
}

// alone runs an instruction that each lane does by itself.
func (w *warp) alone(in *instr, mask uint32) error {
	if err := w.ready(in, mask); err != nil {
		return err
	}
	switch in.op.kind {
	case plain:
		w.compute(in, mask)
	case compares:
		w.setPred(in.d, in.op.test(w.source(in.a), w.source(in.b)), mask)
	case selects:
		w.choose(in, mask)
	case loads:
		return w.load(in, mask)
	case stores:
		return w.store(in, mask)
	case params:
		return w.parameter(in, mask)
	case splits:
		w.split(in, mask)
	case joins:
		w.join(in, mask)
	case starts:
		return w.start(in, mask)
	case commits:
		w.commit(mask)
	case waits:
		return w.wait(in, mask)
	case hints:
	case prefetches:
		return w.prefetch(in, mask)
	default:
		w.logic(in, mask)
	}
	return nil
}

// source are the values of a register, or zeros where an instruction has none.
func (w *warp) source(slot int) *lanes {
	if slot < 0 {
		return &w.none
	}
	return &w.regs[slot]
}

// compute runs a plain instruction.
func (w *warp) compute(in *instr, mask uint32) {
	d := w.dest(in, mask)
	in.op.value(d, w.source(in.a), w.source(in.b), w.source(in.c))
	if in.op.masked {
		for l := range d {
			d[l] &= in.mask
		}
	}
	w.done(in, d, mask)
}

// choose runs a selection, without a branch for each lane.
func (w *warp) choose(in *instr, mask uint32) {
	d, a, b, p := w.dest(in, mask), &w.regs[in.a], &w.regs[in.b], w.preds[in.p]
	for l := range d {
		d[l] = b[l] ^ (a[l]^b[l])&-uint64(p>>l&1)
	}
	w.done(in, d, mask)
}

// dest is where an instruction that reads a lane of its operands before it
// writes the same lane of its result may put the latter: the register itself,
// where all lanes take part. The rest is done's.
func (w *warp) dest(in *instr, mask uint32) *lanes {
	if mask == fullWarp {
		return &w.regs[in.d]
	}
	return &w.scratch
}

// done gives the lanes that take part what is in dest.
func (w *warp) done(in *instr, d *lanes, mask uint32) {
	if mask == fullWarp {
		w.defined[in.d] = fullWarp
	} else {
		w.write(in.d, d, mask)
	}
}

// logic runs an operation of predicates.
func (w *warp) logic(in *instr, mask uint32) {
	switch {
	case in.op.kind == logic:
		second := uint32(0)
		if in.q >= 0 {
			second = w.preds[in.q]
		} else if in.a >= 0 && w.regs[in.a][0] != 0 {
			second = fullWarp
		}
		w.setPred(in.d, in.op.bits(w.preds[in.p], second), mask)
	case in.p >= 0: // mov.pred
		w.setPred(in.d, w.preds[in.p], mask)
	case w.regs[in.a][0] != 0:
		w.setPred(in.d, fullWarp, mask)
	default:
		w.setPred(in.d, 0, mask)
	}
}

// setPred gives lanes of a predicate their values.
func (w *warp) setPred(slot int, x, mask uint32) {
	w.preds[slot] = w.preds[slot]&^mask | x&mask
	w.known[slot] |= mask
}
