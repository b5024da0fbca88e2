package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// splitter returns the length in bytes, at least 1, of the first piece of
// text, which is not empty. Tokens never cross the end of a piece.
type splitter func(text string) int

// family is what tokenizer.ggml.pre names: a splitter, and what its tokenizers
// have in common beside it.
type family struct {
	split splitter
	whole bool // a piece that is a token as it stands is that token, whatever the merges make of it
	bos   bool // add_bos_token where the file does not say
}

// splitters are those known, by the name that tokenizer.ggml.pre gives them.
var splitters = map[string]family{
	"gpt-2":     {split: splitGPT2},
	"phi-2":     {split: splitGPT2},
	"smollm":    {split: splitSmolLM},
	"llama-bpe": {split: splitLlama3, whole: true, bos: true},
	"llama3":    {split: splitLlama3, whole: true, bos: true},
	"llama-v3":  {split: splitLlama3, whole: true, bos: true},
	"dbrx":      {split: splitLlama3}, // Phi 4
	"qwen2":     {split: splitQwen2},  // Qwen 2, 2.5 and 3
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

// splitGPT2 is, in the words of regular expressions,
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func splitGPT2(text string) int {
	if n := contraction(text); n > 0 {
		return n
	}
	c, _ := classify(text)
	lead := 0 // a single space goes with the word, the number or the signs after it
	if text[0] == ' ' {
		if after, _ := classify(text[1:]); after != space && after != end {
			c, lead = after, 1
		}
	}
	if c != space {
		return lead + run(text[lead:], c)
	}
	return spaces(text)
}

// spaces is \s+(?!\S)|\s+ for a text that starts with white space: a run of it
// keeps its last character back where something follows.
func spaces(text string) int {
	n := run(text, space)
	_, last := utf8.DecodeLastRuneInString(text[:n])
	if n == len(text) || n == last {
		return n
	}
	return n - last
}

// splitSmolLM is first \p{N}, each digit alone, and GPT-2's expression in what is
// left between them, where the end of what lies between two digits counts as
// the end of the text. So a run of white space keeps its last character back
// only if a letter or another sign follows it, not before a digit.
func splitSmolLM(text string) int {
	c, size := classify(text)
	if c == number {
		return size
	}
	if text[0] == ' ' {
		if after, _ := classify(text[1:]); after == number {
			return 1
		}
	}
	if c == space {
		n := run(text, space)
		if after, _ := classify(text[n:]); after == number {
			return n
		}
	}
	return splitGPT2(text)
}

// splitLlama3 is
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
func splitLlama3(text string) int { return splitByDigits(text, 3) }

// splitQwen2 is the same with single digits.
func splitQwen2(text string) int { return splitByDigits(text, 1) }

func splitByDigits(text string, digits int) int {
	if n := contraction(lowered(text)); n > 0 {
		return n
	}
	c, size := classify(text)
	if c == number {
		n := size
		for range digits - 1 {
			next, size := classify(text[n:])
			if next != number {
				break
			}
			n += size
		}
		return n
	}
	lead := 0 // any one character but a line's end goes with the word after it
	if c != letter && text[0] != '\r' && text[0] != '\n' {
		lead = size
	}
	if after, _ := classify(text[lead:]); after == letter {
		return lead + run(text[lead:], letter)
	}
	lead = 0
	if text[0] == ' ' {
		if after, _ := classify(text[1:]); after == other {
			c, lead = other, 1
		}
	}
	if c == other {
		n := lead + run(text[lead:], other)
		return n + len(text[n:]) - len(strings.TrimLeft(text[n:], "\r\n"))
	}
	if n := strings.LastIndexAny(text[:run(text, space)], "\r\n"); n >= 0 {
		return n + 1
	}
	return spaces(text)
}

// lowered returns the first three bytes of text with ASCII letters in lower
// case: as much as a contraction can be.
func lowered(text string) string {
	if text[0] != '\'' {
		return text
	}
	return strings.ToLower(text[:min(len(text), 3)])
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
