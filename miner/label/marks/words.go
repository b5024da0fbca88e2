package marks

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// class is what a token is made of.
type class uint8

const (
	space class = iota
	word        // letters and digits in a row
	alone       // one character: a sign, or a letter of a script without spaces
)

// withoutSpaces are scripts that write words without spaces between them.
var withoutSpaces = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

func classOf(r rune) class {
	switch {
	case unicode.IsSpace(r):
		return space
	case unicode.In(r, withoutSpaces...):
		return alone
	case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '_', r == '\u200c', r == '\u200d':
		return word
	}
	return alone
}

func isSpace(token string) bool {
	r, _ := utf8.DecodeRuneInString(token)
	return classOf(r) == space
}

// split cuts a text into words, white space and signs, which together are the text.
// A mark stays with the letter that it is written on.
func split(s string) (tokens []string) {
	begin, of := 0, space
	for i, r := range s {
		c := classOf(r)
		switch {
		case i == 0, c == of && c != alone, unicode.IsMark(r) && of != space:
		default:
			tokens = append(tokens, s[begin:i])
			begin = i
		}
		if i == begin {
			of = c
		}
	}
	if begin < len(s) {
		tokens = append(tokens, s[begin:])
	}
	return tokens
}

// maxCells bounds the table of [table]: two bytes a cell. It is enough for a
// thousand words that differ on either side.
const maxCells = 4 << 20

// common reports which tokens of a and of b are a longest common sequence of both,
// or a long one where the longest would cost too much: then all between the common
// beginning and the common end differs. White space between two words that differ
// does so, too, so that a phrase is marked as one.
func common(a, b []string) (inA, inB []bool) {
	inA, inB = make([]bool, len(a)), make([]bool, len(b))
	n, m, first := len(a), len(b), 0
	for first < n && first < m && a[first] == b[first] {
		inA[first], inB[first] = true, true
		first++
	}
	for n > first && m > first && a[n-1] == b[m-1] {
		n--
		m--
		inA[n], inB[m] = true, true
	}
	if (n-first+1)*(m-first+1) <= maxCells {
		table(a[first:n], b[first:m], inA[first:n], inB[first:m])
	}
	join(a, b, inA, inB)
	return inA, inB
}

// table finds a longest common sequence: cell (i, j) holds its length for a[i:] and
// b[j:].
func table(a, b []string, inA, inB []bool) {
	wide := len(b) + 1
	cells := make([]uint16, (len(a)+1)*wide)
	for i, token := range slices.Backward(a) {
		row, below := cells[i*wide:(i+1)*wide], cells[(i+1)*wide:]
		for j := len(b) - 1; j >= 0; j-- {
			if token == b[j] {
				row[j] = below[j+1] + 1
			} else {
				row[j] = max(row[j+1], below[j])
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			inA[i], inB[j] = true, true
			i++
			j++
		case cells[(i+1)*wide+j] >= cells[i*wide+j+1]:
			i++
		default:
			j++
		}
	}
}

// join takes white space out of the common sequence where what differs stands on
// both of its sides.
func join(a, b []string, inA, inB []bool) {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case !inA[i]:
			i++
		case !inB[j]:
			j++
		default:
			before := i > 0 && !inA[i-1] || j > 0 && !inB[j-1]
			after := i+1 < len(a) && !inA[i+1] || j+1 < len(b) && !inB[j+1]
			if before && after && isSpace(a[i]) {
				inA[i], inB[j] = false, false
			}
			i++
			j++
		}
	}
}
