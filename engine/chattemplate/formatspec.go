package chattemplate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxPrecision bounds the digits behind a point that are written.
const maxPrecision = 400

var errPrecision = fmt.Errorf("%w: a number is written with more than %d digits", ErrLimit, maxPrecision)

// spec says how a value is written:
// [[fill]align][sign][#][0][width][grouping][.precision][kind].
type spec struct {
	fill      Text
	align     byte // one of < > ^ =, or 0
	sign      byte // one of + - and space, or 0
	alternate bool // #
	zero      bool
	width     int64
	grouping  string
	precision int // −1: none
	kind      byte
}

func readSpec(t Text) (spec, error) {
	p := spec{fill: Own(" "), precision: -1}
	rest := t.s
	if _, n := utf8.DecodeRuneInString(rest); n > 0 && n < len(rest) && strings.IndexByte("<>^=", rest[n]) >= 0 {
		p.fill, p.align = t.Slice(0, n), rest[n]
		rest = rest[n+1:]
	} else if rest != "" && strings.IndexByte("<>^=", rest[0]) >= 0 {
		p.align = rest[0]
		rest = rest[1:]
	}
	if rest != "" && strings.IndexByte("+- ", rest[0]) >= 0 {
		p.sign = rest[0]
		rest = rest[1:]
	}
	rest, p.alternate = strings.CutPrefix(rest, "#")
	if rest, p.zero = strings.CutPrefix(rest, "0"); p.zero && p.align == 0 {
		p.fill, p.align = Own("0"), '='
	}
	var err error
	if rest, p.width, err = readDigits(rest); err != nil {
		return p, err
	}
	if rest != "" && (rest[0] == ',' || rest[0] == '_') {
		p.grouping = rest[:1]
		rest = rest[1:]
	}
	if after, ok := strings.CutPrefix(rest, "."); ok {
		var n int64
		if rest, n, err = readDigits(after); err != nil || len(rest) == len(after) {
			return p, fail("a format without its precision")
		}
		p.precision = int(min(n, math.MaxInt32))
	}
	if len(rest) == 1 {
		p.kind, rest = rest[0], ""
	}
	if rest != "" {
		return p, fail("a format %.40q", t.s)
	}
	return p, nil
}

// readDigits reads a number at the start of s, of which there may be none.
func readDigits(s string) (string, int64, error) {
	n := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if n == 0 {
		return s, 0, nil
	}
	i, err := strconv.ParseInt(s[:n], 10, 64)
	if err != nil {
		return s, 0, fail("a format with a number beyond 64 bits")
	}
	return s[n:], i, nil
}

// formatted is Python's format(v, how).
func (r *run) formatted(v value, how Text) (Text, error) {
	if how.s == "" {
		return r.str(v)
	}
	p, err := readSpec(how)
	if err != nil {
		return Text{}, err
	}
	switch v := v.(type) {
	case Text:
		return r.formatText(v, p)
	case float64:
		return r.formatNumber(v, p, "eEfFgGn%")
	case int64, bool:
		n, _ := integer(v)
		if p.kind == 0 || strings.IndexByte("bcdoxXn", p.kind) >= 0 {
			return r.formatInt(n, p)
		}
		return r.formatNumber(float64(n), p, "eEfFgG%")
	}
	return Text{}, fail("a %s is written in a format", kindOf(v))
}

func (r *run) formatText(t Text, p spec) (Text, error) {
	if p.kind != 0 && p.kind != 's' || p.sign != 0 || p.alternate || p.grouping != "" || p.align == '=' && !p.zero {
		return Text{}, fail("a str is written in a number's format")
	}
	if err := r.spend(1, t.Len()); err != nil {
		return Text{}, err
	}
	if p.precision >= 0 && p.precision < t.chars() {
		t = t.part(0, p.precision)
	}
	missing := max(0, p.width-int64(t.chars()))
	switch p.align {
	case '>':
		return r.pad(t, p.fill, missing, 0)
	case '^':
		return r.pad(t, p.fill, missing/2, missing-missing/2)
	}
	return r.pad(t, p.fill, 0, missing)
}

func (r *run) formatInt(n int64, p spec) (Text, error) {
	if p.precision >= 0 {
		return Text{}, fail("an int is written with a precision")
	}
	prefix, base, every := "", 10, 3
	switch p.kind {
	case 'c':
		if n < 0 || n > utf8.MaxRune {
			return Text{}, fail("the number %d is of no character", n)
		}
		return r.formatText(Own(string(rune(n))), spec{fill: p.fill, align: p.align, width: p.width, precision: -1, zero: true})
	case 'b', 'o', 'x', 'X':
		base, every = map[byte]int{'b': 2, 'o': 8, 'x': 16, 'X': 16}[p.kind], 4
		if p.alternate {
			prefix = "0" + string(p.kind)
		}
	}
	digits := strconv.FormatUint(magnitude(n), base)
	if p.kind == 'X' {
		digits = strings.ToUpper(digits)
	}
	return r.formatDigits(signOf(n < 0, p.sign)+prefix, digits, "", every, p)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func signOf(negative bool, sign byte) string {
	switch {
	case negative:
		return "-"
	case sign == '+' || sign == ' ':
		return string(sign)
	}
	return ""
}

func (r *run) formatNumber(x float64, p spec, kinds string) (Text, error) {
	if p.kind != 0 && strings.IndexByte(kinds, p.kind) < 0 {
		return Text{}, fail("a number is written as %q", p.kind)
	}
	if p.precision > maxPrecision {
		return Text{}, errPrecision
	}
	s := numberText(math.Abs(x), p)
	end := len(s)
	if i := strings.IndexAny(s, ".e%"); i >= 0 {
		end = i
	}
	return r.formatDigits(signOf(math.Signbit(x) && !math.IsNaN(x), p.sign), s[:end], s[end:], 3, p)
}

// numberText writes a float that is not negative.
func numberText(x float64, p spec) string {
	kind, precision, suffix := p.kind|0x20, p.precision, ""
	switch {
	case math.IsInf(x, 0) || math.IsNaN(x):
		s := floatText(x)
		if p.kind == 'E' || p.kind == 'F' || p.kind == 'G' {
			s = strings.ToUpper(s)
		}
		if p.kind == '%' {
			s += "%"
		}
		return s
	case p.kind == 0 && precision < 0:
		return floatText(x)
	case p.kind == '%':
		x, kind, suffix = x*100, 'f', "%"
	case kind == 'n' || p.kind == 0:
		kind = 'g'
	}
	if precision < 0 {
		precision = 6
	}
	if kind == 'g' {
		precision = max(1, precision)
	}
	s := strconv.FormatFloat(x, kind, precision, 64)
	if p.kind == 0 && !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	if p.alternate {
		s = alternate(s, kind, precision)
	}
	if p.kind == 'E' || p.kind == 'G' {
		s = strings.ToUpper(s)
	}
	return s + suffix
}

// alternate keeps the point and, of the general form, the zeros at the end.
func alternate(s string, kind byte, precision int) string {
	mantissa, exponent := s, ""
	if i := strings.IndexByte(s, 'e'); i >= 0 {
		mantissa, exponent = s[:i], s[i:]
	}
	if !strings.Contains(mantissa, ".") {
		mantissa += "."
	}
	if kind == 'g' {
		digits := strings.TrimLeft(strings.Replace(mantissa, ".", "", 1), "0")
		mantissa += strings.Repeat("0", max(0, precision-max(1, len(digits))))
	}
	return mantissa + exponent
}

// formatDigits writes a number of a sign or prefix, digits before and what
// comes behind.
func (r *run) formatDigits(sign, digits, behind string, every int, p spec) (Text, error) {
	if p.grouping != "" && (digits == "" || digits[0] <= '9') || p.grouping != "" && every == 4 {
		if p.align == '=' && p.fill.s == "0" { // zeros are grouped, too
			for int64(len(sign)+len(grouped("0"+digits, p.grouping, every))+len(behind)) <= p.width && len(digits) < maxPrecision {
				digits = "0" + digits
			}
		}
		digits = grouped(digits, p.grouping, every)
	}
	missing := max(0, p.width-int64(len(sign)+utf8.RuneCountInString(digits)+len(behind)))
	body := Own(digits + behind)
	switch p.align {
	case '<':
		return r.pad(Own(sign+body.s), p.fill, 0, missing)
	case '^':
		return r.pad(Own(sign+body.s), p.fill, missing/2, missing-missing/2)
	case '=':
		t, err := r.pad(body, p.fill, missing, 0)
		if err != nil {
			return t, err
		}
		var b builder
		b.add(Own(sign))
		b.add(t)
		return b.text(), nil
	}
	return r.pad(Own(sign+body.s), p.fill, missing, 0)
}

// grouped puts a separator between groups of digits.
func grouped(digits, separator string, every int) string {
	var b strings.Builder
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%every == 0 {
			b.WriteString(separator)
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}
