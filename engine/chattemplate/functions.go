package chattemplate

import "fmt"

// functions are the global ones.
func functions() map[string]value {
	out := map[string]value{}
	for name, call := range map[string]func(r *run, a arguments) (value, error){
		"range": rangeOf, "namespace": newNamespace, "dict": newDict, "raise_exception": refuse,
	} {
		out[name] = &function{name, call}
	}
	return out
}

func rangeOf(r *run, a arguments) (value, error) {
	if len(a.names) > 0 || len(a.positional) == 0 {
		return nil, fail("range takes one to three numbers")
	}
	vs, err := a.bind("range", "start", "stop", "step")
	if err != nil {
		return nil, err
	}
	if vs[1] == absent {
		vs[0], vs[1] = int64(0), vs[0]
	}
	if vs[2] == absent {
		vs[2] = int64(1)
	}
	var n [3]int64
	for i, v := range vs {
		var ok bool
		if n[i], ok = integer(v); !ok {
			return nil, fail("range of a %s", kindOf(v))
		}
	}
	start, stop, step := n[0], n[1], n[2]
	if step == 0 {
		return nil, fail("range with a step of 0")
	}
	var items []value
	for i := start; step > 0 && i < stop || step < 0 && i > stop; {
		if err := r.spend(1, 0); err != nil {
			return nil, err
		}
		items = append(items, i)
		next := i + step
		if (next > i) != (step > 0) {
			break // beyond 64 bits
		}
		i = next
	}
	return &list{items}, nil
}

func newNamespace(r *run, a arguments) (value, error) {
	d, err := newDict(r, a)
	if err != nil {
		return nil, err
	}
	return &namespace{*d.(*dict)}, nil
}

func newDict(r *run, a arguments) (value, error) {
	d := &dict{}
	for _, v := range a.positional {
		from, ok := v.(*dict)
		if !ok {
			return nil, fail("a dict of a %s", kindOf(v))
		}
		for i, k := range from.keys {
			if err := d.set(r, k, from.values[i]); err != nil {
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
	t := Text{}
	if vs[0] != absent {
		if t, err = r.str(vs[0]); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrRefused, t.s[:min(len(t.s), maxReason)])
}
