package tokenizer

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/assaynet/assay/engine/chattemplate"
)

// Which tokens are marks. A control token's name in a message is text. A
// user-defined token always counts, for models are trained so: runs of spaces,
// tags of HTML. But many files give that type to what their template marks
// turns with (Phi-3's, OpenHermes'), and then a message could end its own turn.
// So what counts goes by where the text came from: a user-defined token that
// the template writes is a mark, and no message's text becomes it. Nor does it
// become a normal token that the template writes and that looks like a mark, where
// text is joined into it: that is then a mark as if the file had said so.
//
// What a template writes is seen in what it makes of a few conversations, where
// names come together of parts ('<|' + role + '|>'), and in its source, for
// what only other conversations reach: calls of tools, thoughts.

// talks are plain conversations, odd those with other roles, which only
// templates know and marks are made of, too.
var (
	talks = [][]Message{
		{{"user", "x"}},
		{{"system", "x"}, {"user", "x"}},
		{{"user", "x"}, {"assistant", "x"}, {"user", "x"}},
		{{"system", "x"}, {"user", "x"}, {"assistant", "<think>x</think>x"}, {"user", "x"}},
	}
	odd = [][]Message{
		{{"user", "x"}, {"assistant", "x"}, {"tool", "x"}},
		{{"developer", "x"}, {"user", "x"}},
	}
)

// findMarks marks the tokens that the template writes. Joined says whether text may
// be joined into a token of that text.
func (t *Tokenizer) findMarks(joined func(text string) bool) {
	if t.chat.template == nil {
		return
	}
	var written []string
	for _, messages := range slices.Concat(talks, odd) {
		for _, day := range []time.Time{{}, anyDay} {
			if text, err := t.render(day, messages); err == nil {
				written = append(written, ownParts(text)...)
			}
		}
	}
	for i := range t.vocab.tokens {
		tok := &t.vocab.tokens[i]
		normal := (tok.kind == kindNormal || tok.kind == kindUnused) && markShape.MatchString(tok.text) && joined(tok.text)
		if tok.kind != kindUser && !normal {
			continue
		}
		word, punctuated := inspect(tok.text)
		tok.mark = punctuated && word && strings.Contains(t.chat.source, tok.text)
		for _, part := range written {
			tok.mark = tok.mark || punctuated && strings.Contains(part, tok.text)
		}
		if tok.mark {
			tok.kind = kindUser
		}
	}
}

// markShape is how marks look that are in no language and in few programs:
// <|user|>, <start_of_turn>, [INST].
var markShape = regexp.MustCompile(`^(<[|｜].{1,64}[|｜]>|</?[a-z]{0,32}_[_a-z]{0,32}>|\[/?[A-Z_]{2,32}\])$`)

// ownParts returns the pieces of a rendering that are the template's.
func ownParts(text chattemplate.Text) (parts []string) {
	for at := 0; at < text.Len(); {
		end := at + 1
		for own := text.Slice(at, end).Trusted(); end < text.Len() && text.Slice(end, end+1).Trusted() == own; end++ {
		}
		if piece := text.Slice(at, end); piece.Trusted() {
			parts = append(parts, piece.String())
		}
		at = end
	}
	return parts
}

// inspect reports whether a token has letters or digits, and whether it has
// anything that is neither those nor white space. White space and words are
// ordinary text, whoever writes it; so are operators in a source that is a
// program.
func inspect(text string) (word, punctuated bool) {
	for _, r := range text {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			word = true
		case !unicode.IsSpace(r):
			punctuated = true
		}
	}
	return word, punctuated
}
