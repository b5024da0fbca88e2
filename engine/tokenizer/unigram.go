package tokenizer

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assaynet/assay/engine/gguf"
)

// The unigram language model of SentencePiece (Kudo 2018), which llama.cpp
// calls "t5": of all ways to cut a text into tokens, that with the largest sum
// of scores, found by Viterbi's algorithm over the characters' boundaries. A
// character that no token begins with or is costs the worst score less ten and
// becomes the unknown token, or its bytes where the vocabulary has them.

const (
	// unknownPenalty is taken from the lowest score for a character without a
	// token.
	unknownPenalty = 10
	// maxUnigram bounds a token, and so the steps at each character of a text.
	maxUnigram = 256
)

// unigram is that model.
type unigram struct {
	vocab   *vocabulary
	unknown float64 // score of a character without a token
	next    map[edge]int32
	ends    []int32 // by node: the token that ends there, or -1
	rules   *charsmap
	merge   bool // runs of spaces become one, those at the ends none
}

// edge leads from one node of the tree of tokens to the next.
type edge struct {
	node int32
	b    byte
}

func loadUnigram(f *gguf.File, t *Tokenizer) error {
	if err := t.vocab.loadScores(f); err != nil {
		return err
	}
	if err := t.vocab.loadUnknown(f); err != nil {
		return err
	}
	rules, err := loadCharsmap(f)
	if err != nil {
		return err
	}
	m := &unigram{vocab: &t.vocab, rules: rules, next: map[edge]int32{}, ends: []int32{-1}}
	lowest := math.Inf(1)
	for id, tok := range t.vocab.tokens {
		if tok.kind == kindNormal {
			lowest = min(lowest, float64(t.vocab.scores[id]))
		}
	}
	m.unknown = lowest - unknownPenalty
	for text, id := range t.vocab.byText {
		kind := t.vocab.tokens[id].kind
		if kind != kindNormal && kind != kindUser {
			continue
		}
		if text == "" || len(text) > maxUnigram {
			return fmt.Errorf("%w: token %d has %d bytes, at most %d are read", ErrData, id, len(text), maxUnigram)
		}
		m.add(text, id)
	}
	t.model, t.prefix = m, true
	if err := flag(f, "tokenizer.ggml.remove_extra_whitespaces", &m.merge); err != nil {
		return err
	}
	return flag(f, "tokenizer.ggml.add_space_prefix", &t.prefix)
}

// add puts a token into the tree.
func (m *unigram) add(text string, id int32) {
	node := int32(0)
	for i := range len(text) {
		to, ok := m.next[edge{node, text[i]}]
		if !ok {
			to = int32(len(m.ends))
			m.ends = append(m.ends, -1)
			m.next[edge{node, text[i]}] = to
		}
		node = to
	}
	m.ends[node] = id
}

func (m *unigram) spells(b byte) bool {
	_, ok := m.next[edge{0, b}]
	return ok || m.vocab.bytes[b] >= 0
}

// best is the best way to a place in the text.
type best struct {
	score float64
	id    int32 // of the last token, -1 where it is unknown
	from  int32 // where that begins
}

func (m *unigram) encode(ids []int32, text string) []int32 {
	if m.rules != nil {
		text = m.rules.normalise(text)
	}
	if m.merge {
		lead := strings.HasPrefix(text, " ")
		if text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }), " "); lead && text != "" {
			text = " " + text
		}
	}
	text = strings.ReplaceAll(text, " ", spaceMark)
	ways := make([]best, len(text)+1)
	for i := range ways[1:] {
		ways[i+1].score = math.Inf(-1)
	}
	for at := 0; at < len(text); {
		_, size := utf8.DecodeRuneInString(text[at:])
		m.extend(ways, text, at, size)
		at += size
	}
	var cuts []int
	for at := len(text); at > 0; at = int(ways[at].from) {
		cuts = append(cuts, at)
	}
	unknown := false
	for _, at := range slices.Backward(cuts) {
		w := ways[at]
		if w.id >= 0 {
			ids, unknown = append(ids, w.id), false
			continue
		}
		ids, unknown = m.spell(ids, text[w.from:at], unknown)
	}
	return ids
}

// extend improves the ways that go on from at, where a character of size bytes
// begins.
func (m *unigram) extend(ways []best, text string, at, size int) {
	improve := func(to int, score float64, id int32) {
		if score += ways[at].score; score > ways[to].score {
			ways[to] = best{score, id, int32(at)}
		}
	}
	node, whole := int32(0), false
	for to := at; to < len(text); {
		next, ok := m.next[edge{node, text[to]}]
		if !ok {
			break
		}
		node, to = next, to+1
		id := m.ends[node]
		if id < 0 {
			continue
		}
		whole = whole || to-at == size
		score := float64(m.vocab.scores[id])
		if m.vocab.tokens[id].kind == kindUser {
			score = 0
		}
		improve(to, score, id)
	}
	if !whole {
		improve(at+size, m.unknown, -1)
	}
}

// spell appends a character that no token is: its bytes where there are tokens
// for all, else the unknown token, once for a run of such characters.
func (m *unigram) spell(ids []int32, text string, again bool) (_ []int32, unknown bool) {
	for i := range len(text) {
		if m.vocab.bytes[text[i]] < 0 {
			if m.vocab.unk >= 0 && !again {
				ids = append(ids, m.vocab.unk)
			}
			return ids, true
		}
	}
	for i := range len(text) {
		ids = append(ids, m.vocab.bytes[text[i]])
	}
	return ids, false
}
