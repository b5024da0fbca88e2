package grammar

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// Bounds of the work and memory of masks.
const (
	// maxMaskWork bounds a mask's work: bytes that are looked at, and stepUnits of
	// them for each look that the steps of the mask take where nothing is kept. So
	// it is the same whatever is.
	maxMaskWork = 1 << 23
	stepUnits   = 8
	// maxMaskBytes is how many bytes of masks are kept.
	maxMaskBytes = 32 << 20
)

// Mask is a set of tokens.
type Mask struct {
	words []uint64
	size  int
}

func newMask(size int) Mask { return Mask{words: make([]uint64, (size+63)/64), size: size} }

func (m *Mask) set(id int32) { m.words[id>>6] |= 1 << (id & 63) }

// Has reports whether a token is in the set.
func (m *Mask) Has(id int32) bool {
	return id >= 0 && int(id) < m.size && m.words[id>>6]>>(id&63)&1 != 0
}

// Count is how many tokens there are.
func (m *Mask) Count() int {
	n := 0
	for _, w := range m.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// Each calls f with each token, ascending.
func (m *Mask) Each(f func(id int32)) {
	for i, w := range m.words {
		for ; w != 0; w &= w - 1 {
			f(int32(i<<6 + bits.TrailingZeros64(w)))
		}
	}
}

// Words is the set as bits: token id is in it if bit id%64 of word id/64 is set.
// The caller does not change them.
func (m *Mask) Words() []uint64 { return m.words }

func (m *Mask) add(o *Mask) {
	for i, w := range o.words {
		m.words[i] |= w
	}
}

// local is what the threads of one stack allow, as far as they do not return
// further up: it is the same under every stack.
type local struct {
	mask  Mask
	exits [2][]int32 // nodes of the tries all and rest at which the rule can end
	cost  int
	deep  int32 // as of a place
}

// walker walks a trie.
type walker struct {
	a    *Automaton
	v    *Vocabulary
	id   uint64
	mask Mask
	cost int
	deep int32 // the most of the places
	over bool
	way  []*place // places of the bytes on the way
	ends []int32  // skips of the nodes on the way
}

func (a *Automaton) walker(v *Vocabulary) walker {
	a.walks++
	w := walker{a: a, v: v, id: a.walks, mask: newMask(v.size)}
	w.cost = len(w.mask.words)
	return w
}

// walk adds the tokens that a trie has in the nodes from … to−1, whose way begins
// at a place; exit is called where the text can be complete.
func (w *walker) walk(t *trie, p *place, from, to int32, exit func(node int32)) {
	way, ends := append(w.way[:0], p), append(w.ends[:0], to)
	for n := from; n < to; {
		for n >= ends[len(ends)-1] {
			way, ends = way[:len(way)-1], ends[:len(ends)-1]
		}
		top := way[len(way)-1]
		next := w.a.step(top, t.bytes[n])
		w.cost += 1 + stepUnits*top.charge(w.id, w.a.class[t.bytes[n]])
		if next == nowhere || w.cost > maxMaskWork {
			n = t.skip[n]
			continue
		}
		w.over, w.deep = w.over || next.over, max(w.deep, next.deep)
		if len(next.threads) > 0 || next.over {
			for _, id := range t.at(n) {
				w.mask.set(id)
			}
			way, ends = append(way, next), append(ends, t.skip[n])
			if next.complete {
				exit(n)
			}
			n++
			continue
		}
		exit(n)
		n = t.skip[n]
	}
	w.way, w.ends = way, ends
}

// localOf returns what the threads of one stack allow.
func (a *Automaton) localOf(v *Vocabulary, threads []thread) (*local, error) {
	key := make([]byte, 0, 4*len(threads))
	run := int32(0)
	for _, t := range threads {
		key = binary.LittleEndian.AppendUint32(key, uint32(t.at))
		run = max(run, a.states[t.at].run)
	}
	kept := a.masks[v]
	if kept == nil {
		kept = map[string]*local{}
		a.masks[v] = kept
	}
	if l, ok := kept[string(key)]; ok {
		return l, nil
	}
	bare := make([]thread, len(threads))
	for i, t := range threads {
		bare[i] = thread{t.at, nil}
	}
	p, work := a.intern(bare, false)
	l := &local{}
	w := a.walker(v)
	w.cost += stepUnits * int(work)
	w.everything(p, run, func(trie int, n int32) { l.exits[trie] = append(l.exits[trie], n) })
	if err := w.failed(); err != nil {
		return nil, err
	}
	l.mask, l.cost, l.deep = w.mask, w.cost, w.deep
	kept[string(key)] = l
	a.maskSize += int64(8*len(l.mask.words) + 4*(len(l.exits[0])+len(l.exits[1])) + 256)
	return l, nil
}

// everything walks the whole vocabulary from a place at which any run of
// characters can follow.
func (w *walker) everything(p *place, run int32, exit func(trie int, node int32)) {
	if run >= maxRun {
		w.mask.add(&w.v.easy)
		w.walk(&w.v.rest, p, 0, int32(len(w.v.rest.bytes)), func(n int32) { exit(1, n) })
		return
	}
	w.walk(&w.v.all, p, 0, int32(len(w.v.all.bytes)), func(n int32) { exit(0, n) })
}

func (w *walker) failed() error {
	if w.over {
		return errWays
	}
	if w.cost > maxMaskWork {
		return fmt.Errorf("%w: a mask takes more than %d steps", ErrLimit, maxMaskWork)
	}
	return nil
}

// maskOf returns the tokens after which the text is still live; without ends.
func (a *Automaton) maskOf(v *Vocabulary, p *place) (*Mask, error) {
	if p.mask != nil && p.of == v {
		return p.mask, nil
	}
	if p.over {
		return nil, errWays
	}
	// What stacks allow comes first, for its walkers charge for themselves.
	w := a.walker(v)
	var groups [][]thread
	var locals []*local
	for i := 0; i < len(p.threads); {
		j := i + 1
		for j < len(p.threads) && p.threads[j].up == p.threads[i].up {
			j++
		}
		l, err := a.localOf(v, p.threads[i:j])
		if err != nil {
			return nil, err
		}
		if w.cost += l.cost; w.cost > maxMaskWork {
			return nil, w.failed()
		}
		groups, locals = append(groups, p.threads[i:j]), append(locals, l)
		i = j
	}
	for i, l := range locals {
		a.under(&w, groups[i], l)
		if err := w.failed(); err != nil {
			return nil, err
		}
	}
	p.mask, p.of = &w.mask, v
	a.maskSize += int64(8 * len(w.mask.words))
	return p.mask, nil
}

// under adds what the threads of one stack allow under it.
func (a *Automaton) under(w *walker, threads []thread, l *local) {
	up := threads[0].up
	if up.size()+l.deep <= MaxDepth {
		w.mask.add(&l.mask)
		a.leave(w, l, up)
		return
	}
	// So deep it matters how deep.
	p, work := a.intern(slices.Clone(threads), false)
	w.cost += stepUnits * int(work)
	tries := []*trie{&w.v.all, &w.v.rest}
	w.everything(p, 0, func(trie int, n int32) {
		for _, id := range tries[trie].at(n) {
			w.mask.set(id)
		}
	})
}

// leave adds the tokens that go on where a rule ends, under its stack.
func (a *Automaton) leave(w *walker, l *local, up *stack) {
	var out *place
	if up != nil {
		var work int32
		out, work = a.intern([]thread{{up.back, up.up}}, false)
		w.cost += stepUnits * int(work)
		if out == nowhere {
			return
		}
		w.over = w.over || out.over
	}
	for k, t := range []*trie{&w.v.all, &w.v.rest} {
		for _, n := range l.exits[k] {
			for _, id := range t.at(n) {
				w.mask.set(id)
			}
			if out != nil && len(out.threads) > 0 && t.skip[n] > n+1 {
				w.walk(t, out, n+1, t.skip[n], func(m int32) {
					for _, id := range t.at(m) {
						w.mask.set(id)
					}
				})
			}
		}
	}
}

func (m *Mask) clone() *Mask {
	c := newMask(m.size)
	copy(c.words, m.words)
	return &c
}
