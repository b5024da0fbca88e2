package chattemplate

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

type operator func(r *run, a, b value) (value, error)

// BinOp's operators, by the library's numbers.
const (
	opEq = iota
	opNe
	opLess
	opLessEq
	opGreater
	opGreaterEq
	opAnd
	opOr
	opAdd
	opSub
	opMul
	opDiv
	opFloorDiv
	opRem
	opPow
	opConcat
	opIn
)

// Compare's last two; the first six are as above.
const (
	compareIn = 6 + iota
	compareNotIn
)

var operators = map[int]operator{
	opEq: equals, opNe: not(equals), opIn: in,
	opLess: ordered(func(c int) bool { return c < 0 }), opLessEq: ordered(func(c int) bool { return c <= 0 }),
	opGreater: ordered(func(c int) bool { return c > 0 }), opGreaterEq: ordered(func(c int) bool { return c >= 0 }),
	opAdd: plus, opMul: times, opConcat: concat, opSub: arithmetic, opDiv: divide,
	opFloorDiv: floored(func(quotient, _ int64) int64 { return quotient }),
	opRem:      floored(func(_, remainder int64) int64 { return remainder }),
	opPow:      power,
}

var comparisons = map[int]operator{
	opEq: operators[opEq], opNe: operators[opNe], opLess: operators[opLess], opLessEq: operators[opLessEq],
	opGreater: operators[opGreater], opGreaterEq: operators[opGreaterEq], compareIn: in, compareNotIn: not(in),
}

var errBigNumber = fmt.Errorf("%w: a number beyond 64 bits", ErrLimit)

func not(f operator) operator {
	return func(r *run, a, b value) (value, error) {
		v, err := f(r, a, b)
		return !truth(v), err
	}
}

func equals(r *run, a, b value) (value, error) { return r.equal(a, b, 0) }
func in(r *run, a, b value) (value, error)     { return r.contains(b, a) }

func ordered(fits func(int) bool) operator {
	return func(r *run, a, b value) (value, error) {
		c, err := r.compare(a, b)
		return fits(c), err
	}
}

func unsupported(what string, a, b value) error {
	return fail("%s of %s and %s", what, kindOf(a), kindOf(b))
}

func negate(v value) (value, error) {
	if x, ok := v.(float64); ok {
		return -x, nil
	}
	n, ok := integer(v)
	switch {
	case !ok:
		return nil, fail("a %s has no sign", kindOf(v))
	case n == math.MinInt64:
		return nil, errBigNumber
	}
	return -n, nil
}

// concat is Jinja's ~: it makes strings of both first.
func concat(r *run, a, b value) (value, error) {
	s, err := r.str(a)
	if err != nil {
		return nil, err
	}
	t, err := r.str(b)
	if err != nil {
		return nil, err
	}
	return r.join(s, t)
}

func plus(r *run, a, b value) (value, error) {
	if s, ok := a.(Text); ok {
		if t, ok := b.(Text); ok {
			return r.join(s, t)
		}
	}
	if l, ok := a.(*list); ok {
		if m, ok := b.(*list); ok {
			if err := r.spend(len(l.items)+len(m.items), 0); err != nil {
				return nil, err
			}
			out := make([]value, 0, len(l.items)+len(m.items))
			return &list{items: append(append(out, l.items...), m.items...)}, nil
		}
	}
	if i, ok := integer(a); ok {
		if j, ok := integer(b); ok {
			if sum := i + j; (sum > i) == (j > 0) {
				return sum, nil
			}
			return nil, errBigNumber
		}
	}
	return floats("+", a, b, func(x, y float64) float64 { return x + y })
}

// arithmetic is a − b.
func arithmetic(_ *run, a, b value) (value, error) {
	if i, ok := integer(a); ok {
		if j, ok := integer(b); ok {
			if d := i - j; (d < i) == (j > 0) {
				return d, nil
			}
			return nil, errBigNumber
		}
	}
	return floats("-", a, b, func(x, y float64) float64 { return x - y })
}

func floats(what string, a, b value, f func(x, y float64) float64) (value, error) {
	x, ok := number(a)
	y, ok2 := number(b)
	if !ok || !ok2 {
		return nil, unsupported(what, a, b)
	}
	z := f(x, y)
	if math.IsInf(z, 0) || math.IsNaN(z) {
		return nil, fmt.Errorf("%w: a number that is not finite", ErrLimit)
	}
	return z, nil
}

func times(r *run, a, b value) (value, error) {
	if i, ok := integer(a); ok {
		if j, ok := integer(b); ok {
			return product(i, j)
		}
		a, b = b, a
	}
	j, ok := integer(b)
	if !ok {
		return floats("*", a, b, func(x, y float64) float64 { return x * y })
	}
	switch a := a.(type) {
	case Text:
		n, err := r.repeats(j, a.Len(), 1)
		if err != nil {
			return nil, err
		}
		return Text{strings.Repeat(a.s, n), strings.Repeat(a.foreign, n)}, nil
	case *list:
		n, err := r.repeats(j, len(a.items), 0)
		if err != nil {
			return nil, err
		}
		out := make([]value, 0, n*len(a.items))
		for range n {
			out = append(out, a.items...)
		}
		return &list{items: out}, nil
	}
	return floats("*", a, b, func(x, y float64) float64 { return x * y })
}

// repeats spends what n copies of size cost, bytes for a text and steps for a list, and returns how many to make.
func (r *run) repeats(n int64, size, bytes int) (int, error) {
	if n <= 0 || size == 0 {
		return 0, nil
	}
	high, low := bits.Mul64(uint64(n), uint64(size))
	total := int(low)
	if high != 0 || low > math.MaxInt32 {
		total = math.MaxInt32 // beyond either budget
	}
	return int(n), r.spend((1-bytes)*total, bytes*total)
}

func product(i, j int64) (value, error) {
	if i == 0 || j == 0 {
		return int64(0), nil
	}
	p := i * j
	if p/j != i || i == -1 && j == math.MinInt64 || j == -1 && i == math.MinInt64 {
		return nil, errBigNumber
	}
	return p, nil
}

func divide(_ *run, a, b value) (value, error) {
	if y, ok := number(b); ok && y == 0 {
		return nil, fail("division by zero")
	}
	return floats("/", a, b, func(x, y float64) float64 { return x / y })
}

// floored makes Python's // or %, whose remainder has the sign of the divisor.
func floored(pick func(quotient, remainder int64) int64) operator {
	return func(_ *run, a, b value) (value, error) {
		i, ok := integer(a)
		j, ok2 := integer(b)
		switch {
		case !ok || !ok2:
			return nil, unsupported("// or %", a, b)
		case j == 0:
			return nil, fail("division by zero")
		case i == math.MinInt64 && j == -1:
			return nil, errBigNumber
		}
		q, m := i/j, i%j
		if m != 0 && (m < 0) != (j < 0) {
			q, m = q-1, m+j
		}
		return pick(q, m), nil
	}
}

func power(_ *run, a, b value) (value, error) {
	i, ok := integer(a)
	j, ok2 := integer(b)
	if !ok || !ok2 || j < 0 {
		return nil, unsupported("**", a, b)
	}
	out := value(int64(1))
	for range min(j, 64) { // beyond 64 turns only −1, 0 and 1 are left
		var err error
		if out, err = product(out.(int64), i); err != nil {
			return nil, err
		}
	}
	if j > 64 && i == -1 && j%2 == 1 {
		return int64(-1), nil
	}
	return out, nil
}

// slice is Python's v[start:stop:step]; each of the three may be nil.
func (r *run) slice(v, start, stop, step value) (value, error) {
	var n int
	text, isText := v.(Text)
	l, isList := v.(*list)
	switch {
	case isText:
		n = text.chars()
	case isList:
		n = len(l.items)
	default:
		return nil, fail("%s cannot be sliced", kindOf(v))
	}
	from, to, by, err := bounds(n, start, stop, step)
	if err != nil {
		return nil, err
	}
	if err := r.spend(1, 2*text.Len()); err != nil {
		return nil, err
	}
	if isText && by == 1 {
		return text.part(from, max(from, to)), nil
	}
	if err := r.spend(n, 0); err != nil {
		return nil, err
	}
	if isList {
		var out []value
		for i := from; by > 0 && i < to || by < 0 && i > to; i += by {
			out = append(out, l.items[i])
		}
		return &list{items: out}, nil
	}
	var b builder
	at := text.offsets()
	for i := from; by > 0 && i < to || by < 0 && i > to; i += by {
		b.add(text.Slice(at[i], at[i+1]))
	}
	return b.text(), nil
}

// bounds are Python's slice.indices.
func bounds(n int, start, stop, step value) (from, to, by int, err error) {
	by = 1
	if step != nil {
		i, ok := integer(step)
		if !ok || i == 0 {
			return 0, 0, 0, fail("a slice's step is %s", kindOf(step))
		}
		by = int(max(min(i, int64(n)+1), -int64(n)-1))
	}
	low, high := 0, n
	from, to = 0, n
	if by < 0 {
		low, high = -1, n-1
		from, to = n-1, -1
	}
	for _, x := range []struct {
		v value
		p *int
	}{{start, &from}, {stop, &to}} {
		if x.v == nil {
			continue
		}
		i, ok := integer(x.v)
		if !ok {
			return 0, 0, 0, fail("a slice ends at %s", kindOf(x.v))
		}
		if i < 0 {
			i = max(i, -int64(n)-1) + int64(n)
		}
		*x.p = int(max(int64(low), min(int64(high), i)))
	}
	return from, to, by, nil
}
