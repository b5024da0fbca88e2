package chattemplate

import (
	"fmt"
	"math"
)

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
	if step > 0 && start >= stop || step < 0 && start <= stop {
		return &list{}, nil
	}
	// Differences of numbers of 64 bits fit into 64 bits without a sign.
	distance, stride := uint64(stop)-uint64(start), uint64(step)
	if step < 0 {
		distance, stride = -distance, -stride
	}
	count := (distance-1)/stride + 1
	if err := r.spend(int(min(count, math.MaxInt32)), 0); err != nil {
		return nil, err
	}
	items := make([]value, count)
	for i := range items {
		items[i] = start + int64(i)*step
	}
	return &list{items: items}, nil
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
