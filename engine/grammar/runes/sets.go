package runes

import (
	"math"
	"slices"
)

// All is every text, None no text.
var (
	All  = constant(true)
	None = constant(false)
)

func constant(all bool) *DFA {
	d, err := explore(NewWork(), cutsOf(nil), 0, func(int, rune) (int, bool) { return 0, all }, func(int) bool { return all })
	if err != nil {
		panic(err) // one state
	}
	return d
}

// at is a state after one more character; dead stays dead.
func (d *DFA) at(s int32, r rune) int32 {
	if s == dead {
		return dead
	}
	return d.next[int(s)*d.classes()+d.class(r)]
}

func (d *DFA) ends(s int32) bool { return s != dead && d.accept[s] }

// pair is a state of two automata that run together.
type pair struct{ a, b int32 }

// combine runs two automata together; a text is in the result where keep says so
// of its being in each. alive tells which pairs can still come to something.
func (w *Work) combine(a, b *DFA, alive func(a, b bool) bool, keep func(a, b bool) bool) (*DFA, error) {
	if err := w.Spend(CellUnits * (len(a.cuts) + len(b.cuts))); err != nil {
		return nil, err
	}
	cuts := cutsOf(slices.Concat(a.cuts, b.cuts))
	return explore(w, cuts, pair{}, func(p pair, r rune) (pair, bool) {
		p = pair{a.at(p.a, r), b.at(p.b, r)}
		return p, alive(p.a != dead, p.b != dead)
	}, func(p pair) bool { return keep(a.ends(p.a), b.ends(p.b)) })
}

// And is the texts that are in both sets. The error is [ErrLimit].
func (w *Work) And(a, b *DFA) (*DFA, error) {
	switch {
	case a == All:
		return b, nil
	case b == All:
		return a, nil
	}
	both := func(a, b bool) bool { return a && b }
	return w.combine(a, b, both, both)
}

// Or is the texts that are in one of both sets. The error is [ErrLimit].
func (w *Work) Or(a, b *DFA) (*DFA, error) {
	one := func(a, b bool) bool { return a || b }
	return w.combine(a, b, one, one)
}

// Minus is the texts of a that are not in b. The error is [ErrLimit].
func (w *Work) Minus(a, b *DFA) (*DFA, error) {
	return w.combine(a, b, func(a, _ bool) bool { return a }, func(a, b bool) bool { return a && !b })
}

// Length is the texts of least … most characters; most −1 is no bound. The error
// is [ErrLimit].
func (w *Work) Length(least, most int) (*DFA, error) {
	last := max(least, most+1) // beyond, nothing changes
	if most < 0 {
		most, last = math.MaxInt, least
	}
	if last > MaxStates {
		return nil, ErrLimit
	}
	return explore(w, cutsOf(nil), 0,
		func(n int, _ rune) (int, bool) { return min(n+1, last), n < most },
		func(n int) bool { return n >= least && n <= most })
}

// Words is a few texts. The error is [ErrLimit].
func (w *Work) Words(words []string) (*DFA, error) {
	type node struct {
		next map[rune]int
		last bool
	}
	trie := []node{{next: map[rune]int{}}}
	var cuts []rune
	for _, word := range words {
		at := 0
		for _, r := range word {
			to, ok := trie[at].next[r]
			if !ok {
				to = len(trie)
				trie = append(trie, node{next: map[rune]int{}})
				trie[at].next[r] = to
				cuts = append(cuts, r, r+1)
			}
			at = to
		}
		trie[at].last = true
		if len(trie) > MaxStates {
			return nil, ErrLimit
		}
	}
	return explore(w, cutsOf(cuts), 0, func(s int, r rune) (int, bool) {
		to, ok := trie[s].next[r]
		return to, ok
	}, func(s int) bool { return trie[s].last })
}

// Machine is the set of the ASCII texts that a machine accepts: step takes one
// character of alphabet and returns false where nothing goes on. The error is
// [ErrLimit].
func Machine[S comparable](w *Work, alphabet string, start S, step func(S, byte) (S, bool), accept func(S) bool) (*DFA, error) {
	var cuts []rune
	for i := range len(alphabet) {
		cuts = append(cuts, rune(alphabet[i]), rune(alphabet[i])+1)
	}
	known := [128]bool{}
	for i := range len(alphabet) {
		known[alphabet[i]] = true
	}
	return explore(w, cutsOf(cuts), start, func(s S, r rune) (S, bool) {
		if r >= 128 || !known[r] {
			return s, false
		}
		return step(s, byte(r))
	}, accept)
}
