package chattemplate

import (
	"fmt"
	"math"
	"strings"
)

// maxIndent bounds the spaces by which tojson indents, and indent.
const maxIndent = 64

// jsonFilter is the filter tojson as transformers defines it: Python's
// json.dumps with four of its arguments.
func jsonFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("tojson", "ensure_ascii?", "indent?", "separators?", "sort_keys?")
	if err != nil {
		return nil, err
	}
	n := notation{
		none: "null", yes: "true", no: "false", quote: quoteJSON, float: jsonFloat, json: true,
		comma: Own(", "), colon: Own(": "), sortKeys: given(vs[3]),
	}
	if given(vs[0]) {
		n.quote = quoteASCII
	}
	if vs[1] != absent && vs[1] != nil {
		if n.indent, err = indentation(vs[1]); err != nil {
			return nil, err
		}
		n.lines, n.comma = true, Own(",")
	}
	if vs[2] != absent && vs[2] != nil {
		pair, err := r.all(vs[2])
		if err != nil {
			return nil, err
		}
		if len(pair) != 2 {
			return nil, fail("tojson takes two separators")
		}
		if n.comma, err = textOf(pair[0]); err != nil {
			return nil, err
		}
		if n.colon, err = textOf(pair[1]); err != nil {
			return nil, err
		}
	}
	var b builder
	err = r.write(&b, v, n, 0)
	return b.text(), err
}

// indentation reads an indentation: a text, or a number of spaces.
func indentation(v value) (Text, error) {
	if t, ok := v.(Text); ok {
		return t, nil
	}
	n, ok := integer(v)
	if !ok {
		return Text{}, fail("an indentation is a %s", kindOf(v))
	}
	if n > maxIndent {
		return Text{}, fmt.Errorf("%w: an indentation of %d, at most %d are written", ErrLimit, n, maxIndent)
	}
	return Own(strings.Repeat(" ", int(max(0, n)))), nil
}

func jsonFloat(x float64) string {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 1):
		return "Infinity"
	case math.IsInf(x, -1):
		return "-Infinity"
	}
	return floatText(x)
}

// jsonEscape is what stands for a character in JSON, or nothing.
func jsonEscape(c rune) string {
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
}

// quoteJSON is Python's json.dumps of a string with ensure_ascii=False.
func quoteJSON(r *run, b *builder, t Text) error { return quoteText(r, b, t, `"`, `"`, jsonEscape) }

// quoteASCII is Python's json.dumps of a string with ensure_ascii=True.
func quoteASCII(r *run, b *builder, t Text) error {
	if err := r.spend(0, 3*t.Len()); err != nil {
		return err
	}
	return quoteText(r, b, t, `"`, `"`, func(c rune) string {
		switch {
		case c < 0x7f:
			return jsonEscape(c)
		case c < 0x10000:
			return fmt.Sprintf(`\u%04x`, c)
		}
		c -= 0x10000
		return fmt.Sprintf(`\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
	})
}
