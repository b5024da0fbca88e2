package chattemplate

import (
	"strconv"
	"strings"
)

// format is Python's str.format with fields that are empty, a number or a name; how a field is to be written cannot be said.
func format(r *run, t Text, a arguments) (value, error) {
	if err := r.spend(1, t.Len()); err != nil {
		return nil, err
	}
	var b builder
	next := 0
	for at := 0; ; {
		i := strings.IndexAny(t.s[at:], "{}")
		if i < 0 {
			b.add(t.Slice(at, t.Len()))
			return b.text(), r.spend(0, t.Len()-at)
		}
		i += at
		if err := r.spend(1, i-at+1); err != nil {
			return nil, err
		}
		if strings.HasPrefix(t.s[i:], "{{") || strings.HasPrefix(t.s[i:], "}}") {
			b.add(t.Slice(at, i+1))
			at = i + 2
			continue
		}
		b.add(t.Slice(at, i))
		n := strings.IndexByte(t.s[i:], '}')
		if t.s[i] == '}' || n < 0 {
			return nil, fail("format with a single brace")
		}
		v, err := a.field(t.s[i+1:i+n], &next)
		if err != nil {
			return nil, err
		}
		s, err := r.str(v)
		if err != nil {
			return nil, err
		}
		if err := r.spend(0, s.Len()); err != nil {
			return nil, err
		}
		b.add(s)
		at = i + n + 1
	}
}

// field returns the argument that a field of a format names; next counts those without a name.
func (a *arguments) field(name string, next *int) (value, error) {
	for i, n := range a.names {
		if n == name {
			return a.named[i], nil
		}
	}
	at, err := strconv.Atoi(name)
	if name == "" {
		at, err = *next, nil
		*next++
	}
	if err != nil || at < 0 || at >= len(a.positional) {
		return nil, fail("format has nothing for the field %.40q", name)
	}
	return a.positional[at], nil
}
