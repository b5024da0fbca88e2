package grammar

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
)

// How a text is read.
//
// A grammar is rules of states; to enter a rule is to remember where it goes on
// after. So a way to read a text so far is a state and a stack of states to
// return to, a thread. A text is read in all ways at once: a place is the set of
// the threads that its bytes leave, and the next byte leads from a place to a
// place. What was found is kept with the place, so that a byte that was once
// looked at costs one look into a table.
//
// Every thread of a place can come to the end of the grammar, for states from
// which there is no end are taken out before (prune), and so are threads that
// would need more depth than MaxDepth to come to it (height). So a prefix is
// live if and only if its place has a thread, or is complete; nothing is tried
// out. That is what makes a mask exact.
//
// Invariants:
//
//	depth of a thread's stack + height of its state ≤ MaxDepth
//	a place's threads are closed: those that take no byte were followed
//	a place depends on the bytes alone; what is kept, and when it is let go of,
//	    changes no place

// maxKept is how many places are kept; then all are let go of and found anew.
const maxKept = 1 << 14

// Automaton is a grammar ready to read texts. It is safe for concurrent use.
type Automaton struct {
	states  []state
	rules   []State
	root    State
	class   [256]uint8 // bytes that no edge tells apart have one class
	classes int

	mu       sync.Mutex
	start    *place
	age      int // guarded by mu, like all below: how often all was let go of
	kept     map[string]*place
	stacks   map[stack]*stack
	walks    uint64 // walkers that there ever were
	pushed   uint64 // stacks that there ever were
	masks    map[*Vocabulary]map[string]*local
	maskSize int64 // bytes of masks that are kept
}

// stack is where rules go on after the one that is read, the innermost first.
type stack struct {
	back  State
	up    *stack
	depth int32
	id    uint64 // not used in keys
}

// thread is a way to read a text so far; a nil stack is the grammar itself.
type thread struct {
	at State
	up *stack
}

// place is what a text leads to.
type place struct {
	threads  []thread // those that take a byte
	complete bool     // the text is one of the grammar
	over     bool     // there are more threads than the limit: nothing can be said
	age      int
	deep     int32    // the most that it takes of MaxDepth, by threads that were looked at
	next     []*place // by class; nil where nobody looked, nowhere where nothing goes on
	costs    []int32  // by class: the work of finding next, whoever did it
	scan     int32    // edges of the threads
	walk     uint64   // the walker that charged for costs last
	charged  [4]uint64
	mask     *Mask // of the vocabulary it was last asked for
	of       *Vocabulary
}

// nowhere is where no text of the grammar goes.
var nowhere = &place{}

// prune takes out the edges that lead to no end.
func (a *Automaton) prune() {
	gone := func(s State) bool { return a.states[s].height >= never }
	for i := range a.states {
		s := &a.states[i]
		s.edges = slices.DeleteFunc(s.edges, func(e edge) bool { return gone(e.to) })
		s.free = slices.DeleteFunc(s.free, gone)
		s.calls = slices.DeleteFunc(s.calls, func(c call) bool { return gone(a.rules[c.rule]) || gone(c.back) })
	}
}

// classify finds the classes of bytes.
func (a *Automaton) classify() {
	var cut [257]bool
	for i := range a.states {
		for _, e := range a.states[i].edges {
			cut[e.lo], cut[int(e.hi)+1] = true, true
		}
	}
	n := 0
	for b := range 256 {
		if b > 0 && cut[b] {
			n++
		}
		a.class[b] = uint8(n)
	}
	a.classes = n + 1
}

// reset lets go of what is kept.
func (a *Automaton) reset() {
	a.age++
	a.kept, a.stacks = map[string]*place{}, map[stack]*stack{}
	a.masks, a.maskSize = map[*Vocabulary]map[string]*local{}, 0
	a.start, _ = a.intern([]thread{{a.root, nil}}, false)
}

// plain reports whether a state is the end of its rule and nothing else: to
// return there is to return further up.
func (a *Automaton) plain(s State) bool {
	x := &a.states[s]
	return x.last && len(x.edges) == 0 && len(x.free) == 0 && len(x.calls) == 0
}

func (a *Automaton) push(back State, up *stack) *stack {
	key := stack{back: back, up: up}
	s, ok := a.stacks[key]
	if !ok {
		a.pushed++
		s = &stack{back: back, up: up, depth: 1, id: a.pushed}
		if up != nil {
			s.depth += up.depth
		}
		a.stacks[key] = s
	}
	return s
}

// needs is the depth that a thread needs to come to its end.
func (a *Automaton) needs(t thread) int32 { return t.up.size() + a.states[t.at].height }

func (s *stack) size() int32 {
	if s == nil {
		return 0
	}
	return s.depth
}

// intern returns the place of threads and of all that they lead to without a
// byte, and the work of finding it, the same whatever is kept.
func (a *Automaton) intern(first []thread, complete bool) (p *place, work int32) {
	seen := map[thread]bool{}
	var ready, todo []thread
	deep, scan := int32(0), int32(0)
	fits := func(t thread) bool {
		need := a.needs(t)
		deep = max(deep, need)
		return need <= MaxDepth
	}
	add := func(t thread) {
		if !seen[t] && fits(t) {
			seen[t] = true
			todo = append(todo, t)
		}
	}
	for _, t := range first {
		add(t)
	}
	for len(todo) > 0 && len(seen) <= maxThreads && work <= maxLooks {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		s := &a.states[t.at]
		work += int32(1 + len(s.free) + len(s.calls))
		if len(s.edges) > 0 {
			ready = append(ready, t)
			scan += int32(len(s.edges))
		}
		for _, to := range s.free {
			add(thread{to, t.up})
		}
		for _, c := range s.calls {
			switch {
			case a.plain(c.back):
				add(thread{a.rules[c.rule], t.up})
			case fits(thread{c.back, t.up}):
				add(thread{a.rules[c.rule], a.push(c.back, t.up)})
			}
		}
		switch {
		case !s.last:
		case t.up == nil:
			complete = true
		default:
			add(thread{t.up.back, t.up.up})
		}
	}
	if work += scan; len(seen) > maxThreads || work > maxLooks {
		return &place{over: true, age: a.age}, maxLooks
	}
	if len(ready) == 0 && !complete {
		return nowhere, work
	}
	slices.SortFunc(ready, func(x, y thread) int {
		if x.up != y.up {
			return compareStacks(x.up, y.up)
		}
		return int(x.at) - int(y.at)
	})
	key := make([]byte, 1, 5+12*len(ready))
	if complete {
		key[0] = 1
	}
	key = binary.LittleEndian.AppendUint32(key, uint32(deep))
	for _, t := range ready {
		key = binary.LittleEndian.AppendUint32(key, uint32(t.at))
		key = binary.LittleEndian.AppendUint64(key, t.up.number())
	}
	p, ok := a.kept[string(key)]
	if !ok {
		p = &place{
			threads: ready, complete: complete, deep: deep, age: a.age, scan: scan,
			next: make([]*place, a.classes), costs: make([]int32, a.classes),
		}
		a.kept[string(key)] = p
	}
	return p, work + int32(a.classes)
}

func (s *stack) number() uint64 {
	if s == nil {
		return 0
	}
	return s.id
}

func compareStacks(x, y *stack) int {
	if x.number() < y.number() {
		return -1
	}
	return 1
}

// step returns the place after one more byte, [nowhere] where nothing goes on.
func (a *Automaton) step(p *place, b byte) *place {
	if p.next == nil {
		return p // nowhere, or over
	}
	c := a.class[b]
	if p.next[c] == nil {
		p.next[c], p.costs[c] = a.find(p, b)
	}
	return p.next[c]
}

// charge is the work of a step that a walker has not been charged for yet.
func (p *place) charge(walk uint64, class uint8) int {
	if p.walk != walk {
		p.walk, p.charged = walk, [4]uint64{}
	}
	if p.costs == nil || p.charged[class>>6]>>(class&63)&1 != 0 {
		return 0
	}
	p.charged[class>>6] |= 1 << (class & 63)
	return int(p.costs[class])
}

// find is step where nobody looked yet, with its work.
func (a *Automaton) find(p *place, b byte) (next *place, work int32) {
	var to []thread
	for _, t := range p.threads {
		for _, e := range a.states[t.at].edges {
			if e.lo <= b && b <= e.hi {
				to = append(to, thread{e.to, t.up})
			}
		}
	}
	if len(to) == 0 {
		return nowhere, 1 + p.scan
	}
	next, work = a.intern(to, false)
	return next, work + p.scan
}

// Match reports whether text is a text of the grammar, and live whether it is
// the beginning of one. The error is [ErrLimit].
func (a *Automaton) Match(text []byte) (whole, live bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.start
	for _, c := range text {
		p = a.step(a.current(p), c)
	}
	if p.over {
		return false, false, errWays
	}
	return p.complete, p != nowhere, nil
}

var errWays = fmt.Errorf("%w: more than %d ways to read a text, or %d looks at a character", ErrLimit, maxThreads, maxLooks)

// current is a place among what is kept. Where that is too much it is let go of
// first.
func (a *Automaton) current(p *place) *place {
	if len(a.kept) > maxKept || len(a.stacks) > 4*maxKept || a.maskSize > maxMaskBytes {
		a.reset()
	}
	if p.age == a.age || p.next == nil {
		return p
	}
	threads := make([]thread, len(p.threads))
	again := map[*stack]*stack{}
	for i, t := range p.threads {
		threads[i] = thread{t.at, a.renew(t.up, again)}
	}
	p, _ = a.intern(threads, p.complete)
	return p
}

// renew pushes a stack of an earlier age; again has those that were.
func (a *Automaton) renew(s *stack, again map[*stack]*stack) *stack {
	if s == nil {
		return nil
	}
	n, ok := again[s]
	if !ok {
		n = a.push(s.back, a.renew(s.up, again))
		again[s] = n
	}
	return n
}

// String tells how large the automaton is.
func (a *Automaton) String() string {
	return fmt.Sprintf("%d rules, %d states, %d classes of bytes", len(a.rules), len(a.states), a.classes)
}
