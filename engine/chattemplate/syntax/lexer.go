package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a token is.
type kind uint8

const (
	kindEnd kind = iota // of the source
	kindData
	kindPrintBegin // {{
	kindPrintEnd
	kindTagBegin // {%
	kindTagEnd
	kindName
	kindString
	kindInteger
	kindFloat
	kindOperator
)

// token is a piece of the source. text is a name, an operator, a number as
// written, a string's value or data.
type token struct {
	kind kind
	text string
	line int
}

// is reports whether t is that operator or that name.
func (t token) is(k kind, text string) bool { return t.kind == k && t.text == text }

// String describes a token in an error.
func (t token) String() string {
	switch t.kind {
	case kindEnd:
		return "the end of the template"
	case kindPrintEnd:
		return "}}"
	case kindTagEnd:
		return "%}"
	case kindString:
		return "a string"
	}
	return t.text
}

// lexer cuts a source into tokens.
//
// Outside of tags it looks for the next tag; what lies before is data, from
// whose end a tag may take white space. A tag's own end may take white space,
// too, so the next data begins behind it.
type lexer struct {
	source string
	at     int
	line   int
	// fresh is set where a line starts: at the start of the source and where
	// the token before ended in a line feed.
	fresh  bool
	tokens []token
	// open are the brackets of a tag that are not closed; a tag does not end
	// within them.
	open []byte
}

// lex returns the tokens of a source, the last of kindEnd.
func lex(source string) []token {
	source = strings.ReplaceAll(strings.ReplaceAll(source, "\r\n", "\n"), "\r", "\n")
	l := &lexer{source: strings.TrimSuffix(source, "\n"), line: 1, fresh: true}
	for l.at < len(l.source) {
		l.root()
	}
	l.add(kindEnd, "")
	return l.tokens
}

func (l *lexer) add(k kind, text string) { l.tokens = append(l.tokens, token{k, text, l.line}) }

// advance goes to an offset of the source and counts its lines.
func (l *lexer) advance(to int) {
	l.line += strings.Count(l.source[l.at:to], "\n")
	l.fresh = to > 0 && l.source[to-1] == '\n'
	l.at = to
}

// has reports whether the source goes on with s at an offset.
func (l *lexer) has(at int, s string) bool { return strings.HasPrefix(l.source[at:], s) }

// space returns the offset behind the white space at an offset.
func (l *lexer) space(at int) int {
	return len(l.source) - len(strings.TrimLeftFunc(l.source[at:], IsSpace))
}

// IsSpace reports whether a character is white space to Python.
func IsSpace(c rune) bool { return unicode.IsSpace(c) || c >= 0x1c && c <= 0x1f }

// root reads the data up to the next tag, and the tag.
func (l *lexer) root() {
	i := l.next()
	if i < 0 {
		l.data(len(l.source))
		return
	}
	behind, sign := l.sign(i + 2)
	opened := l.source[i : i+2]
	raw, isRaw := 0, false
	if opened == "{%" {
		raw, isRaw = l.raw(behind)
	}
	l.before(i, sign, opened != "{{")
	switch {
	case isRaw:
		l.advance(raw)
		l.rawBody()
	case opened == "{#":
		l.advance(behind)
		l.comment()
	case opened == "{%":
		l.add(kindTagBegin, opened)
		l.advance(behind)
		l.inside(kindTagEnd)
	default:
		l.add(kindPrintBegin, opened)
		l.advance(behind)
		l.inside(kindPrintEnd)
	}
}

// next returns where the next tag begins, or −1.
func (l *lexer) next() int {
	for at := l.at; ; at++ {
		i := strings.IndexByte(l.source[at:], '{')
		if i < 0 || at+i+1 >= len(l.source) {
			return -1
		}
		at += i
		if c := l.source[at+1]; c == '{' || c == '%' || c == '#' {
			return at
		}
	}
}

// sign reads the sign of white space at an offset, and returns the offset
// behind it.
func (l *lexer) sign(at int) (int, byte) {
	if at < len(l.source) && (l.source[at] == '-' || l.source[at] == '+') {
		return at + 1, l.source[at]
	}
	return at, 0
}

// data adds what lies before an offset as it is.
func (l *lexer) data(to int) {
	if to > l.at {
		l.add(kindData, l.source[l.at:to])
	}
	l.advance(to)
}

// before adds the data before a tag at an offset, without the white space that
// its sign or lstrip_blocks takes, and goes there.
func (l *lexer) before(tag int, sign byte, lstrip bool) {
	text := l.source[l.at:tag]
	switch {
	case sign == '-':
		text = strings.TrimRightFunc(text, IsSpace)
	case sign == 0 && lstrip:
		start := strings.LastIndexByte(text, '\n') + 1
		if (start > 0 || l.fresh) && strings.TrimFunc(text[start:], IsSpace) == "" {
			text = text[:start]
		}
	}
	if text != "" {
		l.add(kindData, text)
	}
	l.advance(tag)
}

// tagEnd returns the offset behind the end of a tag ("%}" or "#}") at an
// offset, together with the white space that it takes.
func (l *lexer) tagEnd(at int, end string) (int, bool) {
	switch {
	case l.has(at, "-"+end):
		return l.space(at + 1 + len(end)), true
	case l.has(at, "+"+end):
		return at + 1 + len(end), true
	case !l.has(at, end):
		return 0, false
	}
	at += len(end)
	if l.has(at, "\n") { // trim_blocks
		at++
	}
	return at, true
}

// comment skips a comment. One that only begins, at the very end of the source,
// is none.
func (l *lexer) comment() {
	if l.at == len(l.source) {
		return
	}
	i := strings.Index(l.source[l.at:], "#}")
	if i < 0 {
		fail(l.line, "a comment without end")
	}
	i += l.at
	if i > l.at && (l.source[i-1] == '-' || l.source[i-1] == '+') {
		i--
	}
	to, _ := l.tagEnd(i, "#}")
	l.advance(to)
}

// raw reads the rest of a tag that begins raw text, behind its sign. Such a tag
// takes no line feed, and knows no plus at its end.
func (l *lexer) raw(at int) (int, bool) {
	at = l.space(at)
	if !l.has(at, "raw") {
		return 0, false
	}
	at = l.space(at + len("raw"))
	switch {
	case l.has(at, "-%}"):
		return l.space(at + 3), true
	case l.has(at, "%}"):
		return at + 2, true
	}
	return 0, false
}

// rawBody reads raw text up to its end.
func (l *lexer) rawBody() {
	if l.at == len(l.source) {
		return
	}
	for at := l.at; ; at += 2 {
		i := strings.Index(l.source[at:], "{%")
		if i < 0 {
			fail(l.line, "a raw block without end")
		}
		at += i
		behind, sign := l.sign(at + 2)
		name := l.space(behind)
		if !l.has(name, "endraw") {
			continue
		}
		if to, ok := l.tagEnd(l.space(name+len("endraw")), "%}"); ok {
			l.before(at, sign, true)
			l.advance(to)
			return
		}
	}
}

// operators, longest first.
var operators = []string{
	"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
}

// inside reads a tag up to its end.
func (l *lexer) inside(end kind) {
	l.open = l.open[:0]
	for l.at < len(l.source) {
		if len(l.open) == 0 && l.end(end) {
			return
		}
		if to := l.space(l.at); to > l.at {
			l.advance(to)
			continue
		}
		switch c := l.source[l.at]; {
		case c >= '0' && c <= '9':
			l.number()
		case c == '\'' || c == '"':
			l.str(c)
		default:
			l.nameOrOperator()
		}
	}
}

// end reads the end of a tag, if it is here.
func (l *lexer) end(k kind) bool {
	to, ok := 0, false
	switch {
	case k == kindTagEnd:
		to, ok = l.tagEnd(l.at, "%}")
	case l.has(l.at, "-}}"):
		to, ok = l.space(l.at+3), true
	case l.has(l.at, "}}"):
		to, ok = l.at+2, true
	}
	if ok {
		l.add(k, "")
		l.advance(to)
	}
	return ok
}

func (l *lexer) nameOrOperator() {
	if n := identifier(l.source[l.at:]); n > 0 {
		l.add(kindName, l.source[l.at:l.at+n])
		l.advance(l.at + n)
		return
	}
	for _, op := range operators {
		if l.has(l.at, op) {
			l.bracket(op[0])
			l.add(kindOperator, op)
			l.advance(l.at + len(op))
			return
		}
	}
	c, _ := utf8.DecodeRuneInString(l.source[l.at:])
	fail(l.line, "unexpected character %q", c)
}

// bracket keeps count of brackets.
func (l *lexer) bracket(c byte) {
	switch c {
	case '(':
		l.open = append(l.open, ')')
	case '[', '{':
		l.open = append(l.open, c+2) // in ASCII
	case ')', ']', '}':
		n := len(l.open)
		if n == 0 {
			fail(l.line, "unexpected %q", c)
		}
		if l.open[n-1] != c {
			fail(l.line, "unexpected %q, expected %q", c, l.open[n-1])
		}
		l.open = l.open[:n-1]
	}
}

// identifier returns the length of the name that s begins with, or 0.
func identifier(s string) int {
	n := 0
	for i, c := range s {
		letter := c == '_' || unicode.IsLetter(c) || unicode.Is(unicode.Nl, c) || unicode.Is(unicode.Other_ID_Start, c)
		if !letter && (i == 0 || !unicode.In(c, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue)) {
			break
		}
		n = i + utf8.RuneLen(c)
	}
	return n
}
