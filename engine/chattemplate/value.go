package chattemplate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// value is what an expression gives: nil (None), undefined, bool, int64, float64, Text, *list, *dict, *namespace, *function or *turn.
type value any

// undefined is the value of a name that stands for nothing.
type undefined struct{ name string }

// list is a list or a tuple.
type list struct {
	items []value
	// tuple is set for pairs of a dictionary. A tuple that a template writes is a list: the library's tree does not tell them apart.
	tuple bool
}

// dict is a dictionary in the order of insertion.
type dict struct {
	keys   []value
	values []value
	at     map[string]int // by hash
}

// namespace is the only value that can change (apart from loop's): its attributes are set by {% set ns.name = … %}.
type namespace struct{ dict }

// function is anything that can be called.
type function struct {
	name string
	call func(r *run, a arguments) (value, error)
}

// fail returns an ErrRun.
func fail(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrRun, fmt.Errorf(format, args...))
}

// kindOf names a value's kind as Python does.
func kindOf(v value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case undefined:
		return fmt.Sprintf("undefined %q", v.name)
	case bool:
		return "bool"
	case int64:
		return "int"
	case float64:
		return "float"
	case Text:
		return "str"
	case *list:
		return "list"
	case *dict:
		return "dict"
	case *namespace:
		return "namespace"
	case *function:
		return "function " + v.name
	case *turn:
		return "loop"
	}
	return "unknown"
}

func truth(v value) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case Text:
		return v.s != ""
	case *list:
		return len(v.items) > 0
	case *dict:
		return len(v.keys) > 0
	}
	return true
}

// hash is the same for two keys exactly if they are equal; ok is false for what cannot be a key.
func hash(v value) (h string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "none", true
	case Text:
		return "s" + v.s, true
	}
	if n, ok := integer(v); ok {
		return "n" + strconv.FormatInt(n, 10), true
	}
	if x, ok := v.(float64); ok {
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return "n" + strconv.FormatInt(int64(x), 10), true
		}
		return "f" + strconv.FormatFloat(x, 'g', -1, 64), true
	}
	return "", false
}

func (d *dict) get(key value) (value, bool) {
	h, ok := hash(key)
	if !ok {
		return nil, false
	}
	i, ok := d.at[h]
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

func (d *dict) set(r *run, key, v value) error {
	h, ok := hash(key)
	if !ok {
		return fail("a %s cannot be a key", kindOf(key))
	}
	if err := r.spend(2, len(h)); err != nil {
		return err
	}
	if i, ok := d.at[h]; ok {
		d.values[i] = v
		return nil
	}
	if d.at == nil {
		d.at = map[string]int{}
	}
	d.at[h] = len(d.keys)
	d.keys, d.values = append(d.keys, key), append(d.values, v)
	return nil
}

// items returns the pairs as lists of two.
func (d *dict) items(r *run) (value, error) {
	if err := r.spend(3*len(d.keys), 0); err != nil {
		return nil, err
	}
	out := make([]value, len(d.keys))
	for i, k := range d.keys {
		out[i] = &list{[]value{k, d.values[i]}, true}
	}
	return &list{items: out}, nil
}

// integer reads an int or, as Python does, a bool.
func integer(v value) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// number reads any number as a float.
func number(v value) (float64, bool) {
	if x, ok := v.(float64); ok {
		return x, true
	}
	n, ok := integer(v)
	return float64(n), ok
}

// iterate returns what a loop over v takes in turn.
func (r *run) iterate(v value) ([]value, error) {
	switch v := v.(type) {
	case undefined:
		return nil, nil
	case *list:
		return v.items, nil
	case *dict:
		return v.keys, nil
	case Text:
		if err := r.spend(v.chars(), v.Len()); err != nil {
			return nil, err
		}
		at := v.offsets()
		out := make([]value, len(at)-1)
		for i := range out {
			out[i] = v.Slice(at[i], at[i+1])
		}
		return out, nil
	}
	return nil, fail("a %s cannot be iterated over", kindOf(v))
}

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
	case nil:
		return b == nil, nil
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
		if !ok || len(a.items) != len(l.items) {
			return false, nil
		}
		for i := range a.items {
			if same, err := r.equal(a.items[i], l.items[i], depth+1); err != nil || !same {
				return false, err
			}
		}
		return true, nil
	case *dict:
		d, ok := b.(*dict)
		if !ok || len(a.keys) != len(d.keys) {
			return false, nil
		}
		for i, k := range a.keys {
			v, ok := d.get(k)
			if !ok {
				return false, nil
			}
			if same, err := r.equal(a.values[i], v, depth+1); err != nil || !same {
				return false, err
			}
		}
		return true, nil
	case *namespace:
		n, ok := b.(*namespace)
		return ok && a == n, nil
	case *function:
		f, ok := b.(*function)
		return ok && a == f, nil
	}
	return false, nil
}

// compare orders two numbers or two strings.
func (r *run) compare(a, b value) (int, error) {
	if i, ok := integer(a); ok {
		if j, ok := integer(b); ok {
			return cmp.Compare(i, j), nil
		}
	}
	if x, ok := number(a); ok {
		if y, ok := number(b); ok {
			return cmp.Compare(x, y), nil
		}
	}
	if s, ok := a.(Text); ok {
		if t, ok := b.(Text); ok {
			return cmp.Compare(s.s, t.s), r.spend(0, min(s.Len(), t.Len()))
		}
	}
	return 0, fail("%s and %s have no order", kindOf(a), kindOf(b))
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
		_, ok := in.get(v)
		return ok, r.spend(1, 0)
	case *list:
		for _, x := range in.items {
			if same, err := r.equal(x, v, 0); err != nil || same {
				return same, err
			}
		}
		return false, nil
	case undefined:
		return false, nil
	}
	return false, fail("%s holds nothing", kindOf(in))
}

// sorted returns the items in order, equal ones as they were.
func (r *run) sorted(items []value, key func(value) (value, error)) ([]value, error) {
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
		if failed = r.spend(1, 0); failed == nil {
			c, failed = r.compare(a.key, b.key)
		}
		return c
	})
	out := make([]value, len(pairs))
	for i := range pairs {
		out[i] = pairs[i].v
	}
	return out, failed
}
