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
	"github.com/assaynet/assay/engine/form"
	"github.com/assaynet/assay/engine/server"
)

// TestAnAnswerThatIgnoresItsEnd goes on where its end is as likely as can be asked
// for, and the receipt has the biases that see to it.
func TestAnAnswerThatIgnoresItsEnd(t *testing.T) {
	s := newStand(t, nil)
	stops := s.model.Tokenizer().StopTokens()
	if len(stops) == 0 {
		t.Fatal("no token ends an answer")
	}
	most := engine.Bias{Token: stops[0], Add: form.MaxBias}
	other := engine.Bias{Token: 70, Add: 1.5}
	want := []engine.Bias{other}
	for _, id := range stops {
		want = append(want, engine.Bias{Token: id, Add: -form.MaxBias})
	}
	slices.SortFunc(want, func(a, b engine.Bias) int { return int(a.Token - b.Token) })
	for path, ask := range map[string]string{
		"/completion": `{"prompt": "A river", "n_predict": 8`, "/v1/completions": `{"prompt": "A river", "max_tokens": 8`,
		"/v1/chat/completions": `{"max_tokens": 8, ` + question,
	} {
		ask += fmt.Sprintf(`, "temperature": 0, "logit_bias": {"%d": %v, "%d": %v}`, most.Token, most.Add, other.Token, other.Add)
		_, h := s.ask(path, ask+`, "ignore_eos": false}`)
		if run := s.verify(h.Get("X-Assay-Receipt"), ""); !slices.Equal(run.Output, stops[:1]) {
			t.Errorf("%s: without it %v, want %d alone", path, run.Output, stops[0])
		}
		_, h = s.ask(path, ask+`, "ignore_eos": true}`)
		run := s.verify(h.Get("X-Assay-Receipt"), "")
		if len(run.Output) != 8 || run.Finish != engine.FinishLength || slices.ContainsFunc(run.Output, s.model.IsStop) {
			t.Errorf("%s: got %v, %s", path, run.Output, run.Finish)
		}
		if !slices.Equal(run.Settings.Biases, want) {
			t.Errorf("%s: the receipt has %v, want %v", path, run.Settings.Biases, want)
		}
		for _, held := range []string{`"grammar": "root ::= \"a\""`, `"json_schema": {}`} {
			if status, _, b := s.do("POST", path, ask+`, "ignore_eos": true, `+held+`}`); status != http.StatusBadRequest || !strings.Contains(string(b), `"param":"ignore_eos"`) {
				t.Errorf("%s with %s: status %d, %s", path, held, status, b)
			}
		}
	}
}

// TestACompletionTellsOfItsBiases, those of ignore_eos among them.
func TestACompletionTellsOfItsBiases(t *testing.T) {
	s := newStand(t, nil)
	var none, some completion
	s.get(&none, "POST", "/completion", `{"prompt": "A river", "n_predict": 1}`)
	if got := none.Settings["logit_bias"]; !reflect.DeepEqual(got, []any{}) || none.Settings["ignore_eos"] != false {
		t.Errorf("got %v", none.Settings)
	}
	s.get(&some, "POST", "/completion", `{"prompt": "A river", "n_predict": 1, "ignore_eos": true, "logit_bias": [[70, 1.5]]}`)
	want := []any{}
	for _, id := range slices.Sorted(slices.Values(s.model.Tokenizer().StopTokens())) {
		want = append(want, map[string]any{"token": float64(id), "bias": -100.0})
	}
	want = append(want, map[string]any{"token": 70.0, "bias": 1.5})
	if got := some.Settings["logit_bias"]; !reflect.DeepEqual(got, want) || some.Settings["ignore_eos"] != true {
		t.Errorf("got %v, want %v", some.Settings, want)
	}
}

// TestOpenAIsInterfacesTakeWhatLlamaCppsClientsSay: how long an answer is, what
// it is held to, and fields that ask for nothing.
func TestOpenAIsInterfacesTakeWhatLlamaCppsClientsSay(t *testing.T) {
	s := newStand(t, nil)
	for path, ask := range map[string]string{
		"/v1/completions": `{"prompt": "A river"`, "/v1/chat/completions": `{` + question, "/chat/completions": `{` + question,
	} {
		c, h := s.ask(path, ask+`, "n_predict": 3, "ignore_eos": true, "mirostat": 0, "id_slot": 0, "cache_prompt": true, "timings_per_token": false, "repeat_last_n": 64}`)
		if run := s.verify(h.Get("X-Assay-Receipt"), ""); len(run.Output) != 3 || run.Settings.MaxTokens != 3 || c.Usage.Completion != 3 {
			t.Errorf("%s: got %v of at most %d", path, run.Output, run.Settings.MaxTokens)
		}
		_, h = s.ask(path, ask+`, "n_predict": -1, "max_tokens": 2, "ignore_eos": true}`)
		if run := s.verify(h.Get("X-Assay-Receipt"), ""); len(run.Output) != 2 {
			t.Errorf("%s: got %v", path, run.Output)
		}
		for _, held := range []string{
			`"json_schema": {"const": 12}`, `"grammar": "root ::= \"12\""`, `"response_format": {"type": "json_object", "schema": {"const": 12}}`,
		} {
			c, h := s.ask(path, ask+`, `+held+`}`)
			s.verify(h.Get("X-Assay-Receipt"), "")
			if got := c.Choices[0].Text + c.Choices[0].Message.Content; got != "12" {
				t.Errorf("%s with %s: got %q", path, held, got)
			}
		}
		for more, field := range map[string]string{
			`"n_predict": -2`: "n_predict", `"n_predict": 0`: "n_predict", `"ignore_eos": 1`: "ignore_eos", `"mirostat": 2`: "mirostat", `"post_sampling_probs": true`: "post_sampling_probs",
			`"timings_per_token": true`: "timings_per_token", `"repeat_last_n": 64, "repeat_penalty": 1.1`: "repeat_last_n",
			`"json_schema": {}, "grammar": "root ::= \"a\""`: "grammar", `"json_schema": {}, "response_format": {"type": "json_object"}`: "json_schema",
			`"response_format": {"type": "json_object"}, "grammar": "root ::= \"a\""`: "grammar", `"json_schema": 123`: "json_schema",
			`"response_format": {"type": "json_object", "schema": {"type": "hiccup"}}`: "response_format", `"response_format": {"type": "json_object", "schema": 123}`: "response_format",
		} {
			status, _, b := s.do("POST", path, ask+`, `+more+`}`)
			var p struct{ Error struct{ Param string } }
			check(t, json.Unmarshal(b, &p))
			if status != http.StatusBadRequest || p.Error.Param != field {
				t.Errorf("%s with %s: status %d, %s", path, more, status, b)
			}
		}
	}
}

// TestCountsAreThoseOfTheAnswers: of each way to ask for one.
func TestCountsAreThoseOfTheAnswers(t *testing.T) {
	s := newStand(t, nil)
	ask := `{` + question + `, "tools": [{"type": "function", "function": {"name": "look"}}], "max_tokens": 1}`
	c, _ := s.ask("/v1/chat/completions", ask)
	for _, path := range []string{"/v1/chat/completions/input_tokens", "/chat/completions/input_tokens"} {
		var got map[string]any
		h := s.get(&got, "POST", path, ask)
		if want := map[string]any{"object": "chat.completion.input_tokens", "input_tokens": float64(c.Usage.Prompt)}; !reflect.DeepEqual(got, want) || h.Get("X-Assay-Receipt") != "" {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	var answer struct {
		Usage struct {
			Input int `json:"input_tokens"`
		}
	}
	const input = `{"input": "Name a river.", "max_output_tokens": 1}`
	s.get(&answer, "POST", "/responses", input)
	var got map[string]any
	s.get(&got, "POST", "/v1/responses/input_tokens", input)
	if want := map[string]any{"object": "response.input_tokens", "input_tokens": float64(answer.Usage.Input)}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if status, _, b := s.do("POST", "/v1/chat/completions/input_tokens", `{`+question+`, "unheard_of": 1}`); status != http.StatusBadRequest || !strings.Contains(string(b), "unheard_of") {
		t.Errorf("status %d, %s", status, b)
	}
}

// TestModelsAreListedUnderBothNames, and what else llama.cpp's clients look at.
func TestModelsAreListedUnderBothNames(t *testing.T) {
	s := newStand(t, nil)
	var one, other map[string]any
	s.get(&one, "GET", "/v1/models", "")
	s.get(&other, "GET", "/models", "")
	if !reflect.DeepEqual(one, other) || len(one["data"].([]any)) != 1 {
		t.Errorf("got %v and %v", one, other)
	}
	var adapters []any
	s.get(&adapters, "GET", "/lora-adapters", "")
	if adapters == nil || len(adapters) != 0 {
		t.Errorf("adapters %v", adapters)
	}
	var props map[string]any
	s.get(&props, "GET", "/props", "")
	if props["is_sleeping"] != false {
		t.Errorf("props %v", props)
	}
}

// TestSlotsCanBeAskedForAFreeOne.
func TestSlotsCanBeAskedForAFreeOne(t *testing.T) {
	s := newStand(t, nil)
	for query, want := range map[string]int{"?fail_on_no_slot=1": http.StatusOK, "?fail_on_no_slot=0": http.StatusOK, "?fail_on_no_slot=2": http.StatusBadRequest} {
		if status, _, b := s.do("GET", "/slots"+query, ""); status != want {
			t.Errorf("%s: status %d, %s", query, status, b)
		}
	}
	for running, want := range []bool{false, false, true, true} {
		if m := (&server.Listed{Slots: 2, Running: running}); m.Full() != want {
			t.Errorf("%d of 2 are taken, and that is full: %v", running, m.Full())
		}
	}
}

// TestPiecesAreTheBytesOfTheirText: as text where they are text alone, and as
// numbers elsewhere.
func TestPiecesAreTheBytesOfTheirText(t *testing.T) {
	s := newStand(t, nil)
	const text = "a river 媽 🤗"
	var got struct {
		Tokens []struct {
			ID    engine.Token
			Piece json.RawMessage
		}
	}
	s.get(&got, "POST", "/tokenize", `{"content": "`+text+`", "with_pieces": true}`)
	var all []byte
	numbers := 0
	for _, x := range got.Tokens {
		var piece string
		if json.Unmarshal(x.Piece, &piece) == nil {
			all = append(all, piece...)
			continue
		}
		var list []int
		check(t, json.Unmarshal(x.Piece, &list))
		numbers++
		for _, b := range list {
			all = append(all, byte(b))
		}
	}
	if string(all) != text || numbers == 0 {
		t.Errorf("%d of %d pieces are numbers, and all are %q", numbers, len(got.Tokens), all)
	}
}

// TestTimingsAreOfTheStepsThatAreTimed: the first token comes with the prompt.
func TestTimingsAreOfTheStepsThatAreTimed(t *testing.T) {
	s := newStand(t, nil)
	for _, n := range []int{1, 9} {
		var c completion
		s.get(&c, "POST", "/completion", fmt.Sprintf(`{"prompt": "A river", "n_predict": %d, "ignore_eos": true}`, n))
		each, speed := 0.0, 0.0
		if ms := c.Timings["predicted_ms"]; n > 1 && ms > 0 {
			each, speed = ms/float64(n-1), 1000*float64(n-1)/ms
		}
		if x := c.Timings; x["predicted_n"] != float64(n) || x["predicted_per_token_ms"] != each || x["predicted_per_second"] != speed || x["prompt_n"] != float64(c.Evaluated) {
			t.Errorf("got %v, want %v and %v", x, each, speed)
		}
	}
}
