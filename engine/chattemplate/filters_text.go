package chattemplate

import (
	"strings"
)

// textFilters are those that make a string of what they get.
func textFilters(name string) filterFunc {
	switch name {
	case "trim":
		return trimFilter
	case "upper":
		return characterFilter(name, Text.upper)
	case "lower":
		return characterFilter(name, Text.lower)
	case "capitalize":
		return characterFilter(name, Text.capitalize)
	case "title":
		return characterFilter(name, Text.titleWords)
	case "string":
		return characterFilter(name, func(t Text) Text { return t })
	case "safe":
		return characterFilter(name, func(t Text) Text { return t.as(true) })
	case "escape", "e":
		return textFilter(name, func(r *run, t Text) (value, error) { return r.escaped(t) })
	case "forceescape":
		return textFilter(name, func(r *run, t Text) (value, error) { return r.escaped(t.as(false)) })
	case "replace":
		return replaceFilter
	case "center":
		return centerFilter
	case "format":
		return formatFilter
	case "indent":
		return indentFilter
	case "truncate":
		return truncateFilter
	case "wordcount":
		return wordcountFilter
	case "urlencode":
		return urlencodeFilter
	}
	return nil
}

func trimFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("trim", "chars?")
	if err != nil {
		return nil, err
	}
	t, err := r.str(v)
	if err != nil {
		return nil, err
	}
	return r.strip(t, true, true, vs[0])
}

// textFilter takes no argument, and makes of a value's text what f makes.
func textFilter(name string, f func(*run, Text) (value, error)) filterFunc {
	return func(r *run, v value, a arguments) (value, error) {
		if _, err := a.bind(name); err != nil {
			return nil, err
		}
		t, err := r.str(v)
		if err != nil {
			return nil, err
		}
		return f(r, t)
	}
}

// characterFilter is [textFilter] for an f that works character by character.
func characterFilter(name string, f func(Text) Text) filterFunc {
	return textFilter(name, func(r *run, t Text) (value, error) { return r.mapped(t, f) })
}

func replaceFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("replace", "old", "new", "count?")
	if err != nil {
		return nil, err
	}
	var ts [3]Text
	for i, v := range []value{v, vs[0], vs[1]} {
		if ts[i], err = r.str(v); err != nil {
			return nil, err
		}
	}
	if vs[2] == nil {
		vs[2] = absent
	}
	count, err := intOr(vs[2], -1)
	if err != nil {
		return nil, err
	}
	return r.replace(ts[0], ts[1], ts[2], count)
}

func centerFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("center", "width?")
	if err != nil {
		return nil, err
	}
	width, err := intOr(vs[0], 80)
	if err != nil {
		return nil, err
	}
	t, err := r.str(v)
	if err != nil {
		return nil, err
	}
	return r.justify(t, Own(" "), width, "center")
}

func formatFilter(r *run, v value, a arguments) (value, error) {
	t, err := r.str(v)
	if err != nil {
		return nil, err
	}
	if len(a.names) == 0 {
		return r.percentFormat(t, &list{items: a.positional, kind: aTuple})
	}
	if len(a.positional) > 0 {
		return nil, fail("format takes arguments by place or by name, not both")
	}
	d, err := newDict(r, a)
	if err != nil {
		return nil, err
	}
	return r.percentFormat(t, d)
}

func indentFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("indent", "width?", "first?", "blank?")
	if err != nil {
		return nil, err
	}
	by := Own("    ")
	if vs[0] != absent {
		if by, err = indentation(vs[0]); err != nil {
			return nil, err
		}
	}
	t, ok := v.(Text)
	if !ok {
		return nil, fail("indent of a %s", kindOf(v))
	}
	markup := t.markup
	if t, err = r.join(t, Own("\n").as(markup)); err != nil {
		return nil, err
	}
	lines, err := r.lines(t, false)
	if err != nil {
		return nil, err
	}
	var b builder
	for i, line := range lines {
		l := line.(Text)
		if err := r.spend(1, l.Len()+by.Len()+1); err != nil {
			return nil, err
		}
		if i > 0 {
			b.add(Own("\n"))
		}
		if i == 0 && given(vs[1]) || i > 0 && (l.Len() > 0 || given(vs[2])) {
			b.add(by)
		}
		b.add(l)
	}
	return b.text().as(markup), nil
}

func truncateFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("truncate", "length?", "killwords?", "end?", "leeway?")
	if err != nil {
		return nil, err
	}
	t, ok := v.(Text)
	if !ok {
		return nil, fail("truncate of a %s", kindOf(v))
	}
	length, err := intOr(vs[0], 255)
	if err != nil {
		return nil, err
	}
	end := Own("...")
	if vs[2] != absent {
		if end, err = textOf(vs[2]); err != nil {
			return nil, err
		}
	}
	if vs[3] == nil {
		vs[3] = absent
	}
	leeway, err := intOr(vs[3], 5)
	if err != nil {
		return nil, err
	}
	keep := length - int64(end.chars())
	if keep < 0 || leeway < 0 {
		return nil, fail("truncate to less than its end")
	}
	if err := r.spend(1, 3*t.Len()); err != nil {
		return nil, err
	}
	if n := int64(t.chars()); n <= length || n-length <= leeway {
		return t, nil
	}
	t = t.part(0, int(keep))
	if !given(vs[1]) {
		if i := strings.LastIndexByte(t.s, ' '); i >= 0 {
			t = t.Slice(0, i)
		}
	}
	return r.join(t, end)
}

func wordcountFilter(r *run, v value, a arguments) (value, error) {
	if _, err := a.bind("wordcount"); err != nil {
		return nil, err
	}
	t, err := r.str(v)
	if err != nil {
		return nil, err
	}
	n, inWord := int64(0), false
	for _, c := range t.s {
		if !isWord(c) {
			inWord = false
		} else if !inWord {
			inWord = true
			n++
		}
	}
	return n, r.spend(1, t.Len())
}

// urlencodeFilter quotes a string for an address, or the pairs of a dictionary
// or a list for a query.
func urlencodeFilter(r *run, v value, a arguments) (value, error) {
	if _, err := a.bind("urlencode"); err != nil {
		return nil, err
	}
	if d, ok := v.(*dict); ok {
		l, err := d.items(r)
		if err != nil {
			return nil, err
		}
		v = l
	}
	_, isText := v.(Text)
	pairs, err := r.iter(v)
	if isText || err != nil {
		return r.quoteURL(v, "/")
	}
	var b builder
	for first := true; ; first = false {
		pair, ok, err := pairs.next(r)
		if err != nil || !ok {
			return b.text(), err
		}
		kv, err := r.all(pair)
		if err != nil || len(kv) != 2 {
			return nil, fail("urlencode of what is no pair")
		}
		if !first {
			b.add(Own("&"))
		}
		for i, x := range kv {
			t, err := r.quoteURL(x, "")
			if err != nil {
				return nil, err
			}
			if i == 1 {
				b.add(Own("="))
			}
			b.add(t)
		}
	}
}

// quoteURL quotes all bytes but letters, digits, "_.-~" and those of safe; in a
// query, where none is safe, a space is a plus.
func (r *run) quoteURL(v value, safe string) (Text, error) {
	t, err := r.str(v)
	if err != nil {
		return t, err
	}
	if err := r.spend(t.Len(), 3*t.Len()); err != nil {
		return t, err
	}
	const hex = "0123456789ABCDEF"
	var b builder
	for i := range len(t.s) {
		switch c := t.s[i]; {
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z', strings.IndexByte("_.-~", c) >= 0, strings.IndexByte(safe, c) >= 0:
			b.add(t.Slice(i, i+1))
		case c == ' ' && safe == "":
			b.addLike("+", t, i)
		default:
			b.addLike(string([]byte{'%', hex[c>>4], hex[c&15]}), t, i)
		}
	}
	return b.text(), nil
}
