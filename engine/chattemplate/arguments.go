package chattemplate

import (
	"slices"
	"strings"
)

// arguments are those of a call, evaluated.
type arguments struct {
	positional []value
	names      []string // in the order given
	named      []value
}

// missing is the type of absent, which stands for an argument that was not given.
type missing struct{}

var absent value = missing{}

// spread adds the items of a list as arguments (*e).
func (a *arguments) spread(r *run, s *scope, e expr) error {
	v, err := e(r, s)
	if err != nil {
		return err
	}
	items, err := r.all(v)
	if err != nil {
		return err
	}
	if err := r.spend(len(items), 0); err != nil {
		return err
	}
	a.positional = append(a.positional, items...)
	return nil
}

// spreadNamed adds the items of a dictionary as arguments by name (**e).
func (a *arguments) spreadNamed(r *run, s *scope, e expr) error {
	v, err := e(r, s)
	if err != nil {
		return err
	}
	d, ok := v.(*dict)
	if !ok {
		return fail("a %s after **", kindOf(v))
	}
	for i, k := range d.keys {
		name, ok := k.(Text)
		if !ok {
			return fail("an argument is named by a %s", kindOf(k))
		}
		if err := r.spend(1+len(a.names), 0); err != nil {
			return err
		}
		if err := a.name(name.s, d.values[i]); err != nil {
			return err
		}
	}
	return nil
}

// name adds an argument by name.
func (a *arguments) name(name string, v value) error {
	if slices.Contains(a.names, name) {
		return fail("the argument %q is given twice", name)
	}
	a.names = append(slices.Clip(a.names), name)
	a.named = append(a.named, v)
	return nil
}

// take removes an argument by name, and returns it, or absent.
func (a *arguments) take(name string) value {
	i := slices.Index(a.names, name)
	if i < 0 {
		return absent
	}
	v := a.named[i]
	a.names, a.named = slices.Concat(a.names[:i], a.names[i+1:]), slices.Concat(a.named[:i], a.named[i+1:])
	return v
}

// bind returns the arguments of a function in the order of its parameters. One
// whose name ends in "?" may be missing, and is absent then; one that begins
// with "/" cannot be given by name.
func (a *arguments) bind(function string, parameters ...string) ([]value, error) {
	if len(a.positional) > len(parameters) {
		return nil, fail("%s takes %d arguments, not %d", function, len(parameters), len(a.positional))
	}
	out := slices.Repeat([]value{absent}, len(parameters))
	copy(out, a.positional)
	for i, name := range a.names {
		at := slices.IndexFunc(parameters, func(p string) bool { return strings.TrimSuffix(p, "?") == name })
		if at < 0 || out[at] != absent {
			return nil, fail("%s has no argument %q left", function, name)
		}
		out[at] = a.named[i]
	}
	for i, p := range parameters {
		if out[i] == absent && !strings.HasSuffix(p, "?") {
			return nil, fail("%s misses its argument %q", function, strings.TrimPrefix(p, "/"))
		}
	}
	return out, nil
}

// textOf reads an argument that must be a string.
func textOf(v value) (Text, error) {
	t, ok := v.(Text)
	if !ok {
		return t, fail("an argument is a %s, not a str", kindOf(v))
	}
	return t, nil
}

// intOr reads an argument that must be an integer; otherwise stands for one
// that is absent.
func intOr(v value, otherwise int64) (int64, error) {
	if v == absent {
		return otherwise, nil
	}
	i, ok := integer(v)
	if !ok {
		return 0, fail("an argument is a %s, not an int", kindOf(v))
	}
	return i, nil
}

// given reports whether an argument is there and true.
func given(v value) bool { return v != absent && truth(v) }
