package text_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/task/synthetic/text"
)

func TestWordsAndMasks(t *testing.T) {
	for s, want := range map[string]string{
		"":                                     "",
		" \t.,!":                               "",
		"The cat's 3rd life":                   "^ cat s # life",
		"It was Mary Ann O'Neill of New York.": "^ was ^ of ^",
		"on 12 May 1999, 3.14 and 2,000":       "on # ^ # and #",
		"naïve Ärger über ÉCOLE Ωmega Москва": "naïve ^ über ^",
		"日本語 text":                                       "日 本 語 text",
		"x2é éA aÉ9 Éa\u200b7":                           "# éa # ^ #",
		"zero\u200bwidth no\u00a0break soft\u00adhyphen": "zero width no break soft hyphen",
		"“quoted” – dash…":                               "quoted dash",
		"heart\ufe0f\uff0cbeat\ufeffs\u3001x":            "heart beat s x",
	} {
		if got := strings.Join(text.Masked(text.Words(s)), " "); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
	if got := text.Plain(text.Words("The CAT'S 3rd ÉCOLE")); !slices.Equal(got, []string{"the", "cat", "s", "3rd", "École"}) {
		t.Errorf("got %q", got)
	}
}

// TestNumbersAndNamesHideNothing: what a template filler changes is masked.
func TestNumbersAndNamesHideNothing(t *testing.T) {
	a := text.Novel(text.Words("On Monday Alice Smith bought 12 apples and gave 5 to Bob."))
	b := text.Novel(text.Words("On Friday Carol bought 1984 apples and gave 77 to Dave Jones."))
	if len(a) == 0 || !slices.Equal(a, b) {
		t.Errorf("got %d and %d grams, want the same", len(a), len(b))
	}
	c := text.Novel(text.Words("On Friday Carol sold 1984 apples and gave 77 to Dave Jones."))
	if slices.Equal(a, c) {
		t.Error("another verb gave the same grams")
	}
}

func TestGramsAreFixed(t *testing.T) {
	// python3 -c 'import hashlib;
	// print(hashlib.sha256(b"assay/1/gram\0\2a\0b\0").hexdigest()[:16])'
	if got := text.Grams([]string{"a", "b"}, 2); !slices.Equal(got, []uint64{0x95f614065ffdee26}) {
		t.Errorf("got %x, want %x", got, uint64(0x95f614065ffdee26))
	}
	for n, want := range map[int]int{1: 2, 2: 3, 3: 2, 4: 1, 5: 0} {
		if got := text.Grams([]string{"a", "b", "a", "a"}, n); len(got) != want {
			t.Errorf("%d words: got %d grams, want %d", n, len(got), want)
		}
	}
	if got := text.Novel(text.Words("three words only")); len(got) != 1 {
		t.Errorf("a short text has %d grams, want 1", len(got))
	}
	if got := text.Novel(nil); len(got) != 0 {
		t.Errorf("no text has %d grams", len(got))
	}
}

// TestGramsAscend: of few words and of many, each hash stands once, in its order.
func TestGramsAscend(t *testing.T) {
	var words []string
	for i := range 2000 {
		words = append(words, strings.Repeat("a", i%7)+strings.Repeat("b", i%11))
		got := text.Grams(words, 3)
		seen := map[string]bool{}
		for k := range max(0, len(words)-2) {
			seen[strings.Join(words[k:k+3], " ")] = true
		}
		if i >= 2 && len(got) != len(seen) || !slices.IsSorted(got) {
			t.Fatalf("of %d words: %d grams, want %d, sorted %t", len(words), len(got), len(seen), slices.IsSorted(got))
		}
		if i > 300 {
			words = append(words, words...) // the next turn has twice as many
			if len(words) > 4000 {
				return
			}
		}
	}
}
