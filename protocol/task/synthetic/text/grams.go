package text

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
)

// Sizes of grams, in words.
const (
	NovelGram   = 5  // of masked words: what is new, and what is alike
	OverlapGram = 13 // of words as they stand: what was copied from an evaluation set
	// SkeletonGram is that of the words that carry a text: numbers, names and words
	// of fewer than skeletonBytes left out. Who exchanges one word in seven breaks
	// half of the grams of five words and a third of these.
	SkeletonGram  = 3
	skeletonBytes = 4
)

// Masked returns the words with numbers and names masked, and runs of one
// mask as one: a name of three words hides as much as one of one.
func Masked(words []Word) []string {
	return appendMasked(make([]string, 0, len(words)), words)
}

func appendMasked(out []string, words []Word) []string {
	for _, w := range words {
		switch {
		case w.Mask == "":
			out = append(out, w.Text)
		case len(out) == 0 || out[len(out)-1] != w.Mask:
			out = append(out, w.Mask)
		}
	}
	return out
}

// Plain returns the words as they stand.
func Plain(words []Word) []string {
	return appendPlain(make([]string, 0, len(words)), words)
}

func appendPlain(out []string, words []Word) []string {
	for _, w := range words {
		out = append(out, w.Text)
	}
	return out
}

// scratch is memory for a moment, used again.
type scratch struct {
	words []string
	all   []byte
	ends  []int
	// hashes are those that are sorted.
	hashes []uint64
}

// mostKept is how much text's memory is used again: one long text does not keep
// its own.
const mostKept = 1 << 20

// giveBack keeps the memory for another, if it is not much.
func (s *scratch) giveBack() {
	if cap(s.all) <= mostKept && cap(s.words) <= mostKept {
		scratches.Put(s)
	}
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// gramsOf returns the grams of n of what list appends of words. Where there are
// fewer it is one of all, if there is to be some.
func gramsOf(words []Word, n int, list func([]string, []Word) []string, some bool) []uint64 {
	s := scratches.Get().(*scratch)
	defer s.giveBack()
	s.words = list(s.words[:0], words)
	if some {
		n = min(n, len(s.words))
	}
	out := s.grams(s.words, n)
	clear(s.words) // they would keep the text
	return out
}

// Grams returns the hashes of all runs of n words, n below 256, ascending and
// each once: the first eight bytes, big-endian, of
//
//	SHA-256("assay/1/gram" ‖ 0 ‖ n ‖ word ‖ 0 ‖ word ‖ 0 …)
//
// Of fewer words there are none.
func Grams(words []string, n int) []uint64 {
	s := scratches.Get().(*scratch)
	defer s.giveBack()
	return s.grams(words, n)
}

func (s *scratch) grams(words []string, n int) []uint64 {
	if len(words) < n || n == 0 {
		return nil
	}
	const tag = "assay/1/gram\x00"
	// All words in a row, and before those of each run, over words that no run needs
	// any more, the tag: nothing is copied twice.
	all, ends := append(s.all[:0], tag+" "...), s.ends[:0]
	for _, w := range words {
		all = append(append(all, w...), 0)
		ends = append(ends, len(all))
	}
	s.all, s.ends = all, ends
	out := make([]uint64, len(words)-n+1)
	begin := 0                  // of the tag
	var head [len(tag) + 1]byte // a fixed size: two moves
	copy(head[:], tag)
	head[len(tag)] = byte(n)
	for i := range out {
		*(*[len(tag) + 1]byte)(all[begin:]) = head
		h := sha256.Sum256(all[begin:ends[i+n-1]])
		out[i] = binary.BigEndian.Uint64(h[:8])
		begin = ends[i] - len(tag) - 1
	}
	s.sort(out)
	return slices.Compact(out)
}

const (
	// mostSpread is up to how many hashes each finds its place among few others.
	mostSpread = 1 << 9
	// places are by the highest bits of a hash.
	places = 1 << 8
)

// sort sorts hashes: each goes to where its highest bits belong, and then past the
// few before it that are larger.
func (s *scratch) sort(hashes []uint64) {
	if len(hashes) > mostSpread {
		slices.Sort(hashes)
		return
	}
	var ends [places]uint16
	for _, h := range hashes {
		ends[h>>56]++
	}
	sum := uint16(0)
	for i, n := range ends {
		ends[i], sum = sum, sum+n // where the place begins; it moves on to its end
	}
	s.hashes = append(s.hashes[:0], hashes...)
	for _, h := range s.hashes {
		hashes[ends[h>>56]] = h
		ends[h>>56]++
	}
	for i, h := range hashes {
		for ; i > 0 && hashes[i-1] > h; i-- {
			hashes[i] = hashes[i-1]
		}
		hashes[i] = h
	}
}

// Novel returns the grams by which a text is compared with what was there
// before: those of [NovelGram] masked words, or one of all where there are
// fewer. Only a text without words has none.
func Novel(words []Word) []uint64 { return gramsOf(words, NovelGram, appendMasked, true) }

// Facts are [Novel] of the words as they stand: for texts whose numbers and names
// are what they say, and were checked.
func Facts(words []Word) []uint64 { return gramsOf(words, NovelGram, appendPlain, true) }

// Skeleton returns the grams of [SkeletonGram] words that carry a text; of fewer
// there are none.
func Skeleton(words []Word) []uint64 { return gramsOf(words, SkeletonGram, appendBones, false) }

func appendBones(out []string, words []Word) []string {
	for _, w := range words {
		if w.Mask == "" && len(w.Text) >= skeletonBytes {
			out = append(out, w.Text)
		}
	}
	return out
}
