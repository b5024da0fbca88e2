package chattemplate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// str is Python's str(): what an expression between {{ and }} writes.
func (r *run) str(v value) (Text, error) {
	switch v := v.(type) {
	case undefined:
		return Text{}, nil
	case Text:
		return v, nil
	}
	return r.repr(v)
}

// repr is Python's repr().
func (r *run) repr(v value) (Text, error) {
	var b builder
	err := r.write(&b, v, python, 0)
	return b.text(), err
}

// ascii is Python's ascii().
func (r *run) ascii(v value) (Text, error) {
	t, err := r.repr(v)
	if err != nil {
		return t, err
	}
	if err := r.spend(t.Len()/4, 6*t.Len()); err != nil {
		return t, err
	}
	return t.each(func(_ int, c rune) string {
		if c < 0x80 {
			return string(c)
		}
		return hexEscape(c)
	}), nil
}

// notation is how values are written out.
type notation struct {
	none, yes, no string
	quote         func(r *run, b *builder, t Text) error
	float         func(float64) string
	json          bool
	// indent is what a level is indented by, if lines is set; otherwise all
	// goes on one line.
	indent       Text
	lines        bool
	comma, colon Text
	sortKeys     bool
}

var python = notation{none: "None", yes: "True", no: "False", quote: quotePython, float: floatText, comma: Own(", "), colon: Own(": ")}

func (r *run) write(b *builder, v value, n notation, depth int) error {
	if depth > maxDeep {
		return fmt.Errorf("%w: values nested more than %d deep", ErrLimit, maxDeep)
	}
	before := b.len()
	switch v := v.(type) {
	case nil:
		b.add(Own(n.none))
	case bool:
		if v {
			b.add(Own(n.yes))
		} else {
			b.add(Own(n.no))
		}
	case int64:
		b.add(Own(strconv.FormatInt(v, 10)))
	case float64:
		b.add(Own(n.float(v)))
	case Text:
		return n.quote(r, b, v)
	case *list:
		return r.writeList(b, v, n, depth)
	case *dict:
		return r.writeDict(b, v, n, depth)
	default:
		if n.json {
			return fail("a %s cannot be written as JSON", kindOf(v))
		}
		return r.writeOther(b, v, depth)
	}
	return r.spend(1, b.len()-before)
}

// writeOther writes what only Python's repr writes. What that shows an address
// of is an error.
func (r *run) writeOther(b *builder, v value, depth int) error {
	switch v := v.(type) {
	case undefined:
		b.add(Own("Undefined"))
	case *namespace:
		b.add(Own("<Namespace "))
		if err := r.write(b, &v.dict, python, depth+1); err != nil {
			return err
		}
		b.add(Own(">"))
	case *turn:
		n, err := v.count(r)
		if err != nil {
			return err
		}
		b.add(Own(fmt.Sprintf("<LoopContext %d/%d>", v.at+1, n)))
	case *function:
		switch {
		case v.macro == nil:
			return fail("a %s cannot be written out", kindOf(v))
		case v.macro.Name == "":
			b.add(Own("<Macro anonymous>"))
		default:
			b.add(Own("<Macro '" + v.macro.Name + "'>"))
		}
	default:
		return fail("a %s cannot be written out", kindOf(v))
	}
	return r.spend(1, 64)
}

func (r *run) writeList(b *builder, l *list, n notation, depth int) error {
	item := func(i int) error { return r.write(b, l.items[i], n, depth+1) }
	if n.json {
		if l.kind >= aRange {
			return fail("a %s cannot be written as JSON", kindOf(l))
		}
		return r.writeItems(b, n, depth, "[", "]", len(l.items), item)
	}
	open, end := "[", "]"
	switch l.kind {
	case aTuple, aGroup:
		open, end = "(", ")"
		if len(l.items) == 1 {
			end = ",)"
		}
	case aRange:
		s := fmt.Sprintf("range(%d, %d)", l.start, l.stop)
		if l.step != 1 {
			s = fmt.Sprintf("range(%d, %d, %d)", l.start, l.stop, l.step)
		}
		b.add(Own(s))
		return r.spend(1, len(s))
	case aKeys, aValues, aItems:
		open, end = kindOf(l)+"([", "])"
	}
	return r.writeItems(b, n, depth, open, end, len(l.items), item)
}

func (r *run) writeDict(b *builder, d *dict, n notation, depth int) error {
	order, err := r.order(d, n)
	if err != nil {
		return err
	}
	return r.writeItems(b, n, depth, "{", "}", len(d.keys), func(i int) error {
		if order != nil {
			i = int(order[i].(int64))
		}
		if err := r.writeKey(b, d.keys[i], n, depth); err != nil {
			return err
		}
		if err := r.spend(1, n.colon.Len()); err != nil {
			return err
		}
		b.add(n.colon)
		return r.write(b, d.values[i], n, depth+1)
	})
}

// order returns the numbers of a dictionary's pairs in the order of the keys,
// or nil if they stay as they are.
func (r *run) order(d *dict, n notation) ([]value, error) {
	if !n.sortKeys {
		return nil, nil
	}
	at := make([]value, len(d.keys))
	for i := range at {
		at[i] = int64(i)
	}
	return r.sorted(at, false, func(v value) (value, error) { return d.keys[v.(int64)], nil })
}

func (r *run) writeKey(b *builder, key value, n notation, depth int) error {
	if _, ok := key.(Text); ok || !n.json {
		return r.write(b, key, n, depth+1)
	}
	if l, ok := key.(*list); ok {
		return fail("a %s as a key in JSON", kindOf(l))
	}
	b.add(Own(`"`))
	if err := r.write(b, key, n, depth+1); err != nil {
		return err
	}
	b.add(Own(`"`))
	return nil
}

// writeItems writes the frame of a list or a dictionary and lets item write
// what is inside.
func (r *run) writeItems(b *builder, n notation, depth int, open, end string, count int, item func(int) error) error {
	newLine := Text{}
	if n.lines && count > 0 {
		var err error
		if newLine, err = r.newLine(n, depth+1); err != nil {
			return err
		}
	}
	if err := r.spend(1, 2+len(open)+len(end)+count*(n.comma.Len()+newLine.Len())); err != nil {
		return err
	}
	b.add(Own(open))
	for i := range count {
		if i > 0 {
			b.add(n.comma)
		}
		b.add(newLine)
		if err := item(i); err != nil {
			return err
		}
	}
	if n.lines && count > 0 {
		last, err := r.newLine(n, depth)
		if err != nil {
			return err
		}
		b.add(last)
	}
	b.add(Own(end))
	return nil
}

// newLine is a line feed and the indentation of a level.
func (r *run) newLine(n notation, depth int) (Text, error) {
	if err := r.spend(1, 1+depth*n.indent.Len()); err != nil {
		return Text{}, err
	}
	var b builder
	b.add(Own("\n"))
	for range depth {
		b.add(n.indent)
	}
	return b.text(), nil
}

// hexEscape is how Python writes a character that cannot be printed.
func hexEscape(c rune) string {
	switch {
	case c < 0x100:
		return fmt.Sprintf(`\x%02x`, c)
	case c < 0x10000:
		return fmt.Sprintf(`\u%04x`, c)
	}
	return fmt.Sprintf(`\U%08x`, c)
}

// quotePython is Python's repr of a string.
func quotePython(r *run, b *builder, t Text) error {
	quote := byte('\'')
	if strings.Contains(t.s, "'") && !strings.Contains(t.s, `"`) {
		quote = '"'
	}
	open := string(quote)
	if t.markup {
		open = "Markup(" + open
	}
	err := quoteText(r, b, t, open, string(quote), func(c rune) string {
		switch {
		case c == rune(quote) || c == '\\':
			return `\` + string(c)
		case c == '\n':
			return `\n`
		case c == '\r':
			return `\r`
		case c == '\t':
			return `\t`
		case unicode.IsPrint(c):
			return ""
		}
		return hexEscape(c)
	})
	if t.markup {
		b.add(Own(")"))
	}
	return err
}

// quoteText writes t between quotes; escape gives what stands for a character,
// or nothing if it stands for itself.
func quoteText(r *run, b *builder, t Text, open, end string, escape func(rune) string) error {
	if err := r.spend(1, len(open)+2*t.Len()); err != nil {
		return err
	}
	before := b.len()
	b.add(Own(open))
	for i, from := 0, 0; ; {
		c, n := utf8.DecodeRuneInString(t.s[i:])
		e := ""
		if n > 0 && (c != utf8.RuneError || n > 1) {
			e = escape(c)
		}
		if n == 0 || e != "" {
			b.add(t.Slice(from, i))
			from = i + n
		}
		if n == 0 {
			break
		}
		if e != "" {
			b.addLike(e, t, i)
		}
		i += n
	}
	b.add(Own(end))
	return r.spend(0, max(0, b.len()-before-2-2*t.Len()))
}

// floatText is Python's repr of a float.
func floatText(x float64) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if abs := math.Abs(x); abs >= 1e-4 && abs < 1e16 || x == 0 {
		s = strconv.FormatFloat(x, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
	}
	return s
}
