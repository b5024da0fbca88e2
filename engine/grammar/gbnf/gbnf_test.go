package gbnf_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/grammar/gbnf"
)

func TestAGrammarHasItsTexts(t *testing.T) {
	for _, c := range []struct {
		name, text string
		yes, no    []string
	}{
		{"texts and bars", `root ::= "yes" | "no" | ("may" "be")`, []string{"yes", "no", "maybe"}, []string{"", "may", "yesno"}},
		{"repetitions", `root ::= "a"? "b"* "c"+ "d"{2} "e"{1,} "f"{0,2}`, []string{"acdde", "bbcddeeff", "cddef"}, []string{"add", "cde", "cddefff"}},
		{"classes", `root ::= [a-cé] [^x"] [\]\-] .`, []string{"aa]日", "éä-\n"}, []string{"dx]a", "ax]a", "aa^a"}},
		{"rules, comments, lines", "# sums\nroot ::= term (\n  \"+\" term  # more\n)*\nterm ::= [0-9]+\n", []string{"1", "1+22+3"}, []string{"", "1+", "+1"}},
		{"nesting", `root ::= "(" root ")" | ""`, []string{"", "()", "((()))"}, []string{"(", "())"}},
		{"both sides of a loop", `root ::= ("a" | "b"{0,2} "c")* "d"`, []string{"d", "abbcd", "ccad"}, []string{"abd", "bbbcd"}},
		{"escapes", `root ::= "\x41\u00e9\U0001F600\n\"\\"`, []string{"Aé😀\n\"\\"}, []string{"A"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := gbnf.Compile(c.text)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range c.yes {
				if whole, _, err := a.Match([]byte(text)); err != nil || !whole {
					t.Errorf("%q is none: %v", text, err)
				}
			}
			for _, text := range c.no {
				if whole, _, err := a.Match([]byte(text)); err != nil || whole {
					t.Errorf("%q is one: %v", text, err)
				}
			}
		})
	}
}

func TestWhatIsNoGrammarIsRefused(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
	}{
		{"", gbnf.ErrSyntax},
		{`other ::= "a"`, gbnf.ErrSyntax},
		{`root ::= missing`, gbnf.ErrSyntax},
		{`root ::= "a`, gbnf.ErrSyntax},
		{`root ::= [z-a]`, gbnf.ErrSyntax},
		{`root ::= ("a"`, gbnf.ErrSyntax},
		{`root ::= "a"{2,1}`, gbnf.ErrSyntax},
		{`root ::= "\q"`, gbnf.ErrSyntax},
		{"root ::= \"a\"\nroot ::= \"b\"", gbnf.ErrSyntax},
		{`root ::= <|token|>`, gbnf.ErrSyntax},
		{`root ::= ` + strings.Repeat("(", 100) + `"a"` + strings.Repeat(")", 100), gbnf.ErrSyntax},
		{`root ::= root "a" | "b"`, grammar.ErrRecursion},
		{"root ::= x root\nx ::= \"a\"*", grammar.ErrRecursion},
		{`root ::= "a" root`, grammar.ErrEmpty},
		{`root ::= (((("a"){512}){512}){512}){512}`, grammar.ErrLimit},
	} {
		if _, err := gbnf.Compile(c.text); !errors.Is(err, c.want) {
			t.Errorf("%.60q: got %v, want %v", c.text, err, c.want)
		}
	}
}

// Each of these is a few hundred kilobytes that would become gigabytes, or days of
// reading.
func TestAGrammarThatWouldGrowIsRefused(t *testing.T) {
	var list strings.Builder
	for r := rune(0x10000); list.Len() < 200_000; r += 2 {
		list.WriteRune(r)
	}
	separate := list.String()
	for name, text := range map[string]string{
		"separate characters": `root ::= ([` + separate + `]{512}){512}`,
		"empty texts":         `root ::= ((` + strings.Repeat(`""|`, 80_000) + `"a"){512}){512}`,
		"calls":               `root ::= ((` + strings.Repeat(`x|`, 100_000) + `"a"){512}){512}` + "\nx ::= \"b\"",
		"padding":             `root ::= (((""` + strings.Repeat(" ", 250_000) + `){512}){512}){512} "a"`,
		"comments":            "root ::= ((([" + strings.Repeat("a", 100_000) + "] #" + strings.Repeat("x", 100_000) + "\n){512}){512}){512}",
	} {
		if _, err := gbnf.Compile(text); !errors.Is(err, grammar.ErrLimit) {
			t.Errorf("%s: got %v, want %v", name, err, grammar.ErrLimit)
		}
	}
}

func TestAClassHasACharacterOnce(t *testing.T) {
	a, err := gbnf.Compile(`root ::= [` + strings.Repeat("ab-dc", 8_000) + `]{16}`)
	if err != nil {
		t.Fatal(err)
	}
	if whole, _, err := a.Match([]byte(strings.Repeat("abcd", 4))); err != nil || !whole {
		t.Errorf("16 letters are none: %v", err)
	}
}

// Depth is bounded, and a place from which there would be no way back within the
// bound is never entered.
func TestAtTheDeepestPlaceTheOnlyWayIsBack(t *testing.T) {
	a, err := gbnf.Compile("root ::= \"(\" root \")\" | \"x\"\n")
	if err != nil {
		t.Fatal(err)
	}
	deep := 0
	for text := "("; deep < 2*grammar.MaxDepth; text += "(" {
		if _, live, err := a.Match([]byte(text)); err != nil || !live {
			break
		}
		deep++
	}
	if deep != grammar.MaxDepth {
		t.Errorf("%d parentheses are open at most, want %d", deep, grammar.MaxDepth)
	}
	whole, _, err := a.Match([]byte(strings.Repeat("(", deep) + "x" + strings.Repeat(")", deep)))
	if err != nil || !whole {
		t.Errorf("the deepest text is none: %v", err)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("root ::= \"a\" [b-d]* (x | .){1,3}\nx ::= \"é\"? # c\n", "abé")
	f.Add(`root ::= "(" root ")" | ""`, "(())")
	f.Fuzz(func(t *testing.T, text, input string) {
		if len(text) > 1000 || len(input) > 200 {
			return
		}
		a, err := gbnf.Compile(text)
		if err != nil {
			return
		}
		if whole, live, err := a.Match([]byte(input)); err == nil && whole && !live {
			t.Errorf("%q, %q is a whole text, and no beginning of one", text, input)
		}
	})
}
