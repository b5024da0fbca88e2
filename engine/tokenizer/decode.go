package tokenizer

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// replacement stands for an id that is outside the vocabulary.
const replacement = string(utf8.RuneError)

// Decode returns the bytes that ids stand for, without control tokens: the
// exact bytes of a text that was encoded, as far as the vocabulary can spell
// them; SentencePiece's models take U+2581 for a space. An id outside the
// vocabulary becomes U+FFFD; callers that must refuse it compare with
// [Tokenizer.VocabSize].
func (t *Tokenizer) Decode(ids []int32) []byte { return t.decode(ids, false) }

// DecodeSpecial is Decode with control tokens written out by name.
func (t *Tokenizer) DecodeSpecial(ids []int32) []byte { return t.decode(ids, true) }

func (t *Tokenizer) decode(ids []int32, control bool) []byte {
	var out []byte
	begun := false
	for _, id := range ids {
		out = append(out, t.shown(id, control, &begun)...)
	}
	return out
}

// shown is the text of one id after others, without the space that is put
// before a text; begun tells whether one has begun since the last special
// token.
func (t *Tokenizer) shown(id int32, control bool, begun *bool) string {
	text := t.text(id, control)
	if t.special.is(id) {
		*begun = false
		return text
	}
	if *begun || text == "" {
		return text
	}
	*begun = true
	if t.prefix {
		text = strings.TrimPrefix(text, " ")
	}
	return text
}

// text returns what one id stands for.
func (t *Tokenizer) text(id int32, control bool) string {
	if id < 0 || int(id) >= len(t.vocab.tokens) {
		return replacement
	}
	tok := t.vocab.tokens[id]
	if (tok.kind == kindControl || tok.kind == kindUnknown) && !control {
		return ""
	}
	return tok.text
}

// Spelling returns the bytes that one id stands for after others: nothing for a
// control token, or an id outside the vocabulary.
func (t *Tokenizer) Spelling(id int32) string {
	if id < 0 || int(id) >= len(t.vocab.tokens) {
		return ""
	}
	return t.text(id, false)
}

// HidesFirstSpace reports whether a space with which a text begins is not shown,
// as SentencePiece's models put one there.
func (t *Tokenizer) HidesFirstSpace() bool { return t.prefix }

// Stream decodes ids one by one into whole characters. What it returns, put
// together, is the text that [Tokenizer.Decode] gives for all ids, with each
// byte that is not part of valid UTF-8 replaced by U+FFFD. It is not safe for
// concurrent use.
type Stream struct {
	t       *Tokenizer
	control bool   // control tokens are spelt
	begun   bool   // some text came, see shown
	pending []byte // Invariant: between calls, the start of one character that may still become valid.
}

// NewStream returns a Stream at the start of a text.
func (t *Tokenizer) NewStream() *Stream { return &Stream{t: t} }

// Add returns the characters that id completes, often none or several.
func (s *Stream) Add(id int32) string {
	control := s.control && !slices.Contains(s.t.stop, id)
	s.pending = append(s.pending, s.t.shown(id, control, &s.begun)...)
	return s.take(false)
}

// End returns what is left when no more ids come: U+FFFD for each byte of a
// character that was never completed. The Stream can then start another text.
func (s *Stream) End() string {
	s.begun = false
	return s.take(true)
}

// take removes and returns the characters that are complete, or all if last.
func (s *Stream) take(last bool) string {
	var out []byte
	rest := s.pending
	for len(rest) > 0 && (last || utf8.FullRune(rest)) {
		r, n := utf8.DecodeRune(rest)
		out = utf8.AppendRune(out, r)
		rest = rest[n:]
	}
	s.pending = append(s.pending[:0], rest...)
	return string(out)
}
