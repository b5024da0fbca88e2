package chattemplate

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is a string of which each byte is known to be the template's own or a message's.
type Text struct {
	s string
	// foreign is empty if no byte is a message's; otherwise it has a byte for each of s, 1 where it is a message's and 0 elsewhere.
	foreign string
}

const (
	own     = "\x00"
	foreign = "\x01"
)

// Own returns s as the template's own text.
func Own(s string) Text { return Text{s: s} }

// Foreign returns s as a message's text.
func Foreign(s string) Text { return Text{s, strings.Repeat(foreign, len(s))} }

// String returns the bytes.
func (t Text) String() string { return t.s }

// Len returns the number of bytes.
func (t Text) Len() int { return len(t.s) }

// Slice returns bytes i to j−1.
func (t Text) Slice(i, j int) Text {
	if t.foreign == "" {
		return Text{s: t.s[i:j]}
	}
	return Text{t.s[i:j], t.foreign[i:j]}
}

// Trusted reports whether no byte is a message's.
func (t Text) Trusted() bool { return strings.IndexByte(t.foreign, foreign[0]) < 0 }

// like returns s, as foreign as t is in any byte.
func (t Text) like(s string) Text {
	if t.Trusted() {
		return Own(s)
	}
	return Foreign(s)
}

// builder joins texts.
type builder struct {
	s strings.Builder
	f []byte // as [Text].foreign: nil as long as all is the template's
}

func (b *builder) add(t Text) {
	if b.f == nil && t.foreign != "" {
		b.f = make([]byte, b.s.Len(), b.s.Len()+t.Len())
	}
	b.s.WriteString(t.s)
	switch {
	case t.foreign != "":
		b.f = append(b.f, t.foreign...)
	case b.f != nil:
		b.f = append(b.f, make([]byte, t.Len())...)
	}
}

// addRune adds c, as foreign as the byte of t at i.
func (b *builder) addRune(c rune, t Text, i int) {
	if t.foreign != "" && t.foreign[i] == foreign[0] {
		b.add(Foreign(string(c)))
		return
	}
	b.add(Own(string(c)))
}

func (b *builder) len() int { return b.s.Len() }

func (b *builder) text() Text { return Text{b.s.String(), string(b.f)} }

// isSpace is Python's str.isspace for one character.
func isSpace(c rune) bool { return unicode.IsSpace(c) || c >= 0x1c && c <= 0x1f }

// strip cuts characters that fit off the ends.
func (t Text) strip(left, right bool, fits func(rune) bool) Text {
	i, j := 0, len(t.s)
	if left {
		i = len(t.s) - len(strings.TrimLeftFunc(t.s, fits))
	}
	if right {
		j = max(i, len(strings.TrimRightFunc(t.s, fits)))
	}
	return t.Slice(i, j)
}

// each maps every character; the results are as foreign as what they are made of.
func (t Text) each(f func(i int, c rune) rune) Text {
	var b builder
	for i := 0; i < len(t.s); {
		c, n := utf8.DecodeRuneInString(t.s[i:])
		if c == utf8.RuneError && n == 1 {
			b.add(t.Slice(i, i+1)) // not UTF-8: the byte stays
		} else {
			b.addRune(f(i, c), t, i)
		}
		i += n
	}
	return b.text()
}

func (t Text) upper() Text { return t.each(func(_ int, c rune) rune { return unicode.ToUpper(c) }) }
func (t Text) lower() Text { return t.each(func(_ int, c rune) rune { return unicode.ToLower(c) }) }

func (t Text) capitalize() Text {
	return t.each(func(i int, c rune) rune {
		if i == 0 {
			return unicode.ToTitle(c)
		}
		return unicode.ToLower(c)
	})
}

// title raises the first letter of each word, where words are what is let of them by the given test for what lies between.
func (t Text) title(between func(rune) bool) Text {
	start := true
	return t.each(func(_ int, c rune) rune {
		defer func() { start = between(c) }()
		if start {
			return unicode.ToTitle(c)
		}
		return unicode.ToLower(c)
	})
}

// chars returns how many characters there are. A byte that is not UTF-8 is one.
func (t Text) chars() int { return utf8.RuneCountInString(t.s) }

// part returns characters from to to−1.
func (t Text) part(from, to int) Text {
	i, j, at := t.Len(), t.Len(), 0
	for b := range t.s {
		if at == from {
			i = b
		}
		if at == to {
			j = b
			break
		}
		at++
	}
	return t.Slice(min(i, j), j)
}

// offsets returns where each character begins, and the length at the end.
func (t Text) offsets() []int {
	out := make([]int, 0, len(t.s)+1)
	for i := range t.s {
		out = append(out, i)
	}
	return append(out, len(t.s))
}
