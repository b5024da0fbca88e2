package jsonschema

import (
	"fmt"
	"math/big"

	"github.com/assaynet/assay/engine/grammar/runes"
)

// The sets of simple values: null, false and true are bits.
const (
	bitNull = 1 << iota
	bitFalse
	bitTrue
	everyBit = 7
)

func boolBit(yes bool) uint8 {
	if yes {
		return bitTrue
	}
	return bitFalse
}

// algebra is how sets of one simple type are put together.
type algebra[T any] struct {
	every, none T
	and, or     func(a, b T) (T, error)
	minus       func(a, b T) (T, error)
	own         func(s *schema) (T, error) // what the schema's own keywords say
}

// simple finds which values of a simple type are a schema's.
type simple[T any] struct {
	algebra[T]
	schemas *[]*schema
	done    map[int]T
	active  map[int]bool
}

func newSimple[T any](schemas *[]*schema, a algebra[T]) *simple[T] {
	return &simple[T]{algebra: a, schemas: schemas, done: map[int]T{}, active: map[int]bool{}}
}

// of returns the values of a schema.
func (e *simple[T]) of(id int) (T, error) {
	if set, ok := e.done[id]; ok {
		return set, nil
	}
	if e.active[id] {
		return e.none, fmt.Errorf("%w leads back to itself without a value between", ErrReference)
	}
	e.active[id] = true
	set, err := e.find(id)
	delete(e.active, id)
	if err == nil {
		e.done[id] = set
	}
	return set, err
}

func (e *simple[T]) find(id int) (T, error) {
	s := (*e.schemas)[id]
	if s.never {
		return e.none, nil
	}
	set, err := e.own(s)
	if err != nil {
		return set, err
	}
	parts, err := e.parts(s)
	if err != nil {
		return set, err
	}
	for _, p := range parts {
		if set, err = e.and(set, p); err != nil {
			return set, err
		}
	}
	return set, nil
}

// conjuncts are sets that are all to hold.
type conjuncts[T any] []T

func (c *conjuncts[T]) add(set T, err error) error {
	*c = append(*c, set)
	return err
}

// parts are what the schemas within a schema ask for, all of which is to hold.
func (e *simple[T]) parts(s *schema) ([]T, error) {
	var parts conjuncts[T]
	for _, id := range s.all {
		if err := parts.add(e.of(id)); err != nil {
			return nil, err
		}
	}
	for _, ids := range s.some {
		if err := parts.add(e.exactly(ids, false)); err != nil {
			return nil, err
		}
	}
	for _, ids := range s.one {
		if err := parts.add(e.exactly(ids, true)); err != nil {
			return nil, err
		}
	}
	for _, id := range s.not {
		set, err := e.of(id)
		if err != nil {
			return nil, err
		}
		if err := parts.add(e.minus(e.every, set)); err != nil {
			return nil, err
		}
	}
	if s.when != none {
		if err := parts.add(e.choice(s)); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// exactly is what one of some schemas has: at least one, or only one.
func (e *simple[T]) exactly(ids []int, only bool) (T, error) {
	one, before := e.none, e.none
	for _, id := range ids {
		set, err := e.of(id)
		if err != nil {
			return one, err
		}
		if only {
			fresh, err := e.minus(set, before)
			if err != nil {
				return one, err
			}
			if one, err = e.minus(one, set); err != nil {
				return one, err
			}
			if before, err = e.or(before, set); err != nil {
				return one, err
			}
			set = fresh
		}
		if one, err = e.or(one, set); err != nil {
			return one, err
		}
	}
	return one, nil
}

// branch is what a schema leaves of a set, where there is one.
func (e *simple[T]) branch(set T, id int) (T, error) {
	if id == none {
		return set, nil
	}
	then, err := e.of(id)
	if err != nil {
		return set, err
	}
	return e.and(set, then)
}

// choice is what if, then and else leave.
func (e *simple[T]) choice(s *schema) (T, error) {
	when, err := e.of(s.when)
	if err != nil {
		return when, err
	}
	rest, err := e.minus(e.every, when)
	if err != nil {
		return when, err
	}
	if when, err = e.branch(when, s.so); err != nil {
		return when, err
	}
	if rest, err = e.branch(rest, s.other); err != nil {
		return when, err
	}
	return e.or(when, rest)
}

// bitSets is the algebra of null, false and true.
var bitSets = algebra[uint8]{
	every: everyBit,
	and:   func(a, b uint8) (uint8, error) { return a & b, nil },
	or:    func(a, b uint8) (uint8, error) { return a | b, nil },
	minus: func(a, b uint8) (uint8, error) { return a &^ b, nil },
	own: func(s *schema) (uint8, error) {
		set := uint8(everyBit)
		if s.types&typeNull == 0 {
			set &^= bitNull
		}
		if s.types&typeBool == 0 {
			set &^= bitFalse | bitTrue
		}
		if s.listed {
			set &= s.bits
		}
		return set, nil
	},
}

// stringSets is the algebra of strings, out of a budget.
func stringSets(w *runes.Work) algebra[*runes.DFA] {
	return algebra[*runes.DFA]{
		every: runes.All, none: runes.None, and: w.And, or: w.Or, minus: w.Minus,
		own: func(s *schema) (*runes.DFA, error) {
			if s.types&typeString == 0 {
				return runes.None, nil
			}
			set := runes.All
			if s.texts != nil {
				set = s.texts
			}
			if !s.listed {
				return set, nil
			}
			words, err := w.Words(s.words)
			if err != nil {
				return nil, err
			}
			return w.And(set, words)
		},
	}
}

// numberSets is the algebra of numbers, out of a budget.
func numberSets(w *runes.Work) algebra[numbers] {
	return algebra[numbers]{
		every: numbers{decimals, true}, none: numbers{runes.None, false},
		and: func(a, b numbers) (numbers, error) {
			switch {
			case a.every:
				return b, nil
			case b.every:
				return a, nil
			}
			texts, err := w.And(a.texts, b.texts)
			return numbers{texts, false}, err
		},
		or: func(a, b numbers) (numbers, error) {
			if a.every || b.every {
				return numbers{decimals, true}, nil
			}
			texts, err := w.Or(a.texts, b.texts)
			return numbers{texts, false}, err
		},
		minus: func(a, b numbers) (numbers, error) {
			texts, err := w.Minus(a.texts, b.texts)
			return numbers{texts, a.every && b.texts.Empty()}, err
		},
		own: func(s *schema) (numbers, error) { return numbersOf(w, s) },
	}
}

func numbersOf(w *runes.Work, s *schema) (n numbers, err error) {
	n = numbers{decimals, true}
	narrow := func(texts *runes.DFA, err error) error {
		if err == nil {
			n.texts, err = w.And(n.texts, texts)
		}
		n.every = false
		return err
	}
	switch s.types & (typeInteger | typeFraction) {
	case 0:
		return numbers{runes.None, false}, nil
	case typeInteger:
		n = numbers{integers, false}
	}
	if err == nil && s.numeric != nil {
		err = narrow(s.numeric, nil)
	}
	if err == nil && s.listed {
		err = narrow(oneOfNumbers(w, s.numbers))
	}
	return n, err
}

// oneOfNumbers is some numbers, joined by halves so that each is looked at only
// as often as there are halves.
func oneOfNumbers(w *runes.Work, list []*big.Rat) (*runes.DFA, error) {
	switch len(list) {
	case 0:
		return runes.None, nil
	case 1:
		return bounded(w, list[0], func(o int) bool { return o == 0 })
	}
	a, err := oneOfNumbers(w, list[:len(list)/2])
	if err != nil {
		return nil, err
	}
	b, err := oneOfNumbers(w, list[len(list)/2:])
	if err != nil {
		return nil, err
	}
	return w.Or(a, b)
}
