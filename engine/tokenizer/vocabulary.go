package tokenizer

import (
	"fmt"
	"math"
	"strings"

	"github.com/assaynet/assay/engine/gguf"
)

// The kinds of token in tokenizer.ggml.token_type, by llama.cpp's numbers.
const (
	kindNormal  = 1
	kindUnknown = 2 // stands for what cannot be spelt; not shown in text
	kindControl = 3 // parsed only on request, not shown in text
	kindUser    = 4 // literal text that is always one token
	kindUnused  = 5 // as a normal one, in files that have it
	kindByte    = 6 // one byte, written <0xNN>
	kindLast    = 6
)

// maxTokens bounds a vocabulary. The largest known have 262,144.
const maxTokens = 1 << 20

// maxSpecial bounds the bytes of a special token, and so the lengths that are
// tried at each place of a text. The longest known have about 40.
const maxSpecial = 256

// vocabulary is what each id stands for.
type vocabulary struct {
	tokens []token
	byText map[string]int32 // by the text as stored
	bytes  [256]int32       // the token of each single byte, -1 where there is none
	scores []float32        // of each token, where the model has scores
	unk    int32            // stands for what cannot be spelt, -1 where there is none
}

// token is one entry.
type token struct {
	text string // what it decodes to
	kind int32
	mark bool // the chat template writes it, see marks.go
}

// guarded reports whether text becomes the token only where it is not a
// stranger's: a control token, or a mark. No text at all becomes an unknown one.
func (t *token) guarded() bool { return t.kind == kindControl || t.kind == kindUnknown || t.mark }

// loadVocabulary reads and checks tokens and their kinds. The tokens are
// stored in GPT-2's alphabet, except control and user-defined ones, which are
// stored as they read; or else all with spaceMark for spaces, and bytes by number.
func loadVocabulary(f *gguf.File, alphabetic bool) (vocabulary, error) {
	texts, ok := f.Strings("tokenizer.ggml.tokens")
	if !ok || len(texts) == 0 {
		return vocabulary{}, fmt.Errorf("%w: tokenizer.ggml.tokens is absent, empty or no array of strings", ErrData)
	}
	if len(texts) > maxTokens {
		return vocabulary{}, fmt.Errorf("%w: %d tokens, at most %d are read", ErrData, len(texts), maxTokens)
	}
	kinds, err := loadKinds(f, len(texts))
	if err != nil {
		return vocabulary{}, err
	}
	v := vocabulary{tokens: make([]token, len(texts)), byText: make(map[string]int32, len(texts)), unk: -1}
	for i, text := range texts {
		if old, dup := v.byText[text]; dup {
			return vocabulary{}, fmt.Errorf("%w: tokens %d and %d are both %q", ErrData, old, i, text)
		}
		v.byText[text] = int32(i)
		v.tokens[i] = token{text: text, kind: kinds[i]}
		if kinds[i] == kindControl || kinds[i] == kindUser {
			if text == "" {
				return vocabulary{}, fmt.Errorf("%w: the special token %d is empty", ErrData, i)
			}
			if len(text) > maxSpecial {
				return vocabulary{}, fmt.Errorf("%w: the special token %d has %d bytes, at most %d are read", ErrData, i, len(text), maxSpecial)
			}
		}
	}
	if alphabetic {
		return v, v.readAlphabet()
	}
	return v, v.readMarked()
}

// readAlphabet turns the tokens out of GPT-2's alphabet.
func (v *vocabulary) readAlphabet() error {
	for i := range v.tokens {
		t := &v.tokens[i]
		if t.kind == kindControl || t.kind == kindUser {
			continue
		}
		text, ok := fromAlphabet(t.text)
		if !ok {
			return fmt.Errorf("%w: token %d, %q, is not written in the byte alphabet", ErrData, i, t.text)
		}
		t.text = text
	}
	for b := range v.bytes {
		v.bytes[b] = -1
		if id, ok := v.byText[string(alphabet[b])]; ok && v.tokens[id].kind == kindNormal {
			v.bytes[b] = id
		}
	}
	return nil
}

// spaceMark is what SentencePiece writes for a space: U+2581.
const spaceMark = "\u2581"

// readMarked finds the tokens of bytes and turns the marks of the others into
// spaces.
func (v *vocabulary) readMarked() error {
	for b := range v.bytes {
		v.bytes[b] = -1
	}
	for i := range v.tokens {
		t := &v.tokens[i]
		switch t.kind {
		case kindByte:
			var b byte
			if n, err := fmt.Sscanf(t.text, "<0x%02X>", &b); n != 1 || err != nil || t.text != fmt.Sprintf("<0x%02X>", b) {
				return fmt.Errorf("%w: token %d, %q, is of a byte but not written <0xNN>", ErrData, i, t.text)
			}
			v.bytes[b] = int32(i)
			t.text = string([]byte{b})
		case kindControl, kindUnknown:
			delete(v.byText, t.text) // no text becomes these
		default:
			t.text = strings.ReplaceAll(t.text, spaceMark, " ")
		}
	}
	return nil
}

// forgetGuarded takes the guarded tokens out of what SentencePiece's models
// join text into. Those of control were never there.
func (v *vocabulary) forgetGuarded() {
	for text, id := range v.byText {
		if v.tokens[id].guarded() {
			delete(v.byText, text)
		}
	}
}

// joins says which texts of the file's tokens others are joined into: by a merge,
// by SentencePiece's BPE of two tokens, by its unigram model always.
func (v *vocabulary) joins(f *gguf.File, model string) func(text string) bool {
	switch model {
	case "gpt2":
		made := map[string]bool{}
		list, _ := f.Strings("tokenizer.ggml.merges") // loadMerges refuses what is none
		for _, line := range list {
			if text, ok := fromAlphabet(strings.Replace(line, " ", "", 1)); ok {
				made[text] = true
			}
		}
		return func(text string) bool { return made[text] }
	case "llama":
		return func(text string) bool {
			for i := 1; i < len(text); i++ {
				_, left := v.byText[text[:i]]
				if _, right := v.byText[text[i:]]; left && right {
					return true
				}
			}
			return false
		}
	}
	return func(string) bool { return true }
}

// loadKinds reads token_type; where the file has none all tokens are normal.
func loadKinds(f *gguf.File, n int) ([]int32, error) {
	const key = "tokenizer.ggml.token_type"
	if _, ok := f.Lookup(key); !ok {
		kinds := make([]int32, n)
		for i := range kinds {
			kinds[i] = kindNormal
		}
		return kinds, nil
	}
	kinds, ok := f.Int32s(key)
	if !ok {
		return nil, fmt.Errorf("%w: %s is no array of int32", ErrData, key)
	}
	if len(kinds) != n {
		return nil, fmt.Errorf("%w: %d tokens, but %d entries in %s", ErrData, n, len(kinds), key)
	}
	for i, k := range kinds {
		if k < kindNormal || k > kindLast {
			return nil, fmt.Errorf("%w: token %d has the unknown kind %d", ErrData, i, k)
		}
	}
	return kinds, nil
}

// markedID reads an id; ok is false where the file has no such key.
func (v *vocabulary) markedID(f *gguf.File, key string) (id int32, ok bool, err error) {
	kv, ok := f.Lookup(key)
	if !ok {
		return 0, false, nil
	}
	n, ok := f.Uint(key)
	if !ok {
		return 0, false, fmt.Errorf("%w: %s is a %v, not a number from 0 up", ErrData, key, kv.Type)
	}
	if n >= uint64(len(v.tokens)) {
		return 0, false, fmt.Errorf("%w: %s is %d, the vocabulary has %d tokens", ErrData, key, n, len(v.tokens))
	}
	return int32(n), true, nil
}

// pair is two neighbouring tokens: left in the high half, right in the low.
type pair uint64

func pairOf(left, right int32) pair { return pair(uint64(uint32(left))<<32 | uint64(uint32(right))) }

// merge says how early a pair is joined and into what.
type merge struct {
	rank uint32 // the place in the file's list; lower goes first
	id   int32
}

// loadMerges reads the merges: "left right" in GPT-2's alphabet, which has no
// space.
func loadMerges(f *gguf.File, v *vocabulary) (map[pair]merge, error) {
	const key = "tokenizer.ggml.merges"
	list, ok := f.Strings(key)
	if !ok {
		return nil, fmt.Errorf("%w: %s is absent or no array of strings", ErrData, key)
	}
	if len(list) > math.MaxInt32 {
		return nil, fmt.Errorf("%w: %d merges", ErrData, len(list))
	}
	merges := make(map[pair]merge, len(list))
	for i, line := range list {
		left, right, ok := strings.Cut(line, " ")
		if !ok || left == "" || right == "" || strings.Contains(right, " ") {
			return nil, fmt.Errorf("%w: merge %d is %q, not two tokens and a space between", ErrData, i, line)
		}
		var ids [3]int32
		for j, text := range []string{left, right, left + right} {
			if ids[j], ok = v.byText[text]; !ok {
				return nil, fmt.Errorf("%w: merge %d, %q: there is no token %q", ErrData, i, line, text)
			}
		}
		p := pairOf(ids[0], ids[1])
		if old, dup := merges[p]; dup {
			return nil, fmt.Errorf("%w: merges %d and %d are both %q", ErrData, old.rank, i, line)
		}
		merges[p] = merge{rank: uint32(i), id: ids[2]}
	}
	for p, m := range merges {
		if v.tokens[m.id].guarded() {
			delete(merges, p) // no stranger's text is joined into one
		}
	}
	return merges, nil
}

// alphabet maps each byte to the printable character that GPT-2's vocabulary
// writes for it: printable ASCII and Latin-1 stand for themselves, the others,
// ascending, for U+0100 and up.
var alphabet, alphabetBytes = func() (chars [256]rune, back map[rune]byte) {
	back = make(map[rune]byte, len(chars))
	next := rune(0x100)
	for b := range chars {
		switch {
		case b >= '!' && b <= '~', b >= 0xa1 && b <= 0xac, b >= 0xae:
			chars[b] = rune(b)
		default:
			chars[b] = next
			next++
		}
		back[chars[b]] = byte(b)
	}
	return chars, back
}()

// fromAlphabet returns the bytes that text, written in GPT-2's alphabet,
// stands for; ok is false if it holds anything else.
func fromAlphabet(text string) (out string, ok bool) {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		c, ok := alphabetBytes[r]
		if !ok {
			return "", false
		}
		b = append(b, c)
	}
	return string(b), true
}

// Differs says in what two tokenizers' ids mean something else, in a few words; it
// is empty where each id stands for the same in both. How text becomes ids is not
// compared.
func (t *Tokenizer) Differs(o *Tokenizer) string {
	if a, b := t.VocabSize(), o.VocabSize(); a != b {
		return fmt.Sprintf("it has %d tokens, not %d", b, a)
	}
	for id := range t.vocab.tokens {
		a, b := &t.vocab.tokens[id], &o.vocab.tokens[id]
		if a.text != b.text || a.kind != b.kind {
			return fmt.Sprintf("its token %d is %.40q of kind %d, not %.40q of kind %d", id, b.text, b.kind, a.text, a.kind)
		}
	}
	return ""
}
