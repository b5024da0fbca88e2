package chattemplate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// equal is Python's ==.
func (r *run) equal(a, b value, depth int) (bool, error) {
	if depth > maxDeep {
		return false, fmt.Errorf("%w: values nested more than %d deep", ErrLimit, maxDeep)
	}
	if err := r.spend(1, 0); err != nil {
		return false, err
	}
	if x, ok := number(a); ok {
		if i, ok := integer(a); ok {
			if j, ok := integer(b); ok {
				return i == j, nil
			}
		}
		y, ok := number(b)
		return ok && x == y, nil
	}
	switch a := a.(type) {
	case undefined:
		_, ok := b.(undefined)
		return ok, nil
	case Text:
		t, ok := b.(Text)
		if !ok || len(a.s) != len(t.s) {
			return false, nil
		}
		return a.s == t.s, r.spend(0, len(a.s))
	case *list:
		l, ok := b.(*list)
		if !ok {
			return false, nil
		}
		return r.equalLists(a, l, depth)
	case *dict:
		d, ok := b.(*dict)
		if !ok {
			return false, nil
		}
		return r.equalDicts(a, d, depth)
	}
	return same(a, b), nil
}

func (r *run) equalLists(a, b *list, depth int) (bool, error) {
	switch {
	case a.isTuple() != b.isTuple() || !a.isTuple() && a.kind != b.kind:
		return false, nil
	case a.kind == aValues:
		return a == b, nil
	case len(a.items) != len(b.items):
		return false, nil
	case a.kind == aKeys || a.kind == aItems:
		for _, x := range a.items { // as sets
			if in, err := r.contains(b, x); err != nil || !in {
				return false, err
			}
		}
		return true, nil
	}
	for i := range a.items {
		if same(a.items[i], b.items[i]) {
			if err := r.spend(1, 0); err != nil {
				return false, err
			}
			continue
		}
		if same, err := r.equal(a.items[i], b.items[i], depth+1); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

func (r *run) equalDicts(a, b *dict, depth int) (bool, error) {
	if len(a.keys) != len(b.keys) {
		return false, nil
	}
	for i, k := range a.keys {
		v, ok, err := b.get(r, k)
		if err != nil || !ok {
			return false, err
		}
		if same, err := r.equal(a.values[i], v, depth+1); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// unordered is what compare gives for a number and one that is none (NaN).
const unordered = 2

// compare orders two numbers, two strings, two lists or two tuples.
func (r *run) compare(a, b value, depth int) (int, error) {
	if depth > maxDeep {
		return 0, fmt.Errorf("%w: values nested more than %d deep", ErrLimit, maxDeep)
	}
	if err := r.spend(1, 0); err != nil {
		return 0, err
	}
	if i, ok := integer(a); ok {
		if j, ok := integer(b); ok {
			return cmp.Compare(i, j), nil
		}
	}
	if x, ok := number(a); ok {
		if y, ok := number(b); ok {
			if math.IsNaN(x) || math.IsNaN(y) {
				return unordered, nil
			}
			return cmp.Compare(x, y), nil
		}
	}
	switch a := a.(type) {
	case Text:
		if t, ok := b.(Text); ok {
			return cmp.Compare(a.s, t.s), r.spend(0, min(a.Len(), t.Len()))
		}
	case *list:
		if l, ok := b.(*list); ok && (a.isTuple() && l.isTuple() || a.kind == aList && l.kind == aList) {
			return r.compareLists(a, l, depth)
		}
	}
	return 0, fail("%s and %s have no order", kindOf(a), kindOf(b))
}

// compareLists orders by the first items that are not equal, or by length.
func (r *run) compareLists(a, b *list, depth int) (int, error) {
	for i := range min(len(a.items), len(b.items)) {
		if same, err := r.equal(a.items[i], b.items[i], depth+1); err != nil || !same {
			if err != nil {
				return 0, err
			}
			return r.compare(a.items[i], b.items[i], depth+1)
		}
	}
	return cmp.Compare(len(a.items), len(b.items)), nil
}

// contains is Python's "v in in".
func (r *run) contains(in, v value) (bool, error) {
	switch in := in.(type) {
	case Text:
		part, ok := v.(Text)
		if !ok {
			return false, fail("a %s is never in a str", kindOf(v))
		}
		i, err := r.find(in, part, 0)
		return i >= 0, err
	case *dict:
		h, ok, err := r.hash(v, 0)
		if err != nil {
			return false, err
		}
		if !ok {
			return false, fail("a %s cannot be a key", kindOf(v))
		}
		_, ok = in.at[h]
		return ok, nil
	case undefined:
		return false, nil
	}
	items, err := r.iter(in)
	if err != nil {
		return false, fail("%s holds nothing", kindOf(in))
	}
	for {
		x, ok, err := items.next(r)
		if err != nil || !ok {
			return false, err
		}
		if same(x, v) {
			return true, r.spend(1, 0)
		}
		if same, err := r.equal(x, v, 0); err != nil || same {
			return same, err
		}
	}
}

// sorted returns the items in the order of what key makes of them, equal ones
// as they were, also in reverse.
func (r *run) sorted(items []value, reverse bool, key func(value) (value, error)) ([]value, error) {
	// n·log n comparisons, each of which spends by itself.
	if err := r.spend(len(items), 0); err != nil {
		return nil, err
	}
	type pair struct{ key, v value }
	pairs := make([]pair, len(items))
	for i, v := range items {
		k, err := key(v)
		if err != nil {
			return nil, err
		}
		pairs[i] = pair{k, v}
	}
	var failed error
	slices.SortStableFunc(pairs, func(a, b pair) int {
		if failed != nil {
			return 0
		}
		var c int
		if reverse {
			a, b = b, a
		}
		c, failed = r.compare(a.key, b.key, 0)
		return c % unordered
	})
	out := make([]value, len(pairs))
	for i := range pairs {
		out[i] = pairs[i].v
	}
	return out, failed
}
