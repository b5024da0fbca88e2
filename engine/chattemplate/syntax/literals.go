package syntax

import (
	"maps"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/runenames"
)

// digits returns the length of the digits at the start of s, with single
// underscores between them; fits says what a digit is.
func digits(s string, fits func(byte) bool) int {
	n := 0
	for i := range len(s) {
		if s[i] == '_' && i > 0 && s[i-1] != '_' {
			continue
		}
		if !fits(s[i]) {
			break
		}
		n = i + 1
	}
	return n
}

func decimal(c byte) bool { return c >= '0' && c <= '9' }

// float returns the length of the float that s begins with, or 0.
func float(s string) int {
	n := digits(s, decimal)
	has := false
	if n < len(s) && s[n] == '.' {
		if f := digits(s[n+1:], decimal); f > 0 {
			n, has = n+1+f, true
		}
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		e := n + 1
		if e < len(s) && (s[e] == '+' || s[e] == '-') {
			e++
		}
		if f := digits(s[e:], decimal); f > 0 {
			n, has = e+f, true
		}
	}
	if !has {
		return 0
	}
	return n
}

// number reads a number. One after a dot is never a float: "a.0.1" has two items.
func (l *lexer) number() {
	s := l.source[l.at:]
	if l.at == 0 || l.source[l.at-1] != '.' {
		if n := float(s); n > 0 {
			l.add(kindFloat, strings.ReplaceAll(s[:n], "_", ""))
			l.advance(l.at + n)
			return
		}
	}
	n := integer(s)
	l.add(kindInteger, strings.ReplaceAll(s[:n], "_", ""))
	l.advance(l.at + n)
}

// integer returns the length of the integer that s begins with. Zeros before a
// decimal one are a number by themselves.
func integer(s string) int {
	if s[0] != '0' {
		return digits(s, decimal)
	}
	if len(s) > 2 {
		fits := map[byte]func(byte) bool{
			'b': func(c byte) bool { return c == '0' || c == '1' },
			'o': func(c byte) bool { return c >= '0' && c <= '7' },
			'x': func(c byte) bool { return decimal(c) || c|0x20 >= 'a' && c|0x20 <= 'f' },
		}[s[1]|0x20]
		if fits != nil {
			rest := strings.TrimPrefix(s[2:], "_")
			if n := digits(rest, fits); n > 0 {
				return len(s) - len(rest) + n
			}
		}
	}
	return digits(s, func(c byte) bool { return c == '0' })
}

// str reads a string that begins with a quote.
func (l *lexer) str(quote byte) {
	escaped := false
	for i := l.at + 1; ; i++ {
		if i >= len(l.source) {
			fail(l.line, "a string without end")
		}
		switch l.source[i] {
		case '\\':
			escaped = true
			i++
		case quote:
			text := l.source[l.at+1 : i]
			if escaped {
				text = l.unescape(text)
			}
			l.add(kindString, text)
			l.advance(i + 1)
			return
		}
	}
}

// short are the escapes of one character.
var short = map[byte]string{
	'\n': "", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// unescape decodes what stands in a string as Python's codec "unicode-escape"
// does after jinja2 has made it ASCII.
func (l *lexer) unescape(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		c := s[0] // a string does not end in a backslash
		if text, ok := short[c]; ok {
			b.WriteString(text)
			s = s[1:]
			continue
		}
		switch {
		case c >= '0' && c <= '7':
			s = l.octal(&b, s)
		case c == 'x':
			s = l.hex(&b, s, 2)
		case c == 'u':
			s = l.hex(&b, s, 4)
		case c == 'U':
			s = l.hex(&b, s, 8)
		case c == 'N':
			s = l.named(&b, s)
		default:
			s = other(&b, s)
		}
	}
}

// other writes what is no escape: the backslash stays. One that is not ASCII
// has become a backslash and its number before.
func other(b *strings.Builder, s string) string {
	c, n := utf8.DecodeRuneInString(s)
	b.WriteByte('\\')
	switch hex := strconv.FormatInt(int64(c), 16); {
	case c < utf8.RuneSelf:
		b.WriteByte(s[0])
	case c < 0x100:
		b.WriteString("x" + hex)
	case c < 0x10000:
		b.WriteString("u" + strings.Repeat("0", 4-len(hex)) + hex)
	default:
		b.WriteString("U" + strings.Repeat("0", 8-len(hex)) + hex)
	}
	return s[n:]
}

// octal reads one to three octal digits.
func (l *lexer) octal(b *strings.Builder, s string) string {
	n := digits(s[:min(3, len(s))], func(c byte) bool { return c >= '0' && c <= '7' })
	c, _ := strconv.ParseUint(s[:n], 8, 16)
	b.WriteRune(rune(c))
	return s[n:]
}

// hex reads exactly n hexadecimal digits after a letter.
func (l *lexer) hex(b *strings.Builder, s string, n int) string {
	if len(s) < 1+n {
		fail(l.line, `a cut escape \%s`, s)
	}
	c, err := strconv.ParseUint(s[1:1+n], 16, 32)
	if err != nil {
		fail(l.line, `a bad escape \%.9q`, s[:1+n])
	}
	if c > utf8.MaxRune || c >= 0xd800 && c < 0xe000 {
		fail(l.line, `the escape \%s is of no character`, s[:1+n])
	}
	b.WriteRune(rune(c))
	return s[1+n:]
}

// named reads a character's name in braces after N.
func (l *lexer) named(b *strings.Builder, s string) string {
	end := strings.IndexByte(s, '}')
	if len(s) < 2 || s[1] != '{' || end < 0 {
		fail(l.line, `a malformed escape \N`)
	}
	c, ok := byName(s[2:end])
	if !ok {
		fail(l.line, "no character is called %.80q", s[2:end])
	}
	b.WriteRune(c)
	return s[end+1:]
}

// byName returns the character of a Unicode name.
func byName(name string) (rune, bool) {
	name = strings.ToUpper(name)
	if hex, ok := strings.CutPrefix(name, "CJK UNIFIED IDEOGRAPH-"); ok && (len(hex) == 4 || len(hex) == 5) {
		c, err := strconv.ParseUint(hex, 16, 32)
		return rune(c), err == nil && strings.HasPrefix(runenames.Name(rune(c)), "<CJK Ideograph")
	}
	c, ok := names()[name]
	return c, ok
}

// names are the characters by name. Few templates need them, so they are
// collected when the first one does.
var names = sync.OnceValue(func() map[string]rune {
	out := make(map[string]rune, 40000)
	for c := rune(0); c <= 0x1ffff; c++ {
		addName(out, c)
	}
	for c := rune(0xe0000); c < 0xe0200; c++ {
		addName(out, c)
	}
	// What ASCII's controls are called has the rank of an alias.
	maps.Copy(out, map[string]rune{
		"NULL": 0, "BACKSPACE": 8, "CHARACTER TABULATION": 9, "TAB": 9, "LINE FEED": 10, "NEW LINE": 10, "LF": 10, "LINE TABULATION": 11,
		"FORM FEED": 12, "CARRIAGE RETURN": 13, "CR": 13, "ESCAPE": 27, "ESC": 27, "DELETE": 127, "NEXT LINE": 0x85, "NBSP": 0xa0,
		"ZWJ": 0x200d, "ZWNJ": 0x200c, "ZWSP": 0x200b, "BOM": 0xfeff, "BYTE ORDER MARK": 0xfeff, "SHY": 0xad,
	})
	return out
})

func addName(to map[string]rune, c rune) {
	if name := runenames.Name(c); name != "" && name[0] != '<' {
		to[name] = c
	}
}
