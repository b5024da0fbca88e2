package chattemplate

import (
	"strings"
	"unicode"
)

// method returns the method of v that has this name, bound to v. Methods that
// change a list or a dictionary are not there, as in jinja2's sandbox.
func method(v value, name string) (value, bool) {
	var call func(r *run, a arguments) (value, error)
	switch v := v.(type) {
	case Text:
		m, ok := textMethods[name]
		switch name { // those that read attributes, and so methods
		case "format":
			m, ok = format, true
		case "format_map":
			m, ok = formatMap, true
		}
		if ok {
			call = func(r *run, a arguments) (value, error) { return m(r, v, a) }
		}
	case *dict:
		if m, ok := dictMethods[name]; ok {
			call = func(r *run, a arguments) (value, error) { return m(r, v, a) }
		}
	case *list:
		if m, ok := listMethods[name]; ok && !v.isView() {
			call = func(r *run, a arguments) (value, error) { return m(r, v, a) }
		}
	}
	return &function{name: name, call: call}, call != nil
}

var listMethods = map[string]func(r *run, l *list, a arguments) (value, error){
	"index": func(r *run, l *list, a arguments) (value, error) {
		vs, err := a.bind("index", "/value", "/start?", "/stop?")
		if err != nil {
			return nil, err
		}
		from, to, err := span(len(l.items), vs[1], vs[2])
		if err != nil {
			return nil, err
		}
		for i := from; i < to; i++ {
			if same, err := r.equal(l.items[i], vs[0], 0); err != nil || same {
				return int64(i), err
			}
		}
		return nil, fail("index of what is not in the list")
	},
	"count": func(r *run, l *list, a arguments) (value, error) {
		vs, err := a.bind("count", "/value")
		if err != nil {
			return nil, err
		}
		n := int64(0)
		for _, x := range l.items {
			same, err := r.equal(x, vs[0], 0)
			if err != nil {
				return nil, err
			}
			if same {
				n++
			}
		}
		return n, nil
	},
	"copy": func(_ *run, l *list, a arguments) (value, error) {
		_, err := a.bind("copy")
		if err == nil && l.kind != aList {
			err = fail("a %s has no copy", kindOf(l))
		}
		return &list{items: l.items}, err
	},
}

var dictMethods = map[string]func(r *run, d *dict, a arguments) (value, error){
	"get": func(r *run, d *dict, a arguments) (value, error) {
		vs, err := a.bind("get", "/key", "/default?")
		if err != nil {
			return nil, err
		}
		if in, err := r.contains(d, vs[0]); err != nil || !in {
			if vs[1] == absent {
				return nil, err
			}
			return vs[1], err
		}
		v, _, err := d.get(r, vs[0])
		return v, err
	},
	"items": func(r *run, d *dict, a arguments) (value, error) {
		if _, err := a.bind("items"); err != nil {
			return nil, err
		}
		return d.items(r)
	},
	"keys": func(_ *run, d *dict, a arguments) (value, error) {
		_, err := a.bind("keys")
		return &list{items: d.keys, kind: aKeys}, err
	},
	"values": func(_ *run, d *dict, a arguments) (value, error) {
		_, err := a.bind("values")
		return &list{items: d.values, kind: aValues}, err
	},
	"copy": func(r *run, d *dict, a arguments) (value, error) {
		if _, err := a.bind("copy"); err != nil {
			return nil, err
		}
		return newDict(r, arguments{positional: []value{d}})
	},
}

type textMethod func(r *run, t Text, a arguments) (value, error)

var textMethods = map[string]textMethod{
	"strip": stripper("strip", true, true), "lstrip": stripper("lstrip", true, false), "rstrip": stripper("rstrip", false, true),
	"upper": mapper("upper", Text.upper), "lower": mapper("lower", Text.lower), "capitalize": mapper("capitalize", Text.capitalize),
	"title": mapper("title", Text.title), "casefold": mapper("casefold", Text.casefold), "swapcase": mapper("swapcase", Text.swapcase),
	"startswith":   affix("startswith", strings.HasPrefix),
	"endswith":     affix("endswith", strings.HasSuffix),
	"removeprefix": cutter("removeprefix", func(t Text, n int) Text { return t.Slice(n, t.Len()) }, strings.HasPrefix),
	"removesuffix": cutter("removesuffix", func(t Text, n int) Text { return t.Slice(0, t.Len()-n) }, strings.HasSuffix),
	"split":        splitter("split", false), "rsplit": splitter("rsplit", true),
	"partition": partition("partition", false), "rpartition": partition("rpartition", true),
	"splitlines": splitLines, "replace": replaceMethod, "join": joinMethod, "expandtabs": expandTabs,
	"find": finder("find", false, false), "rfind": finder("rfind", true, false),
	"index": finder("index", false, true), "rindex": finder("rindex", true, true), "count": countMethod,
	"center": padder("center"), "ljust": padder("ljust"), "rjust": padder("rjust"), "zfill": zeroFill,
	"isdigit": class("isdigit", isDigit), "isdecimal": class("isdecimal", unicode.IsDigit), "isnumeric": class("isnumeric", isNumeric),
	"isalpha": class("isalpha", unicode.IsLetter), "isspace": class("isspace", isSpace),
	"isalnum": class("isalnum", func(c rune) bool { return unicode.IsLetter(c) || isNumeric(c) }),
	"isascii": whole("isascii", func(s string) bool { return strings.IndexFunc(s, func(c rune) bool { return c > 0x7f }) < 0 }),
	"islower": whole("islower", func(s string) bool { return cased(s, unicode.IsLower) }),
	"isupper": whole("isupper", func(s string) bool { return cased(s, unicode.IsUpper) }),
	"istitle": whole("istitle", isTitle),
	"isprintable": whole("isprintable", func(s string) bool {
		return strings.IndexFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) < 0
	}),
}

// whole is a method that asks something of all of a string.
func whole(name string, fits func(string) bool) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		if _, err := a.bind(name); err != nil {
			return nil, err
		}
		if err := r.spend(1, t.Len()); err != nil {
			return nil, err
		}
		return fits(t.s), nil
	}
}

// class is a method that asks whether there are characters and all are of a class.
func class(name string, fits func(rune) bool) textMethod {
	return whole(name, func(s string) bool { return s != "" && strings.IndexFunc(s, func(c rune) bool { return !fits(c) }) < 0 })
}

// cased reports whether s has characters with a case, and all of these fit.
func cased(s string, fits func(rune) bool) bool {
	some := false
	for _, c := range s {
		if isCased(c) {
			some = true
			if !fits(c) {
				return false
			}
		}
	}
	return some
}

// isTitle reports whether upper case follows only what has no case, and lower
// case only what has.
func isTitle(s string) bool {
	some, before := false, false
	for _, c := range s {
		switch {
		case unicode.IsUpper(c) || unicode.IsTitle(c):
			if before {
				return false
			}
		case unicode.IsLower(c):
			if !before {
				return false
			}
		default:
			before = false
			continue
		}
		some, before = true, true
	}
	return some
}

func stripper(name string, left, right bool) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind(name, "/chars?")
		if err != nil {
			return nil, err
		}
		return r.strip(t, left, right, vs[0])
	}
}

// strip cuts the characters of chars off, or white space where chars is absent
// or None.
func (r *run) strip(t Text, left, right bool, chars value) (value, error) {
	fits := isSpace
	if chars != absent && chars != nil {
		set, err := textOf(chars)
		if err != nil {
			return nil, err
		}
		members := map[rune]bool{}
		for _, c := range set.s {
			members[c] = true
		}
		if err := r.spend(len(members), set.Len()); err != nil {
			return nil, err
		}
		fits = func(c rune) bool { return members[c] }
	}
	return t.strip(left, right, fits), r.spend(1, t.Len())
}

func mapper(name string, f func(Text) Text) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		if _, err := a.bind(name); err != nil {
			return nil, err
		}
		return r.mapped(t, f)
	}
}

// mapped is f(t) for an f that works character by character.
func (r *run) mapped(t Text, f func(Text) Text) (value, error) {
	// A character of two bytes may become three of two bytes each, and each is
	// handled by itself.
	if err := r.spend(t.Len()/4, 3*t.Len()); err != nil {
		return nil, err
	}
	return f(t), nil
}

// span reads where a search begins and ends among n items, as Python's slices do.
func span(n int, start, stop value) (from, to int, err error) {
	if start == absent {
		start = nil
	}
	if stop == absent {
		stop = nil
	}
	from, to, _, err = bounds(n, start, stop, nil)
	return from, max(from, to), err
}

// within returns the characters of t that a search looks at, and how many lie
// before; ok is false if start lies beyond the end.
func (r *run) within(t Text, start, stop value) (part Text, before int, ok bool, err error) {
	if start == absent && stop == absent {
		return t, 0, true, nil
	}
	if err := r.spend(1, 2*t.Len()); err != nil {
		return t, 0, false, err
	}
	n := t.chars()
	from, to, err := span(n, start, stop)
	i, isInt := integer(start)
	return t.part(from, to), from, !isInt || i <= int64(n), err
}

// affix compiles startswith and endswith, whose argument may be a tuple.
func affix(name string, has func(s, part string) bool) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind(name, "/part", "/start?", "/stop?")
		if err != nil {
			return nil, err
		}
		t, _, ok, err := r.within(t, vs[1], vs[2])
		if err != nil {
			return nil, err
		}
		parts := vs[:1]
		if l, ok := vs[0].(*list); ok && l.isTuple() {
			parts = l.items
		}
		for _, v := range parts {
			part, isText := v.(Text)
			if !isText {
				return nil, fail("%s of a %s", name, kindOf(v))
			}
			if err := r.spend(1, part.Len()); err != nil {
				return nil, err
			}
			if ok && has(t.s, part.s) {
				return true, nil
			}
		}
		return false, nil
	}
}

func cutter(name string, cut func(Text, int) Text, has func(s, part string) bool) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind(name, "/part")
		if err != nil {
			return nil, err
		}
		part, err := textOf(vs[0])
		if err != nil {
			return nil, err
		}
		if err := r.spend(1, part.Len()); err != nil {
			return nil, err
		}
		if !has(t.s, part.s) {
			return t, nil
		}
		return cut(t, part.Len()), nil
	}
}

// finder compiles find, rfind, index and rindex; the latter two must find.
func finder(name string, last, must bool) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind(name, "/part", "/start?", "/stop?")
		if err != nil {
			return nil, err
		}
		part, err := textOf(vs[0])
		if err != nil {
			return nil, err
		}
		t, before, ok, err := r.within(t, vs[1], vs[2])
		if err != nil {
			return nil, err
		}
		if err := r.spend(1, 2*t.Len()); err != nil {
			return nil, err
		}
		i := strings.Index(t.s, part.s)
		if last {
			i = strings.LastIndex(t.s, part.s)
		}
		if i < 0 || !ok {
			if must {
				return nil, fail("%s does not find the part", name)
			}
			return int64(-1), nil
		}
		return int64(before + t.Slice(0, i).chars()), nil
	}
}

func countMethod(r *run, t Text, a arguments) (value, error) {
	vs, err := a.bind("count", "/part", "/start?", "/stop?")
	if err != nil {
		return nil, err
	}
	part, err := textOf(vs[0])
	if err != nil {
		return nil, err
	}
	t, _, ok, err := r.within(t, vs[1], vs[2])
	if err != nil || !ok {
		return int64(0), err
	}
	return int64(strings.Count(t.s, part.s)), r.spend(1, t.Len())
}

// isDigit and isNumeric are Python's, which know more than the decimal digits.
func isDigit(c rune) bool { return unicode.IsDigit(c) || c > 0x7f && unicode.Is(digitsBeyond, c) }

func isNumeric(c rune) bool { return unicode.IsNumber(c) || c > 0x7f && unicode.Is(numbersBeyond, c) }
