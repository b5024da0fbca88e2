package chattemplate

import "slices"

// arguments are those of a call, evaluated.
type arguments struct {
	positional []value
	names      []string // in the order given
	named      []value
}

// missing is the type of absent, which stands for an argument that was not given.
type missing struct{}

var absent value = missing{}

func (a *arguments) add(r *run, to argument, v value) error {
	if err := r.spend(1, 0); err != nil {
		return err
	}
	switch to.kind {
	case argNamed:
		return a.name(to.name, v)
	case argSpreadList:
		items, err := r.iterate(v)
		if err != nil {
			return err
		}
		a.positional = append(a.positional, items...)
		return r.spend(len(items), 0)
	case argSpreadDict:
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
	a.positional = append(a.positional, v)
	return nil
}

func (a *arguments) name(name string, v value) error {
	if slices.Contains(a.names, name) {
		return fail("the argument %q is given twice", name)
	}
	a.names, a.named = append(a.names, name), append(a.named, v)
	return nil
}

// bind returns the arguments of the function of that name in the order of the parameters, absent for those not given.
func (a *arguments) bind(function string, parameters ...string) ([]value, error) {
	if len(a.positional) > len(parameters) {
		return nil, fail("%s takes %d arguments, not %d", function, len(parameters), len(a.positional))
	}
	out := slices.Repeat([]value{absent}, len(parameters))
	copy(out, a.positional)
	for i, name := range a.names {
		at := slices.Index(parameters, name)
		if at < 0 || out[at] != absent {
			return nil, fail("%s has no argument %q left", function, name)
		}
		out[at] = a.named[i]
	}
	return out, nil
}

// textOf reads an argument that must be a string; one that is absent is empty.
func textOf(v value) (Text, error) {
	if v == absent || v == nil {
		return Text{}, nil
	}
	t, ok := v.(Text)
	if !ok {
		return t, fail("an argument is a %s, not a str", kindOf(v))
	}
	return t, nil
}

// intOr reads an argument that must be an integer; otherwise stands for one that is absent.
func intOr(v value, otherwise int64) (int64, error) {
	if v == absent || v == nil {
		return otherwise, nil
	}
	i, ok := integer(v)
	if !ok {
		return 0, fail("an argument is a %s, not an int", kindOf(v))
	}
	return i, nil
}
