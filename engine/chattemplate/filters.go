package chattemplate

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

type filterFunc func(r *run, v value, a arguments) (value, error)

// filters by name. A function, for some filters call others.
func filters(name string) filterFunc {
	switch name {
	case "trim":
		return trimFilter
	case "length", "count":
		return lengthFilter
	case "default", "d":
		return defaultFilter
	case "upper":
		return textFilter(name, Text.upper)
	case "lower":
		return textFilter(name, Text.lower)
	case "capitalize":
		return textFilter(name, Text.capitalize)
	case "title":
		return textFilter(name, func(t Text) Text {
			return t.title(func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune("-([{<", c) })
		})
	case "replace":
		return replaceFilter
	case "join":
		return joinFilter
	case "first", "last":
		return endFilter(name == "first")
	case "list":
		return listFilter
	case "reverse":
		return reverseFilter
	case "string", "safe":
		return func(r *run, v value, a arguments) (value, error) {
			if _, err := a.bind(name); err != nil {
				return nil, err
			}
			return r.str(v)
		}
	case "int":
		return intFilter
	case "abs":
		return absFilter
	case "tojson":
		return jsonFilter
	case "indent":
		return indentFilter
	case "items":
		return itemsFilter
	case "dictsort":
		return dictsortFilter
	case "sort":
		return sortFilter
	case "unique":
		return uniqueFilter
	case "map":
		return mapFilter
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
		return nil, fail("the filter %q is not supported", name)
	}
	return f(r, v, a)
}

func trimFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("trim", "chars")
	if err != nil {
		return nil, err
	}
	t, err := r.str(v)
	if err != nil {
		return nil, err
	}
	return r.strip(t, true, true, vs[0])
}

func lengthFilter(r *run, v value, a arguments) (value, error) {
	if _, err := a.bind("length"); err != nil {
		return nil, err
	}
	if t, ok := v.(Text); ok {
		return int64(t.chars()), r.spend(1, t.Len())
	}
	items, err := r.iterate(v)
	return int64(len(items)), err
}

func defaultFilter(_ *run, v value, a arguments) (value, error) {
	vs, err := a.bind("default", "default_value", "boolean")
	if err != nil {
		return nil, err
	}
	_, isUndefined := v.(undefined)
	boolean := vs[1] != absent && truth(vs[1])
	if !isUndefined && (!boolean || truth(v)) {
		return v, nil
	}
	if vs[0] == absent {
		return Text{}, nil
	}
	return vs[0], nil
}

func textFilter(name string, f func(Text) Text) filterFunc {
	return func(r *run, v value, a arguments) (value, error) {
		if _, err := a.bind(name); err != nil {
			return nil, err
		}
		t, err := r.str(v)
		if err != nil {
			return nil, err
		}
		return r.mapped(t, f)
	}
}

func replaceFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("replace", "old", "new", "count")
	if err != nil {
		return nil, err
	}
	t, err := r.str(v)
	if err != nil {
		return nil, err
	}
	return r.replace(t, vs[0], vs[1], vs[2])
}

func joinFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("join", "d", "attribute")
	if err != nil {
		return nil, err
	}
	sep, err := textOf(vs[0])
	if err != nil {
		return nil, err
	}
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if vs[1] != absent && vs[1] != nil {
		if items, err = r.each(items, func(v value) (value, error) { return r.path(v, vs[1]) }); err != nil {
			return nil, err
		}
	}
	return r.joinAll(items, sep)
}

// each maps items.
func (r *run) each(items []value, f func(value) (value, error)) ([]value, error) {
	out := make([]value, 0, min(len(items), r.steps))
	for _, v := range items {
		if err := r.spend(1, 0); err != nil {
			return nil, err
		}
		x, err := f(v)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// path reads an attribute as filters name them: "a.b.0".
func (r *run) path(v value, name value) (value, error) {
	if i, ok := integer(name); ok {
		return r.item(v, i)
	}
	t, ok := name.(Text)
	if !ok {
		return nil, fail("an attribute is named by a %s", kindOf(name))
	}
	for part := range strings.SplitSeq(t.s, ".") {
		if err := r.spend(1, len(part)); err != nil {
			return nil, err
		}
		key := value(Own(part))
		if i, err := strconv.ParseInt(part, 10, 64); err == nil {
			key = i
		}
		if _, gone := v.(undefined); gone {
			return v, nil
		}
		var err error
		if v, err = r.item(v, key); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func endFilter(first bool) filterFunc {
	return func(r *run, v value, a arguments) (value, error) {
		if _, err := a.bind("first or last"); err != nil {
			return nil, err
		}
		items, err := r.iterate(v)
		switch {
		case err != nil:
			return nil, err
		case len(items) == 0:
			return undefined{"first or last of nothing"}, nil
		case first:
			return items[0], nil
		}
		return items[len(items)-1], nil
	}
}

func listFilter(r *run, v value, a arguments) (value, error) {
	if _, err := a.bind("list"); err != nil {
		return nil, err
	}
	items, err := r.iterate(v)
	return &list{items: items}, err
}

func reverseFilter(r *run, v value, a arguments) (value, error) {
	if _, err := a.bind("reverse"); err != nil {
		return nil, err
	}
	if _, ok := v.(Text); ok {
		return r.slice(v, nil, nil, int64(-1))
	}
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	items = slices.Clone(items)
	slices.Reverse(items)
	return &list{items: items}, r.spend(len(items), 0)
}

func intFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("int", "default")
	if err != nil {
		return nil, err
	}
	otherwise, err := intOr(vs[0], 0)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case float64:
		if v > -1<<62 && v < 1<<62 {
			return int64(v), nil
		}
	case Text:
		s := strings.TrimFunc(v.s, isSpace)
		if i, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 10, 64); err == nil && len(s) < 24 {
			return i, nil
		}
		return otherwise, r.spend(1, v.Len())
	}
	if i, ok := integer(v); ok {
		return i, nil
	}
	return otherwise, nil
}

func absFilter(_ *run, v value, a arguments) (value, error) {
	if _, err := a.bind("abs"); err != nil {
		return nil, err
	}
	if x, ok := number(v); ok && x >= 0 {
		return v, nil
	}
	return negate(v)
}

// maxIndent bounds the spaces by which tojson indents, and indent.
const maxIndent = 64

func jsonFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("tojson", "indent")
	if err != nil {
		return nil, err
	}
	n := asJSON
	if vs[0] != absent && vs[0] != nil {
		i, err := intOr(vs[0], 0)
		if err != nil || i < 1 || i > maxIndent {
			return nil, fail("tojson with such an indent is not supported")
		}
		n.indent = strings.Repeat(" ", int(i))
	}
	var b builder
	err = r.write(&b, v, n, 0)
	return b.text(), err
}

func indentFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("indent", "width", "first", "blank")
	if err != nil {
		return nil, err
	}
	width, err := intOr(vs[0], 4)
	if err != nil || width < 0 || width > maxIndent {
		return nil, fail("indent of such a width is not supported")
	}
	if vs[2] != absent && truth(vs[2]) {
		return nil, fail("indent of blank lines is not supported")
	}
	t, err := r.str(v)
	if err != nil {
		return nil, err
	}
	lines, err := r.splitAt(t, Own("\n"))
	if err != nil {
		return nil, err
	}
	by := Own(strings.Repeat(" ", int(width)))
	for i, line := range lines {
		if l := line.(Text); i > 0 && l.Len() > 0 || i == 0 && vs[1] != absent && truth(vs[1]) {
			if lines[i], err = r.join(by, l); err != nil {
				return nil, err
			}
		}
	}
	return r.joinAll(lines, Own("\n"))
}

func itemsFilter(r *run, v value, a arguments) (value, error) {
	if _, err := a.bind("items"); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case undefined:
		return &list{}, nil
	case *dict:
		return v.items(r)
	}
	return nil, fail("items of a %s", kindOf(v))
}

// folded is a key of sorting: strings without their case, as Jinja sorts unless told otherwise.
func (r *run) folded(v value) (value, error) {
	if t, ok := v.(Text); ok {
		return r.mapped(t, Text.lower)
	}
	return v, nil
}

func dictsortFilter(r *run, v value, a arguments) (value, error) {
	if _, err := a.bind("dictsort"); err != nil {
		return nil, err
	}
	d, ok := v.(*dict)
	if !ok {
		return nil, fail("dictsort of a %s", kindOf(v))
	}
	pairs, err := d.items(r)
	if err != nil {
		return nil, err
	}
	items, err := r.sorted(pairs.(*list).items, func(v value) (value, error) { return r.folded(v.(*list).items[0]) })
	return &list{items: items}, err
}

func sortFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("sort", "reverse", "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	if vs[0] != absent && truth(vs[0]) {
		return nil, fail("sort in reverse is not supported")
	}
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	items, err = r.sorted(items, func(v value) (value, error) {
		if vs[2] != absent && vs[2] != nil {
			var err error
			if v, err = r.path(v, vs[2]); err != nil {
				return nil, err
			}
		}
		if vs[1] != absent && truth(vs[1]) {
			return v, nil
		}
		return r.folded(v)
	})
	return &list{items: items}, err
}

func uniqueFilter(r *run, v value, a arguments) (value, error) {
	if _, err := a.bind("unique"); err != nil {
		return nil, err
	}
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	seen := &dict{}
	var out []value
	for _, v := range items {
		key, err := r.folded(v)
		if err != nil {
			return nil, err
		}
		if _, ok := seen.get(key); ok {
			continue
		}
		if err := seen.set(r, key, nil); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return &list{items: out}, r.spend(len(items), 0)
}

// some is iterate for filters that take whatever is false, such as None, as nothing.
func (r *run) some(v value) ([]value, error) {
	if !truth(v) {
		return nil, nil
	}
	return r.iterate(v)
}

func mapFilter(r *run, v value, a arguments) (value, error) {
	items, err := r.some(v)
	if err != nil {
		return nil, err
	}
	if len(a.positional) > 0 {
		name, err := textOf(a.positional[0])
		if err != nil {
			return nil, err
		}
		a.positional = a.positional[1:]
		out, err := r.each(items, func(v value) (value, error) { return r.filter(name.s, v, a) })
		return &list{items: out}, err
	}
	vs, err := a.bind("map", "attribute", "default")
	if err != nil {
		return nil, err
	}
	out, err := r.each(items, func(v value) (value, error) {
		x, err := r.path(v, vs[0])
		if _, gone := x.(undefined); gone && vs[1] != absent {
			return vs[1], err
		}
		return x, err
	})
	return &list{items: out}, err
}

// selectFilter makes select, reject, selectattr and rejectattr.
func selectFilter(keep, byAttribute bool) filterFunc {
	return func(r *run, v value, a arguments) (value, error) {
		rest := a.positional
		var attribute value
		if byAttribute {
			if len(rest) == 0 {
				return nil, fail("selectattr without an attribute")
			}
			attribute, rest = rest[0], rest[1:]
		}
		var test Text
		if len(rest) > 0 {
			var err error
			if test, err = textOf(rest[0]); err != nil {
				return nil, err
			}
			rest = rest[1:]
		}
		items, err := r.some(v)
		if err != nil {
			return nil, err
		}
		var out []value
		for _, item := range items {
			yes, err := r.passes(item, attribute, test, rest)
			if err != nil {
				return nil, err
			}
			if yes == keep {
				out = append(out, item)
			}
		}
		return &list{items: out}, nil
	}
}

// passes tests an item or, unless it is nil, its attribute; without a test's name, for truth.
func (r *run) passes(item, attribute value, test Text, args []value) (bool, error) {
	if err := r.spend(1, 0); err != nil {
		return false, err
	}
	var err error
	if attribute != nil {
		if item, err = r.path(item, attribute); err != nil {
			return false, err
		}
	}
	if test.s == "" {
		return truth(item), nil
	}
	v, err := r.test(test.s, item, arguments{positional: args})
	return truth(v), err
}
