package tokenizer

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/assaynet/assay/engine/gguf"
)

// Byte-pair encoding as SentencePiece does it (Kudo and Richardson 2018),
// which llama.cpp calls "llama".
//
// There is no splitter: the symbols of a text start as its characters, spaces
// written as U+2581. Two neighbours may be joined where the text of both is a
// token; the pair whose token has the highest score goes first, the leftmost
// among equals. What is no token in the end is spelt in bytes, or is the
// unknown token where the vocabulary has none for a byte.

// sentenceBPE is that model.
type sentenceBPE struct {
	vocab   *vocabulary
	longest int // bytes of the longest token
}

// piece is one symbol: text[at:at+size]. Invariant as for symbol; a piece that
// was joined to its left has size 0.
type piece struct {
	prev, next, at, size int32
}

func loadSentenceBPE(f *gguf.File, t *Tokenizer) error {
	if err := t.vocab.loadScores(f); err != nil {
		return err
	}
	if err := t.vocab.loadUnknown(f); err != nil {
		return err
	}
	m := &sentenceBPE{vocab: &t.vocab}
	for text := range t.vocab.byText {
		m.longest = max(m.longest, len(text))
	}
	t.model, t.prefix, t.addBOS = m, true, true
	return flag(f, "tokenizer.ggml.add_space_prefix", &t.prefix)
}

// loadScores reads the tokens' scores.
func (v *vocabulary) loadScores(f *gguf.File) error {
	const key = "tokenizer.ggml.scores"
	scores, ok := f.Float32s(key)
	if !ok || len(scores) != len(v.tokens) {
		return fmt.Errorf("%w: %s is absent or no array of one float32 for each of %d tokens", ErrData, key, len(v.tokens))
	}
	for i, s := range scores {
		if s != s || math.IsInf(float64(s), 0) {
			return fmt.Errorf("%w: the score of token %d is not finite", ErrData, i)
		}
	}
	v.scores = scores
	return nil
}

// loadUnknown reads which token stands for what cannot be spelt.
func (v *vocabulary) loadUnknown(f *gguf.File) error {
	id, ok, err := v.markedID(f, "tokenizer.ggml.unknown_token_id")
	if ok {
		v.unk = id
	}
	return err
}

func (m *sentenceBPE) spells(b byte) bool { return m.vocab.bytes[b] >= 0 }

func (m *sentenceBPE) encode(ids []int32, text string) []int32 {
	w := sentenceWorker{m: m, text: strings.ReplaceAll(text, " ", spaceMark)}
	for at := 0; at < len(w.text); {
		_, size := utf8.DecodeRuneInString(w.text[at:])
		n := int32(len(w.pieces))
		w.pieces = append(w.pieces, piece{prev: n - 1, next: n + 1, at: int32(at), size: int32(size)})
		at += size
	}
	w.pieces[len(w.pieces)-1].next = -1
	for i := range len(w.pieces) - 1 {
		w.offer(int32(i))
	}
	for len(w.heap) > 0 {
		c := w.heap.pop()
		left := int32(uint32(c.order))
		p := &w.pieces[left]
		if p.size == 0 || p.next < 0 || p.size+w.pieces[p.next].size != c.id {
			continue // one of the two has been joined to another
		}
		w.join(left, p.next)
	}
	for at := int32(0); at >= 0; at = w.pieces[at].next {
		p := w.pieces[at]
		ids = m.emit(ids, w.text[p.at:p.at+p.size])
	}
	return ids
}

// emit appends the token of text, or its bytes.
func (m *sentenceBPE) emit(ids []int32, text string) []int32 {
	if id, ok := m.vocab.byText[text]; ok {
		return append(ids, id)
	}
	unknown := false
	for i := range len(text) {
		switch id := m.vocab.bytes[text[i]]; {
		case id >= 0:
			ids = append(ids, id)
		case m.vocab.unk >= 0 && !unknown:
			ids, unknown = append(ids, m.vocab.unk), true
		}
	}
	return ids
}

// sentenceWorker is one text on its way.
type sentenceWorker struct {
	m      *sentenceBPE
	text   string
	pieces []piece
	heap   heap
}

// join makes left and right one piece, which keeps left's place.
func (w *sentenceWorker) join(left, right int32) {
	next := w.pieces[right].next
	w.pieces[left].size += w.pieces[right].size
	w.pieces[left].next = next
	w.pieces[right].size = 0
	if next >= 0 {
		w.pieces[next].prev = left
		w.offer(left)
	}
	if prev := w.pieces[left].prev; prev >= 0 {
		w.offer(prev)
	}
}

// offer puts the pair of left and its neighbour into the heap, if their text is
// a token. A candidate's id is the length of that text, which tells a stale one.
func (w *sentenceWorker) offer(left int32) {
	a, b := w.pieces[left], w.pieces[w.pieces[left].next]
	size := a.size + b.size
	if int(size) > w.m.longest {
		return
	}
	id, ok := w.m.vocab.byText[w.text[a.at:a.at+size]]
	if !ok {
		return
	}
	w.heap.push(candidate{order: descending(w.m.vocab.scores[id])<<32 | uint64(uint32(left)), id: size})
}

// descending maps finite floats to integers below 2³², the highest to the lowest.
func descending(x float32) uint64 {
	b := math.Float32bits(x + 0) // −0 is 0
	if b>>31 == 1 {
		return uint64(b)
	}
	return uint64(0x7fffffff - b)
}
