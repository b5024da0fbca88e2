package grammar

import (
	"slices"
	"unicode/utf8"

	"github.com/assaynet/assay/engine/grammar/runes"
)

// Runes goes from a state by the texts of a set, in UTF-8, and returns where that
// leads.
func (b *Builder) Runes(from State, d *runes.DFA) State {
	at := b.copyStates(from, d)
	out := b.State()
	for s := range at {
		w := writer{b: b, tails: map[tail]State{}}
		for _, r := range d.Ranges(s) {
			w.span(at[s], r.Lo, r.Hi, at[r.To])
		}
		if d.Accepts(s) {
			b.Free(at[s], out)
		}
		if b.Full() {
			break
		}
	}
	return out
}

func (b *Builder) copyStates(from State, d *runes.DFA) []State {
	at := make([]State, d.States())
	for s := range at {
		at[s] = b.State()
	}
	b.Free(from, at[0])
	return at
}

// writer writes characters as bytes; what they end alike with is shared.
type writer struct {
	b     *Builder
	tails map[tail]State
}

// tail is bytes 80 … BF, or a part of them, before a state.
type tail struct {
	lo, hi byte
	to     State
}

// span goes from a state to another by the characters lo … hi, none of which is
// a surrogate.
func (w *writer) span(from State, lo, hi rune, to State) {
	for _, most := range []rune{0x7F, 0x7FF, 0xFFFF} {
		if lo <= most && hi > most {
			w.span(from, lo, most, to)
			w.span(from, most+1, hi, to)
			return
		}
	}
	if hi < utf8.RuneSelf {
		w.b.Byte(from, byte(lo), byte(hi), to)
		return
	}
	// Split where the leading bytes differ, so that the bytes behind are all of them.
	for shift := 6; shift <= 18; shift += 6 {
		size := rune(1)<<shift - 1
		if lo&^size != hi&^size {
			if lo&size != 0 {
				w.span(from, lo, lo|size, to)
				w.span(from, (lo|size)+1, hi, to)
				return
			}
			if hi&size != size {
				w.span(from, lo, hi&^size-1, to)
				w.span(from, hi&^size, hi, to)
				return
			}
		}
	}
	var first, last [utf8.UTFMax]byte
	n := utf8.EncodeRune(first[:], lo)
	utf8.EncodeRune(last[:], hi)
	for i := n - 1; i > 0; i-- {
		key := tail{first[i], last[i], to}
		s, ok := w.tails[key]
		if !ok {
			s = w.b.State()
			w.b.Byte(s, first[i], last[i], to)
			w.tails[key] = s
		}
		to = s
	}
	w.b.Byte(from, first[0], last[0], to)
}

// Ranges goes from a state by one character out of pairs of bounds, and returns
// where that leads. Surrogates are no characters.
func (b *Builder) Ranges(from State, pairs []rune) State {
	to := b.State()
	w := writer{b: b, tails: map[tail]State{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		for _, whole := range [][2]rune{{0, 0xD7FF}, {0xE000, utf8.MaxRune}} {
			if lo, hi := max(pairs[i], whole[0]), min(pairs[i+1], whole[1]); lo <= hi {
				w.span(from, lo, hi, to)
			}
		}
	}
	return to
}

// Others are the characters that are in none of some pairs of bounds, as pairs.
func Others(pairs []rune) []rune {
	type span struct{ lo, hi rune }
	var spans []span
	for i := 0; i+1 < len(pairs); i += 2 {
		spans = append(spans, span{pairs[i], pairs[i+1]})
	}
	slices.SortFunc(spans, func(a, b span) int { return int(a.lo) - int(b.lo) })
	var out []rune
	next := rune(0)
	for _, s := range spans {
		if s.lo > next {
			out = append(out, next, s.lo-1)
		}
		next = max(next, s.hi+1)
	}
	if next <= utf8.MaxRune {
		out = append(out, next, utf8.MaxRune)
	}
	return out
}
