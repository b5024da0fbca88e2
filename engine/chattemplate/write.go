package chattemplate

import (
	"fmt"
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
	var b builder
	err := r.write(&b, v, python, 0)
	return b.text(), err
}

// notation is how lists and dictionaries are written out.
type notation struct {
	none, yes, no string
	quote         func(r *run, b *builder, t Text) error
	float         func(float64) string
	// indent is what a level is indented by; empty means that all goes on one line.
	indent string
	json   bool
}

var (
	python = notation{none: "None", yes: "True", no: "False", quote: quotePython, float: floatText}
	asJSON = notation{none: "null", yes: "true", no: "false", quote: quoteJSON, float: floatText, json: true}
)

func (r *run) write(b *builder, v value, n notation, depth int) error {
	if depth > maxDeep {
		return fmt.Errorf("%w: values nested more than %d deep", ErrLimit, maxDeep)
	}
	before := b.len()
	var err error
	switch v := v.(type) {
	case nil:
		b.add(Own(n.none))
	case bool:
		b.add(Own(map[bool]string{true: n.yes, false: n.no}[v]))
	case int64:
		b.add(Own(strconv.FormatInt(v, 10)))
	case float64:
		b.add(Own(n.float(v)))
	case Text:
		return n.quote(r, b, v)
	case *list:
		open, end := "[", "]"
		if v.tuple && !n.json {
			open, end = "(", ")" // of two, so no comma at its end
		}
		err = r.writeItems(b, n, depth, open, end, len(v.items), func(i int) error { return r.write(b, v.items[i], n, depth+1) })
		before = b.len()
	case *dict:
		err = r.writeItems(b, n, depth, "{", "}", len(v.keys), func(i int) error { return r.writePair(b, v, i, n, depth) })
		before = b.len()
	case undefined:
		if n.json {
			return fail("%s cannot be written as JSON", kindOf(v))
		}
		b.add(Own("Undefined"))
	default:
		return fail("a %s cannot be written out", kindOf(v))
	}
	if err != nil {
		return err
	}
	return r.spend(1, b.len()-before)
}

func (r *run) writePair(b *builder, d *dict, i int, n notation, depth int) error {
	key := d.keys[i]
	if _, ok := key.(Text); !ok && n.json {
		var err error
		if key, err = r.str(key); err != nil {
			return err
		}
	}
	if err := r.write(b, key, n, depth+1); err != nil {
		return err
	}
	b.add(Own(": "))
	return r.write(b, d.values[i], n, depth+1)
}

// writeItems writes the frame of a list or a dictionary and lets item write what is inside.
func (r *run) writeItems(b *builder, n notation, depth int, open, end string, count int, item func(int) error) error {
	newLine, comma := "", ", "
	if n.indent != "" {
		newLine, comma = "\n"+strings.Repeat(n.indent, depth+1), ","
	}
	if err := r.spend(1, 2+count*(len(comma)+len(newLine))); err != nil {
		return err
	}
	b.add(Own(open))
	for i := range count {
		if i > 0 {
			b.add(Own(comma))
		}
		b.add(Own(newLine))
		if err := item(i); err != nil {
			return err
		}
	}
	if n.indent != "" && count > 0 {
		b.add(Own("\n" + strings.Repeat(n.indent, depth)))
	}
	b.add(Own(end))
	return nil
}

// quotePython is Python's repr of a string.
func quotePython(r *run, b *builder, t Text) error {
	quote := byte('\'')
	if strings.Contains(t.s, "'") && !strings.Contains(t.s, `"`) {
		quote = '"'
	}
	return quoteText(r, b, t, quote, func(c rune) string {
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
		case c < 0x100:
			return fmt.Sprintf(`\x%02x`, c)
		case c < 0x10000:
			return fmt.Sprintf(`\u%04x`, c)
		}
		return fmt.Sprintf(`\U%08x`, c)
	})
}

// quoteJSON is Python's json.dumps of a string with ensure_ascii=False.
func quoteJSON(r *run, b *builder, t Text) error {
	return quoteText(r, b, t, '"', func(c rune) string {
		switch {
		case c == '"' || c == '\\':
			return `\` + string(c)
		case c >= 0x20:
			return ""
		}
		if i := strings.IndexRune("\b\f\n\r\t", c); i >= 0 {
			return `\` + "bfnrt"[i:i+1]
		}
		return fmt.Sprintf(`\u%04x`, c)
	})
}

// quoteText writes t between quotes; escape gives what stands for a character, or nothing if it stands for itself.
func quoteText(r *run, b *builder, t Text, quote byte, escape func(rune) string) error {
	if err := r.spend(1, 2+2*t.Len()); err != nil {
		return err
	}
	before := b.len()
	b.add(Own(string(quote)))
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
			b.add(t.Slice(i, i+1).like(e))
		}
		i += n
	}
	b.add(Own(string(quote)))
	return r.spend(0, max(0, b.len()-before-2-2*t.Len()))
}

// floatText is Python's repr of a float.
func floatText(x float64) string {
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if abs := max(x, -x); abs >= 1e-4 && abs < 1e16 || x == 0 {
		s = strconv.FormatFloat(x, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
	}
	return s
}
