package chattemplate

import (
	"fmt"
	"math"
	"strconv"
	"unsafe"
)

// value is what an expression gives: nil (None), undefined, bool, int64,
// float64, Text, *list, *dict, *iterator, *namespace, *cycler, *function or
// *turn.
type value any

// undefined is the value of a name that stands for nothing.
type undefined struct{ name string }

// listKind is what a list is to Python.
type listKind uint8

const (
	aList listKind = iota
	aTuple
	aGroup // the tuple (grouper, list) of groupby
	aRange
	aKeys // of a dictionary
	aValues
	aItems
)

// list is a list, a tuple, a range or a view of a dictionary. It does not change.
type list struct {
	items []value
	kind  listKind
	// start, stop and step are those of a range.
	start, stop, step int64
}

// isTuple reports whether a list is a tuple.
func (l *list) isTuple() bool { return l.kind == aTuple || l.kind == aGroup }

// isView reports whether a list is a view of a dictionary, which has no items
// by number.
func (l *list) isView() bool { return l.kind >= aKeys }

// dict is a dictionary in the order of insertion.
type dict struct {
	keys   []value
	values []value
	at     map[string]int // by hash
}

// namespace is a value that can change: its attributes are set by {% set
// ns.name = … %}.
type namespace struct{ dict }

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
		return fmt.Sprintf("undefined %.80q", v.name)
	case bool:
		return "bool"
	case int64:
		return "int"
	case float64:
		return "float"
	case Text:
		return "str"
	case *list:
		return [...]string{"list", "tuple", "tuple", "range", "dict_keys", "dict_values", "dict_items"}[v.kind]
	case *dict:
		return "dict"
	case *iterator:
		return "generator"
	case *namespace:
		return "namespace"
	case *cycler:
		return "cycler"
	case *function:
		return fmt.Sprintf("function %.80s", v.name)
	case *turn:
		return "loop"
	case missing:
		return "missing argument"
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

// length is Python's len of what has one without being used up.
func length(v value) (int, bool) {
	switch v := v.(type) {
	case undefined:
		return 0, true
	case Text:
		return v.chars(), true
	case *list:
		return len(v.items), true
	case *dict:
		return len(v.keys), true
	}
	return 0, false
}

// hash is the same for two keys exactly if they are equal; ok is false for what
// cannot be a key.
func (r *run) hash(v value, depth int) (h string, ok bool, err error) {
	if l, ok := v.(*list); ok {
		if !l.isTuple() && l.kind != aRange || depth > maxDeep {
			return "", false, nil
		}
		return r.hashTuple(l, depth)
	}
	h, ok = hash(v)
	return h, ok, r.spend(1, len(h))
}

func (r *run) hashTuple(l *list, depth int) (h string, ok bool, err error) {
	h = "t"
	if l.kind == aRange {
		h = "r"
	}
	for _, x := range l.items {
		part, ok, err := r.hash(x, depth+1)
		if err != nil || !ok {
			return "", false, err
		}
		if err := r.spend(1, len(h)+len(part)); err != nil {
			return "", false, err
		}
		h += strconv.Itoa(len(part)) + ":" + part
	}
	return h, true, nil
}

func hash(v value) (h string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "none", true
	case undefined:
		return "undefined", true
	case Text:
		return "s" + v.s, true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<63 {
			return "n" + strconv.FormatInt(int64(v), 10), true
		}
		return "f" + strconv.FormatFloat(v, 'g', -1, 64), true
	}
	if n, ok := integer(v); ok {
		return "n" + strconv.FormatInt(n, 10), true
	}
	return "", false
}

func (d *dict) get(r *run, key value) (value, bool, error) {
	h, ok, err := r.hash(key, 0)
	if !ok || err != nil {
		return nil, false, err
	}
	i, ok := d.at[h]
	if !ok {
		return nil, false, nil
	}
	return d.values[i], true, nil
}

// field is what a dictionary holds under a string.
func (d *dict) field(name string) (value, bool) {
	if i, ok := d.at["s"+name]; ok {
		return d.values[i], true
	}
	return nil, false
}

func (d *dict) set(r *run, key, v value) error {
	h, ok, err := r.hash(key, 0)
	if err != nil {
		return err
	}
	if !ok {
		return fail("a %s cannot be a key", kindOf(key))
	}
	if i, ok := d.at[h]; ok {
		d.values[i] = v
		return nil
	}
	if err := r.spend(1, 0); err != nil {
		return err
	}
	if d.at == nil {
		d.at = map[string]int{}
	}
	d.at[h] = len(d.keys)
	d.keys, d.values = append(d.keys, key), append(d.values, v)
	return nil
}

// items returns the pairs as tuples.
func (d *dict) items(r *run) (*list, error) {
	if err := r.spend(3*len(d.keys), 0); err != nil {
		return nil, err
	}
	out := make([]value, len(d.keys))
	for i, k := range d.keys {
		out[i] = &list{items: []value{k, d.values[i]}, kind: aTuple}
	}
	return &list{items: out, kind: aItems}, nil
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

// same is Python's "is", as far as values have an identity: strings are the
// same if they are one string, or of at most one character, and numbers if they
// are equal.
func same(a, b value) bool {
	switch a := a.(type) {
	case undefined:
		return false // each use of an undefined name makes a new one
	case Text:
		t, ok := b.(Text)
		return ok && len(a.s) == len(t.s) && (a.s == t.s && len(a.s) < 2 || unsafe.StringData(a.s) == unsafe.StringData(t.s))
	case *list:
		l, ok := b.(*list)
		return ok && (a == l || a.kind == aTuple && l.kind == aTuple && len(a.items)+len(l.items) == 0)
	case missing:
		return false
	}
	return a == b
}
