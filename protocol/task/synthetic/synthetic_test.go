package synthetic_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic"
)

// seed returns 31 zero bytes and one.
func seed(b byte) protocol.Hash { return protocol.Hash{31: b} }

func derive(t testing.TB, f synthetic.Family, s protocol.Hash) *synthetic.Question {
	t.Helper()
	k, err := synthetic.Derive(f, s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// never is the runner of families that run nothing.
func never(string) (string, bool) { panic("a program was run") }

// TestPromptsAreFixed: every prompt of a hundred seeds of each family, by hash. A
// change here is another network.
func TestPromptsAreFixed(t *testing.T) {
	want := map[synthetic.Family]string{
		synthetic.Arithmetic:  "a08cd46680444acd",
		synthetic.Extraction:  "ae392f02150d96e2",
		synthetic.Code:        "11648f4ab82106f8",
		synthetic.Instruction: "ededd8018c5641df",
		synthetic.Dialogue:    "105af1d9bb6ec4e0",
	}
	for _, f := range synthetic.Families() {
		h, seen := sha256.New(), map[string]bool{}
		for i := range 100 {
			p := derive(t, f, seed(byte(i))).Prompt
			seen[p] = true
			h.Write([]byte(p + "\x00"))
		}
		if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want[f] {
			t.Errorf("%s: got %s, want %s", f, got, want[f])
		}
		if len(seen) < 50 {
			t.Errorf("%s: %d prompts of 100 seeds", f, len(seen))
		}
	}
}

func TestAnUnknownFamilyIsAnError(t *testing.T) {
	if _, err := synthetic.Derive("poetry", seed(0)); !errors.Is(err, synthetic.ErrFamily) {
		t.Errorf("got %v, want %v", err, synthetic.ErrFamily)
	}
}

// TestChecksFindWhatIsRightAndWhatIsNot: answers to prompts that are written out
// above each, and the checks that pass.
func TestChecksFindWhatIsRightAndWhatIsNot(t *testing.T) {
	for _, c := range []struct {
		family  synthetic.Family
		seed    byte
		has     string // in the prompt
		answers map[string]string
	}{
		{synthetic.Arithmetic, 1, "What is 31 − 28 × 3 + 60 × 7?", map[string]string{
			"28 × 3 = 84, 60 × 7 = 420\nAnswer: 367\n\n": "form result",
			"Answer: 368":                  "form",
			"Answer: −5":                   "form",
			"Answer: 367 or so":            "",
			"Answer: 367\nThat is it.":     "",
			"Answer: +367":                 "",
			"367":                          "",
			"":                             "",
			"Answer: 99999999999999999999": "",
		}},
		{synthetic.Arithmetic, 2, "packs 13 boxes of 28 hammers and then sells 2 of them", map[string]string{"Answer: 362": "form result"}},
		{synthetic.Extraction, 0, "The warehouse in Lviv counted 403 globes; Nils Ueda signed for them on 17 February 1997.", map[string]string{
			`{"person": "Nils Ueda", "city": "Lviv", "item": "globes", "count": 403, "day": "1997-02-17"}`:                          "form fields facts",
			"```json\n{\"day\":\"1997-02-17\",\"person\":\"Nils Ueda\",\"city\":\"Lviv\",\"item\":\"globes\",\"count\":403}\n```\n": "form fields facts",
			`{"person": "Nils Ueda", "city": "Lviv", "item": "globes", "count": "403", "day": "1997-02-17"}`:                        "form fields",
			`{"person": "Nils Ueda", "city": "Lviv", "item": "globes", "count": 403}`:                                               "form",
			`{"person": "Nils Ueda", "city": "Lviv", "item": "globes", "count": 403, "day": "1997-02-17", "x": 1}`:                  "form",
			`[1]`:                          "",
			"Here you are: {}":             "",
			`{"a":1,"a":2}`:                "",
			strings.Repeat(`{"a":`, 10000): "",
		}},
		{synthetic.Instruction, 1, "Use the word \"reason\" at least 1 times.\n- End with the exact words: And so it goes.\n- Include exactly 4 lines that begin with an asterisk", map[string]string{
			"The reason is plain.\n* a\n* b\n* c\n* d\nAnd so it goes.\n": "keyword end bullets",
			"Reason!\n* a\n*b\n * c\nAnd so it goes!":                     "keyword",
			"": "",
		}},
		{synthetic.Instruction, 0, "exactly 4 lines that begin with an asterisk and a space.\n- Begin with a title", map[string]string{
			"<<Water>>\n* a\n* b\n* c\n* d": "bullets title",
			"<<>>\nx":                       "",
			"<<Water>>":                     "",
			"a <<Water>>\n":                 "",
		}},
		{synthetic.Instruction, 2, "Use at least 40 and at most 80 words.", map[string]string{
			strings.Repeat("we work together ", 14): "length keyword",
			strings.Repeat("we work together ", 13): "keyword",
			strings.Repeat("we work alone ", 27):    "",
		}},
		{synthetic.Dialogue, 1, "between Quentin and Uri, who are old friends. Write exactly 6 lines", map[string]string{
			"Quentin: One\nUri: The reason?\nQuentin: Two\nUri: Yes\n\nQuentin: Three\nUri: No\n": "form turns keyword",
			"Quentin: The reason\nUri: Hm\nQuentin: Two\nUri: Yes":                                "form",
			"Quentin: One\nQuentin: Two":                                                          "",
			"Uri: Reason":                                                                         "",
			"Quentin: One\nUri:":                                                                  "",
			"It begins.\nQuentin: Reason.":                                                        "",
		}},
	} {
		k := derive(t, c.family, seed(c.seed))
		if !strings.Contains(k.Prompt, c.has) {
			t.Errorf("%s %d asks %q", c.family, c.seed, k.Prompt)
		}
		for answer, want := range c.answers {
			var passed []string
			for _, f := range k.Check(answer, never) {
				if f.Pass {
					passed = append(passed, f.Check)
				}
			}
			if got := strings.Join(passed, " "); got != want {
				t.Errorf("%s %d, answer %.60q: passed %q, want %q", c.family, c.seed, answer, got, want)
			}
		}
	}
}

// TestCodeIsJudgedByWhatItWrites: the runner stands for the sandbox, whose own
// tests solve every problem.
func TestCodeIsJudgedByWhatItWrites(t *testing.T) {
	k := derive(t, synthetic.Code, seed(0))
	const answer = "```python\ndef rotate(xs):\n    return xs[3:] + xs[:3]\n```\nIt slices."
	var program string
	wrote := func(output string, ok bool) synthetic.Runner {
		return func(p string) (string, bool) {
			program = p
			return output, ok
		}
	}
	findings := k.Check(answer, wrote("", true))
	if len(findings) != 2 || !findings[0].Pass || findings[1].Pass {
		t.Errorf("no output: got %v", findings)
	}
	if !strings.HasPrefix(program, "def rotate(xs):\n    return xs[3:] + xs[:3]\n\nprint(repr(rotate([") || strings.Contains(program, "```") || strings.Contains(program, "slices") {
		t.Errorf("the program is %q", program)
	}
	if f := k.Check("I cannot.", wrote("", true)); f[0].Pass || f[1].Pass {
		t.Errorf("no function: got %v", f)
	}
}

// FuzzCheck: no answer to any prompt makes a check panic.
func FuzzCheck(f *testing.F) {
	f.Add(byte(1), "Answer: 12\n* a\nQuentin: x\n```json\n{}\n```")
	f.Fuzz(func(t *testing.T, b byte, answer string) {
		for _, family := range synthetic.Families() {
			k := derive(t, family, seed(b))
			if got := k.Check(answer, func(string) (string, bool) { return answer, true }); len(got) < 2 {
				t.Fatalf("%s %d: %d checks", family, b, len(got))
			}
		}
	})
}
