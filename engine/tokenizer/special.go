package tokenizer

import (
	"slices"
	"strings"
)

// specials finds control and user-defined tokens in a text: the leftmost, and
// the longest of those that start at one place.
type specials struct {
	ids     map[string]special
	members map[int32]bool
	lengths []int     // the lengths that occur, descending
	first   [256]bool // the bytes that one of them starts with
}

type special struct {
	id      int32
	guarded bool // see [token.guarded]
	strips  bool // white space after it is part of it, see [vocabulary.strips]
}

func newSpecials(v *vocabulary) specials {
	s := specials{ids: map[string]special{}, members: map[int32]bool{}}
	strips := v.stripping()
	for id, t := range v.tokens {
		if t.kind != kindControl && t.kind != kindUser {
			continue
		}
		s.ids[t.text] = special{id: int32(id), guarded: t.guarded(), strips: strips && !slices.Contains(stripNothing, t.text)}
		s.members[int32(id)] = true
		s.first[t.text[0]] = true
		if !slices.Contains(s.lengths, len(t.text)) {
			s.lengths = append(s.lengths, len(t.text))
		}
	}
	slices.Sort(s.lengths)
	slices.Reverse(s.lengths)
	return s
}

// is reports whether id is one of them.
func (s *specials) is(id int32) bool { return s.members[id] }

// always lets every special token count.
func always(int, int) bool { return true }

// next returns how many bytes of text from byte "from" on come before the first
// special token, the token and the bytes that it takes; 0 of them mean that
// there is none. A guarded token in bytes i to j−1 counts only if trusted is
// not nil and trusted(i, j) says so.
func (s *specials) next(text string, from int, trusted func(i, j int) bool) (plain int, id int32, size int) {
	for i := from; i < len(text); i++ {
		if !s.first[text[i]] {
			continue
		}
		for _, n := range s.lengths {
			if n > len(text)-i {
				continue
			}
			found, ok := s.ids[text[i:i+n]]
			if !ok || found.guarded && (trusted == nil || !trusted(i, i+n)) {
				continue
			}
			if found.strips {
				n = len(text) - i - len(strings.TrimLeft(text[i+n:], whiteSpace))
			}
			return i - from, found.id, n
		}
	}
	return len(text) - from, 0, 0
}

// whiteSpace is what a token that strips takes: white space of ASCII.
const whiteSpace = " \t\n\v\f\r"

// stripNothing are the special tokens of Phi-3 that do not take the white space
// after them.
var stripNothing = []string{"<unk>", "<s>", "<|endoftext|>"}

// stripping reports whether special tokens take the white space after them,
// which GGUF files do not say. Those of Phi-3 do, which is known by its
// vocabulary: SentencePiece's with these marks. (llama.cpp goes by the model's
// name, which a model id leaves out, so that one id would have two prompts.)
func (v *vocabulary) stripping() bool {
	if v.scores == nil {
		return false
	}
	there := 0
	for i := range v.tokens {
		switch v.tokens[i].text {
		case "<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>":
			if k := v.tokens[i].kind; k == kindControl || k == kindUser {
				there++
			}
		}
	}
	return there == 4
}
