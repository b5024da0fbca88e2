package text

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
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
	out := make([]string, 0, len(words))
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
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.Text
	}
	return out
}

// Grams returns the hashes of all runs of n words, n below 256, ascending and
// each once: the first eight bytes, big-endian, of
//
//	SHA-256("assay/1/gram" ‖ 0 ‖ n ‖ word ‖ 0 ‖ word ‖ 0 …)
//
// Of fewer words there are none.
func Grams(words []string, n int) []uint64 {
	if len(words) < n || n == 0 {
		return nil
	}
	const tag = "assay/1/gram\x00"
	size := len(tag) + 1 + len(words)
	for _, w := range words {
		size += len(w)
	}
	// All words in a row, and before those of each run, over words that no run needs
	// any more, the tag: nothing is copied twice.
	all, ends := make([]byte, len(tag)+1, size), make([]int, len(words))
	for i, w := range words {
		all = append(append(all, w...), 0)
		ends[i] = len(all)
	}
	out := make([]uint64, len(words)-n+1)
	begin := 0 // of the tag
	for i := range out {
		copy(all[begin:], tag)
		all[begin+len(tag)] = byte(n)
		h := sha256.Sum256(all[begin:ends[i+n-1]])
		out[i] = binary.BigEndian.Uint64(h[:8])
		begin = ends[i] - len(tag) - 1
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Novel returns the grams by which a text is compared with what was there
// before: those of [NovelGram] masked words, or one of all where there are
// fewer. Only a text without words has none.
func Novel(words []Word) []uint64 { return compared(Masked(words)) }

// Facts are [Novel] of the words as they stand: for texts whose numbers and names
// are what they say, and were checked.
func Facts(words []Word) []uint64 { return compared(Plain(words)) }

// Skeleton returns the grams of [SkeletonGram] words that carry a text; of fewer
// there are none.
func Skeleton(words []Word) []uint64 {
	bones := make([]string, 0, len(words))
	for _, w := range words {
		if w.Mask == "" && len(w.Text) >= skeletonBytes {
			bones = append(bones, w.Text)
		}
	}
	return Grams(bones, SkeletonGram)
}

func compared(words []string) []uint64 { return Grams(words, min(NovelGram, len(words))) }
