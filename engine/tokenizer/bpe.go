package tokenizer

import (
	"fmt"
	"unicode/utf8"

	"github.com/assaynet/assay/engine/gguf"
)

// Byte-pair encoding of one piece.
//
// The symbols of a piece start as its bytes and form a linked list. Every
// listed pair of neighbours waits in a heap, lowest rank first and leftmost
// among equals. The first is joined, its two new pairs enter the heap, and so
// on until the heap is empty. An entry whose symbols have changed meanwhile is
// stale and is thrown away when it comes up. A piece of n bytes makes at most
// 3n entries, so a megabyte without a cut takes n log n steps; trying all
// pairs for each join would take n².

// byteBPE is byte-pair encoding after a splitter.
type byteBPE struct {
	split  splitter
	whole  bool // see family
	vocab  *vocabulary
	merges map[pair]merge
}

func loadByteBPE(f *gguf.File, t *Tokenizer) error {
	pre, ok := f.String("tokenizer.ggml.pre")
	if !ok {
		return fmt.Errorf("%w: the file has no tokenizer.ggml.pre, which names how text is split", ErrData)
	}
	kind, ok := splitters[pre]
	if !ok {
		return fmt.Errorf("%w splitter %q (tokenizer.ggml.pre)", ErrUnsupported, pre)
	}
	merges, err := loadMerges(f, &t.vocab)
	if err != nil {
		return err
	}
	t.model = &byteBPE{split: kind.split, whole: kind.whole, vocab: &t.vocab, merges: merges}
	t.addBOS = kind.bos
	return nil
}

func (m *byteBPE) spells(b byte) bool { return m.vocab.bytes[b] >= 0 }

func (m *byteBPE) encode(ids []int32, text string) []int32 {
	w := &worker{m: m}
	for len(text) > 0 {
		n := m.split(text)
		if id, ok := m.token(text[:n]); ok {
			ids = append(ids, id)
		} else {
			ids = w.encode(ids, text[:n])
		}
		text = text[n:]
	}
	return ids
}

// token returns the token that a piece is as it stands, for families that ask
// for it.
func (m *byteBPE) token(piece string) (id int32, ok bool) {
	if !m.whole {
		return 0, false
	}
	name := make([]byte, 0, 2*len(piece))
	for i := range len(piece) {
		name = utf8.AppendRune(name, alphabet[piece[i]])
	}
	id, ok = m.vocab.byText[string(name)]
	return id, ok && m.vocab.tokens[id].kind == kindNormal
}

// worker holds the memory that pieces of one text share.
type worker struct {
	m       *byteBPE
	symbols []symbol
	heap    heap
}

// symbol is one element of the list. Invariant: for symbols in use,
// symbols[s.next].prev is s, and next is -1 at the end, prev -1 at the start.
type symbol struct {
	prev, next int32
	id         int32 // -1: a byte without a token, which joins nothing
}

// candidate is a pair that may be joined.
type candidate struct {
	order uint64 // rank in the high half, place of the left symbol in the low
	pair  pair
	id    int32 // what it becomes
}

// encode appends the ids of piece to ids.
func (w *worker) encode(ids []int32, piece string) []int32 {
	w.symbols, w.heap = w.symbols[:0], w.heap[:0]
	for i := range len(piece) {
		w.symbols = append(w.symbols, symbol{prev: int32(i) - 1, next: int32(i) + 1, id: w.m.vocab.bytes[piece[i]]})
	}
	w.symbols[len(piece)-1].next = -1
	for i := range len(piece) - 1 {
		w.offer(int32(i))
	}
	for len(w.heap) > 0 {
		c := w.heap.pop()
		left := int32(uint32(c.order))
		right := w.symbols[left].next
		if right < 0 || pairOf(w.symbols[left].id, w.symbols[right].id) != c.pair {
			continue
		}
		w.join(left, right, c.id)
	}
	for at := int32(0); at >= 0; at = w.symbols[at].next {
		if id := w.symbols[at].id; id >= 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// join makes left and right one symbol, which keeps left's place.
func (w *worker) join(left, right, id int32) {
	next := w.symbols[right].next
	w.symbols[left].id, w.symbols[left].next = id, next
	w.symbols[right] = symbol{prev: -1, next: -1, id: -1}
	if next >= 0 {
		w.symbols[next].prev = left
		w.offer(left)
	}
	if prev := w.symbols[left].prev; prev >= 0 {
		w.offer(prev)
	}
}

// offer puts the pair of left and its neighbour into the heap, if it is listed.
func (w *worker) offer(left int32) {
	a, b := w.symbols[left].id, w.symbols[w.symbols[left].next].id
	if a < 0 || b < 0 {
		return
	}
	m, ok := w.m.merges[pairOf(a, b)]
	if !ok {
		return
	}
	w.heap.push(candidate{order: uint64(m.rank)<<32 | uint64(uint32(left)), pair: pairOf(a, b), id: m.id})
}
