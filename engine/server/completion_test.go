package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/tokenizer"
)

// completion is an answer of llama.cpp's /completion, or a part of its stream.
type completion struct {
	Content   string
	Tokens    []engine.Token
	Stop      bool
	Model     string
	Prompt    string
	Truncated bool
	StopType  string         `json:"stop_type"`
	Word      string         `json:"stopping_word"`
	NewLine   bool           `json:"has_new_line"`
	Predicted int            `json:"tokens_predicted"`
	Evaluated int            `json:"tokens_evaluated"`
	Settings  map[string]any `json:"generation_settings"`
	Timings   map[string]float64
	Probs     []completionProb `json:"completion_probabilities"`
}

type completionProb struct {
	ID      engine.Token
	Token   string
	Bytes   []int
	LogProb float64
	Top     []completionProb `json:"top_logprobs"`
}

// TestACompletionIsARunOfItsReceipt, whole or as a stream: content, ids and
// probabilities are those of the run, bit for bit.
func TestACompletionIsARunOfItsReceipt(t *testing.T) {
	s := newStand(t, nil)
	const ask = `{"prompt": "Once upon a time", "seed": 5, "n_predict": 12, "n_probs": 3%s}`
	var whole completion
	h := s.get(&whole, "POST", "/completion", fmt.Sprintf(ask, `, "return_tokens": true`))
	run := s.verify(h.Get("X-Assay-Receipt"), "")
	if !slices.Equal(whole.Tokens, run.Output) || whole.Content != s.spelt(run.Output) {
		t.Errorf("got %v, %q; the receipt has %v", whole.Tokens, whole.Content, run.Output)
	}
	if !whole.Stop || whole.Truncated || whole.Model != "tiny" || whole.Prompt != "Once upon a time" || whole.NewLine != strings.Contains(whole.Content, "\n") {
		t.Errorf("got %+v", whole)
	}
	if whole.Predicted != len(run.Output) || whole.Evaluated != len(run.Prompt) || whole.Timings["predicted_n"] != float64(len(run.Output)) {
		t.Errorf("got %d of %d tokens, %d of %d, and %v", whole.Predicted, len(run.Output), whole.Evaluated, len(run.Prompt), whole.Timings)
	}
	scores, err := s.model.Score(t.Context(), []engine.ScoreRequest{{Prompt: run.Prompt, Continuation: run.Output, TopLogProbs: 3}})
	check(t, err)
	if len(whole.Probs) != len(run.Output) {
		t.Fatalf("%d probabilities of %d tokens", len(whole.Probs), len(run.Output))
	}
	for i, p := range whole.Probs {
		top := scores[0].Top[i]
		if p.ID != run.Output[i] || p.LogProb != scores[0].LogProbs[i] || len(p.Top) != 3 || p.Top[0].ID != top[0].Token || p.Top[0].LogProb != top[0].LogProb {
			t.Errorf("token %d: got %+v, want %d with %v, and %+v", i, p, run.Output[i], scores[0].LogProbs[i], top)
		}
	}
	_, _, raw := s.do("POST", "/completions", fmt.Sprintf(ask, `, "stream": true`))
	if strings.Contains(string(raw), "[DONE]") {
		t.Errorf("the stream ends as OpenAI's do: %s", raw)
	}
	got := completion{Tokens: []engine.Token{}}
	for part := range strings.SplitSeq(strings.TrimSpace(string(raw)), "\n\n") {
		var c completion
		check(t, json.Unmarshal([]byte(strings.TrimPrefix(part, "data: ")), &c))
		if got.Stop {
			t.Errorf("behind the end comes %s", part)
		}
		got.Content, got.Tokens, got.Probs = got.Content+c.Content, append(got.Tokens, c.Tokens...), append(got.Probs, c.Probs...)
		got.Stop, got.StopType, got.Predicted = c.Stop, c.StopType, c.Predicted
	}
	if !got.Stop || got.Content != whole.Content || !slices.Equal(got.Tokens, whole.Tokens) || !reflect.DeepEqual(got.Probs, whole.Probs) ||
		got.StopType != whole.StopType || got.Predicted != whole.Predicted {
		t.Errorf("streamed\n%+v, want\n%+v", got, whole)
	}
}

// TestCompletionsHaveLlamaCppsDefaults where a client says nothing, and what it
// says else.
func TestCompletionsHaveLlamaCppsDefaults(t *testing.T) {
	s := newStand(t, nil)
	var c completion
	h := s.get(&c, "POST", "/completion", `{"prompt": "A river", "n_predict": 2}`)
	x := s.verify(h.Get("X-Assay-Receipt"), "").Settings
	if x.Temperature != 0.8 || x.TopK != 40 || x.TopP != 62259 || x.MinP != 3277 || x.MaxTokens != 2 {
		t.Errorf("the receipt has %+v", x)
	}
	h = s.get(&c, "POST", "/completion", `{"prompt": "A river", "n_predict": 3, "seed": 9, "temperature": 0.5, "top_k": 7, "top_p": 1, "min_p": 0, "repeat_penalty": 1.5,
		"logit_bias": [[70, -100], [30, 4.5]], "mirostat": 0, "dry_multiplier": 0.0, "cache_prompt": true, "id_slot": 3, "n_keep": 8, "samplers": null}`)
	run := s.verify(h.Get("X-Assay-Receipt"), "")
	x = run.Settings
	want := engine.Shaping{Repetition: 1.5, Biases: []engine.Bias{{Token: 30, Add: 4.5}, {Token: 70, Add: -100}}}
	if x.Temperature != 0.5 || x.TopK != 7 || x.TopP != 65536 || x.MinP != 0 || !reflect.DeepEqual(x.Shaping, want) {
		t.Errorf("the receipt has %+v", x)
	}
	if c.Settings["seed"] != 9.0 || c.Settings["top_k"] != 7.0 || c.Settings["repeat_penalty"] != 1.5 {
		t.Errorf("the answer says %v", c.Settings)
	}
}

// TestAPromptOfACompletionIsTextOrTokensOrBoth, and the marks of a template are
// the tokens that they name.
func TestAPromptOfACompletionIsTextOrTokensOrBoth(t *testing.T) {
	s := newStand(t, nil)
	const start, end = enginetest.ChatStart, enginetest.ChatEnd
	text, err := s.model.Tokenizer().Encode("user\nHi", tokenizer.Options{})
	check(t, err)
	want := slices.Concat([]engine.Token{start}, text, []engine.Token{end})
	list, err := json.Marshal(want)
	check(t, err)
	for _, prompt := range []string{`"<|im_start|>user\nHi<|im_end|>"`, string(list), fmt.Sprintf(`[%d, "user\nHi<|im_end|>"]`, start), `["<|im_start|>user\nHi<|im_end|>"]`, `{"prompt_string": "<|im_start|>user\nHi<|im_end|>"}`} {
		var c completion
		h := s.get(&c, "POST", "/completion", `{"n_predict": 1, "prompt": `+prompt+`}`)
		if run := s.verify(h.Get("X-Assay-Receipt"), ""); !slices.Equal(run.Prompt, want) || c.Prompt != "<|im_start|>user\nHi<|im_end|>" {
			t.Errorf("%s: got %v, %q, want %v", prompt, run.Prompt, c.Prompt, want)
		}
	}
}

// TestHowACompletionEnds: by a text, by its length, by a grammar that is
// complete, or before it began.
func TestHowACompletionEnds(t *testing.T) {
	s := newStand(t, nil)
	ask := func(more string) (c completion) {
		s.get(&c, "POST", "/completion", `{"prompt": "Once upon a time", "temperature": 0, "return_tokens": true, `+more+`}`)
		return c
	}
	all := ask(`"n_predict": 16`)
	if all.StopType != "limit" || all.Predicted != 16 {
		t.Errorf("got %+v", all)
	}
	word := []rune(all.Content)[4]
	quoted, err := json.Marshal(string(word))
	check(t, err)
	before, _, _ := strings.Cut(all.Content, string(word))
	if c := ask(`"n_predict": 16, "stop": [` + string(quoted) + `]`); c.StopType != "word" || c.Word != string(word) || c.Content != before {
		t.Errorf("got %+v, want %q, ended by %q", c, before, word)
	}
	if c := ask(`"grammar": "root ::= \"ab\" \"c\"?"`); c.StopType != "eos" || c.Content != "ab" && c.Content != "abc" {
		t.Errorf("got %+v", c)
	}
	if c := ask(`"json_schema": {"const": 12}`); c.StopType != "eos" || c.Content != "12" || !reflect.DeepEqual(c.Settings["json_schema"], map[string]any{"const": 12.0}) {
		t.Errorf("got %+v", c)
	}
	if c := ask(`"n_predict": 0`); c.StopType != "limit" || c.Content != "" || c.Predicted != 0 || c.Evaluated != all.Evaluated || len(c.Tokens) != 0 {
		t.Errorf("got %+v", c)
	}
}

// TestWhatACompletionDoesNotDoIsRefused by a 400 that names the field.
func TestWhatACompletionDoesNotDoIsRefused(t *testing.T) {
	s := newStand(t, nil)
	for more, field := range map[string]string{
		`"mirostat": 2`: "mirostat", `"typical_p": 0.5`: "typical_p", `"dry_multiplier": 0.8`: "dry_multiplier", `"xtc_probability": 0.1`: "xtc_probability",
		`"dynatemp_range": 0.5`: "dynatemp_range", `"samplers": ["top_k"]`: "samplers", `"ignore_eos": true, "grammar": "root ::= \"a\""`: "ignore_eos", `"n": 2`: "n", `"lora": [{"id": 0, "scale": 1}]`: "lora",
		`"post_sampling_probs": true`: "post_sampling_probs", `"response_fields": "content"`: "response_fields", `"n_predict": -2`: "n_predict",
		`"n_probs": 21`: "n_probs", `"n_probs": -1`: "n_probs", `"repeat_penalty": 1.1, "repeat_last_n": 64`: "repeat_last_n", `"logit_bias": [[5, false]]`: "logit_bias",
		`"logit_bias": [["a", 101]]`: "logit_bias", `"logit_bias": {"": 1}`: "logit_bias", `"logit_bias": [[null, 1]]`: "logit_bias", `"logit_bias": 7`: "logit_bias", `"logit_bias": [[5]]`: "logit_bias", `"logit_bias": [[5.0, 1]]`: "logit_bias", `"logit_bias": [[true, 1]]`: "logit_bias",
		`"presence_penalty": 1, "repeat_last_n": 64`: "repeat_last_n", `"top_k": 0`: "top_k", `"grammar": "root ::= ("`: "grammar",
		`"grammar": "root ::= \"a\"", "json_schema": {}`: "grammar", `"prompt": ["a", ["b", "c"]]`: "prompt", `"prompt": ["a", null]`: "prompt", `"prompt": [[5], 5]`: "prompt", `"prompt": ["a", []]`: "prompt",
		`"prompt": ["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"]`: "prompt", `"prompt": {"prompt_string": "a", "multimodal_data": ["x"]}`: "prompt", `"prompt": {}`: "prompt",
		`"prompt": [1, null]`: "prompt", `"prompt": [1.5]`: "prompt", `"prompt": null`: "prompt", `"prompt": []`: "prompt", `"unheard_of": 1`: "unheard_of",
	} {
		status, _, b := s.do("POST", "/completion", `{"prompt": "A river", "n_predict": 1, `+more+`}`)
		var p struct{ Error struct{ Param string } }
		check(t, json.Unmarshal(b, &p))
		if status != http.StatusBadRequest || p.Error.Param != field {
			t.Errorf("%s: status %d, %s", more, status, b)
		}
	}
	most := s.model.Info().Context
	many := "[" + strings.Repeat("1,", most) + "null]" // is not read to its end
	if status, _, b := s.do("POST", "/completion", `{"prompt": `+many+`}`); status != http.StatusBadRequest || !strings.Contains(string(b), fmt.Sprintf("in %d tokens", most+1)) {
		t.Errorf("a prompt that is too long: status %d, %s", status, b)
	}
	for _, prompt := range []string{`[-1]`, `[2147483647]`} {
		if status, _, b := s.do("POST", "/completion", `{"n_predict": 1, "prompt": `+prompt+`}`); status != http.StatusBadRequest {
			t.Errorf("%s: status %d, %s", prompt, status, b)
		}
	}
}

// TestBiasesOfTextsAreThoseOfTheirTokens, which the receipt has; a bias of a
// token id counts before them.
func TestBiasesOfTextsAreThoseOfTheirTokens(t *testing.T) {
	s := newStand(t, nil)
	ids, err := s.model.Tokenizer().Encode(" the x", tokenizer.Options{})
	check(t, err)
	want := []engine.Bias{{Token: 1, Add: 2}}
	for _, id := range ids {
		want = append(want, engine.Bias{Token: id, Add: -7.5})
	}
	want[1].Add = 3
	slices.SortFunc(want, func(a, b engine.Bias) int { return int(a.Token - b.Token) })
	for _, biases := range []string{
		fmt.Sprintf(`[[" the x", -7.5], [1, 2], [%d, 3]]`, ids[0]), fmt.Sprintf(`{" the x": -7.5, "1": 2, "%d": 3}`, ids[0]),
	} {
		var c completion
		h := s.get(&c, "POST", "/completion", `{"prompt": "A river", "n_predict": 2, "logit_bias": `+biases+`}`)
		if got := s.verify(h.Get("X-Assay-Receipt"), "").Settings.Biases; !slices.Equal(got, want) {
			t.Errorf("%s: got %+v, want %+v", biases, got, want)
		}
	}
	// A number is an id, and a text where a pair quotes it.
	digits, err := s.model.Tokenizer().Encode("70", tokenizer.Options{})
	check(t, err)
	quoted := []engine.Bias{}
	for _, id := range digits {
		quoted = append(quoted, engine.Bias{Token: id, Add: 2})
	}
	slices.SortFunc(quoted, func(a, b engine.Bias) int { return int(a.Token - b.Token) })
	for biases, want := range map[string][]engine.Bias{`[["70", 2]]`: slices.Compact(quoted), `[[70, 2]]`: {{Token: 70, Add: 2}}, `{"70": 2}`: {{Token: 70, Add: 2}}} {
		var c completion
		h := s.get(&c, "POST", "/completion", `{"prompt": "A river", "n_predict": 2, "logit_bias": `+biases+`}`)
		if got := s.verify(h.Get("X-Assay-Receipt"), "").Settings.Biases; !slices.Equal(got, want) {
			t.Errorf("%s: got %+v, want %+v", biases, got, want)
		}
	}
}

// TestOnlyTheFieldsThatAreAskedFor, by their paths; those that are not there are
// left out.
func TestOnlyTheFieldsThatAreAskedFor(t *testing.T) {
	s := newStand(t, nil)
	var got map[string]any
	s.get(&got, "POST", "/completion", `{"prompt": "A river", "n_predict": 2, "response_fields": ["prompt", "generation_settings/n_predict", "content/x", "nothing"]}`)
	if want := map[string]any{"prompt": "A river", "generation_settings/n_predict": 2.0}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
