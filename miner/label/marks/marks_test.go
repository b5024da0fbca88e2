package marks_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/assaynet/assay/miner/label/marks"
)

// draw writes runs as one line: [what differs] and <what cannot be seen>.
func draw(runs []marks.Run) string {
	var b strings.Builder
	for _, r := range runs {
		b.WriteString(map[marks.Kind]string{marks.Plain: r.Text, marks.Differs: "[" + r.Text + "]", marks.Hidden: "<" + r.Text + ">"}[r.Kind])
	}
	return b.String()
}

func TestWordsThatDifferAreMarked(t *testing.T) {
	for _, c := range []struct{ name, a, b, wantA, wantB string }{
		{"one word", "It is seven.", "It is eight.", "It is [seven].", "It is [eight]."},
		{"a phrase is one", "We met at the old inn today.", "We met near that new hotel today.", "We met [at the old inn] today.", "We met [near that new hotel] today."},
		{"a word more", "the cat sat", "the black cat sat", "the cat sat", "the [black] cat sat"},
		{"at the end", "Yes, it is.", "Yes, it is. Always.", "Yes, it is.", "Yes, it is. [Always.]"},
		{"at the beginning", "No, it is so.", "it is so.", "[No,] it is so.", "it is so."},
		{"a number", "about 3.14 in all", "about 3.41 in all", "about 3.[14] in all", "about 3.[41] in all"},
		{"letters matter", "the Cat sat down", "the cat sat down", "the [Cat] sat down", "the [cat] sat down"},
		{"lines", "one\ntwo\nthree", "one\n2\nthree", "one\n[two]\nthree", "one\n[2]\nthree"},
		{"a script without spaces", "今日は晴れです", "今日は雨です", "今日は[晴れ]です", "今日は[雨]です"},
		{"marks stay on their letters", "the cafe\u0301 is open", "the cafe is open", "the [cafe\u0301] is open", "the [cafe] is open"},
		{"white space alone", "one two three", "one  two three", "one[ ]two three", "one[  ]two three"},
		{"nothing", "the same", "the same", "the same", "the same"},
		{"empty", "", "", "", ""},
	} {
		p := marks.Compare(c.a, c.b)
		if a, b := draw(p.A), draw(p.B); a != c.wantA || b != c.wantB || p.Apart {
			t.Errorf("%s: got %q and %q (apart %t), want %q and %q", c.name, a, b, p.Apart, c.wantA, c.wantB)
		}
	}
}

func TestPlacesAreCounted(t *testing.T) {
	for want, texts := range map[int][2]string{
		0: {"the same text", "the same text"},
		1: {"one two three four", "one two 3 four"},
		2: {"one two three four five", "1 two three 4 five"},
	} {
		if got := marks.Compare(texts[0], texts[1]).Places; got != want {
			t.Errorf("%q: got %d places, want %d", texts, got, want)
		}
	}
}

func TestTextsWithNothingInCommonAreNotMarked(t *testing.T) {
	p := marks.Compare("I can not help with that, sorry.", "Photosynthesis turns light into sugar; leaves do it all day")
	if !p.Apart || draw(p.A) != "I can not help with that, sorry." || p.Places != 0 {
		t.Errorf("got %+v", p)
	}
	if p := marks.Compare("", "something"); !p.Apart {
		t.Errorf("got %+v", p)
	}
}

func TestWhatCannotBeSeenIsShown(t *testing.T) {
	for text, want := range map[string]string{
		"safe\u202etxt.exe":               "safe<U+202E>txt.exe",
		"a\u200bb\ufeffc\u00add":          "a<U+200B>b<U+FEFF>c<U+00AD>d",
		"bell\a nul\x00 esc\x1b[31m":      "bell<U+0007> nul<U+0000> esc<U+001B>[31m",
		"tag\U000e0041\U000e0042":         "tag<U+E0041><U+E0042>",
		"\u2066isolate\u2069":             "<U+2066>isolate<U+2069>",
		"line\u2028paragraph\u2029":       "line<U+2028>paragraph<U+2029>",
		"own \ue000 and \U0010ffff":       "own <U+E000> and <U+10FFFF>",
		"filler \u3164 and blank \u2800":  "filler <U+3164> and blank <U+2800>",
		"carriage\rreturn":                "carriage<U+000D>return",
		"plain\n\ttext\u00a0and\u3000all": "plain\n\ttext\u00a0and\u3000all",
		"👩\u200d👧 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645": "👩\u200d👧 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
		"<b>bold</b> &amp; <script>":                                "<b>bold</b> &amp; <script>",
	} {
		if got := draw(marks.Text(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	p := marks.Compare("pay five coins now", "pay five\u202e coins now")
	if got := draw(p.B); got != "pay five<U+202E> coins now" {
		t.Errorf("got %q", got)
	}
}

// TestALongTextCostsLittle: what would take a table of 400 million cells, of two
// bytes each, is marked whole.
func TestALongTextCostsLittle(t *testing.T) {
	text := func(from int) string {
		var b strings.Builder
		b.WriteString("The beginning is the same. ")
		for i := range 10_000 {
			fmt.Fprintf(&b, "w%d ", (i+from)*7919%9973)
		}
		return b.String()
	}
	long, longer := text(0), text(1)+strings.Repeat("the same end ", 4000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p := marks.Compare(long, longer)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
		t.Errorf("took %d bytes", took)
	}
	if !p.Apart {
		t.Errorf("got %d places", p.Places)
	}
	same := strings.Repeat("quite the same words ", 3000)
	if p := marks.Compare(same+text(0), same+text(1)); p.Places != 1 || p.Apart || len(p.A) != 3 {
		t.Errorf("got %d places, %d runs, apart %t", p.Places, len(p.A), p.Apart)
	}
}

// FuzzCompare: runs give the texts back, and what does not differ is the same in
// both.
func FuzzCompare(f *testing.F) {
	f.Add("It is seven.", "It is eight.")
	f.Add("a\u202eb", "a b")
	f.Add("\xff\xfe", "今日は")
	f.Add(" x  y ", "y\n\nx")
	f.Add("It! is", "!0 is")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > 8<<10 || !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		p := marks.Compare(a, b)
		for _, side := range []struct {
			text string
			runs []marks.Run
		}{{a, p.A}, {b, p.B}} {
			var shown, alone strings.Builder
			for i, r := range side.runs {
				if r.Text == "" || i > 0 && r.Kind != marks.Hidden && side.runs[i-1].Kind == r.Kind {
					t.Fatalf("%q: run %d of %q is empty or torn", side.text, i, side.runs)
				}
				shown.WriteString(r.Text)
			}
			for _, r := range marks.Text(side.text) {
				alone.WriteString(r.Text)
			}
			if shown.String() != alone.String() {
				t.Fatalf("%q is shown as %q", side.text, shown.String())
			}
		}
		hidden := slices.ContainsFunc(append(slices.Clone(p.A), p.B...), func(r marks.Run) bool { return r.Kind == marks.Hidden })
		if !p.Apart && !hidden && plain(p.A) != plain(p.B) {
			t.Fatalf("what does not differ differs: %q, %q", plain(p.A), plain(p.B))
		}
		if a == b && p.Places != 0 {
			t.Fatalf("%q differs from itself in %d places", a, p.Places)
		}
	})
}

// plain is what of a text is not marked, without white space, which is not marked
// either beside a word that differs.
func plain(runs []marks.Run) string {
	var b strings.Builder
	for _, r := range runs {
		if r.Kind == marks.Plain {
			b.WriteString(r.Text)
		}
	}
	return strings.Join(strings.Fields(b.String()), "")
}
