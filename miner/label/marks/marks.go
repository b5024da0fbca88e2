package marks

import (
	"fmt"
	"unicode"
)

// Kind says how a run is shown.
type Kind uint8

// The kinds.
const (
	Plain   Kind = iota
	Differs      // the other text does not have it here
	Hidden       // the name of a character that cannot be seen, such as "U+202E"
)

// Run is a piece of a text that is shown in one way. Runs in a row give the text,
// with names in the place of what cannot be seen.
type Run struct {
	Text string `json:"t"`
	Kind Kind   `json:"k,omitempty"`
}

// Text returns a text as it is shown alone.
func Text(s string) []Run { return appendRuns(nil, s, Plain) }

// Pair is two texts side by side.
type Pair struct {
	A, B []Run
	// Places counts where the texts differ: a stretch of words in either or both.
	Places int
	// Apart says that they have so little in common that nothing is marked.
	Apart bool
}

// least is the share of the longer text's words, one in so many, that both must
// have in the same order: with less, marks are noise.
const least = 5

// Compare returns two texts with what differs marked, word by word.
func Compare(a, b string) Pair {
	ta, tb := split(a), split(b)
	sameA, sameB := common(ta, tb)
	words, shared := max(countWords(ta, nil), countWords(tb, nil)), countWords(ta, sameA)
	if shared*least < words {
		return Pair{A: Text(a), B: Text(b), Apart: true}
	}
	var p Pair
	for i, j := 0, 0; i < len(ta) || j < len(tb); {
		x, y := i, j
		for i < len(ta) && !sameA[i] {
			i++
		}
		for j < len(tb) && !sameB[j] {
			j++
		}
		if i > x || j > y {
			p.Places++
			p.A, a = appendDiffering(p.A, a, ta[x:i])
			p.B, b = appendDiffering(p.B, b, tb[y:j])
		}
		x, y = i, j
		for i < len(ta) && j < len(tb) && sameA[i] && sameB[j] {
			i++
			j++
		}
		p.A, a = appendTokens(p.A, a, ta[x:i], Plain)
		p.B, b = appendTokens(p.B, b, tb[y:j], Plain)
	}
	return p
}

// countWords counts the tokens that are no white space, of those in which where
// it is not nil.
func countWords(tokens []string, in []bool) (n int) {
	for i, t := range tokens {
		if (in == nil || in[i]) && !isSpace(t) {
			n++
		}
	}
	return n
}

// appendDiffering is appendTokens for what differs: white space at its ends is
// plain, unless there is nothing else.
func appendDiffering(runs []Run, text string, tokens []string) (all []Run, rest string) {
	first, last := 0, len(tokens)
	for first < last && isSpace(tokens[first]) {
		first++
	}
	for last > first && isSpace(tokens[last-1]) {
		last--
	}
	if first == last {
		return appendTokens(runs, text, tokens, Differs)
	}
	runs, text = appendTokens(runs, text, tokens[:first], Plain)
	runs, text = appendTokens(runs, text, tokens[first:last], Differs)
	return appendTokens(runs, text, tokens[last:], Plain)
}

// appendTokens adds tokens of one kind; text begins with them, and what is behind
// them is returned.
func appendTokens(runs []Run, text string, tokens []string, k Kind) (all []Run, rest string) {
	n := 0
	for _, t := range tokens {
		n += len(t)
	}
	return appendRuns(runs, text[:n], k), text[n:]
}

// appendRuns adds a text of one kind, and joins it with the run before where that
// is of the same kind.
func appendRuns(runs []Run, s string, k Kind) []Run {
	begin := 0
	add := func(end int) {
		switch {
		case end == begin:
		case len(runs) > 0 && runs[len(runs)-1].Kind == k:
			runs[len(runs)-1].Text += s[begin:end]
		default:
			runs = append(runs, Run{s[begin:end], k})
		}
	}
	for i, r := range s {
		if !hides(r) {
			continue
		}
		add(i)
		runs = append(runs, Run{fmt.Sprintf("U+%04X", r), Hidden})
		begin = i + len(string(r))
	}
	add(len(s))
	return runs
}

// hides reports whether a character cannot be seen as it is, or changes how others
// are seen: controls, turns of direction, and what takes no place. The joiners
// stay: words of some scripts, and pictures of people, are written with them.
func hides(r rune) bool {
	switch r {
	case '\n', '\t', '\u200c', '\u200d':
		return false
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800', '\u034f', '\u2028', '\u2029': // fillers, blanks and turns of line
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Noncharacter_Code_Point) ||
		unicode.Is(unicode.Zs, r) && r != ' ' && r != '\u00a0' && r != '\u202f' && r != '\u3000'
}
