package grammar

import (
	"fmt"
	"unicode/utf8"

	"github.com/assaynet/assay/engine/grammar/runes"
)

// JSONString goes from a state by the JSON strings, quotes included, whose values
// are in a set, and returns where that leads. Characters stand for themselves
// where JSON lets them; where any character can follow, also as every escape that
// JSON has, and else as the shortest escape.
func (b *Builder) JSONString(from State, d *runes.DFA) State {
	from = b.Text(from, `"`)
	at := b.copyStates(from, d)
	next := make([]int, d.States()) // where any character leads, or −1
	for s := range next {
		next[s] = -1
		if r := d.Ranges(s); len(r) == 2 && r[0].To == r[1].To && r[0].Lo == 0 && r[1].Hi == utf8.MaxRune {
			next[s] = r[0].To
		}
	}
	out, runs := b.State(), runsOf(d)
	for s := range at {
		w := writer{b: b, tails: map[tail]State{}}
		for _, r := range d.Ranges(s) {
			w.quoted(at[s], r.Lo, r.Hi, at[r.To])
		}
		if to := next[s]; to >= 0 {
			b.escapes(at[s], at[to])
		}
		b.states[at[s]].run = runs[s]
		if d.Accepts(s) {
			b.Byte(at[s], '"', '"', out)
		}
		if b.Full() {
			break
		}
	}
	return out
}

// runsOf finds the run of each state: how many characters, up to maxRun, can
// follow whichever they are, as long as they stand for themselves.
func runsOf(d *runes.DFA) []int32 {
	runs := make([]int32, d.States())
	for n := int32(1); n <= maxRun; n++ {
		for s := range runs {
			ranges := d.Ranges(s)
			all := runs[s] == n-1 && takesAll(ranges)
			for i := 0; all && i < len(ranges); i++ {
				all = runs[ranges[i].To] >= n-1
			}
			if all {
				runs[s] = n
			}
		}
	}
	return runs
}

// takesAll reports whether every character that stands for itself in a JSON string
// is in some range. Ranges are ascending, so what is between two of them is not.
func takesAll(ranges []runes.Range) bool {
	next := ' '
	for _, r := range ranges {
		for next == '"' || next == '\\' {
			next++
		}
		if next == 0xD800 {
			next = 0xE000
		}
		if r.Lo > next {
			return false
		}
		next = max(next, r.Hi+1)
	}
	return next > utf8.MaxRune
}

// shortEscapes are those of one letter.
var shortEscapes = []struct {
	char   rune
	letter byte
}{{'"', '"'}, {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}}

// quoted is span within a JSON string.
func (w *writer) quoted(from State, lo, hi rune, to State) {
	for _, e := range shortEscapes {
		if lo <= e.char && e.char <= hi {
			w.b.TextTo(from, string([]byte{'\\', e.letter}), to)
		}
	}
	for r := lo; r <= hi && r < ' '; r++ {
		switch r {
		case '\b', '\f', '\n', '\r', '\t':
		default:
			w.b.TextTo(from, fmt.Sprintf(`\u%04x`, r), to)
		}
	}
	for _, part := range [][2]rune{{' ', '"' - 1}, {'"' + 1, '\\' - 1}, {'\\' + 1, utf8.MaxRune}} {
		if a, z := max(lo, part[0]), min(hi, part[1]); a <= z {
			w.span(from, a, z, to)
		}
	}
}

// escapes goes on by one character that is written as an escape.
func (b *Builder) escapes(from, to State) {
	esc, u := b.State(), b.State()
	b.Byte(from, '\\', '\\', esc)
	for _, c := range []byte(`"\/bfnrt`) {
		b.Byte(esc, c, c, to)
	}
	b.Byte(esc, 'u', 'u', u)
	three, two, one := b.State(), b.State(), b.State()
	b.hex(three, two)
	b.hex(two, one)
	b.hex(one, to)
	// Any but D8 … DF.
	d := b.State()
	for _, r := range []string{"0-9", "A-C", "E-F", "a-c", "e-f"} {
		b.Byte(u, r[0], r[2], three)
	}
	b.Byte(u, 'D', 'D', d)
	b.Byte(u, 'd', 'd', d)
	b.Byte(d, '0', '7', two)
	// D8 … DB, and the other half behind.
	x, y, low := b.State(), b.State(), b.State()
	for _, r := range []string{"8-9", "A-B", "a-b"} {
		b.Byte(d, r[0], r[2], x)
	}
	b.hex(x, y)
	b.hex(y, low)
	low = b.Text(low, `\u`)
	half := b.State()
	b.Byte(low, 'D', 'D', half)
	b.Byte(low, 'd', 'd', half)
	for _, r := range []string{"C-F", "c-f"} {
		b.Byte(half, r[0], r[2], two)
	}
}

func (b *Builder) hex(from, to State) {
	for _, r := range []string{"0-9", "A-F", "a-f"} {
		b.Byte(from, r[0], r[2], to)
	}
}
