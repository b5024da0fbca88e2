package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/form"
	"github.com/assaynet/assay/engine/server"
)

// severalPrompts are prompts of each kind.
var severalPrompts = []string{`"A river"`, `[5, 6, 7]`, `[5, "user\nHi"]`, `{"prompt_string": "Once upon a time"}`}

// TestSeveralPromptsAreAnsweredAsEachAlone by llama.cpp's /completion, in their
// order, whole and as a stream; each has a receipt.
func TestSeveralPromptsAreAnsweredAsEachAlone(t *testing.T) {
	s := newStand(t, nil)
	const ask = `{"prompt": %s, "seed": 5, "n_predict": 6, "n_probs": 2, "return_tokens": true%s}`
	type indexed struct {
		Index int
		completion
	}
	want := make([]indexed, len(severalPrompts))
	for i, p := range severalPrompts {
		s.get(&want[i], "POST", "/completion", fmt.Sprintf(ask, p, ""))
		var list indexed // a list of one is answered as the one
		s.get(&list, "POST", "/completion", fmt.Sprintf(ask, "["+p+"]", ""))
		list.Timings, want[i].Timings = nil, nil
		if !reflect.DeepEqual(list, want[i]) {
			t.Errorf("%s: in a list of one %+v, want %+v", p, list, want[i])
		}
		want[i].Index = i
	}
	all := "[" + strings.Join(severalPrompts, ",") + "]"
	var got []indexed
	h := s.get(&got, "POST", "/completion", fmt.Sprintf(ask, all, ""))
	for i := range got {
		got[i].Timings = nil
		run := s.verify(h.Get("X-Assay-Receipt"), fmt.Sprintf("?choice=%d", i))
		if !slices.Equal(run.Output, got[i].Tokens) {
			t.Errorf("answer %d: the receipt has %v, not %v", i, run.Output, got[i].Tokens)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
	_, _, raw := s.do("POST", "/completion", fmt.Sprintf(ask, all, `, "stream": true`))
	streamed := make([]indexed, len(want))
	for part := range strings.SplitSeq(strings.TrimSpace(string(raw)), "\n\n") {
		var c indexed
		check(t, json.Unmarshal([]byte(strings.TrimPrefix(part, "data: ")), &c))
		x := &streamed[c.Index]
		if x.Stop {
			t.Errorf("behind the end of %d comes %s", c.Index, part)
		}
		x.Content, x.Tokens, x.Stop, x.Evaluated, x.Prompt = x.Content+c.Content, append(x.Tokens, c.Tokens...), c.Stop, c.Evaluated, c.Prompt
	}
	for i, x := range streamed {
		if y := want[i]; !x.Stop || x.Content != y.Content || !slices.Equal(x.Tokens, y.Tokens) || x.Evaluated != y.Evaluated || x.Prompt != y.Prompt {
			t.Errorf("streamed %d: %+v, want %+v", i, x, y)
		}
	}
}

// TestEachOfSeveralPromptsHasTheRoomThatItsContextLeaves.
func TestEachOfSeveralPromptsHasTheRoomThatItsContextLeaves(t *testing.T) {
	s := newStand(t, nil)
	most := s.model.Info().Context
	ids := func(n int) string { return "[" + strings.Repeat("5,", n-1) + "5]" }
	var got []completion
	s.get(&got, "POST", "/completion", fmt.Sprintf(`{"prompt": [%s, %s], "n_predict": -1}`, ids(most-2), ids(most-6)))
	if len(got) != 2 || got[0].Settings["n_predict"] != 3.0 || got[1].Settings["n_predict"] != 7.0 || got[0].Predicted > 3 || got[1].Predicted > 7 {
		t.Errorf("got %+v", got)
	}
	status, _, b := s.do("POST", "/completion", fmt.Sprintf(`{"prompt": ["a", %s]}`, ids(most+1)))
	if status != http.StatusBadRequest || !strings.Contains(string(b), "context_length_exceeded") || !strings.Contains(string(b), fmt.Sprint(most+1)) {
		t.Errorf("a second prompt that is too long: status %d, %s", status, b)
	}
}

// TestTextsAndATokenAreOnePrompt, however many texts there are.
func TestTextsAndATokenAreOnePrompt(t *testing.T) {
	s := newStand(t, nil)
	texts := strings.Repeat(`"a",`, 17)
	var one completion
	s.get(&one, "POST", "/completion", `{"prompt": [`+texts+`5], "n_predict": 1}`)
	if one.Evaluated < 18 {
		t.Errorf("a prompt of 17 texts and a token has %d tokens", one.Evaluated)
	}
	if status, _, b := s.do("POST", "/completion", `{"prompt": [`+texts+`"a"], "n_predict": 1}`); status != http.StatusBadRequest || !strings.Contains(string(b), "at most 16 prompts") {
		t.Errorf("18 texts: %d %s", status, b)
	}
}

// TestChoicesOfSeveralPrompts: by OpenAI's /v1/completions those of the first come
// first; all prompts count.
func TestChoicesOfSeveralPrompts(t *testing.T) {
	s := newStand(t, nil)
	const ask = `{"prompt": %s, "seed": 5, "max_tokens": 5, "n": 2, "echo": true, "logprobs": 1}`
	var texts []string
	prompt, made := 0, 0
	prompts := []string{`"A river"`, `[5, 6, 7]`}
	for _, p := range prompts {
		one, _ := s.ask("/v1/completions", fmt.Sprintf(ask, p))
		texts = append(texts, one.Choices[0].Text, one.Choices[1].Text)
		prompt, made = prompt+one.Usage.Prompt, made+one.Usage.Completion
	}
	got, h := s.ask("/v1/completions", fmt.Sprintf(ask, "["+strings.Join(prompts, ",")+"]"))
	if len(got.Choices) != len(texts) || got.Usage.Prompt != prompt || got.Usage.Completion != made || got.Usage.Total != prompt+made {
		t.Fatalf("got %+v, want %d tokens of prompts and %d of answers", got, prompt, made)
	}
	for i, c := range got.Choices {
		if s.verify(h.Get("X-Assay-Receipt"), fmt.Sprintf("?choice=%d", i)); c.Index != i || c.Text != texts[i] {
			t.Errorf("choice %d: got %d, %q, want %q", i, c.Index, c.Text, texts[i])
		}
	}
}

// TestManyBiasesAreRefusedBeforeTheyAreDecoded: it takes no more to refuse a
// hundred thousand than to refuse one too many.
func TestManyBiasesAreRefusedBeforeTheyAreDecoded(t *testing.T) {
	pairs := func(n int, one func(i int) string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = one(i)
		}
		return strings.Join(list, ",")
	}
	object := func(n int) string {
		return "{" + pairs(n, func(i int) string { return fmt.Sprintf(`"%d":1`, i) }) + "}"
	}
	list := func(n int) string {
		return "[" + pairs(n, func(i int) string { return fmt.Sprintf("[%d,1e999]", i) }) + "]"
	}
	long := func(n int) string { return "[[" + strings.Repeat("1,", 2*n) + "1]]" }
	for _, biases := range []func(int) string{object, list, long} {
		for _, path := range []string{"/completion", "/v1/completions"} {
			allocs := func(n int) (least float64) {
				ask := biases(n)
				for i := range 10 { // what else the process does only makes it more
					x := testing.AllocsPerRun(1, func() {
						if server.TakeBiases(path, ask) == nil {
							t.Errorf("%s: %d biases are taken", path, n)
						}
					})
					if least = min(least, x); i == 0 {
						least = x
					}
				}
				return least
			}
			if few, many := allocs(4*form.MaxBiases), allocs(100_000); many > few+100 {
				t.Errorf("%s, %.20s: %v allocations, and %v of a hundred thousand", path, biases(2), few, many)
			}
		}
	}
	for _, path := range []string{"/completion", "/v1/completions"} {
		if err := server.TakeBiases(path, object(form.MaxBiases)); err != nil {
			t.Errorf("%s: as many as can be: %v", path, err)
		}
		if server.TakeBiases(path, object(form.MaxBiases+1)) == nil {
			t.Errorf("%s: one more is taken", path)
		}
	}
	full := "[" + pairs(form.MaxBiases, func(i int) string { return fmt.Sprintf("[%d,1]", i) }) + "]"
	if err := server.TakeBiases("/completion", full); err != nil {
		t.Errorf("as many pairs as can be: %v", err)
	}
}
