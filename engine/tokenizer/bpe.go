package tokenizer

// Byte-pair encoding of one piece.
//
// The symbols of a piece start as its bytes and form a linked list. Every
// listed pair of neighbours waits in a heap, lowest rank first and leftmost
// among equals. The first is joined, its two new pairs enter the heap, and so
// on until the heap is empty. An entry whose symbols have changed meanwhile is
// stale and is thrown away when it comes up. A piece of n bytes makes at most
// 3n entries, so a megabyte without a cut takes n log n steps; trying all
// pairs for each join would take n².

// worker holds the memory that pieces of one text share.
type worker struct {
	t       *Tokenizer
	symbols []symbol
	heap    []candidate
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
		w.symbols = append(w.symbols, symbol{prev: int32(i) - 1, next: int32(i) + 1, id: w.t.vocab.bytes[piece[i]]})
	}
	w.symbols[len(piece)-1].next = -1
	for i := range len(piece) - 1 {
		w.offer(int32(i))
	}
	for len(w.heap) > 0 {
		c := w.pop()
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
	m, ok := w.t.merges[pairOf(a, b)]
	if !ok {
		return
	}
	w.push(candidate{order: uint64(m.rank)<<32 | uint64(uint32(left)), pair: pairOf(a, b), id: m.id})
}

// push and pop keep the binary heap: the smallest order is first.
func (w *worker) push(c candidate) {
	w.heap = append(w.heap, c)
	i := len(w.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if w.heap[parent].order <= c.order {
			break
		}
		w.heap[i] = w.heap[parent]
		i = parent
	}
	w.heap[i] = c
}

func (w *worker) pop() candidate {
	h := w.heap
	first, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	w.heap = h
	if len(h) == 0 {
		return first
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].order < h[child].order {
			child++
		}
		if last.order <= h[child].order {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = last
	return first
}
