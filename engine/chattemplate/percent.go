package chattemplate

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// percenting is one formatting of a string by the operator %.
type percenting struct {
	r     *run
	names *dict   // nil unless the values are a dictionary
	items []value // otherwise
	// lenient is set where values may be left over.
	lenient bool
}

// percentFormat is Python's format % values.
func (r *run) percentFormat(t Text, values value) (Text, error) {
	p := &percenting{r: r, items: []value{values}}
	switch v := values.(type) {
	case *dict:
		p.names, p.lenient = v, true
	case *list:
		if v.isTuple() {
			p.items = v.items
		}
		p.lenient = v.kind == aList || v.kind == aRange
	case undefined:
		p.lenient = true
	}
	var b builder
	for at := 0; ; {
		i, err := r.find(t, Own("%"), at)
		if err != nil {
			return Text{}, err
		}
		if i < 0 {
			b.add(t.Slice(at, t.Len()))
			break
		}
		b.add(t.Slice(at, i))
		s, n, err := p.directive(t.s[i+1:])
		if err != nil {
			return Text{}, err
		}
		if t.markup {
			if s, err = r.escaped(s); err != nil {
				return Text{}, err
			}
		}
		if err := r.spend(1, s.Len()+n); err != nil {
			return Text{}, err
		}
		b.add(s)
		at = i + 1 + n
	}
	if len(p.items) > 0 && !p.lenient {
		return Text{}, fail("%% formats a string with too many values")
	}
	return b.text().as(t.markup), r.spend(0, t.Len())
}

func (p *percenting) next() (value, error) {
	if len(p.items) == 0 {
		return nil, fail("%% formats a string with too few values")
	}
	v := p.items[0]
	p.items = p.items[1:]
	return v, nil
}

// directive writes the directive that s begins with, and returns its length:
// [(name)][flags][width][.precision][length]kind.
func (p *percenting) directive(s string) (Text, int, error) {
	rest := s
	var named value
	if strings.HasPrefix(rest, "(") {
		end := strings.IndexByte(rest, ')')
		if end < 0 || p.names == nil {
			return Text{}, 0, fail("%% formats by name, which needs a dictionary")
		}
		v, ok := p.names.field(rest[1:end])
		if !ok {
			return Text{}, 0, fail("%% formats the name %.40q, which the dictionary has not", rest[1:end])
		}
		named, rest = v, rest[end+1:]
		p.items = []value{named}
	}
	how := spec{fill: Own(" "), align: '>', precision: -1}
	for ; rest != "" && strings.IndexByte("-+ #0", rest[0]) >= 0; rest = rest[1:] {
		switch rest[0] {
		case '-':
			how.align = '<'
		case '#':
			how.alternate = true
		case '0':
			how.zero = true
		case '+':
			how.sign = '+'
		case ' ':
			if how.sign == 0 {
				how.sign = ' '
			}
		}
	}
	rest, width, err := p.size(rest)
	if err != nil {
		return Text{}, 0, err
	}
	if how.width = width; width < 0 {
		how.width, how.align = -width, '<'
	}
	if strings.HasPrefix(rest, ".") {
		var n int64
		if rest, n, err = p.size(rest[1:]); err != nil {
			return Text{}, 0, err
		}
		how.precision = int(max(0, min(n, math.MaxInt32)))
	}
	rest = strings.TrimLeft(rest, "hlL")
	if rest == "" {
		return Text{}, 0, fail("%% formats an incomplete format")
	}
	t, err := p.write(rest, how)
	return t, len(s) - len(rest) + 1, err // a kind is ASCII
}

// size reads a width or a precision, which may be the next value.
func (p *percenting) size(s string) (string, int64, error) {
	if rest, ok := strings.CutPrefix(s, "*"); ok {
		v, err := p.next()
		if err != nil {
			return rest, 0, err
		}
		n, ok := integer(v)
		if !ok || n <= -1<<31 {
			return rest, 0, fail("%% formats with a width that is a %s", kindOf(v))
		}
		return rest, n, nil
	}
	return readDigits(s)
}

// write writes the next value as the kind that rest begins with.
func (p *percenting) write(rest string, how spec) (Text, error) {
	kind := rest[0]
	if kind == '%' && how.width == 0 && how.precision < 0 {
		return Own("%"), nil
	}
	if strings.IndexByte("srcadiuoxXeEfFgG", kind) < 0 {
		return Text{}, fail("%% formats an unsupported %.8q", rest[:min(len(rest), 4)])
	}
	v, err := p.next()
	if err != nil {
		return Text{}, err
	}
	switch kind {
	case 's', 'r', 'a', 'c':
		return p.text(v, kind, how)
	case 'd', 'i', 'u', 'o', 'x', 'X':
		return p.integer(v, kind, how)
	}
	x, ok := number(v)
	if !ok {
		return Text{}, fail("%% formats a %s as a number", kindOf(v))
	}
	if how.zero && how.align == '>' {
		how.align, how.fill = '=', Own("0")
	}
	how.kind = kind
	return p.r.formatNumber(x, how, "eEfFgG")
}

func (p *percenting) text(v value, kind byte, how spec) (t Text, err error) {
	switch kind {
	case 's':
		t, err = p.r.str(v)
	case 'r':
		t, err = p.r.repr(v)
	case 'a':
		t, err = p.r.ascii(v)
	case 'c':
		var isText bool
		if t, isText = v.(Text); !isText {
			n, ok := integer(v)
			if !ok || n < 0 || n > utf8.MaxRune {
				return t, fail("%%c formats a %s", kindOf(v))
			}
			t = Own(string(rune(n)))
		} else if t.chars() != 1 {
			return t, fail("%%c formats one character")
		}
		how.precision = -1
	}
	if err != nil {
		return t, err
	}
	return p.r.formatText(t, spec{fill: how.fill, align: how.align, width: how.width, precision: how.precision})
}

func (p *percenting) integer(v value, kind byte, how spec) (Text, error) {
	n, ok := integer(v)
	if x, isFloat := v.(float64); isFloat && strings.IndexByte("diu", kind) >= 0 && !math.IsNaN(x) {
		var err error
		if n, ok, err = wholeOf(x); err != nil {
			return Text{}, err
		}
	}
	if !ok {
		return Text{}, fail("%%%c formats a %s", kind, kindOf(v))
	}
	base := map[byte]int{'o': 8, 'x': 16, 'X': 16}[kind]
	prefix := signOf(n < 0, how.sign)
	if base == 0 {
		base = 10
	} else if how.alternate {
		prefix += "0" + string(kind)
	}
	digits := strconv.FormatUint(magnitude(n), base)
	if kind == 'X' {
		digits = strings.ToUpper(digits)
	}
	if how.precision > maxPrecision {
		return Text{}, errPrecision
	}
	digits = strings.Repeat("0", max(0, how.precision-len(digits))) + digits
	if how.zero && how.align == '>' {
		how.align, how.fill = '=', Own("0")
	}
	return p.r.formatDigits(prefix, digits, "", 3, how)
}
