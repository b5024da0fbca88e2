package ptx

import (
	"math"
	"math/rand/v2"
)

// Schedule is the order in which things happen that the ISA does not order. The
// zero value is: block after block, warp after warp, each until it waits, the
// lanes together as long as they can be.
type Schedule struct {
	// Random draws blocks, warps, lanes and interruptions, by the Seed.
	Random bool
	Seed   uint64
	// Early has kernels that may begin early do so, see early.go; who launches
	// them does it.
	Early bool
	// Races looks for them; it is several times as slow.
	Races bool
	// Most is how many instructions of warps a launch may run; 0 for no limit.
	Most int
}

// plan is a Schedule under way.
type plan struct {
	Schedule
	rng   *rand.Rand
	spent int
	one   []int
}

func newPlan(s Schedule) *plan {
	return &plan{Schedule: s, rng: rand.New(rand.NewPCG(s.Seed, 0x707478))}
}

// order is an order of n things.
func (p *plan) order(n int) []int {
	if p.Random {
		return p.rng.Perm(n)
	}
	for len(p.one) < n {
		p.one = append(p.one, len(p.one))
	}
	return p.one[:n]
}

// number is one of n.
func (p *plan) number(n int) int {
	if p.Random {
		return p.rng.IntN(n)
	}
	return 0
}

// late tells whether a copy that has been started waits until it must be there.
func (p *plan) late() bool { return !p.Random || p.rng.IntN(2) == 0 }

func (p *plan) atOnce() int {
	if p.Random {
		return atOnce
	}
	return 1
}

// quantum is how many instructions a warp may run before another may.
func (p *plan) quantum() int {
	if p.Random {
		return 1 + p.rng.IntN(1<<(1+p.rng.IntN(10)))
	}
	return math.MaxInt
}

// spend counts instructions, and tells whether there were too many.
func (p *plan) spend(n int) bool {
	p.spent += n
	return p.Most > 0 && p.spent > p.Most
}

// left is how many instructions may still run, and one, so that somebody notices.
func (p *plan) left() int {
	if p.Most == 0 {
		return math.MaxInt
	}
	return p.Most - p.spent + 1
}

// pick chooses which of the lanes that can run do so next: some that stand at
// one instruction; where to stop, because others stand there; and after how
// many instructions. In order, that is the lanes which are least far, so that
// the others are met.
func (p *plan) pick(w *warp, ready uint32) (mask uint32, stop int32, most int) {
	pc, same := w.pc[lowest(ready)], true
	for m := ready; m != 0; m &= m - 1 {
		if x := w.pc[lowest(m)]; x != pc {
			same = false
			pc = min(pc, x)
		}
	}
	if p.Random {
		return p.some(w, ready)
	}
	if same {
		return ready, -1, math.MaxInt
	}
	stop = math.MaxInt32
	for m := ready; m != 0; m &= m - 1 {
		if x := w.pc[lowest(m)]; x != pc {
			stop = min(stop, x)
		}
	}
	return w.standing(pc, ready), stop, math.MaxInt
}

// some are random lanes that stand at one instruction, now and then only a part
// of them.
func (p *plan) some(w *warp, ready uint32) (mask uint32, stop int32, most int) {
	l := p.rng.IntN(warpSize)
	for ready>>l&1 == 0 {
		l = (l + 1) % warpSize
	}
	mask = w.standing(w.pc[l], ready)
	if p.rng.IntN(8) == 0 {
		mask &= p.rng.Uint32() | 1<<l
	}
	return mask, -1, 1 + p.rng.IntN(64)
}
