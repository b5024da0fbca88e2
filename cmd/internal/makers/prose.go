package makers

import (
	"math"
	"math/rand/v2"
	"sort"
	"strings"
)

// language is what everybody writes in.
type language struct {
	words   []string
	keys    []uint64  // of each word, by which it is known again
	up      []float64 // Σ of the frequencies up to each word
	phrases []string
	share   float64
	lengths [2]int
}

// frequent is how many words are the commonest ones of a language, and short: in
// English the thirty commonest are nearly all of fewer than four letters (the law
// of abbreviation: G. K. Zipf, 1935), and not half of what stands in a text.
const frequent = 30

// speak makes a language: words of a few syllables, the k-th as frequent as 1 ÷ k.
func speak(r *rand.Rand, m *Model) *language {
	l := &language{share: m.PhraseShare, lengths: m.Words}
	var sum float64
	for k := range m.Vocabulary {
		count := 1
		if k >= frequent {
			count = 2 + r.IntN(2)
		}
		l.words = append(l.words, syllables(r, count))
		l.keys = append(l.keys, keyOf(l.words[k]))
		sum += 1 / float64(k+1)
		l.up = append(l.up, sum)
	}
	for range m.Phrases {
		l.phrases = append(l.phrases, l.run(r, 6))
	}
	return l
}

func syllables(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte("bcdfghklmnprstvwz"[r.IntN(17)])
		b.WriteByte("aeiou"[r.IntN(5)])
		b.WriteByte("lmnrst"[r.IntN(6)])
	}
	return b.String()
}

func (l *language) word(r *rand.Rand) string { return l.words[l.number(r)] }

// number is that of a word, the commonest being 0.
func (l *language) number(r *rand.Rand) int {
	at := r.Float64() * l.up[len(l.up)-1]
	return min(sort.SearchFloat64s(l.up, at), len(l.words)-1)
}

func (l *language) numbers(r *rand.Rand, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = l.number(r)
	}
	return list
}

// say returns the words of these numbers.
func (l *language) say(numbers []int) string {
	list := make([]string, len(numbers))
	for i, n := range numbers {
		list[i] = l.words[n]
	}
	return strings.Join(list, " ")
}

func (l *language) run(r *rand.Rand, n int) string { return l.say(l.numbers(r, n)) }

// prose is an honest text.
func (l *language) prose(r *rand.Rand) string {
	n := l.lengths[0] + r.IntN(l.lengths[1]-l.lengths[0]+1)
	var out []string
	for left := n; left > 0; {
		// A phrase has six words, and a stretch of one's own the rest of the share.
		if r.Float64() < l.share {
			out, left = append(out, l.phrases[r.IntN(len(l.phrases))]), left-6
			continue
		}
		out, left = append(out, l.run(r, 6)), left-6
	}
	return strings.Join(out, " ") + "."
}

// vary replaces a share of the words of a text.
func (l *language) vary(r *rand.Rand, text string, share float64) string {
	words := strings.Fields(text)
	replace(r, words, share, l.word)
	return strings.Join(words, " ")
}

// replace replaces a share of the words by others.
func replace[W any](r *rand.Rand, words []W, share float64, other func(*rand.Rand) W) {
	var room [128]int // for the order of most texts
	order := room[:0]
	for i := range words {
		order = append(order, i)
	}
	r.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
	for _, i := range order[:countOf(len(words), share)] {
		words[i] = other(r)
	}
}

// apart is vary by who knows the gates: what it replaces stands as far apart as can
// be, so that each word spoils as many runs as it can.
func (l *language) apart(r *rand.Rand, text string, share float64) string {
	words := strings.Fields(text)
	for i, count := 0, countOf(len(words), share); i < count; i++ {
		words[(2*i+1)*len(words)/(2*count)] = l.word(r)
	}
	return strings.Join(words, " ")
}

func countOf(words int, share float64) int { return int(math.Round(share * float64(words))) }
