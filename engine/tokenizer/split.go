package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// splitter returns the length in bytes, at least 1, of the first piece of
// text, which is not empty. Tokens never cross the end of a piece.
type splitter func(text string) int

// splitters are those known, by the name that tokenizer.ggml.pre gives them.
var splitters = map[string]splitter{
	"smollm": splitSmolLM,
}

// class is what a splitter wants to know of a character.
type class int

const (
	end    class = iota // no character: the text is over
	other               // punctuation, symbols, controls, invalid bytes
	letter              // \p{L}
	number              // \p{N}
	space               // \s
)

// classify returns the class of the first character of text and its length.
func classify(text string) (class, int) {
	if text == "" {
		return end, 0
	}
	r, n := utf8.DecodeRuneInString(text)
	switch {
	case unicode.IsLetter(r):
		return letter, n
	case unicode.IsNumber(r):
		return number, n
	case unicode.IsSpace(r):
		return space, n
	}
	return other, n
}

// run returns the length of the characters of class c that text starts with.
func run(text string, c class) int {
	n := 0
	for {
		got, size := classify(text[n:])
		if got != c {
			return n
		}
		n += size
	}
}

// splitSmolLM is, in the words of regular expressions, first \p{N}, each digit
// alone, and in what is left between them GPT-2's
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// where the end of what lies between two digits counts as the end of the text.
// So a run of white space keeps its last character back only if a letter or
// another sign follows it, not before a digit.
func splitSmolLM(text string) int {
	if n := contraction(text); n > 0 {
		return n
	}
	c, size := classify(text)
	lead := 0 // a single space goes with the word or the signs after it
	if text[0] == ' ' {
		if after, _ := classify(text[1:]); after == letter || after == other {
			c, lead = after, 1
		}
	}
	switch c {
	case number:
		return size
	case letter, other:
		return lead + run(text[lead:], c)
	}
	n := run(text, space)
	if after, _ := classify(text[n:]); after == end || after == number || n == size {
		return n
	}
	_, last := utf8.DecodeLastRuneInString(text[:n])
	return n - last
}

// contraction returns the length of the English ending ('s, 're, …) that text
// starts with, or 0.
func contraction(text string) int {
	if text[0] != '\'' {
		return 0
	}
	for _, ending := range [...]string{"s", "t", "m", "d", "re", "ve", "ll"} {
		if strings.HasPrefix(text[1:], ending) {
			return 1 + len(ending)
		}
	}
	return 0
}
