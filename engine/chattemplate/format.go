package chattemplate

import (
	"strconv"
	"strings"
)

// format is Python's str.format.
func format(r *run, t Text, a arguments) (value, error) {
	out, err := (&formatting{r: r, a: a}).text(t, 0)
	return out.as(t.markup), err
}

// formatMap is str.format whose names are in a dictionary.
func formatMap(r *run, t Text, a arguments) (value, error) {
	vs, err := a.bind("format_map", "/mapping")
	if err != nil {
		return nil, err
	}
	d, ok := vs[0].(*dict)
	if !ok {
		return nil, fail("format_map of a %s", kindOf(vs[0]))
	}
	var names arguments
	for i, k := range d.keys {
		if name, ok := k.(Text); ok {
			names.names, names.named = append(names.names, name.s), append(names.named, d.values[i])
		}
	}
	if err := r.spend(len(d.keys), 0); err != nil {
		return nil, err
	}
	return format(r, t, names)
}

// formatting is one call of str.format.
type formatting struct {
	r *run
	a arguments
	// next counts the fields without a name, manual is set once one has a
	// number: Python knows either.
	next   int
	manual bool
}

// text fills the fields of a format. Those within a field, for its width, are
// at depth 1.
func (f *formatting) text(t Text, depth int) (Text, error) {
	if err := f.r.spend(1, t.Len()); err != nil {
		return Text{}, err
	}
	var b builder
	for at := 0; ; {
		i := strings.IndexAny(t.s[at:], "{}")
		if i < 0 {
			b.add(t.Slice(at, t.Len()))
			return b.text(), f.r.spend(0, t.Len()-at)
		}
		i += at
		if err := f.r.spend(1, i-at+1); err != nil {
			return Text{}, err
		}
		if depth == 0 && (strings.HasPrefix(t.s[i:], "{{") || strings.HasPrefix(t.s[i:], "}}")) {
			b.add(t.Slice(at, i+1))
			at = i + 2
			continue
		}
		b.add(t.Slice(at, i))
		end := fieldEnd(t.s, i)
		if t.s[i] == '}' || end < 0 || depth > 1 {
			return Text{}, fail("format with a single brace")
		}
		s, err := f.field(t.Slice(i+1, end), depth)
		if err != nil {
			return Text{}, err
		}
		if t.markup {
			if s, err = f.r.escaped(s); err != nil {
				return Text{}, err
			}
		}
		if err := f.r.spend(0, s.Len()); err != nil {
			return Text{}, err
		}
		b.add(s)
		at = end + 1
	}
}

// fieldEnd returns where the brace closes that opens at i, or −1. Brackets of
// an item hide braces.
func fieldEnd(s string, i int) int {
	depth := 0
	for j := i; j < len(s); j++ {
		switch s[j] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return j
			}
		}
	}
	return -1
}

// field writes one field: what is to be written, "!" and a conversion, ":" and how.
func (f *formatting) field(t Text, depth int) (Text, error) {
	name, how := t, Text{}
	if i := strings.IndexByte(t.s, ':'); i >= 0 {
		name, how = t.Slice(0, i), t.Slice(i+1, t.Len())
	}
	conversion := ""
	if i := strings.IndexByte(name.s, '!'); i >= 0 {
		conversion = name.s[i+1:]
		if len(conversion) != 1 {
			return Text{}, fail("format with a conversion %.40q", conversion)
		}
		name = name.Slice(0, i)
	}
	v, err := f.value(name.s)
	if err != nil {
		return Text{}, err
	}
	switch conversion {
	case "":
	case "s":
		v, err = f.r.str(v)
	case "r":
		v, err = f.r.repr(v)
	case "a":
		v, err = f.r.ascii(v)
	default:
		return Text{}, fail("format with a conversion %.40q", conversion)
	}
	if err != nil {
		return Text{}, err
	}
	if how, err = f.text(how, depth+1); err != nil {
		return Text{}, err
	}
	return f.r.formatted(v, how)
}

// value returns what a field names: an argument, and attributes and items of it.
func (f *formatting) value(name string) (value, error) {
	first := name
	if i := strings.IndexAny(name, ".["); i >= 0 {
		first = name[:i]
	}
	v, err := f.argument(first)
	if err != nil {
		return nil, err
	}
	for rest := name[len(first):]; rest != ""; {
		if err := f.r.spend(1, 0); err != nil {
			return nil, err
		}
		if rest[0] == '.' {
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			if v, err = f.r.attribute(v, rest[1:end]); err != nil {
				return nil, err
			}
			rest = rest[end:]
			continue
		}
		end := strings.IndexByte(rest, ']')
		if rest[0] != '[' || end < 2 {
			return nil, fail("format with a malformed field %.40q", name)
		}
		key := value(Own(rest[1:end]))
		if n, err := strconv.ParseInt(rest[1:end], 10, 64); err == nil {
			key = n
		}
		if v, err = f.r.item(v, key); err != nil {
			return nil, err
		}
		rest = rest[end+1:]
	}
	return v, nil
}

// argument returns the argument of a name, of a number, or the next one.
func (f *formatting) argument(name string) (value, error) {
	at, err := strconv.Atoi(name)
	switch {
	case name == "":
		if f.manual {
			return nil, fail("format with numbered fields and fields without a number")
		}
		at, err = f.next, nil
		f.next++
	case err == nil:
		if f.next > 0 {
			return nil, fail("format with numbered fields and fields without a number")
		}
		f.manual = true
	default:
		for i, n := range f.a.names {
			if n == name {
				return f.a.named[i], nil
			}
		}
	}
	if err != nil || at < 0 || at >= len(f.a.positional) {
		return nil, fail("format has nothing for the field %.40q", name)
	}
	return f.a.positional[at], nil
}
