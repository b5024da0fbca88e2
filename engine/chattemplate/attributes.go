package chattemplate

import "strings"

// attribute is Jinja's v.name: a method or what v tells of itself, or else what
// v holds under that name.
func (r *run) attribute(v value, name string) (value, error) {
	switch v := v.(type) {
	case undefined:
		return nil, fail("%s has no %.80q", kindOf(v), name)
	case *turn:
		return v.attribute(r, name)
	case *cycler:
		return v.attribute(name), nil
	case *function:
		return v.attribute(name), nil
	case *namespace:
		if x, ok := v.field(name); ok && !strings.HasPrefix(name, "_") {
			return x, nil
		}
		return undefined{name}, nil
	case *list:
		switch {
		case v.kind == aGroup && name == "grouper":
			return v.items[0], nil
		case v.kind == aGroup && name == "list":
			return v.items[1], nil
		case v.kind == aRange && name == "start":
			return v.start, nil
		case v.kind == aRange && name == "stop":
			return v.stop, nil
		case v.kind == aRange && name == "step":
			return v.step, nil
		}
	}
	if m, ok := method(v, name); ok {
		return m, nil
	}
	if d, ok := v.(*dict); ok && !changes(name) {
		if x, ok := d.field(name); ok {
			return x, nil
		}
	}
	return undefined{name}, nil
}

// changes reports whether a name is that of a method that changes a dictionary.
// Jinja2's sandbox hides what stands under it.
func changes(name string) bool {
	switch name {
	case "clear", "pop", "popitem", "setdefault", "update":
		return true
	}
	return false
}

// item is Jinja's v[key]: what v holds there or, failing that, an attribute of
// that name.
func (r *run) item(v, key value) (value, error) {
	i, isInt := integer(key)
	switch v := v.(type) {
	case undefined:
		return nil, fail("%s has no items", kindOf(v))
	case *dict:
		if x, ok, err := v.get(r, key); ok || err != nil {
			return x, err
		}
		if name, ok := key.(Text); ok {
			if m, ok := method(v, name.s); ok {
				return m, nil
			}
		}
		return undefined{"item"}, nil
	case *list:
		if isInt && i < 0 {
			i += int64(len(v.items))
		}
		if isInt && i >= 0 && i < int64(len(v.items)) && !v.isView() {
			return v.items[i], nil
		}
	case Text:
		if isInt {
			n := int64(v.chars())
			if i < 0 {
				i += n
			}
			if i >= 0 && i < n {
				return v.part(int(i), int(i)+1), r.spend(1, 2*v.Len())
			}
		}
	}
	if name, ok := key.(Text); ok {
		return r.attribute(v, name.s)
	}
	return undefined{"item"}, nil
}
