package chattemplate

import (
	"strings"
	"unicode/utf8"

	"github.com/assaynet/assay/engine/chattemplate/syntax"
)

// Text is a string of which each byte is known to be the template's own or a
// message's.
type Text struct {
	s string
	// foreign is empty if no byte is a message's; otherwise it has a byte for
	// each of s, 1 where it is a message's and 0 elsewhere.
	foreign string
	// markup is set for what the filters safe and escape gave: HTML, which
	// escapes what is joined to it.
	markup bool
}

const (
	own     = "\x00"
	foreign = "\x01"
)

// Own returns s as the template's own text.
func Own(s string) Text { return Text{s: s} }

// Foreign returns s as a message's text.
func Foreign(s string) Text { return Text{s: s, foreign: strings.Repeat(foreign, len(s))} }

// String returns the bytes.
func (t Text) String() string { return t.s }

// Len returns the number of bytes.
func (t Text) Len() int { return len(t.s) }

// Slice returns bytes i to j−1.
func (t Text) Slice(i, j int) Text {
	if t.foreign == "" {
		return Text{s: t.s[i:j], markup: t.markup}
	}
	return Text{t.s[i:j], t.foreign[i:j], t.markup}
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

// as returns t as markup or not.
func (t Text) as(markup bool) Text {
	t.markup = markup
	return t
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

// addLike adds s, as foreign as the byte of t at i.
func (b *builder) addLike(s string, t Text, i int) {
	if t.foreign != "" && t.foreign[i] == foreign[0] {
		b.add(Foreign(s))
		return
	}
	b.add(Own(s))
}

func (b *builder) len() int { return b.s.Len() }

func (b *builder) text() Text { return Text{s: b.s.String(), foreign: string(b.f)} }

// isSpace is Python's str.isspace for one character.
func isSpace(c rune) bool { return syntax.IsSpace(c) }

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

// each maps every character to a string; the results are as foreign as what
// they are made of.
func (t Text) each(f func(i int, c rune) string) Text {
	var b builder
	for i := 0; i < len(t.s); {
		c, n := utf8.DecodeRuneInString(t.s[i:])
		if c == utf8.RuneError && n == 1 {
			b.add(t.Slice(i, i+1)) // not UTF-8: the byte stays
		} else {
			b.addLike(f(i, c), t, i)
		}
		i += n
	}
	return b.text().as(t.markup)
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

// join is Python's a + b of two strings.
func (r *run) join(a, b Text) (Text, error) {
	if a.markup != b.markup {
		var err error
		if a, err = r.escaped(a); err != nil {
			return Text{}, err
		}
		if b, err = r.escaped(b); err != nil {
			return Text{}, err
		}
	}
	if err := r.spend(0, a.Len()+b.Len()); err != nil {
		return Text{}, err
	}
	var out builder
	out.add(a)
	out.add(b)
	return out.text().as(a.markup), nil
}

// escapes are what HTML's characters become.
var escapes = map[rune]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\'': "&#39;", '"': "&#34;"}

// escaped returns t as markup: as it is if it is that already, otherwise with
// HTML's characters escaped.
func (r *run) escaped(t Text) (Text, error) {
	if t.markup || !strings.ContainsAny(t.s, `&<>'"`) {
		return t.as(true), r.spend(1, t.Len())
	}
	if err := r.spend(t.Len()/4, 5*t.Len()); err != nil {
		return Text{}, err
	}
	return t.each(func(_ int, c rune) string {
		if e, ok := escapes[c]; ok {
			return e
		}
		return string(c)
	}).as(true), nil
}
