package ptx

import (
	"encoding/binary"
	"fmt"
)

const (
	maxThreads = 1024
	// maxBlocks bounds a grid here; a device's bound is higher.
	maxBlocks = 1 << 22
	// atOnce is how many blocks of a random schedule are under way together.
	atOnce = 3
)

// Grid is the size of a launch: blocks in x and y, threads of a block.
type Grid struct{ X, Y, Threads int }

// Run runs the kernel over a grid in memory m, with the bytes of each argument.
// Errors: ErrLaunch, and those of instructions, which leave memory as it then
// is.
func (k *Kernel) Run(m *Memory, g Grid, args [][]byte, s Schedule) error {
	l, err := k.Launch(m, g, args, s, false)
	if err == nil {
		err = l.End()
	}
	return err
}

// Launch is a grid that is under way.
type Launch struct {
	k       *Kernel
	mem     *Memory
	grid    Grid
	args    []uint64
	plan    *plan
	waiting []int    // numbers of blocks that have not begun
	under   []*block // that have
	early   bool     // it may begin before what was launched before it has ended
	held    bool     // that has not ended yet
	seen    map[uint64]struct{}
}

// Launch readies the kernel for a grid; see Run. The grid runs by End, or where
// it is early by Begin and End: see early.go. Errors: ErrLaunch.
func (k *Kernel) Launch(m *Memory, g Grid, args [][]byte, s Schedule, early bool) (*Launch, error) {
	values, err := k.arguments(args)
	if err != nil {
		return nil, err
	}
	most := maxThreads
	if k.MaxThreads > 0 {
		most = k.MaxThreads
	}
	if g.X < 1 || g.Y < 1 || g.X > maxBlocks/g.Y || g.Threads < 1 || g.Threads > most || g.Threads%warpSize != 0 {
		return nil, fmt.Errorf("%w: %s: %d × %d blocks of %d threads", ErrLaunch, k.Name, g.X, g.Y, g.Threads)
	}
	p := newPlan(s)
	return &Launch{k: k, mem: m, grid: g, args: values, plan: p, waiting: p.order(g.X * g.Y), early: early}, nil
}

// End runs what is left of the grid, when all that was launched before it has
// ended. Errors: those of Run.
func (l *Launch) End() error {
	l.mem.moments.begin()
	l.resume()
	for len(l.waiting) > 0 || len(l.under) > 0 {
		for len(l.waiting) > 0 && len(l.under) < l.plan.atOnce() {
			l.next()
		}
		i := l.plan.number(len(l.under))
		done, err := l.under[i].run()
		if err != nil {
			return err
		}
		if done {
			l.mem.keep(l.under[i])
			l.under = append(l.under[:i], l.under[i+1:]...)
		}
	}
	l.forget()
	return nil
}

// next begins a block.
func (l *Launch) next() {
	l.under, l.waiting = append(l.under, l.block(l.waiting[0])), l.waiting[1:]
}

// arguments reads the arguments as numbers.
func (k *Kernel) arguments(args [][]byte) ([]uint64, error) {
	if len(args) != len(k.Params) {
		return nil, fmt.Errorf("%w: %s takes %d arguments, not %d", ErrLaunch, k.Name, len(k.Params), len(args))
	}
	values := make([]uint64, len(args))
	for i, a := range args {
		if len(a) != k.Params[i] {
			return nil, fmt.Errorf("%w: %s: argument %d has %d bytes, want %d", ErrLaunch, k.Name, i, len(a), k.Params[i])
		}
		var b [8]byte
		copy(b[:], a)
		values[i] = binary.LittleEndian.Uint64(b[:])
	}
	return values, nil
}

// block is a block that is under way.
type block struct {
	k      *Kernel
	mem    *Memory
	launch *Launch
	plan   *plan
	args   []uint64
	number int
	shared region
	warps  []*warp
	races  bool
	moment uint32
}

// again returns a block of a kernel that has ended, to be used again, or nil.
func (m *Memory) again(k *Kernel, warps int) *block {
	list := m.ended[k]
	if len(list) == 0 {
		return nil
	}
	b := list[len(list)-1]
	m.ended[k] = list[:len(list)-1]
	if len(b.warps) != warps {
		return nil
	}
	clear(b.shared.valid)
	b.shared.whole, b.shared.notes = false, nil
	return b
}

// keep keeps a block that has ended.
func (m *Memory) keep(b *block) {
	if m.ended == nil {
		m.ended = map[*Kernel][]*block{}
	}
	m.ended[b.k] = append(m.ended[b.k], b)
}

// block makes a block, in the memory of one that has ended where there is one.
func (l *Launch) block(number int) *block {
	k, m, g := l.k, l.mem, l.grid
	b := m.again(k, g.Threads/warpSize)
	if b == nil {
		b = &block{k: k, mem: m}
		b.shared = region{base: sharedBase, data: make([]byte, k.shared), valid: make([]byte, k.shared)}
		for i := range g.Threads / warpSize {
			b.warps = append(b.warps, &warp{
				k: k, block: b, number: i, fresh: true, regs: make([]lanes, len(k.regs)), defined: make([]uint32, len(k.regs)),
				preds: make([]uint32, k.preds), known: make([]uint32, k.preds),
			})
		}
	}
	b.launch, b.plan, b.args, b.races = l, l.plan, l.args, l.plan.Races
	b.number, b.moment = number, m.moments.next(number)
	for _, w := range b.warps {
		w.begin(g)
	}
	return b
}

// begin readies a warp for its block.
func (w *warp) begin(g Grid) {
	clear(w.defined)
	clear(w.known)
	w.pc, w.live, w.waiting, w.passed, w.last = [warpSize]int32{}, fullWarp, 0, 0, nil
	w.flights = [warpSize]flight{}
	for _, c := range w.k.consts { // nothing writes to them
		if w.fresh {
			w.fill(c.slot, c.value)
		}
		w.defined[c.slot] = fullWarp
	}
	w.fresh = false
	for s, slot := range w.k.specials {
		v := [...]int{ctaidX: w.block.number % g.X, ctaidY: w.block.number / g.X, ntidX: g.Threads, nctaidX: g.X, nctaidY: g.Y}
		if s != tidX {
			w.fill(slot, uint64(v[s]))
		} else {
			for l := range w.regs[slot] {
				w.regs[slot][l] = uint64(w.number*warpSize + l)
			}
		}
		w.defined[slot] = fullWarp
	}
}

// fill gives all lanes of a register one value.
func (w *warp) fill(slot int, x uint64) {
	r := &w.regs[slot]
	for l := range r {
		r[l] = x
	}
}

// run runs the block for a while, and tells whether it has ended, or in a grid
// that is held, whether it goes no further.
func (b *block) run() (done bool, err error) {
	moved := false
	for _, i := range b.plan.order(len(b.warps)) {
		w := b.warps[i]
		if w.live&^w.waiting == 0 {
			continue
		}
		moved = true
		if err := w.run(b.plan.quantum()); err != nil {
			return false, err
		}
	}
	if moved {
		return false, nil
	}
	if b.launch.held && b.stands() {
		return true, nil
	}
	return b.meet()
}

// meet ends a barrier where all warps are at it. Nothing in the block can run.
func (b *block) meet() (done bool, err error) {
	ended := 0
	for _, w := range b.warps {
		if w.live == 0 {
			ended++
		}
	}
	if ended == len(b.warps) {
		return true, nil
	}
	for _, w := range b.warps {
		if !w.atBarrier() {
			return false, b.stuck()
		}
	}
	for _, w := range b.warps {
		w.release(fullWarp, int(w.pc[0])+1)
	}
	b.moment = b.mem.moments.next(b.number)
	return false, nil
}

// stuck says who waits.
func (b *block) stuck() error {
	for _, w := range b.warps {
		if w.waiting != 0 {
			in := &b.k.code[w.pc[lowest(w.waiting)]]
			return w.wrong(ErrDeadlock, in, w.waiting, "lanes %#x wait for others, %#x have not ended", w.waiting, w.live)
		}
	}
	return ErrDeadlock // not reached: a warp that has not ended waits
}
