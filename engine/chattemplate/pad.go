package chattemplate

import "strings"

// pad returns t with left and right copies of fill around it.
func (r *run) pad(t, fill Text, left, right int64) (Text, error) {
	l, err := r.repeats(left, fill.Len(), 1)
	if err != nil {
		return Text{}, err
	}
	n, err := r.repeats(right, fill.Len(), 1)
	if err != nil {
		return Text{}, err
	}
	if err := r.spend(1, 2*t.Len()); err != nil {
		return Text{}, err
	}
	repeat := func(n int) Text { return Text{s: strings.Repeat(fill.s, n), foreign: strings.Repeat(fill.foreign, n)} }
	var b builder
	b.add(repeat(l))
	b.add(t)
	b.add(repeat(n))
	return b.text().as(t.markup), nil
}

// padder compiles center, ljust and rjust.
func padder(name string) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind(name, "/width", "/fillchar?")
		if err != nil {
			return nil, err
		}
		width, err := intOr(vs[0], 0)
		if err != nil {
			return nil, err
		}
		fill := Own(" ")
		if vs[1] != absent {
			if fill, err = textOf(vs[1]); err != nil {
				return nil, err
			}
			if fill.chars() != 1 {
				return nil, fail("%s fills with one character", name)
			}
		}
		return r.justify(t, fill, width, name)
	}
}

// justify pads t to a width.
func (r *run) justify(t, fill Text, width int64, how string) (value, error) {
	missing := width - int64(t.chars())
	if missing <= 0 {
		return t, r.spend(1, t.Len())
	}
	switch how {
	case "ljust":
		return r.pad(t, fill, 0, missing)
	case "rjust":
		return r.pad(t, fill, missing, 0)
	}
	left := missing/2 + missing&width&1
	return r.pad(t, fill, left, missing-left)
}

func zeroFill(r *run, t Text, a arguments) (value, error) {
	vs, err := a.bind("zfill", "/width")
	if err != nil {
		return nil, err
	}
	width, err := intOr(vs[0], 0)
	if err != nil {
		return nil, err
	}
	n := 0
	if strings.HasPrefix(t.s, "+") || strings.HasPrefix(t.s, "-") {
		n = 1
	}
	zeros, err := r.pad(Text{}, Own("0"), width-int64(t.chars()), 0)
	if err != nil {
		return nil, err
	}
	var b builder
	b.add(t.Slice(0, n))
	b.add(zeros)
	b.add(t.Slice(n, t.Len()))
	return b.text().as(t.markup), r.spend(1, t.Len())
}

func expandTabs(r *run, t Text, a arguments) (value, error) {
	vs, err := a.bind("expandtabs", "tabsize?")
	if err != nil {
		return nil, err
	}
	size, err := intOr(vs[0], 8)
	if err != nil {
		return nil, err
	}
	if err := r.spend(t.Len()/4, t.Len()); err != nil {
		return nil, err
	}
	var b builder
	column := int64(0)
	for i, c := range t.s {
		switch c {
		case '\t':
			if size <= 0 {
				continue
			}
			n, err := r.repeats(size-column%size, 1, 1)
			if err != nil {
				return nil, err
			}
			b.addLike(strings.Repeat(" ", n), t, i)
			column = 0
			continue
		case '\n', '\r':
			column = -1
		}
		column++
		b.addLike(string(c), t, i)
	}
	return b.text().as(t.markup), nil
}
