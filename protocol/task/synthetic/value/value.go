package value

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of every value; a caller sets those of [Limits] besides.
const (
	// MaxNumber is the most bytes of a number.
	MaxNumber = 32
	// MaxExponent is the largest power of ten that a number may name: without a
	// bound, 1e999999999 is a few bytes here and gigabytes in exact arithmetic.
	MaxExponent = 99
)

// The errors of [Decode].
var (
	// ErrForm says that bytes are no JSON, or JSON that two readers may read
	// differently: invalid UTF-8, half a surrogate pair, a key that comes twice.
	ErrForm = errors.New("value: not plain JSON")
	// ErrLimit says that a value is larger than the limits.
	ErrLimit = errors.New("value: above a limit")
)

// Limits bound a value.
type Limits struct {
	Bytes  int // of the text
	Depth  int // of arrays and objects in each other; 0 allows neither
	Values int // of values and keys together
}

// Decode returns the one value that b holds: nil, bool, string, [json.Number],
// []any or map[string]any. Errors: [ErrForm], [ErrLimit], each with the place.
func Decode(b []byte, l Limits) (any, error) {
	if len(b) > l.Bytes {
		return nil, fmt.Errorf("%d bytes, at most %d: %w", len(b), l.Bytes, ErrLimit)
	}
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("invalid UTF-8: %w", ErrForm)
	}
	d := decoder{b: b, l: l}
	d.space()
	v, err := d.value(0)
	if err != nil {
		return nil, fmt.Errorf("at byte %d: %w", d.i, err)
	}
	if d.space(); d.i < len(b) {
		return nil, fmt.Errorf("at byte %d: more after the value: %w", d.i, ErrForm)
	}
	return v, nil
}

// Strings calls f with every string that is a value in v, not a key: arrays in
// their order, objects by ascending bytes of their keys.
func Strings(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case []any:
		for _, e := range v {
			Strings(e, f)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			Strings(v[k], f)
		}
	}
}

// Size returns how many values and keys there are in v, and how many bytes its
// strings and keys have together.
func Size(v any) (values, bytes int) {
	values = 1
	add := func(v any) {
		n, b := Size(v)
		values, bytes = values+n, bytes+b
	}
	switch v := v.(type) {
	case string:
		bytes = len(v)
	case []any:
		for _, e := range v {
			add(e)
		}
	case map[string]any:
		for k, e := range v {
			values, bytes = values+1, bytes+len(k)
			add(e)
		}
	}
	return values, bytes
}

// decoder reads b from i on.
type decoder struct {
	b      []byte
	i      int
	l      Limits
	values int
}

// count counts one value or key.
func (d *decoder) count() error {
	if d.values++; d.values > d.l.Values {
		return fmt.Errorf("more than %d values and keys: %w", d.l.Values, ErrLimit)
	}
	return nil
}

func (d *decoder) space() {
	for d.i < len(d.b) && strings.IndexByte(" \t\r\n", d.b[d.i]) >= 0 {
		d.i++
	}
}

// next reports whether c comes next, and steps over it.
func (d *decoder) next(c byte) bool {
	if d.i == len(d.b) || d.b[d.i] != c {
		return false
	}
	d.i++
	return true
}

func (d *decoder) value(depth int) (any, error) {
	if err := d.count(); err != nil {
		return nil, err
	}
	if d.i == len(d.b) {
		return nil, fmt.Errorf("a value is missing: %w", ErrForm)
	}
	switch d.b[d.i] {
	case '{', '[':
		if depth == d.l.Depth {
			return nil, fmt.Errorf("nested deeper than %d: %w", d.l.Depth, ErrLimit)
		}
		if d.next('{') {
			return d.object(depth + 1)
		}
		d.i++
		return d.array(depth + 1)
	case '"':
		return d.str()
	case 't':
		return true, d.word("true")
	case 'f':
		return false, d.word("false")
	case 'n':
		return nil, d.word("null")
	}
	return d.number()
}

func (d *decoder) word(w string) error {
	if !strings.HasPrefix(string(d.b[d.i:min(d.i+len(w), len(d.b))]), w) {
		return fmt.Errorf("no value begins so: %w", ErrForm)
	}
	d.i += len(w)
	return nil
}

func (d *decoder) array(depth int) (any, error) {
	list := []any{}
	for d.space(); !d.next(']'); {
		if len(list) > 0 {
			if !d.next(',') {
				return nil, fmt.Errorf("no comma between elements: %w", ErrForm)
			}
			d.space()
		}
		v, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		d.space()
	}
	return list, nil
}

func (d *decoder) object(depth int) (any, error) {
	fields := map[string]any{}
	for d.space(); !d.next('}'); {
		if len(fields) > 0 {
			if !d.next(',') {
				return nil, fmt.Errorf("no comma between fields: %w", ErrForm)
			}
			d.space()
		}
		if err := d.field(fields, depth); err != nil {
			return nil, err
		}
		d.space()
	}
	return fields, nil
}

func (d *decoder) field(fields map[string]any, depth int) error {
	if err := d.count(); err != nil {
		return err
	}
	key, err := d.str()
	if err != nil {
		return err
	}
	if _, twice := fields[key]; twice {
		return fmt.Errorf("the key %.32q comes twice: %w", key, ErrForm)
	}
	d.space()
	if !d.next(':') {
		return fmt.Errorf("no colon after a key: %w", ErrForm)
	}
	d.space()
	fields[key], err = d.value(depth)
	return err
}

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?, as it stands.
func (d *decoder) number() (any, error) {
	start := d.i
	d.next('-')
	whole := d.i
	if d.digits() == 0 || d.b[whole] == '0' && d.i > whole+1 {
		return nil, fmt.Errorf("no value begins so: %w", ErrForm)
	}
	if d.next('.') && d.digits() == 0 {
		return nil, fmt.Errorf("a number ends in its point: %w", ErrForm)
	}
	if d.next('e') || d.next('E') {
		if !d.next('-') {
			d.next('+')
		}
		from := d.i
		if d.digits() == 0 {
			return nil, fmt.Errorf("a number ends in its exponent: %w", ErrForm)
		}
		if n, err := strconv.Atoi(string(d.b[from:d.i])); err != nil || n > MaxExponent {
			return nil, fmt.Errorf("an exponent above %d: %w", MaxExponent, ErrLimit)
		}
	}
	if d.i-start > MaxNumber {
		return nil, fmt.Errorf("a number of more than %d bytes: %w", MaxNumber, ErrLimit)
	}
	return json.Number(d.b[start:d.i]), nil
}

// digits steps over digits and returns how many there were.
func (d *decoder) digits() int {
	from := d.i
	for d.i < len(d.b) && '0' <= d.b[d.i] && d.b[d.i] <= '9' {
		d.i++
	}
	return d.i - from
}

func (d *decoder) str() (string, error) {
	if !d.next('"') {
		return "", fmt.Errorf("a string is missing: %w", ErrForm)
	}
	for from := d.i; d.i < len(d.b); d.i++ {
		switch c := d.b[d.i]; {
		case c == '"':
			d.i++
			return string(d.b[from : d.i-1]), nil
		case c == '\\':
			return d.escaped(d.b[from:d.i])
		case c < ' ':
			return "", fmt.Errorf("a control character in a string: %w", ErrForm)
		}
	}
	return "", fmt.Errorf("a string does not end: %w", ErrForm)
}

// escaped reads the rest of a string in which an escape comes next.
func (d *decoder) escaped(before []byte) (string, error) {
	out := slices.Clone(before)
	for d.i < len(d.b) {
		c := d.b[d.i]
		d.i++
		switch {
		case c == '"':
			return string(out), nil
		case c == '\\':
			r, err := d.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		case c < ' ':
			return "", fmt.Errorf("a control character in a string: %w", ErrForm)
		default:
			out = append(out, c)
		}
	}
	return "", fmt.Errorf("a string does not end: %w", ErrForm)
}

// escape reads what follows a backslash.
func (d *decoder) escape() (rune, error) {
	const names, values = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if d.i == len(d.b) {
		return 0, fmt.Errorf("a string does not end: %w", ErrForm)
	}
	c := d.b[d.i]
	d.i++
	if k := strings.IndexByte(names, c); k >= 0 {
		return rune(values[k]), nil
	}
	if c != 'u' {
		return 0, fmt.Errorf("an unknown escape: %w", ErrForm)
	}
	r, err := d.hex()
	if err != nil || r < 0xd800 || r > 0xdfff {
		return r, err
	}
	if r <= 0xdbff && d.next('\\') && d.next('u') {
		if low, err := d.hex(); err == nil && 0xdc00 <= low && low <= 0xdfff {
			return 0x10000 + (r-0xd800)<<10 + (low - 0xdc00), nil
		}
	}
	return 0, fmt.Errorf("half a surrogate pair: %w", ErrForm)
}

func (d *decoder) hex() (rune, error) {
	if len(d.b)-d.i < 4 {
		return 0, fmt.Errorf("a string does not end: %w", ErrForm)
	}
	n, err := strconv.ParseUint(string(d.b[d.i:d.i+4]), 16, 16) // which takes no sign and no underscore in base 16
	if err != nil {
		return 0, fmt.Errorf("an escape without four hex digits: %w", ErrForm)
	}
	d.i += 4
	return rune(n), nil
}
