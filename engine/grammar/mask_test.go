package grammar_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/grammar/gbnf"
	"github.com/assaynet/assay/engine/grammar/jsonschema"
	"github.com/assaynet/assay/engine/grammar/regex"
)

// end is the token that ends an answer in the vocabularies of these tests.
const end = 0

// vocabulary is all bytes, and pieces of JSON and text.
func vocabulary(t testing.TB, space bool, more ...string) ([]string, *grammar.Vocabulary) {
	t.Helper()
	texts := []string{"</s>"}
	for b := range 256 {
		texts = append(texts, string([]byte{byte(b)}))
	}
	texts = append(texts, `{"`, `":`, `": "`, `",`, `", "`, `"}`, `"]`, `},{"`, `[]`, `{}`, "true", "false", "null", "12", ".5", " 1", " a",
		"ab", "abc", "name", "\n  ", "é", "\xc3", "\xa9\"", "日本", "\\n", "\\u00", " {", "  ")
	texts = append(texts, more...)
	v, err := grammar.NewVocabulary(texts, []int32{end}, space)
	if err != nil {
		t.Fatal(err)
	}
	return texts, v
}

// compiled are grammars of each kind.
func compiled(t testing.TB) map[string]*grammar.Automaton {
	t.Helper()
	out := map[string]*grammar.Automaton{}
	for name, text := range map[string]string{
		"any JSON":   `true`,
		"object":     `{"type":"object","properties":{"name":{"type":"string","maxLength":20},"n":{"type":"integer","minimum":-3,"maximum":120}},"required":["name"]}`,
		"list":       `{"$defs":{"l":{"anyOf":[{"type":"null"},{"type":"object","properties":{"a":{"type":"number"},"next":{"$ref":"#/$defs/l"}},"required":["next"],"additionalProperties":false}]}},"$ref":"#/$defs/l"}`,
		"either way": `{"oneOf":[{"type":"object","properties":{"ab":{"const":"é"}},"required":["ab"]},{"type":"array","items":{"enum":["ab","abc",12]},"minItems":1,"maxItems":3}]}`,
	} {
		a, err := jsonschema.Compile([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = a
	}
	var err error
	if out["regex"], err = regex.Compile(`[a-z]+( [a-z]{1,3}){2}|é.*[0-9]`); err != nil {
		t.Fatal(err)
	}
	if out["gbnf"], err = gbnf.Compile("root ::= \" \"? (\"ab\" root \"c\" | [^a-z]{2,3} | \"a\"*)\n"); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAMaskHasTheTokensThatKeepALivePrefixAndNoOther walks grammars at random and
// compares each mask with what reading every token byte by byte finds.
func TestAMaskHasTheTokensThatKeepALivePrefixAndNoOther(t *testing.T) {
	for _, space := range []bool{false, true} {
		texts, v := vocabulary(t, space)
		for name, a := range compiled(t) {
			t.Run(fmt.Sprintf("%s, hidden space %v", name, space), func(t *testing.T) {
				p, err := grammar.NewProgram(a, v)
				if err != nil {
					t.Fatal(err)
				}
				for seed := range uint64(12) {
					walk(t, a, p, texts, space, rand.New(rand.NewPCG(seed, 1)))
				}
			})
		}
	}
}

func walk(t *testing.T, a *grammar.Automaton, p *grammar.Program, texts []string, space bool, random *rand.Rand) {
	t.Helper()
	at, text, begun := p.Start(), "", false
	for range 24 {
		mask, err := p.Allowed(at)
		if err != nil {
			t.Fatalf("after %q: %v", text, err)
		}
		var allowed []int32
		for id, piece := range texts {
			if space && !begun {
				piece = strings.TrimPrefix(piece, " ")
			}
			_, live, err := a.Match([]byte(text + piece))
			if err != nil {
				t.Fatal(err)
			}
			if id == end {
				live, _, _ = a.Match([]byte(text))
			}
			if mask.Has(int32(id)) != live {
				t.Fatalf("after %q token %q: in the mask %v, live %v", text, piece, mask.Has(int32(id)), live)
			}
			if live {
				allowed = append(allowed, int32(id))
			}
		}
		id := allowed[random.IntN(len(allowed))]
		next, ok := p.Advance(at, id)
		if !ok {
			t.Fatalf("after %q: token %q was allowed and is refused", text, texts[id])
		}
		if id == end {
			return
		}
		piece := texts[id]
		if space && !begun {
			piece = strings.TrimPrefix(piece, " ")
		}
		at, text, begun = next, text+piece, true
	}
}

func TestDeepInAGrammarAMaskKnowsTheDepth(t *testing.T) {
	_, v := vocabulary(t, false, "((", "(((", "((((x", "x))")
	a, err := gbnf.Compile("root ::= \"(\" root \")\" | \"x\"\n")
	if err != nil {
		t.Fatal(err)
	}
	p, err := grammar.NewProgram(a, v)
	if err != nil {
		t.Fatal(err)
	}
	at := p.Start()
	for depth := 1; depth <= grammar.MaxDepth; depth++ {
		next, ok := p.Advance(at, 1+'(')
		if !ok {
			t.Fatalf("no %d parentheses", depth)
		}
		at = next
		mask, err := p.Allowed(at)
		if err != nil {
			t.Fatal(err)
		}
		left := grammar.MaxDepth - depth
		size := int32(v.Size())
		for id, needs := range map[int32]int{1 + '(': 1, size - 4: 2, size - 3: 3, size - 2: 4, 1 + 'x': 0} {
			if mask.Has(id) != (left >= needs) {
				t.Fatalf("at depth %d token %d: %v", depth, id, mask.Has(id))
			}
		}
		if mask.Has(size-1) != (depth >= 2) {
			t.Fatalf("at depth %d x)) is %v", depth, mask.Has(size-1))
		}
	}
}

// A step can look at thousands of states that take no byte; what a mask may cost
// counts them, and counts the same where they were looked at before.
func TestAMaskCountsWhatItsStepsLookAt(t *testing.T) {
	const letters = 400
	_, v := vocabulary(t, false, strings.Repeat("a", letters))
	for _, c := range []struct {
		parts int
		want  error
	}{{1, nil}, {7, grammar.ErrLimit}} {
		for _, known := range []bool{false, true} {
			a, err := gbnf.Compile("root ::= " + strings.Repeat("[ab]{0,500} ", c.parts))
			if err != nil {
				t.Fatal(err)
			}
			if known {
				if _, live, err := a.Match([]byte(strings.Repeat("a", letters))); err != nil || !live {
					t.Fatalf("%d parts: the letters are no text: %v", c.parts, err)
				}
			}
			p, err := grammar.NewProgram(a, v)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = p.Allowed(p.Start()); !errors.Is(err, c.want) {
				t.Errorf("%d parts, looked at before %v: got %v, want %v", c.parts, known, err, c.want)
			}
		}
	}
}

func TestATextWithTooMuchToLookAtIsRefused(t *testing.T) {
	a, err := gbnf.Compile("root ::= (" + strings.Repeat(`""|`, 80_000) + `"a"){3}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Match([]byte("a")); !errors.Is(err, grammar.ErrLimit) {
		t.Errorf("240,000 ways by nothing: %v", err)
	}
}

func TestATokenThatIsNotAllowedIsRefused(t *testing.T) {
	_, v := vocabulary(t, false)
	p, err := grammar.NewProgram(compiled(t)["object"], v)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []int32{end, 1 + 'x', -1, 1 << 20} {
		if _, ok := p.Advance(p.Start(), id); ok {
			t.Errorf("token %d begins an object", id)
		}
	}
}

func TestAVocabularyThatCannotGoOnIsAnError(t *testing.T) {
	v, err := grammar.NewVocabulary([]string{"</s>", "a", "c"}, []int32{0}, false)
	if err != nil {
		t.Fatal(err)
	}
	a, err := regex.Compile("ab")
	if err != nil {
		t.Fatal(err)
	}
	p, err := grammar.NewProgram(a, v)
	if err != nil {
		t.Fatal(err)
	}
	at, ok := p.Advance(p.Start(), 1)
	if !ok {
		t.Fatal("a is refused")
	}
	if mask, err := p.Allowed(at); err == nil {
		t.Errorf("a mask of %d tokens where none goes on", mask.Count())
	}
}

// big is a vocabulary of 150,000 tokens: words of letters of random lengths, as
// they are and behind a space, with marks of JSON among them.
func big(b *testing.B) *grammar.Vocabulary {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	texts, seen := []string{"</s>"}, map[string]bool{}
	add := func(s string) {
		if !seen[s] {
			seen[s] = true
			texts = append(texts, s)
		}
	}
	for c := range 256 {
		add(string([]byte{byte(c)}))
	}
	for len(texts) < 150_000 {
		var word strings.Builder
		if random.IntN(2) == 0 {
			word.WriteByte(' ')
		}
		for range 1 + random.IntN(9) {
			word.WriteByte("etaoinshrdlucmfwypvbgkjqxzETAOIN0123456789"[int(random.ExpFloat64()*9)%42])
		}
		if random.IntN(12) == 0 {
			word.WriteString([]string{`"`, `",`, `":`, `"}`, `\n`, "é", "日本", "{", "[", "\n\n"}[random.IntN(10)])
		}
		add(word.String())
	}
	v, err := grammar.NewVocabulary(texts, []int32{0}, false)
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// BenchmarkMask is the masks along an answer, over a vocabulary of 150,000 tokens:
// byte by byte, which visits every place. fresh compiles the grammar for each
// answer, so that nothing is kept from others; median and most are of single masks.
func BenchmarkMask(b *testing.B) {
	const schema = `{"type":"object","properties":{"title":{"type":"string"},"year":{"type":"integer","minimum":1900,"maximum":2100},` +
		`"tags":{"type":"array","items":{"type":"string","maxLength":40}},"cast":{"type":"array","items":{"type":"object",` +
		`"properties":{"name":{"type":"string"},"lead":{"type":"boolean"}},"required":["name"]}}},"required":["title","year","tags"]}`
	const answer = `{"title": "The Quiet Harbour of the North", "year": 1994, "tags": ["drama", "sea"], ` +
		`"cast": [{"name": "A. Berg", "lead": true}, {"name": "Jo Lind"}]}`
	v := big(b)
	for _, fresh := range []bool{false, true} {
		b.Run(fmt.Sprintf("fresh=%v", fresh), func(b *testing.B) {
			var times []int64
			a, err := jsonschema.Compile([]byte(schema))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if fresh {
					if a, err = jsonschema.Compile([]byte(schema)); err != nil {
						b.Fatal(err)
					}
				}
				times = append(times, timed(b, a, v, answer)...)
			}
			report(b, times)
		})
	}
}

// TestWordsAreTheTokensOfAMask, a bit each, side by side over the ends of words or
// apart.
func TestWordsAreTheTokensOfAMask(t *testing.T) {
	var more []string
	for i := range 700 {
		more = append(more, strings.Repeat("x", 3+i%7), fmt.Sprint(1000+i))
	}
	texts, v := vocabulary(t, false, more...)
	for name, text := range map[string]string{"runs": `.*`, "pairs": `x*`, "others": `[0-9]*`, "few": `ab|12`} {
		a, err := regex.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		p, err := grammar.NewProgram(a, v)
		if err != nil {
			t.Fatal(err)
		}
		mask, err := p.Allowed(p.Start())
		if err != nil {
			t.Fatal(err)
		}
		words := mask.Words()
		if mask.Count() == 0 || len(words) != (len(texts)+63)/64 {
			t.Fatalf("%s: %d tokens in %d words", name, mask.Count(), len(words))
		}
		for id := range 64 * len(words) {
			if got := words[id/64]>>(id%64)&1 != 0; got != mask.Has(int32(id)) {
				t.Errorf("%s: token %d: %t in the words, %t in the mask", name, id, got, !got)
			}
		}
	}
}
