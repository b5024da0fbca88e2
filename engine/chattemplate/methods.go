package chattemplate

import (
	"strings"
	"unicode"
)

// method returns the method of v that has this name, bound to v.
func method(v value, name string) (value, bool) {
	switch v := v.(type) {
	case Text:
		if m, ok := textMethods[name]; ok {
			return &function{name, func(r *run, a arguments) (value, error) { return m(r, v, a) }}, true
		}
	case *dict:
		if m, ok := dictMethods[name]; ok {
			return &function{name, func(r *run, a arguments) (value, error) { return m(r, v, a) }}, true
		}
	}
	return nil, false
}

var dictMethods = map[string]func(r *run, d *dict, a arguments) (value, error){
	"get": func(_ *run, d *dict, a arguments) (value, error) {
		vs, err := a.bind("get", "key", "default")
		if err != nil {
			return nil, err
		}
		if v, ok := d.get(vs[0]); ok {
			return v, nil
		}
		if vs[1] == absent {
			return nil, nil
		}
		return vs[1], nil
	},
	"items": func(r *run, d *dict, a arguments) (value, error) {
		if _, err := a.bind("items"); err != nil {
			return nil, err
		}
		return d.items(r)
	},
	"keys": func(_ *run, d *dict, a arguments) (value, error) {
		_, err := a.bind("keys")
		return &list{items: d.keys}, err
	},
	"values": func(_ *run, d *dict, a arguments) (value, error) {
		_, err := a.bind("values")
		return &list{items: d.values}, err
	},
}

type textMethod func(r *run, t Text, a arguments) (value, error)

var textMethods = map[string]textMethod{
	"strip": stripper("strip", true, true), "lstrip": stripper("lstrip", true, false), "rstrip": stripper("rstrip", false, true),
	"upper":      mapper("upper", Text.upper),
	"lower":      mapper("lower", Text.lower),
	"capitalize": mapper("capitalize", Text.capitalize),
	"title":      mapper("title", func(t Text) Text { return t.title(func(c rune) bool { return !unicode.IsLetter(c) }) }),
	"startswith": affix("startswith", strings.HasPrefix), "endswith": affix("endswith", strings.HasSuffix),
	"removeprefix": cutter("removeprefix", func(t Text, n int) Text { return t.Slice(n, t.Len()) }, strings.HasPrefix),
	"removesuffix": cutter("removesuffix", func(t Text, n int) Text { return t.Slice(0, t.Len()-n) }, strings.HasSuffix),
	"split":        func(r *run, t Text, a arguments) (value, error) { return splitMethod(r, t, a, "split") },
	"rsplit":       func(r *run, t Text, a arguments) (value, error) { return splitMethod(r, t, a, "rsplit") },
	"splitlines": func(r *run, t Text, a arguments) (value, error) {
		if _, err := a.bind("splitlines"); err != nil {
			return nil, err
		}
		return r.lines(t)
	},
	"replace": func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind("replace", "old", "new", "count")
		if err != nil {
			return nil, err
		}
		return r.replace(t, vs[0], vs[1], vs[2])
	},
	"join": func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind("join", "items")
		if err != nil {
			return nil, err
		}
		items, err := r.iterate(vs[0])
		if err != nil {
			return nil, err
		}
		for _, v := range items {
			if _, ok := v.(Text); !ok {
				return nil, fail("join meets a %s", kindOf(v))
			}
		}
		return r.joinAll(items, t)
	},
	"find": onPart("find", func(r *run, t, part Text) (value, error) {
		i, err := r.find(t, part, 0)
		if i > 0 {
			i = t.Slice(0, i).chars()
		}
		return int64(i), err
	}),
	"count": onPart("count", func(r *run, t, part Text) (value, error) {
		return int64(strings.Count(t.s, part.s)), r.spend(1, t.Len())
	}),
	"format":  format,
	"isdigit": class("isdigit", unicode.IsDigit), "isalpha": class("isalpha", unicode.IsLetter), "isspace": class("isspace", isSpace),
}

func class(name string, fits func(rune) bool) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		if _, err := a.bind(name); err != nil {
			return nil, err
		}
		return t.s != "" && strings.IndexFunc(t.s, func(c rune) bool { return !fits(c) }) < 0, r.spend(1, t.Len())
	}
}

func stripper(name string, left, right bool) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind(name, "chars")
		if err != nil {
			return nil, err
		}
		return r.strip(t, left, right, vs[0])
	}
}

// strip cuts the characters of chars off, or white space where chars is absent.
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
	// A character of two bytes may become one of three, and each is handled by itself.
	if err := r.spend(t.Len()/4, 2*t.Len()); err != nil {
		return nil, err
	}
	return f(t), nil
}

// affix compiles startswith and endswith, whose argument may be a tuple.
func affix(name string, has func(s, part string) bool) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind(name, "part")
		if err != nil {
			return nil, err
		}
		parts := vs
		if l, ok := vs[0].(*list); ok {
			parts = l.items
		}
		for _, v := range parts {
			part, ok := v.(Text)
			if !ok {
				return nil, fail("%s of a %s", name, kindOf(v))
			}
			if err := r.spend(1, part.Len()); err != nil {
				return nil, err
			}
			if has(t.s, part.s) {
				return true, nil
			}
		}
		return false, nil
	}
}

// onPart is a method that takes a string.
func onPart(name string, do func(r *run, t, part Text) (value, error)) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind(name, "part")
		if err != nil {
			return nil, err
		}
		part, err := textOf(vs[0])
		if err != nil {
			return nil, err
		}
		return do(r, t, part)
	}
}

func cutter(name string, cut func(Text, int) Text, has func(s, part string) bool) textMethod {
	return onPart(name, func(r *run, t, part Text) (value, error) {
		if !has(t.s, part.s) {
			return t, nil
		}
		return cut(t, part.Len()), r.spend(1, part.Len())
	})
}

func splitMethod(r *run, t Text, a arguments, name string) (value, error) {
	vs, err := a.bind(name, "sep", "maxsplit")
	if err != nil {
		return nil, err
	}
	count, err := intOr(vs[1], -1)
	if err != nil {
		return nil, err
	}
	if vs[0] == absent || vs[0] == nil {
		if count >= 0 {
			return nil, fail("%s at white space a number of times is not supported", name)
		}
		return r.words(t)
	}
	sep, err := textOf(vs[0])
	if err != nil {
		return nil, err
	}
	if sep.s == "" {
		return nil, fail("%s at an empty separator", name)
	}
	parts, err := r.splitAt(t, sep)
	if err != nil || count < 0 || int64(len(parts)) <= count+1 {
		return &list{items: parts}, err
	}
	n := int(count)
	if name == "split" { // the last part is the rest
		from := 0
		for _, p := range parts[:n] {
			from += p.(Text).Len() + sep.Len()
		}
		return &list{items: append(parts[:n:n], t.Slice(from, t.Len()))}, nil
	}
	to := t.Len()
	for _, p := range parts[len(parts)-n:] {
		to -= p.(Text).Len() + sep.Len()
	}
	return &list{items: append([]value{t.Slice(0, to)}, parts[len(parts)-n:]...)}, nil
}

// splitAt returns what lies between the occurrences of sep, which is not empty.
func (r *run) splitAt(t, sep Text) ([]value, error) {
	var out []value
	for from := 0; ; {
		i, err := r.find(t, sep, from)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			return append(out, t.Slice(from, t.Len())), nil
		}
		out = append(out, t.Slice(from, i))
		from = i + sep.Len()
	}
}

// words are what lies between white space.
func (r *run) words(t Text) (value, error) {
	if err := r.spend(1, t.Len()); err != nil {
		return nil, err
	}
	var out []value
	from := -1
	word := func(to int) error {
		if from < 0 {
			return nil
		}
		out = append(out, t.Slice(from, to))
		from = -1
		return r.spend(1, 0)
	}
	for i, c := range t.s {
		if !isSpace(c) {
			if from < 0 {
				from = i
			}
			continue
		}
		if err := word(i); err != nil {
			return nil, err
		}
	}
	err := word(t.Len())
	return &list{items: out}, err
}

// lines are what lies between line ends: \n, \r and \r\n. Python knows rarer ones, too.
func (r *run) lines(t Text) (value, error) {
	if err := r.spend(1, t.Len()); err != nil {
		return nil, err
	}
	var out []value
	for from := 0; from < t.Len(); {
		n := strings.IndexAny(t.s[from:], "\r\n")
		if n < 0 {
			out = append(out, t.Slice(from, t.Len()))
			break
		}
		if err := r.spend(1, 0); err != nil {
			return nil, err
		}
		out = append(out, t.Slice(from, from+n))
		from += n + 1
		if t.s[from-1] == '\r' && strings.HasPrefix(t.s[from:], "\n") {
			from++
		}
	}
	return &list{items: out}, nil
}

// replace is Python's str.replace.
func (r *run) replace(t Text, from, to, count value) (value, error) {
	before, err := textOf(from)
	if err != nil {
		return nil, err
	}
	after, err := textOf(to)
	if err != nil {
		return nil, err
	}
	times, err := intOr(count, -1)
	if err != nil {
		return nil, err
	}
	if before.s == "" {
		return nil, fail("replace of an empty text is not supported")
	}
	var b builder
	for at := 0; ; times-- {
		i := -1
		if times != 0 {
			if i, err = r.find(t, before, at); err != nil {
				return nil, err
			}
		}
		if i < 0 {
			b.add(t.Slice(at, t.Len()))
			return b.text(), r.spend(0, t.Len()-at)
		}
		if err := r.spend(0, i-at+after.Len()); err != nil {
			return nil, err
		}
		b.add(t.Slice(at, i))
		b.add(after)
		at = i + before.Len()
	}
}

// joinAll writes the items, made strings, with sep between them.
func (r *run) joinAll(items []value, sep Text) (value, error) {
	var b builder
	for i, v := range items {
		t, err := r.str(v)
		if err != nil {
			return nil, err
		}
		if err := r.spend(1, t.Len()+sep.Len()); err != nil {
			return nil, err
		}
		if i > 0 {
			b.add(sep)
		}
		b.add(t)
	}
	return b.text(), nil
}
