package regex_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/grammar/regex"
	"github.com/assaynet/assay/engine/grammar/runes"
)

func TestAnExpressionMatchesWhatPackageRegexpDoes(t *testing.T) {
	texts := []string{"", "a", "b", "ab", "abc", "aab", "abab", "Ä", "ä", "é1", "日本", "x\ny", "\n", "a\nb", " ", "0", "12", "123", "a-b", "K", "k", "\u212a", "\x80", "\xed\xa0\x80"}
	for _, pattern := range []string{"", "a*", "(ab)+", "a|b|abc", "[^a]", ".", "(?s).", "(?i)k", "[a-c]{2,3}", "^a?b$", "(a|ab)(c|bcd)?", `\d{1,2}`, `\pL+`, `[\s\S]`, "日.|é[0-9]"} {
		a, err := regex.Compile(pattern)
		if err != nil {
			t.Fatalf("%q: %v", pattern, err)
		}
		want := regexp.MustCompile(`^(?:` + pattern + `)$`)
		for _, text := range texts {
			valid := strings.ToValidUTF8(text, "") == text
			if got, _, err := a.Match([]byte(text)); err != nil || got != (valid && want.MatchString(text)) {
				t.Errorf("%q, %q: got %v, %v", pattern, text, got, err)
			}
		}
	}
}

// The texts are what engines of ECMA-262 make of these expressions with the flag u.
func TestAPatternMeansWhatECMA262Says(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{`^\S$`, []string{"a", "ä"}, []string{" ", "\u00a0", "\ufeff", "\u2003"}},
		{`^\s$`, []string{"\v", "\u2028", "\u00a0"}, []string{"a", "\u200b"}},
		{`^.$`, []string{"a", "\u0085"}, []string{"\n", "\r", "\u2028"}},
		{`^[\S]$`, []string{"-"}, []string{"\u3000"}},
		{`^\u00e9\x41\cA\0$`, []string{"éA\x01\x00"}, []string{"eA"}},
		{`b+`, []string{"abba"}, []string{"aa", ""}},
		{`^\w\D\/\-$`, []string{"a_/-"}, []string{"ä_/-", "a1/-"}},
		{`^(?<year>\d{4})$`, []string{"2026"}, []string{"٢٠٢٦"}},
		{`^[[]$`, []string{"["}, []string{"]"}},
		{`^\p{Letter}+$`, []string{"añ日"}, []string{"a1"}},
		{`a$|^b`, []string{"xa", "bx"}, []string{"ax", "xb"}},
	} {
		d, err := regex.Search(runes.NewWork(), c.pattern)
		if err != nil {
			t.Fatalf("%s: %v", c.pattern, err)
		}
		for _, text := range c.yes {
			if !d.Has(text) {
				t.Errorf("%s does not match %q", c.pattern, text)
			}
		}
		for _, text := range c.no {
			if d.Has(text) {
				t.Errorf("%s matches %q", c.pattern, text)
			}
		}
	}
}

func TestWhatIsNotRegularIsRefused(t *testing.T) {
	for _, pattern := range []string{`(?=a)`, `(?!a)`, `(?<=a)`, `(?<!a)`, `(a)\1`, `\bx`, `(?i)a`, `[]`, `[^]`, `\k<a>`, `(`, `\ud83d`, `\a`, `\Qa\E`, `a{1001}`, "\xff"} {
		if _, err := regex.Search(runes.NewWork(), pattern); !errors.Is(err, regex.ErrPattern) {
			t.Errorf("%s: got %v", pattern, err)
		}
	}
	for _, pattern := range []string{`.*a.{20}`, strings.Repeat("(a|b)*a(a|b){15}", 3)} {
		if _, err := regex.Compile(pattern); !errors.Is(err, runes.ErrLimit) {
			t.Errorf("%s: got %v", pattern, err)
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, seed := range []string{`^a+$`, `[^\s]\d{2,3}`, `(a|b)*\p{L}`, `\u00e9|\x41`, `(?<n>.)$`} {
		f.Add(seed, "aé1")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 200 || len(text) > 200 {
			return
		}
		d, err := regex.Search(runes.NewWork(), pattern)
		if err != nil {
			return
		}
		rest, err := runes.NewWork().Minus(runes.All, d)
		if err == nil && strings.ToValidUTF8(text, "") == text && d.Has(text) == rest.Has(text) {
			t.Errorf("%q, %q: in the set and its complement %v", pattern, text, d.Has(text))
		}
	})
}

func FuzzCompile(f *testing.F) {
	f.Add(`^(ab|[^a-c]){2,5}$`, "abx")
	f.Add(`(?i)é*`, "É")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 200 || len(text) > 200 {
			return
		}
		a, err := regex.Compile(pattern)
		if err != nil {
			return
		}
		want, err := regexp.Compile(`^(?:` + pattern + `)$`)
		if err != nil || strings.ToValidUTF8(text, "") != text {
			return
		}
		if got, _, err := a.Match([]byte(text)); err == nil && got != want.MatchString(text) {
			t.Errorf("%q, %q: got %v", pattern, text, got)
		}
	})
}
