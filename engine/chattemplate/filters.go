package chattemplate

import (
	"strconv"
	"strings"
	"unicode"
)

type filterFunc func(r *run, v value, a arguments) (value, error)

// filters are jinja2's, by name. A function, for some filters call others.
func filters(name string) filterFunc {
	if f := textFilters(name); f != nil {
		return f
	}
	switch name {
	case "length", "count":
		return lengthFilter
	case "default", "d":
		return defaultFilter
	case "join":
		return joinFilter
	case "first", "last":
		return endFilter(name == "first")
	case "list":
		return listFilter
	case "reverse":
		return reverseFilter
	case "int":
		return intFilter
	case "float":
		return floatFilter
	case "abs":
		return absFilter
	case "round":
		return roundFilter
	case "tojson":
		return jsonFilter
	case "items":
		return itemsFilter
	case "dictsort":
		return dictsortFilter
	case "sort":
		return sortFilter
	case "unique":
		return uniqueFilter
	case "min", "max":
		return extremeFilter(name == "max")
	case "sum":
		return sumFilter
	case "groupby":
		return groupFilter
	case "batch":
		return batchFilter
	case "slice":
		return sliceFilter
	case "map":
		return mapFilter
	case "attr":
		return attrFilter
	case "select", "reject":
		return selectFilter(name == "select", false)
	case "selectattr", "rejectattr":
		return selectFilter(name == "selectattr", true)
	}
	return nil
}

func (r *run) filter(name string, v value, a arguments) (value, error) {
	f := filters(name)
	if f == nil {
		return nil, fail("the filter %.80q is not supported", name)
	}
	return f(r, v, a)
}

func lengthFilter(_ *run, v value, a arguments) (value, error) {
	if _, err := a.bind("length"); err != nil {
		return nil, err
	}
	n, ok := length(v)
	if !ok {
		return nil, fail("a %s has no length", kindOf(v))
	}
	return int64(n), nil
}

func defaultFilter(_ *run, v value, a arguments) (value, error) {
	vs, err := a.bind("default", "default_value?", "boolean?")
	if err != nil {
		return nil, err
	}
	_, isUndefined := v.(undefined)
	if !isUndefined && (!given(vs[1]) || truth(v)) {
		return v, nil
	}
	if vs[0] == absent {
		return Text{}, nil
	}
	return vs[0], nil
}

func joinFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("join", "d?", "attribute?")
	if err != nil {
		return nil, err
	}
	var sep Text
	if vs[0] != absent {
		if sep, err = r.str(vs[0]); err != nil {
			return nil, err
		}
	}
	items, err := r.all(v)
	if err != nil {
		return nil, err
	}
	if vs[1] != absent && vs[1] != nil {
		out := make([]value, len(items))
		for i, v := range items {
			if out[i], err = r.path(v, vs[1], nil); err != nil {
				return nil, err
			}
		}
		items = out
	}
	return r.joinAll(items, sep)
}

// path reads an attribute as filters name them: "a.b.0". What is not there is
// what otherwise says, unless that is nil.
func (r *run) path(v, name, otherwise value) (value, error) {
	if name == nil {
		return v, nil
	}
	t, ok := name.(Text)
	if !ok {
		v, err := r.item(v, name)
		return instead(v, otherwise), err
	}
	for part := range strings.SplitSeq(t.s, ".") {
		if err := r.spend(1, len(part)); err != nil {
			return nil, err
		}
		key := value(t.like(part))
		if part != "" && strings.Trim(part, "0123456789") == "" {
			i, err := strconv.ParseInt(part, 10, 64)
			if err != nil {
				return nil, errBigNumber
			}
			key = i
		}
		var err error
		if v, err = r.item(v, key); err != nil {
			return nil, err
		}
		v = instead(v, otherwise)
	}
	return v, nil
}

func instead(v, otherwise value) value {
	if _, gone := v.(undefined); gone && otherwise != nil && otherwise != absent {
		return otherwise
	}
	return v
}

// endFilter makes first and last.
func endFilter(first bool) filterFunc {
	return func(r *run, v value, a arguments) (value, error) {
		if _, err := a.bind("first"); err != nil {
			return nil, err
		}
		if _, once := v.(*iterator); once && !first {
			return nil, fail("last of a generator: make it a list before")
		}
		items, err := r.iter(v)
		if err != nil {
			return nil, err
		}
		if !first {
			items = &iterator{items: items.items[max(0, len(items.items)-1):]}
		}
		x, ok, err := items.next(r)
		if !ok {
			return undefined{"first or last of nothing"}, err
		}
		return x, nil
	}
}

func listFilter(r *run, v value, a arguments) (value, error) {
	if _, err := a.bind("list"); err != nil {
		return nil, err
	}
	items, err := r.all(v)
	return &list{items: items}, err
}

func reverseFilter(r *run, v value, a arguments) (value, error) {
	if _, err := a.bind("reverse"); err != nil {
		return nil, err
	}
	t, isText := v.(Text)
	items, err := r.all(v)
	if err != nil {
		return nil, err
	}
	if err := r.spend(len(items), t.Len()); err != nil {
		return nil, err
	}
	out := make([]value, len(items))
	for i, x := range items {
		out[len(out)-1-i] = x
	}
	if isText {
		var b builder
		for _, x := range out {
			b.add(x.(Text))
		}
		return b.text().as(t.markup), nil
	}
	if _, once := v.(*iterator); once {
		return &list{items: out}, nil
	}
	return &iterator{items: out}, nil
}

func itemsFilter(r *run, v value, a arguments) (value, error) {
	if _, err := a.bind("items"); err != nil {
		return nil, err
	}
	return r.later(v, func(r *run) ([]value, error) {
		switch v := v.(type) {
		case undefined:
			return nil, nil
		case *dict:
			l, err := v.items(r)
			if err != nil {
				return nil, err
			}
			return l.items, nil
		}
		return nil, fail("items of a %s", kindOf(v))
	})
}

func attrFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("attr", "name")
	if err != nil {
		return nil, err
	}
	name, err := textOf(vs[0])
	if err != nil {
		return nil, err
	}
	if _, isDict := v.(*dict); isDict {
		if m, ok := method(v, name.s); ok {
			return m, nil
		}
		return undefined{name.s}, nil
	}
	return r.attribute(v, name.s)
}

func mapFilter(r *run, v value, a arguments) (value, error) {
	if !truth(v) {
		return &iterator{}, r.spend(1, 0)
	}
	if len(a.positional) == 0 {
		by := a.take("attribute")
		otherwise := a.take("default")
		if by != absent {
			if len(a.names) > 0 {
				return nil, fail("map takes no argument %q", a.names[0])
			}
			return r.lazily(v, func(r *run, v value) (value, bool, error) {
				x, err := r.path(v, by, otherwise)
				return x, true, err
			})
		}
		return nil, fail("map without a filter")
	}
	name, err := textOf(a.positional[0])
	if err != nil {
		return nil, err
	}
	a.positional = a.positional[1:]
	return r.lazily(v, func(r *run, v value) (value, bool, error) {
		x, err := r.filter(name.s, v, a)
		return x, true, err
	})
}

// selectFilter makes select, reject, selectattr and rejectattr.
func selectFilter(keep, byAttribute bool) filterFunc {
	return func(r *run, v value, a arguments) (value, error) {
		if !truth(v) {
			return &iterator{}, r.spend(1, 0)
		}
		var attribute value
		if byAttribute {
			if len(a.positional) == 0 {
				return nil, fail("selectattr without an attribute")
			}
			attribute, a.positional = a.positional[0], a.positional[1:]
		}
		var test Text
		if len(a.positional) > 0 {
			var err error
			if test, err = textOf(a.positional[0]); err != nil {
				return nil, err
			}
			a.positional = a.positional[1:]
		}
		return r.lazily(v, func(r *run, v value) (value, bool, error) {
			x, err := r.path(v, attribute, nil)
			if err != nil {
				return nil, false, err
			}
			if test.s != "" {
				if x, err = r.test(test.s, x, a); err != nil {
					return nil, false, err
				}
			}
			return v, truth(x) == keep, nil
		})
	}
}

func isWord(c rune) bool {
	return c == '_' || unicode.IsLetter(c) || isNumeric(c)
}
