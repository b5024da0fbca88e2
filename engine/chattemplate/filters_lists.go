package chattemplate

import (
	"fmt"
	"strings"
)

// folded is a key of sorting: strings without their case, unless case counts.
func (r *run) folded(v value, sensitive bool) (value, error) {
	if t, ok := v.(Text); ok && !sensitive {
		return r.mapped(t, Text.lower)
	}
	return v, nil
}

func dictsortFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("dictsort", "case_sensitive?", "by?", "reverse?")
	if err != nil {
		return nil, err
	}
	at := 0
	if by := vs[1]; by != absent {
		t, _ := by.(Text)
		if t.s == "value" {
			at = 1
		} else if t.s != "key" {
			return nil, fail("dictsort is by key or by value")
		}
	}
	d, ok := v.(*dict)
	if !ok {
		return nil, fail("dictsort of a %s", kindOf(v))
	}
	pairs, err := d.items(r)
	if err != nil {
		return nil, err
	}
	items, err := r.sorted(pairs.items, given(vs[2]), func(v value) (value, error) {
		return r.folded(v.(*list).items[at], given(vs[0]))
	})
	return &list{items: items}, err
}

func sortFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("sort", "reverse?", "case_sensitive?", "attribute?")
	if err != nil {
		return nil, err
	}
	items, err := r.all(v)
	if err != nil {
		return nil, err
	}
	keys := []value{nil}
	if t, ok := vs[2].(Text); ok {
		keys = nil
		for part := range strings.SplitSeq(t.s, ",") {
			keys = append(keys, t.like(part))
		}
	} else if vs[2] != absent {
		keys = vs[2:]
	}
	// A list of keys for each item, as jinja2 does: equal ones then need no order.
	items, err = r.sorted(items, given(vs[0]), func(v value) (value, error) {
		if err := r.spend(len(keys), 0); err != nil {
			return nil, err
		}
		out := make([]value, len(keys))
		for i, key := range keys {
			x, err := r.path(v, key, nil)
			if err != nil {
				return nil, err
			}
			if out[i], err = r.folded(x, given(vs[1])); err != nil {
				return nil, err
			}
		}
		return &list{items: out}, nil
	})
	return &list{items: items}, err
}

// attribute is an argument that names an attribute: nil if there is none.
func optional(v value) value {
	if v == absent {
		return nil
	}
	return v
}

func uniqueFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("unique", "case_sensitive?", "attribute?")
	if err != nil {
		return nil, err
	}
	seen := &dict{}
	return r.lazily(v, func(r *run, v value) (value, bool, error) {
		x, err := r.path(v, optional(vs[1]), nil)
		if err != nil {
			return nil, false, err
		}
		key, err := r.folded(x, given(vs[0]))
		if err != nil {
			return nil, false, err
		}
		if in, err := r.contains(seen, key); err != nil || in {
			return nil, false, err
		}
		return v, true, seen.set(r, key, nil)
	})
}

// extremeFilter makes min and max.
func extremeFilter(most bool) filterFunc {
	return func(r *run, v value, a arguments) (value, error) {
		vs, err := a.bind("min", "case_sensitive?", "attribute?")
		if err != nil {
			return nil, err
		}
		items, err := r.all(v)
		if err != nil {
			return nil, err
		}
		if len(items) == 0 {
			return undefined{"least or most of nothing"}, nil
		}
		var best, bestKey value
		for i, x := range items {
			key, err := r.path(x, optional(vs[1]), nil)
			if err != nil {
				return nil, err
			}
			if key, err = r.folded(key, given(vs[0])); err != nil {
				return nil, err
			}
			c := 0
			if i > 0 {
				if c, err = r.compare(key, bestKey, 0); err != nil {
					return nil, err
				}
			}
			if i == 0 || c == 1 && most || c == -1 && !most {
				best, bestKey = x, key
			}
		}
		return best, nil
	}
}

func sumFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("sum", "attribute?", "start?")
	if err != nil {
		return nil, err
	}
	items, err := r.all(v)
	if err != nil {
		return nil, err
	}
	total := value(int64(0))
	if vs[1] != absent {
		total = vs[1]
	}
	if _, ok := total.(Text); ok {
		return nil, fail("sum of strings: use join")
	}
	for _, x := range items {
		if x, err = r.path(x, optional(vs[0]), nil); err != nil {
			return nil, err
		}
		if total, err = plus(r, total, x); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func groupFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("groupby", "attribute", "default?", "case_sensitive?")
	if err != nil {
		return nil, err
	}
	key := func(v value) (value, error) {
		x, err := r.path(v, vs[0], vs[1])
		if err != nil {
			return nil, err
		}
		return r.folded(x, given(vs[2]))
	}
	items, err := r.all(v)
	if err != nil {
		return nil, err
	}
	if items, err = r.sorted(items, false, key); err != nil {
		return nil, err
	}
	out := &list{}
	var group *list
	var last value
	for _, x := range items {
		k, err := key(x)
		if err != nil {
			return nil, err
		}
		same := false
		if group != nil {
			if same, err = r.equal(k, last, 0); err != nil {
				return nil, err
			}
		}
		if !same {
			shown, err := r.path(x, vs[0], vs[1])
			if err != nil {
				return nil, err
			}
			group, last = &list{}, k
			out.items = append(out.items, &list{items: []value{shown, group}, kind: aGroup})
		}
		group.items = append(group.items, x)
		if err := r.spend(1, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func batchFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("batch", "linecount", "fill_with?")
	if err != nil {
		return nil, err
	}
	return r.later(v, func(r *run) ([]value, error) {
		size, err := intOr(vs[0], 0)
		if err != nil {
			return nil, err
		}
		items, err := r.all(v)
		if err != nil {
			return nil, err
		}
		if size <= 0 { // the first item opens a batch that is never full
			size = int64(len(items))
			if vs[0] == int64(0) {
				return nil, fail("batch of no items is not supported")
			}
		}
		var out []value
		for len(items) > 0 {
			n := min(size, int64(len(items)))
			part := items[:n:n]
			items = items[n:]
			if fill := optional(vs[1]); fill != nil && n < size {
				if _, err := r.repeats(size-n, 1, 0); err != nil {
					return nil, err
				}
				for range size - n {
					part = append(part, fill)
				}
			}
			out = append(out, &list{items: part})
			if err := r.spend(2, 0); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

func sliceFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("slice", "slices", "fill_with?")
	if err != nil {
		return nil, err
	}
	return r.later(v, func(r *run) ([]value, error) {
		items, err := r.all(v)
		if err != nil {
			return nil, err
		}
		count, err := intOr(vs[0], 0)
		if err != nil {
			return nil, err
		}
		if count == 0 {
			return nil, fail("slice into no slices")
		}
		if _, err := r.repeats(count, 2, 0); err != nil {
			return nil, err
		}
		var out []value
		each, extra := int64(len(items))/max(1, count), int64(len(items))%max(1, count)
		for i := range count {
			n := each
			if i < extra {
				n++
			}
			part := items[:n:n]
			items = items[n:]
			if fill := optional(vs[1]); fill != nil && i >= extra {
				part = append(part, fill)
			}
			out = append(out, &list{items: part})
		}
		return out, nil
	})
}

// rangeOf is the function range. As in jinja2's sandbox it has at most maxRange
// numbers.
func rangeOf(r *run, a arguments) (value, error) {
	vs, err := a.bind("range", "/start", "/stop?", "/step?")
	if err != nil {
		return nil, err
	}
	if vs[1] == absent {
		vs[0], vs[1] = int64(0), vs[0]
	}
	if vs[2] == absent {
		vs[2] = int64(1)
	}
	var n [3]int64
	for i, v := range vs {
		var ok bool
		if n[i], ok = integer(v); !ok {
			return nil, fail("range of a %s", kindOf(v))
		}
	}
	out := &list{kind: aRange, start: n[0], stop: n[1], step: n[2]}
	if out.step == 0 {
		return nil, fail("range with a step of 0")
	}
	if out.step > 0 && out.start >= out.stop || out.step < 0 && out.start <= out.stop {
		return out, nil
	}
	// Differences of numbers of 64 bits fit into 64 bits without a sign.
	distance, stride := uint64(out.stop)-uint64(out.start), uint64(out.step)
	if out.step < 0 {
		distance, stride = -distance, -stride
	}
	count := (distance-1)/stride + 1
	if count > maxRange {
		return nil, fmt.Errorf("%w: a range of more than %d numbers", ErrLimit, maxRange)
	}
	if err := r.spend(int(count), 0); err != nil {
		return nil, err
	}
	out.items = make([]value, count)
	for i := range out.items {
		out.items[i] = out.start + int64(i)*out.step
	}
	return out, nil
}
