package runes

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"unicode/utf8"
)

// Limits of one automaton.
const (
	// MaxStates bounds states: a pattern times a length of some thousands.
	MaxStates = 1 << 15
	// MaxCells bounds states × classes of characters, 4 bytes each.
	MaxCells = 1 << 22
)

// ErrLimit means an automaton above the limits.
var ErrLimit = errors.New("runes: an automaton is too large")

// Surrogates are no characters.
const (
	surrogates    = 0xD800
	surrogatesEnd = 0xE000
	end           = utf8.MaxRune + 1
)

// dead is where nothing goes on.
const dead = -1

// DFA is a set of texts. It does not change; state 0 is the start.
//
// Invariant: every state can reach an accepting one, but for the start of the
// empty set.
type DFA struct {
	cuts   []rune  // class c is cuts[c] … cuts[c+1]−1; cuts[0] = 0, the last class ends with Unicode
	next   []int32 // of state × classes + class
	accept []bool
}

// baseCuts are the bounds that every automaton has.
func baseCuts() []rune { return []rune{0, surrogates, surrogatesEnd} }

// cutsOf sorts bounds and makes them unique.
func cutsOf(cuts []rune) []rune {
	cuts = append(cuts, baseCuts()...)
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for len(cuts) > 0 && cuts[len(cuts)-1] >= end {
		cuts = cuts[:len(cuts)-1]
	}
	return cuts
}

// explore builds the automaton of states that steps lead to; step returns false
// where nothing goes on.
func explore[S comparable](w *Work, cuts []rune, start S, step func(S, rune) (S, bool), accept func(S) bool) (*DFA, error) {
	if err := w.Spend(setUnits); err != nil {
		return nil, err
	}
	d := &DFA{cuts: cuts}
	ids := map[S]int32{start: 0}
	states := []S{start}
	for i := 0; i < len(states); i++ {
		s := states[i]
		d.accept = append(d.accept, accept(s))
		if err := w.Spend(CellUnits * len(cuts)); err != nil {
			return nil, err
		}
		for _, r := range cuts {
			to := int32(dead)
			if r < surrogates || r >= surrogatesEnd {
				t, ok := step(s, r)
				if w.left < 0 { // a step spends, too
					return nil, w.Spend(0)
				}
				if ok {
					id, known := ids[t]
					if !known {
						id = int32(len(states))
						ids[t] = id
						states = append(states, t)
					}
					to = id
				}
			}
			d.next = append(d.next, to)
		}
		if len(states) > MaxStates || len(states)*len(cuts) > MaxCells {
			return nil, fmt.Errorf("%w: above %d states or %d transitions", ErrLimit, MaxStates, MaxCells)
		}
	}
	return d.trim(), nil
}

// Cells is how many transitions there are, with those that lead nowhere.
func (d *DFA) Cells() int { return len(d.next) }

// classes is how many classes of characters there are.
func (d *DFA) classes() int { return len(d.cuts) }

func (d *DFA) class(r rune) int {
	return sort.Search(len(d.cuts), func(i int) bool { return d.cuts[i] > r }) - 1
}

// trim takes out what reaches no accepting state.
func (d *DFA) trim() *DFA {
	n, k := len(d.accept), d.classes()
	back := make([][]int32, n)
	for i, to := range d.next {
		if to != dead {
			back[to] = append(back[to], int32(i/k))
		}
	}
	live := slices.Clone(d.accept)
	var todo []int32
	for s, ok := range live {
		if ok {
			todo = append(todo, int32(s))
		}
	}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, from := range back[s] {
			if !live[from] {
				live[from] = true
				todo = append(todo, from)
			}
		}
	}
	ids := make([]int32, n)
	kept := int32(0)
	for s := range ids {
		ids[s] = dead
		if live[s] || s == 0 {
			ids[s] = kept
			kept++
		}
	}
	out := &DFA{cuts: d.cuts}
	for s := range n {
		if ids[s] == dead {
			continue
		}
		out.accept = append(out.accept, d.accept[s])
		for _, to := range d.next[s*k : (s+1)*k] {
			if to != dead && live[to] {
				to = ids[to]
			} else {
				to = dead
			}
			out.next = append(out.next, to)
		}
	}
	return out.merge()
}

// merge joins neighbouring classes that nothing tells apart.
func (d *DFA) merge() *DFA {
	k := d.classes()
	keep := []int{0}
	for c := 1; c < k; c++ {
		same := d.cuts[c] != surrogates && d.cuts[c] != surrogatesEnd
		for s := 0; same && s < len(d.accept); s++ {
			same = d.next[s*k+c] == d.next[s*k+c-1]
		}
		if !same {
			keep = append(keep, c)
		}
	}
	if len(keep) == k {
		return d
	}
	out := &DFA{accept: d.accept}
	for _, c := range keep {
		out.cuts = append(out.cuts, d.cuts[c])
	}
	for s := range d.accept {
		for _, c := range keep {
			out.next = append(out.next, d.next[s*k+c])
		}
	}
	return out
}

// Empty reports whether there is no text in the set.
func (d *DFA) Empty() bool {
	if d.accept[0] {
		return false
	}
	for _, to := range d.next[:d.classes()] {
		if to != dead {
			return false
		}
	}
	return true
}

// States is how many states there are, at least 1.
func (d *DFA) States() int { return len(d.accept) }

// Accepts reports whether a text ends in state s.
func (d *DFA) Accepts(s int) bool { return d.accept[s] }

// Range is what goes from a state to another: the characters Lo … Hi.
type Range struct {
	Lo, Hi rune
	To     int
}

// Ranges returns what leaves a state, ascending; neighbours that go to the same
// state are one, but for the gap of surrogates.
func (d *DFA) Ranges(s int) []Range {
	var out []Range
	k := d.classes()
	for c, to := range d.next[s*k : (s+1)*k] {
		if to == dead {
			continue
		}
		hi := rune(utf8.MaxRune)
		if c+1 < k {
			hi = d.cuts[c+1] - 1
		}
		if n := len(out); n > 0 && out[n-1].To == int(to) && out[n-1].Hi == d.cuts[c]-1 {
			out[n-1].Hi = hi
			continue
		}
		out = append(out, Range{d.cuts[c], hi, int(to)})
	}
	return out
}

// Texts returns the texts, in order, where there are at most so many of them.
func (d *DFA) Texts(most int) (texts []string, ok bool) {
	var visit func(s int, text []rune) bool
	visit = func(s int, text []rune) bool {
		if len(text) > len(d.accept) { // a state came twice, and so could any number of times
			return false
		}
		if d.accept[s] {
			texts = append(texts, string(text))
		}
		for _, r := range d.Ranges(s) {
			for c := r.Lo; c <= r.Hi; c++ {
				if len(texts) > most || !visit(r.To, append(text, c)) {
					return false
				}
			}
		}
		return len(texts) <= most
	}
	if d.Empty() {
		return nil, true
	}
	ok = visit(0, nil)
	return texts, ok
}

// Has reports whether a text is in the set. What is no UTF-8 is not.
func (d *DFA) Has(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	s := int32(0)
	for _, r := range text {
		if s = d.next[int(s)*d.classes()+d.class(r)]; s == dead {
			return false
		}
	}
	return d.accept[s]
}
