package chattemplate

import (
	"fmt"
	"slices"
)

// iterator gives items one after another, once. As a value it is what filters
// such as map and select give: true even where it has no items, without a
// length, and empty after it was read.
type iterator struct {
	items []value // what is given first
	// pull gives more. Nil means that there is no more.
	pull func(r *run) (value, bool, error)
	// deep is how many iterators this one reads through.
	deep int
}

// through returns how deep an iterator over v is.
func (r *run) through(v value) (int, error) {
	it, ok := v.(*iterator)
	if !ok {
		return 0, r.spend(1, 0)
	}
	if it.deep >= maxDeep {
		return 0, fmt.Errorf("%w: generators of generators more than %d deep", ErrLimit, maxDeep)
	}
	return it.deep + 1, r.spend(1, 0)
}

// next returns the next item. The bool is false if there is none.
func (it *iterator) next(r *run) (value, bool, error) {
	if len(it.items) > 0 {
		v := it.items[0]
		it.items = it.items[1:]
		return v, true, nil
	}
	if it.pull == nil {
		return nil, false, nil
	}
	if err := r.spend(1, 0); err != nil {
		return nil, false, err
	}
	v, ok, err := it.pull(r)
	if !ok || err != nil {
		it.pull = nil
	}
	return v, ok, err
}

// rest returns all items that are left.
func (it *iterator) rest(r *run) ([]value, error) {
	out := it.items
	it.items = nil
	if it.pull == nil {
		return out, nil
	}
	out = slices.Clip(out)
	for {
		v, ok, err := it.next(r)
		if err != nil || !ok {
			return out, err
		}
		out = append(out, v)
	}
}

// iter returns an iterator over what a loop over v takes in turn; over an
// iterator, itself.
func (r *run) iter(v value) (*iterator, error) {
	if it, ok := v.(*iterator); ok {
		return it, nil
	}
	items, err := r.all(v)
	return &iterator{items: items}, err
}

// all returns what a loop over v takes in turn.
func (r *run) all(v value) ([]value, error) {
	switch v := v.(type) {
	case undefined:
		return nil, nil
	case *list:
		return v.items, nil
	case *dict:
		return v.keys, nil
	case *iterator:
		return v.rest(r)
	case Text:
		if err := r.spend(v.chars(), v.Len()); err != nil {
			return nil, err
		}
		at := v.offsets()
		out := make([]value, len(at)-1)
		for i := range out {
			out[i] = v.Slice(at[i], at[i+1])
		}
		return out, nil
	}
	return nil, fail("a %s cannot be iterated over", kindOf(v))
}

// lazily is the iterator of what f makes of each item of v; f says whether it
// gives one. Like Python's generators, it looks at v when its first item is
// asked for.
func (r *run) lazily(v value, f func(r *run, v value) (value, bool, error)) (value, error) {
	deep, err := r.through(v)
	var from *iterator
	return &iterator{deep: deep, pull: func(r *run) (value, bool, error) {
		if from == nil {
			var err error
			if from, err = r.iter(v); err != nil {
				return nil, false, err
			}
		}
		for {
			x, ok, err := from.next(r)
			if err != nil || !ok {
				return nil, false, err
			}
			if err := r.spend(1, 0); err != nil {
				return nil, false, err
			}
			if out, ok, err := f(r, x); ok || err != nil {
				return out, ok, err
			}
		}
	}}, err
}

// later is the iterator over what items makes of v when the first is asked for.
func (r *run) later(v value, items func(r *run) ([]value, error)) (value, error) {
	deep, err := r.through(v)
	it := &iterator{deep: deep}
	it.pull = func(r *run) (value, bool, error) {
		all, err := items(r)
		if err != nil || len(all) == 0 {
			return nil, false, err
		}
		it.items, it.pull = all[1:], nil
		return all[0], true, nil
	}
	return it, err
}
