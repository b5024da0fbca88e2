package chattemplate

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// several reports whether a character may become several in upper or title case
// ("ß" is "SS" above), which package unicode does not know.
func several(c rune) bool {
	return c == 0xdf || c == 0x149 || c == 0x1f0 || c == 0x390 || c == 0x3b0 || c == 0x587 ||
		c >= 0x1e96 && c <= 0x1e9e || c >= 0x1f50 && c <= 0x1fff || c >= 0xfb00 && c <= 0xfb17
}

func upperOf(c rune) string {
	if several(c) {
		return cases.Upper(language.Und).String(string(c))
	}
	return string(unicode.ToUpper(c))
}

func titleOf(c rune) string {
	if several(c) {
		return cases.Title(language.Und, cases.NoLower).String(string(c))
	}
	return string(unicode.ToTitle(c))
}

func lowerOf(c rune) string {
	if c == 'İ' {
		return "i\u0307"
	}
	return string(unicode.ToLower(c))
}

// lowerAt is lowerOf the character of s at i; a final sigma is another letter.
func lowerAt(s string, i int, c rune) string {
	if c != 'Σ' {
		return lowerOf(c)
	}
	before := strings.TrimRightFunc(s[:i], ignorable)
	after := strings.TrimLeftFunc(s[i+len("Σ"):], ignorable)
	if isCased(lastRune(before)) && !isCased(firstRune(after)) {
		return "ς"
	}
	return "σ"
}

// ignorable reports whether casing looks beyond a character.
func ignorable(c rune) bool {
	return unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) || strings.ContainsRune("'.:·’‧", c)
}

func isCased(c rune) bool {
	return unicode.IsUpper(c) || unicode.IsLower(c) || unicode.IsTitle(c)
}

func firstRune(s string) rune {
	for _, c := range s {
		return c
	}
	return 0
}

func lastRune(s string) rune {
	r := []rune(s[max(0, len(s)-4):])
	if len(r) == 0 {
		return 0
	}
	return r[len(r)-1]
}

func (t Text) upper() Text { return t.each(func(_ int, c rune) string { return upperOf(c) }) }
func (t Text) lower() Text {
	return t.each(func(i int, c rune) string { return lowerAt(t.s, i, c) })
}

func (t Text) casefold() Text {
	return t.each(func(_ int, c rune) string {
		if c < 0x80 {
			return string(unicode.ToLower(c))
		}
		return cases.Fold().String(string(c))
	})
}

func (t Text) swapcase() Text {
	return t.each(func(i int, c rune) string {
		switch {
		case unicode.IsUpper(c):
			return lowerAt(t.s, i, c)
		case unicode.IsLower(c):
			return upperOf(c)
		}
		return string(c)
	})
}

func (t Text) capitalize() Text {
	return t.each(func(i int, c rune) string {
		if i == 0 {
			return titleOf(c)
		}
		return lowerAt(t.s, i, c)
	})
}

// title raises the first letter of each word, as the method does: words are of
// letters that have a case.
func (t Text) title() Text {
	inWord := false
	return t.each(func(i int, c rune) string {
		was := inWord
		inWord = isCased(c)
		if was {
			return lowerAt(t.s, i, c)
		}
		return titleOf(c)
	})
}

// titleWords raises the first character of each word, as the filter does: words
// lie between white space and some brackets.
func (t Text) titleWords() Text {
	inWord := false
	return t.each(func(i int, c rune) string {
		was := inWord
		inWord = !isSpace(c) && !strings.ContainsRune("-({[<", c)
		switch {
		case !inWord:
			return string(c)
		case was:
			return lowerAt(t.s, i, c)
		}
		return upperOf(c)
	})
}
