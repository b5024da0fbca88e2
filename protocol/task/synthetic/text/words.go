package text

import (
	"unicode/utf8"
)

// Word is one word of a text.
type Word struct {
	// Text is the word with ASCII's capitals made small.
	Text string
	// Mask is what it is masked to, [Number] or [Name]; "" for an ordinary word.
	Mask string
}

// What words are masked to. No word of a text is equal to one of them.
const (
	Number = "#" // a word with one of ASCII's digits in it
	Name   = "^" // another that begins with a capital letter
)

// Words cuts s, which is valid UTF-8, into its words: longest runs of letters,
// where a letter of a script that puts no spaces is a word of its own.
func Words(s string) []Word { return AppendWords(make([]Word, 0, len(s)/5+1), s) }

// AppendWords appends what [Words] returns.
func AppendWords(words []Word, s string) []Word {
	for i := 0; i < len(s); {
		if s[i] == ' ' {
			i++
			continue
		}
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		switch class(r) {
		case gap:
			i += size
		case whole:
			words = append(words, Word{Text: s[i : i+size]})
			i += size
		case letter:
			end, kinds := i+size, marks[s[i]]
			for end < len(s) {
				m := marks[s[end]]
				if m < beyond {
					kinds |= m
					end++
					continue
				}
				if m == apart {
					break
				}
				r, size := utf8.DecodeRuneInString(s[end:])
				if class(r) != letter {
					break
				}
				kinds |= m
				end += size
			}
			words = append(words, word(s[i:end], kinds))
			i = end
		}
	}
	return words
}

// word makes a word of its letters, whose marks are kinds.
func word(s string, kinds byte) Word {
	w := Word{Text: s}
	if kinds == 0 { // as most are
		return w
	}
	if first, _ := utf8.DecodeRuneInString(s); capital(first) {
		w.Mask = Name
	}
	if kinds&digit != 0 {
		w.Mask = Number
	}
	if kinds&large != 0 {
		b := []byte(s)
		for i, c := range b {
			if 'A' <= c && c <= 'Z' {
				b[i] = c + 'a' - 'A'
			}
		}
		w.Text = string(b)
	}
	return w
}

// What a code point is to [Words].
const (
	letter = iota // part of a word
	gap           // between words
	whole         // a word
)

// What a byte tells of its word: that it needs a closer look.
const (
	digit  = 1 << iota
	large  // one of ASCII's capitals
	beyond // ASCII
	apart  // from all words: of ASCII, but no letter
)

// marks are the above of each byte.
var marks = func() (m [256]byte) {
	for c := range 256 {
		switch {
		case c >= utf8.RuneSelf:
			m[c] = beyond
		case class(rune(c)) != letter:
			m[c] = apart
		case '0' <= c && c <= '9':
			m[c] = digit
		case 'A' <= c && c <= 'Z':
			m[c] = large
		}
	}
	return m
}()

func class(r rune) int {
	switch {
	case r < 0x80:
		if '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' {
			return letter
		}
		return gap
	case r <= 0xbf, // controls, signs, the space that does not break, the soft hyphen
		0x2000 <= r && r <= 0x2bff, // spaces, marks, punctuation, arrows, mathematics, boxes, symbols
		0x3000 <= r && r <= 0x303f, // punctuation of East Asia
		0xfe00 <= r && r <= 0xfe0f, // selectors of variants
		r == 0xfeff,                // a space of no width
		0xff00 <= r && r <= 0xff0f: // wide punctuation
		return gap
	case 0x0e00 <= r && r <= 0x0eff, // Thai, Lao
		0x1000 <= r && r <= 0x109f, // Burmese
		0x1780 <= r && r <= 0x17ff, // Khmer
		0x2e80 <= r && r <= 0xabff, // radicals, kana, ideographs, hangul's signs, Yi
		0xf900 <= r && r <= 0xfaff, // more ideographs
		r >= 0x1f000:               // emoji, more ideographs
		return whole
	}
	return letter
}

// capital reports whether r is a capital of the Latin, Greek or Cyrillic
// alphabet in its first block.
func capital(r rune) bool {
	return 'A' <= r && r <= 'Z' || 0xc0 <= r && r <= 0xde && r != 0xd7 ||
		0x391 <= r && r <= 0x3a9 || 0x400 <= r && r <= 0x42f
}
