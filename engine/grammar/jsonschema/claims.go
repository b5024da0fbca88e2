package jsonschema

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/engine/grammar/runes"
)

// What a schema says of arrays and objects is a disjunction of conjunctions of
// claims. Schemas of items and of values of properties stay what they are, a
// literal, and are looked at when the value's own rule is made; so recursion ends.

// literal is a schema that holds (its number + 1) or does not (the negative).
type literal int

func holds(id int) literal { return literal(id + 1) }

func (l literal) id() int {
	if l < 0 {
		return int(-l) - 1
	}
	return int(l) - 1
}

// claimKind is what a claim is about.
type claimKind int

const (
	claimProperties claimKind = iota // properties, patternProperties, additionalProperties of a schema
	claimHas                         // the property name is there, and of a literal
	claimAbsent                      // the property name is not there
	claimSome                        // some property whose name is of texts is of a literal
	claimCount                       // least … most properties
	claimNames                       // all names are of texts
	claimItems                       // prefixItems and items of a schema
	claimItem                        // item number least is there, and of a literal
	claimContains                    // from item number from on, least … most are of a literal
	claimLength                      // least … most items
	claimRest                        // items from number from on are of a literal, or of one of others
	claimUnique                      // no two items are equal
)

// claim is one statement about an array or object.
type claim struct {
	kind        claimKind
	silent      bool    // it comes from what does not hold: nothing counts as evaluated by it
	properties  []named // of claimProperties; a schema none is any value
	patterns    []named
	additional  int
	prefix      []int // of claimItems
	items       int
	name        string
	literal     literal // 0: none
	texts       *runes.DFA
	from        int
	least, most int // most none: no bound
	others      []literal
}

// claims hold together.
type claims []claim

// maxWays bounds the conjunctions of a schema.
const maxWays = 512

// finder finds claims.
type finder struct {
	c      *compiler
	array  bool
	active map[int]bool
}

// bit is the type that is looked at.
func (f *finder) bit() uint8 {
	if f.array {
		return typeArray
	}
	return typeObject
}

// product is each way of a together with each of b.
func (f *finder) product(a, b []claims) ([]claims, error) {
	if len(a)*len(b) > maxWays {
		return nil, fmt.Errorf("%w: a schema has more than %d ways to hold", ErrLimit, maxWays)
	}
	units := wayUnits * len(a) * len(b)
	for _, x := range a {
		units += claimUnits * len(b) * len(x)
	}
	for _, y := range b {
		units += claimUnits * len(a) * len(y)
	}
	if err := f.c.work.Spend(units); err != nil {
		return nil, err
	}
	out := make([]claims, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, slices.Concat(x, y))
		}
	}
	return out, nil
}

var always = []claims{nil}

// ways returns how a schema holds, or does not; fine tells apart which of its
// alternatives hold, which unevaluatedProperties and unevaluatedItems look at.
func (f *finder) ways(id int, not, fine bool) ([]claims, error) {
	if f.active[id] {
		return nil, fmt.Errorf("%w leads back to itself without a value between", ErrReference)
	}
	s := f.c.schemas[id]
	if err := f.c.work.Spend(wayUnits + lookUnits*s.size()); err != nil {
		return nil, err
	}
	f.active[id] = true
	defer delete(f.active, id)
	switch {
	case s.never || s.types&f.bit() == 0:
		if not {
			return always, nil
		}
		return nil, nil
	case not && (s.unevaluatedItems != none && f.array || s.unevaluatedProperties != none && !f.array):
		return nil, fmt.Errorf("%w: unevaluated items or properties in what is not to hold", ErrUnsupported)
	}
	fine = fine || s.unevaluatedItems != none && f.array || s.unevaluatedProperties != none && !f.array
	parts, err := f.parts(s, fine)
	if err != nil {
		return nil, err
	}
	if not {
		var out []claims
		for _, p := range parts {
			ways, err := p(true)
			if err != nil {
				return nil, err
			}
			if out = append(out, silenced(ways)...); len(out) > maxWays {
				return nil, fmt.Errorf("%w: a schema has more than %d ways not to hold", ErrLimit, maxWays)
			}
		}
		return out, nil
	}
	out := always
	for _, p := range parts {
		ways, err := p(false)
		if err != nil {
			return nil, err
		}
		if out, err = f.product(out, ways); err != nil {
			return nil, err
		}
	}
	return f.unevaluated(s, out)
}

// part is one of the statements of a schema, all of which are to hold.
type part func(not bool) ([]claims, error)

func (f *finder) parts(s *schema, fine bool) ([]part, error) {
	var parts []part
	if s.listed {
		parts = append(parts, f.anyOf(s.others, fine))
	}
	var own []part
	var err error
	if f.array {
		own = f.arrayParts(s)
	} else {
		own, err = f.objectParts(s, fine)
	}
	if err != nil {
		return nil, err
	}
	parts = append(parts, own...)
	for _, id := range s.all {
		parts = append(parts, func(not bool) ([]claims, error) { return f.ways(id, not, fine) })
	}
	for _, ids := range s.some {
		parts = append(parts, f.anyOf(ids, fine))
	}
	for _, ids := range s.one {
		parts = append(parts, f.oneOf(ids, fine))
	}
	for _, id := range s.not {
		parts = append(parts, func(not bool) ([]claims, error) { return f.ways(id, !not, false) })
	}
	if s.when != none {
		parts = append(parts, f.choice(s, fine))
	}
	return parts, nil
}

// both joins two ways to hold, each of several conjunctions.
func (f *finder) both(a, b int, notA, notB, fine bool) ([]claims, error) {
	x, err := f.ways(a, notA, fine)
	if err != nil || b == none {
		return x, err
	}
	y, err := f.ways(b, notB, fine)
	if err != nil {
		return nil, err
	}
	return f.product(x, y)
}

// choice is if, then and else.
func (f *finder) choice(s *schema, fine bool) part {
	return func(not bool) ([]claims, error) {
		var out []claims
		for _, branch := range []struct {
			then    int
			notWhen bool
		}{{s.so, false}, {s.other, true}} {
			if not && branch.then == none {
				continue
			}
			ways, err := f.both(s.when, branch.then, branch.notWhen, not, fine)
			if err != nil {
				return nil, err
			}
			out = append(out, ways...)
		}
		return out, nil
	}
}

// none of some schemas holds.
func (f *finder) noneOf(ids []int) ([]claims, error) {
	out := always
	for _, id := range ids {
		ways, err := f.ways(id, true, false)
		if err != nil {
			return nil, err
		}
		if out, err = f.product(out, ways); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// anyOf is that at least one of some schemas holds. Where it is to be known which,
// each set of them that can hold is a way of its own.
func (f *finder) anyOf(ids []int, fine bool) part {
	return func(not bool) ([]claims, error) {
		if not {
			return f.noneOf(ids)
		}
		if fine && len(ids) > 1 {
			return f.subsets(ids, func(n int) bool { return n > 0 })
		}
		var out []claims
		for _, id := range ids {
			ways, err := f.ways(id, false, fine)
			if err != nil {
				return nil, err
			}
			if out = append(out, ways...); len(out) > maxWays {
				return nil, fmt.Errorf("%w: a schema has more than %d ways to hold", ErrLimit, maxWays)
			}
		}
		return out, nil
	}
}

// oneOf is that one of some schemas holds and no other.
func (f *finder) oneOf(ids []int, fine bool) part {
	return func(not bool) ([]claims, error) {
		if not {
			return f.subsets(ids, func(n int) bool { return n != 1 })
		}
		var out []claims
		for i, id := range ids {
			ways, err := f.ways(id, false, fine)
			if err != nil {
				return nil, err
			}
			for j, other := range ids {
				if i == j || len(ways) == 0 {
					continue
				}
				fails, err := f.ways(other, true, false)
				if err != nil {
					return nil, err
				}
				if ways, err = f.product(ways, fails); err != nil {
					return nil, err
				}
			}
			out = append(out, ways...)
		}
		return out, nil
	}
}

// maxSubsets bounds the schemas of which each set is a way of its own.
const maxSubsets = 6

// subsets are the ways in which as many of some schemas hold as keep wants, and
// the others do not.
func (f *finder) subsets(ids []int, keep func(n int) bool) ([]claims, error) {
	if len(ids) > maxSubsets {
		return nil, fmt.Errorf("%w: more than %d alternatives, of which it must be known which hold", ErrLimit, maxSubsets)
	}
	var out []claims
	for set := range 1 << len(ids) {
		ways, n := always, 0
		for i, id := range ids {
			yes := set>>i&1 == 1
			if yes {
				n++
			}
			more, err := f.ways(id, !yes, true)
			if err != nil {
				return nil, err
			}
			if ways, err = f.product(ways, more); err != nil {
				return nil, err
			}
		}
		if keep(n) {
			out = append(out, ways...)
		}
	}
	if len(out) > maxWays {
		return nil, fmt.Errorf("%w: a schema has more than %d ways to hold", ErrLimit, maxWays)
	}
	return out, nil
}
