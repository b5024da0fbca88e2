package runes_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/grammar/runes"
)

// texts are all texts of up to three characters out of a few.
func texts() []string {
	out, last := []string{""}, []string{""}
	for range 3 {
		var next []string
		for _, t := range last {
			for _, c := range []string{"a", "b", "é", "\U0001F600"} {
				next = append(next, t+c)
			}
		}
		out, last = append(out, next...), next
	}
	return out
}

func set(t *testing.T) func(d *runes.DFA, err error) *runes.DFA {
	t.Helper()
	return func(d *runes.DFA, err error) *runes.DFA {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

func TestSetsArePutTogetherAsSetsAre(t *testing.T) {
	must := set(t)
	words := must(runes.NewWork().Words([]string{"a", "ab", "éa", "aab", ""}))
	short := must(runes.NewWork().Length(1, 2))
	long := must(runes.NewWork().Length(2, -1))
	for name, c := range map[string]struct {
		set  *runes.DFA
		want func(text string, n int) bool
	}{
		"words":       {words, func(s string, _ int) bool { return slices.Contains([]string{"a", "ab", "éa", "aab", ""}, s) }},
		"length":      {short, func(_ string, n int) bool { return n == 1 || n == 2 }},
		"no bound":    {long, func(_ string, n int) bool { return n >= 2 }},
		"both":        {must(runes.NewWork().And(words, long)), func(s string, _ int) bool { return slices.Contains([]string{"ab", "éa", "aab"}, s) }},
		"one of them": {must(runes.NewWork().Or(words, short)), func(s string, n int) bool { return n == 1 || n == 2 || s == "aab" || s == "" }},
		"without": {must(runes.NewWork().Minus(short, words)), func(s string, n int) bool {
			return (n == 1 || n == 2) && !slices.Contains([]string{"a", "ab", "éa"}, s)
		}},
		"nothing of all":  {must(runes.NewWork().Minus(runes.All, runes.All)), func(string, int) bool { return false }},
		"all but nothing": {must(runes.NewWork().Minus(runes.All, runes.None)), func(string, int) bool { return true }},
	} {
		for _, text := range texts() {
			if got := c.set.Has(text); got != c.want(text, len([]rune(text))) {
				t.Errorf("%s: %q is in it: %v", name, text, got)
			}
		}
		if c.set.Has("\xff") || c.set.Has("\xed\xa0\x80") {
			t.Errorf("%s has what is no UTF-8", name)
		}
	}
	if !must(runes.NewWork().And(must(runes.NewWork().Length(3, -1)), short)).Empty() {
		t.Error("texts of one or two characters that have three")
	}
}

func TestTheTextsOfASmallSet(t *testing.T) {
	must := set(t)
	words := must(runes.NewWork().Words([]string{"b", "ab", "", "é"}))
	if got, ok := words.Texts(4); !ok || strings.Join(got, "|") != "|ab|b|é" {
		t.Errorf("got %q, %v", got, ok)
	}
	for name, d := range map[string]*runes.DFA{"four of three": words, "all": runes.All, "one character": must(runes.NewWork().Length(1, 1))} {
		if got, ok := d.Texts(3); ok {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestASetThatIsTooLargeIsRefused(t *testing.T) {
	if _, err := runes.NewWork().Length(runes.MaxStates+1, -1); !errors.Is(err, runes.ErrLimit) {
		t.Errorf("a long text: %v", err)
	}
	if _, err := runes.NewWork().Words([]string{strings.Repeat("a", runes.MaxStates+1)}); !errors.Is(err, runes.ErrLimit) {
		t.Errorf("a long word: %v", err)
	}
}
