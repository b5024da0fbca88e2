package chattemplate

import (
	"fmt"
)

// functions are the global ones.
func functions() map[string]value {
	out := map[string]value{}
	for name, call := range map[string]func(r *run, a arguments) (value, error){
		"range": rangeOf, "namespace": newNamespace, "dict": newDict, "raise_exception": refuse, "joiner": newJoiner, "cycler": newCycler,
		"lipsum": noLipsum,
	} {
		out[name] = &function{name: name, call: call}
	}
	return out
}

// noLipsum stands for jinja2's function that makes up text, so that its name is not
// taken for an undefined one, which may be written out as nothing.
func noLipsum(*run, arguments) (value, error) { return nil, fail("lipsum is not known here") }

func newNamespace(r *run, a arguments) (value, error) {
	d, err := newDict(r, a)
	if err != nil {
		return nil, err
	}
	return &namespace{*d.(*dict)}, nil
}

// newDict is the function dict: of a dictionary or of pairs, and of named
// arguments.
func newDict(r *run, a arguments) (value, error) {
	d := &dict{}
	if len(a.positional) > 1 {
		return nil, fail("dict takes one argument by place, not %d", len(a.positional))
	}
	for _, v := range a.positional {
		if from, ok := v.(*dict); ok {
			pairs, err := from.items(r)
			if err != nil {
				return nil, err
			}
			v = pairs
		}
		if _, gone := v.(undefined); gone {
			return nil, fail("a dict of what is %s", kindOf(v))
		}
		pairs, err := r.all(v)
		if err != nil {
			return nil, err
		}
		for _, p := range pairs {
			kv, err := r.all(p)
			if err != nil {
				return nil, err
			}
			if len(kv) != 2 {
				return nil, fail("a dict of what is no pair")
			}
			if err := d.set(r, kv[0], kv[1]); err != nil {
				return nil, err
			}
		}
	}
	for i, name := range a.names {
		if err := d.set(r, Own(name), a.named[i]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// maxReason bounds what a template's own error shows, in bytes.
const maxReason = 200

func refuse(r *run, a arguments) (value, error) {
	vs, err := a.bind("raise_exception", "message")
	if err != nil {
		return nil, err
	}
	t, err := r.str(vs[0])
	if err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: %q", ErrRefused, t.s[:min(len(t.s), maxReason)])
}

// newJoiner returns a function that gives nothing when it is first called, and
// a separator after.
func newJoiner(_ *run, a arguments) (value, error) {
	vs, err := a.bind("joiner", "sep?")
	if err != nil {
		return nil, err
	}
	sep := vs[0]
	if sep == absent {
		sep = Own(", ")
	}
	used := false
	return &function{name: "joiner", call: func(_ *run, a arguments) (value, error) {
		if _, err := a.bind("joiner"); err != nil {
			return nil, err
		}
		if !used {
			used = true
			return Text{}, nil
		}
		return sep, nil
	}}, nil
}

// cycler gives its items one after another, and begins anew after the last.
type cycler struct {
	items []value
	at    int
}

func newCycler(_ *run, a arguments) (value, error) {
	if len(a.positional) == 0 || len(a.names) > 0 {
		return nil, fail("cycler takes the items to cycle through")
	}
	return &cycler{items: a.positional}, nil
}

func (c *cycler) attribute(name string) value {
	switch name {
	case "current":
		return c.items[c.at]
	case "items":
		return &list{items: c.items, kind: aTuple}
	case "pos":
		return int64(c.at)
	case "next":
		return &function{name: name, call: func(_ *run, a arguments) (value, error) {
			v := c.items[c.at]
			c.at = (c.at + 1) % len(c.items)
			_, err := a.bind("next")
			return v, err
		}}
	case "reset":
		return &function{name: name, call: func(_ *run, a arguments) (value, error) {
			c.at = 0
			_, err := a.bind("reset")
			return nil, err
		}}
	}
	return undefined{name}
}
