package server

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/form"
	"github.com/assaynet/assay/engine/tokenizer"
)

// completionDefaults are llama.cpp's, where its clients say nothing.
var completionDefaults = map[string]string{"temperature": "0.8", "top_p": "0.95", "min_p": "0.05"}

// completionNeutral are fields of llama.cpp's /completion that are not done
// here, with the values at which they ask for nothing.
var completionNeutral = map[string][]string{
	"dynatemp_range": {"0", "0.0"}, "typical_p": {"1", "1.0"}, "top_n_sigma": {"-1", "-1.0"}, "mirostat": {"0"}, "xtc_probability": {"0", "0.0"},
	"dry_multiplier": {"0", "0.0"}, "min_keep": {"0"}, "n_indent": {"0"}, "t_max_predict_ms": {"0", "-1"}, "lora": {"[]"},
	"samplers": {"[]"}, "image_data": {"[]"}, "post_sampling_probs": {"false"}, "return_progress": {"false"},
	"timings_per_token": {"false"}, "n_cmpl": {"1"},
}

// completionIdle are fields of it that change no answer where those are neutral,
// or never: a prompt is not shifted out of the context here, and no client has a
// slot of its own.
var completionIdle = []string{
	"dynatemp_exponent", "mirostat_tau", "mirostat_eta", "xtc_threshold", "dry_base", "dry_allowed_length", "dry_penalty_last_n", "dry_sequence_breakers",
	"n_keep", "n_discard", "n_cache_reuse", "id_slot",
}

// completion goes on from a text or from token ids, or from each of several, by
// llama.cpp's /completion.
// The marks of a model's template in the text are the tokens that they name, for
// its clients write conversations themselves.
func (s *Server) completion(w http.ResponseWriter, r *http.Request) error {
	return s.answer(w, r, func(b body, a *asked) (dialect, error) {
		var raw json.RawMessage
		var d completionDialect
		if err := b.takeAll(want{"prompt", &raw}, want{"model", &a.name}, want{"stream", &a.stream}, want{"n_probs", &a.top}, want{"return_tokens", &d.tokens}, want{"response_fields", &d.fields}, want{"ignore_eos", &a.endless}); err != nil {
			return nil, err
		}
		if len(d.fields) > maxFields {
			return nil, refuse("response_fields", "at most %d fields can be asked for", maxFields)
		}
		if a.top < 0 || a.top > maxTopLogProbs {
			return nil, refuse("n_probs", "n_probs is 0 to %d", maxTopLogProbs)
		}
		a.logProbs, a.ids = a.top > 0, true
		if err := b.dropNeutral(completionNeutral, completionIdle); err != nil {
			return nil, err
		}
		if err := b.dropNeutral(map[string][]string{"n": {"1"}}, nil); err != nil {
			return nil, err
		}
		if err := a.takePredict(b); err != nil {
			return nil, err
		}
		if err := a.takeStops(b, "stop"); err != nil {
			return nil, err
		}
		if err := a.takeCompletionFormat(b); err != nil {
			return nil, err
		}
		texts, err := a.takeCompletionSampling(b)
		if err != nil {
			return nil, err
		}
		if err := a.takePrompts(raw, completionPrompt); err != nil {
			return nil, err
		}
		write := a.write
		a.write = func(m *engine.Model) ([]engine.Token, error) {
			if err := a.addBiases(texts, m.Tokenizer()); err != nil {
				return nil, err
			}
			return write(m)
		}
		return d, nil
	})
}

// dropNeutral takes out the fields that ask for nothing, and refuses those that
// ask for what is not done.
func (b body) dropNeutral(neutral map[string][]string, idle []string) error {
	for _, name := range idle {
		delete(b, name)
	}
	for _, name := range slices.Sorted(maps.Keys(neutral)) {
		if raw, there := b[name]; there && !asksNothing(raw, neutral[name]) {
			return notDone("", name)
		}
		delete(b, name)
	}
	return nil
}

// takeLlama takes what llama.cpp's clients say at OpenAI's interfaces, too; of
// n_predict -1 alone, which is as many tokens as the context leaves.
func (a *asked) takeLlama(b body) error {
	if _, err := b.take("ignore_eos", &a.endless); err != nil {
		return err
	}
	if string(b["n_predict"]) == "-1" {
		delete(b, "n_predict")
	}
	if err := a.takeRepeatLast(b, "repeat_last_n"); err != nil {
		return err
	}
	return b.dropNeutral(completionNeutral, completionIdle)
}

// takePredict takes how many tokens an answer has: −1 is as many as the context
// leaves, 0 none.
func (a *asked) takePredict(b body) error {
	most := -1
	for _, name := range []string{"max_tokens", "n_predict"} { // the latter, where both are given
		if _, err := b.take(name, &most); err != nil {
			return err
		}
		if most < -1 {
			return refuse(name, "%s is at least 1, 0 for none, or -1 for as many as the context leaves", name)
		}
	}
	a.none, a.settings.MaxTokens = most == 0, max(0, most)
	return nil
}

// takeCompletionFormat takes what the text of an answer is to be: a grammar, or
// a schema.
func (a *asked) takeCompletionFormat(b body) error {
	var grammar string
	var schema json.RawMessage
	if err := b.takeAll(want{"grammar", &grammar}, want{"json_schema", &schema}); err != nil {
		return err
	}
	asks := len(schema) > 0 && string(schema) != "null"
	switch {
	case asks && grammar != "":
		return refuse("grammar", "json_schema and grammar are both given; leave one out")
	case asks:
		a.hold("json_schema", engine.GrammarJSONSchema, string(schema))
	case grammar != "":
		a.hold("grammar", engine.GrammarGBNF, grammar)
	}
	return nil
}

// takeCompletionSampling takes how tokens are chosen, with llama.cpp's defaults
// and its ways to write biases; those of texts wait for the tokenizer.
func (a *asked) takeCompletionSampling(b body) ([]textBias, error) {
	for name, value := range completionDefaults {
		if raw, there := b[name]; !there || string(raw) == "null" {
			b[name] = json.RawMessage(value)
		}
	}
	if err := a.takeRepeatLast(b, "repeat_last_n"); err != nil {
		return nil, err
	}
	texts, err := b.takeTextBiases()
	if err != nil {
		return nil, err
	}
	return texts, a.takeSampling(b)
}

// promptText is a text that stands for itself, or as the prompt_string of an
// object, which may have no pictures beside it.
func promptText(raw json.RawMessage) (text string, ok bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", false
	}
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	var o body
	if json.Unmarshal(raw, &o) != nil {
		return "", false
	}
	given, err := o.take("prompt_string", &text)
	return text, given && err == nil && o.only("prompt", "it") == nil
}

// completionPrompt is a prompt of /completion: a text, token ids, or a list of
// both, each of which is read only where the context has place for so many.
func completionPrompt(raw json.RawMessage, m *engine.Model) ([]engine.Token, error) {
	t := m.Tokenizer()
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		parts = []json.RawMessage{raw}
	}
	if most := m.Info().Context; len(parts) > most {
		return nil, tooLong("prompt", len(parts), most)
	}
	var out []engine.Token
	texts := 0
	for i, part := range parts {
		var id *engine.Token
		text, isText := promptText(part)
		switch {
		case json.Unmarshal(part, &id) == nil && id != nil:
			out = append(out, *id)
		case isText:
			ids, err := t.Encode(text, tokenizer.Options{Special: true, BOS: i == 0 && t.AddBOS()})
			if err != nil {
				return nil, err
			}
			out = append(out, ids...)
			texts++
		default:
			return nil, refuse("prompt", "a prompt is one text, a list of token ids, or a list of both")
		}
	}
	if texts > 1 && texts == len(parts) {
		return nil, refuse("prompt", "a prompt within a list is one text, and here are %d", texts)
	}
	return out, nil
}

// completionDialect is llama.cpp's /completion.
type completionDialect struct {
	tokens bool     // an answer has the ids of its tokens; a stream always has
	fields []string // of the answer, all where there are none; "a/b" is field b of a
}

// maxFields is how many response_fields can be asked for: each is looked up.
const maxFields = 64

// picked is an answer with the fields that are asked for, under their paths.
func (d completionDialect) picked(a completionAnswer) any {
	if len(d.fields) == 0 {
		return a
	}
	var whole map[string]json.RawMessage
	_ = json.Unmarshal(marshal(a), &whole) // it was an object a moment ago
	out := map[string]json.RawMessage{}
	for _, path := range d.fields {
		name, inner, more := strings.Cut(path, "/")
		at, found := whole[name]
		for more && found {
			name, inner, more = strings.Cut(inner, "/")
			var o map[string]json.RawMessage
			_ = json.Unmarshal(at, &o) // what is no object has no fields
			at, found = o[name]
		}
		if found {
			out[path] = at
		}
	}
	return out
}

func (completionDialect) lines() bool            { return false }
func (completionDialect) problem(p *problem) any { return envelope{p} }

// completionProb is a token with its probability.
type completionProb struct {
	ID      engine.Token     `json:"id"`
	Token   string           `json:"token"`
	Bytes   []int            `json:"bytes"`
	LogProb *float64         `json:"logprob"`
	Top     []completionProb `json:"top_logprobs,omitempty"`
}

func completionProbs(tokens []tokenProb) []completionProb {
	var out []completionProb
	for _, x := range tokens {
		p := completionProb{ID: x.id, Token: x.text, Bytes: []int{}, LogProb: x.logProb, Top: completionProbs(x.top)}
		for _, b := range x.bytes {
			p.Bytes = append(p.Bytes, int(b))
		}
		out = append(out, p)
	}
	return out
}

// completionPart is a part of a stream.
type completionPart struct {
	Index     int              `json:"index"`
	Content   string           `json:"content"`
	Tokens    []engine.Token   `json:"tokens"`
	Stop      bool             `json:"stop"`
	Slot      int              `json:"id_slot"` // -1: no client has one
	Predicted int              `json:"tokens_predicted"`
	Evaluated int              `json:"tokens_evaluated"`
	Probs     []completionProb `json:"completion_probabilities,omitempty"`
}

// completionAnswer is an answer, and the end of a stream.
type completionAnswer struct {
	completionPart
	Model     string         `json:"model"`
	Settings  map[string]any `json:"generation_settings"`
	Prompt    string         `json:"prompt"`
	NewLine   bool           `json:"has_new_line"`
	Truncated bool           `json:"truncated"` // never
	StopType  string         `json:"stop_type"` // eos, limit or word
	Word      string         `json:"stopping_word"`
	Timings   map[string]any `json:"timings"`
}

// completionTimings tells of n tokens and how long the steps took that made
// them, under names that begin so.
func completionTimings(out map[string]any, name string, n, steps int, took time.Duration) {
	ms := float64(took.Microseconds()) / 1000
	each, speed := 0.0, 0.0
	if steps > 0 && ms > 0 {
		each, speed = ms/float64(steps), 1000*float64(steps)/ms
	}
	out[name+"_n"], out[name+"_ms"], out[name+"_per_token_ms"], out[name+"_per_second"] = n, ms, each, speed
}

// completionSettings are the settings of an answer in llama.cpp's words. A seed
// that was drawn here has more bits than they have: the receipt tells it.
func completionSettings(a *asked, answer int) map[string]any {
	s := a.settingsOf(answer)
	repetition := s.Repetition
	if repetition == 0 {
		repetition = 1
	}
	most := s.MaxTokens
	if a.none {
		most = 0
	}
	out := map[string]any{
		"temperature": s.Temperature, "top_k": s.TopK, "top_p": float64(s.TopP) / form.TopPOne, "min_p": float64(s.MinP) / form.TopPOne,
		"repeat_penalty": repetition, "presence_penalty": s.Presence, "frequency_penalty": s.Frequency, "repeat_last_n": -1,
		"ignore_eos": a.endless, "logit_bias": completionBiases(s.Biases),
		"n_predict": most, "max_tokens": most, "n_probs": a.top, "stream": a.stream, "stop": append([]string{}, a.stops...),
	}
	if [24]byte(s.Seed[8:]) == [24]byte{} {
		out["seed"] = int64(binary.LittleEndian.Uint64(s.Seed[:]))
	}
	switch s.Grammar.Kind {
	case engine.GrammarGBNF:
		out["grammar"] = s.Grammar.Text
	case engine.GrammarJSONSchema:
		out["json_schema"] = json.RawMessage(s.Grammar.Text)
	}
	return out
}

// completionBias is a number that was added to the logits of a token.
type completionBias struct {
	Token engine.Token `json:"token"`
	Bias  float32      `json:"bias"`
}

func completionBiases(list []engine.Bias) []completionBias {
	out := make([]completionBias, len(list))
	for i, x := range list {
		out[i] = completionBias{x.Token, x.Add}
	}
	return out
}

// completionEnd is the whole answer of a number, without its content.
func completionEnd(h head, i int, a *answer) completionAnswer {
	prompt := h.asked.promptOf(i)
	out := completionAnswer{
		completionPart: completionPart{Index: i, Tokens: []engine.Token{}, Stop: true, Slot: -1, Predicted: len(a.run.Output), Evaluated: len(prompt)},
		Model:          h.asked.name, Settings: completionSettings(h.asked, i), Prompt: strings.ToValidUTF8(string(h.asked.model.Tokenizer().DecodeSpecial(prompt)), "\ufffd"),
		NewLine: strings.Contains(a.text, "\n"), StopType: "limit", Word: a.stopped, Timings: map[string]any{"cache_n": 0},
	}
	switch {
	case a.stopped != "":
		out.StopType = "word"
	case a.finish == finishStop:
		out.StopType = "eos"
	}
	completionTimings(out.Timings, "prompt", len(prompt), len(prompt), a.prefill)
	n := len(a.run.Output)
	completionTimings(out.Timings, "predicted", n, max(0, n-1), a.decode) // the prompt's last step makes the first token
	return out
}

// whole is one answer, or a list of those to several prompts, in their order.
func (d completionDialect) whole(h head, answers []*answer, _ usage) any {
	var list []any
	for i, a := range answers {
		out := completionEnd(h, i, a)
		out.Content, out.Probs = a.text, completionProbs(a.tokens)
		if d.tokens {
			out.Tokens = append(out.Tokens, a.run.Output...)
		}
		list = append(list, d.picked(out))
	}
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// completionWriter writes completion parts.
type completionWriter struct {
	h head
	e *events
	d completionDialect
}

func (d completionDialect) open(h head, e *events) writer { return completionWriter{h, e, d} }

func (completionWriter) begin() {}

func (w completionWriter) part(choice int, d delta) {
	w.e.data("", completionPart{
		Index: choice, Content: d.text, Tokens: append([]engine.Token{}, d.ids...), Slot: -1, Predicted: d.count, Evaluated: len(w.h.asked.promptOf(choice)),
		Probs: completionProbs(d.tokens),
	})
}

// end has no [DONE] behind it: clients read on until stop is true of each prompt.
func (w completionWriter) end(answers []*answer, _ usage) {
	for i, a := range answers {
		w.e.data("", w.d.picked(completionEnd(w.h, i, a)))
	}
}
