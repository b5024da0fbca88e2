package server

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/form"
	"github.com/assaynet/assay/engine/tokenizer"
)

// textBias is a number to be added to the logits of the tokens of a text.
type textBias struct {
	text string
	add  float32
}

// errBias is what is said of a logit_bias that is none.
func errBias() error {
	return refuse("logit_bias", "logit_bias has at most %d pairs of a token id or a text and a number from −%d to %d", form.MaxBiases, form.MaxBias, form.MaxBias)
}

// manyBiases reports whether a logit_bias has more than the pairs that are taken.
// It looks before anything is decoded, for that takes many times the bytes.
func manyBiases(raw json.RawMessage) bool {
	const words = 4 // of a pair in a list: its brackets and what is between
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // any number is a word
	for range words*form.MaxBiases + 3 {
		if _, err := d.Token(); err != nil {
			return false // at the end, for it is JSON
		}
	}
	return true
}

// takeTextBiases takes those biases out of logit_bias that texts have, and leaves
// the others as OpenAI's clients write them. They come as an object, or as a list
// of pairs.
func (b body) takeTextBiases() ([]textBias, error) {
	raw := b["logit_bias"]
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if manyBiases(raw) {
		return nil, errBias()
	}
	ids, given, err := biasesOf(raw)
	if err != nil || len(ids)+len(given) > form.MaxBiases {
		return nil, errBias()
	}
	var texts []textBias
	for _, text := range slices.Sorted(maps.Keys(given)) {
		var add *float64
		if json.Unmarshal(given[text], &add) != nil || add == nil || !(math.Abs(*add) <= form.MaxBias) || text == "" {
			return nil, errBias()
		}
		texts = append(texts, textBias{text, float32(*add)})
	}
	b["logit_bias"] = marshal(ids)
	return texts, nil
}

// biasesOf reads an object from ids or texts to numbers, or a list of pairs of
// both, of which the last of those that are alike counts. Digits are an id in the
// object, which has only texts for names, and a text in a pair that quotes them.
func biasesOf(raw json.RawMessage) (ids, texts map[string]json.RawMessage, err error) {
	ids, texts = map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if raw[0] == '{' {
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, nil, err
		}
		for _, name := range slices.Collect(maps.Keys(texts)) {
			if isID(name) {
				ids[name] = texts[name]
				delete(texts, name)
			}
		}
		return ids, texts, nil
	}
	var pairs [][]json.RawMessage
	if err := json.Unmarshal(raw, &pairs); err != nil {
		return nil, nil, err
	}
	for _, p := range pairs {
		var text *string
		switch {
		case len(p) != 2:
			return nil, nil, errBias()
		case isID(string(p[0])):
			ids[string(p[0])] = p[1]
		case json.Unmarshal(p[0], &text) == nil && text != nil:
			texts[*text] = p[1]
		default:
			return nil, nil, errBias()
		}
	}
	return ids, texts, nil
}

func isID(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}

// addBiases adds those of texts: each of their tokens has the number. A bias of a
// token id counts before that of a text, and of texts the last, in order.
func (a *asked) addBiases(texts []textBias, t *tokenizer.Tokenizer) error {
	all := map[engine.Token]float32{}
	for _, x := range texts {
		ids, err := t.Encode(x.text, tokenizer.Options{})
		if err != nil {
			return err
		}
		for _, id := range ids {
			all[id] = x.add
		}
	}
	for _, x := range a.settings.Biases {
		all[x.Token] = x.Add
	}
	return a.setBiases(all, "its texts have")
}

// setBiases sets the biases of an answer, unless there are too many.
func (a *asked) setBiases(all map[engine.Token]float32, what string) error {
	if len(all) > form.MaxBiases {
		return refuse("logit_bias", "%s %d tokens; at most %d can have a bias", what, len(all), form.MaxBiases)
	}
	a.settings.Biases = nil
	for _, id := range slices.Sorted(maps.Keys(all)) {
		a.settings.Biases = append(a.settings.Biases, engine.Bias{Token: id, Add: all[id]})
	}
	return nil
}

// goOn sees that no token ends an answer that is to ignore them: each has the
// least bias there is, which the receipt has, whatever else was asked for. A
// grammar ends by such a token, so that both are not done.
func (a *asked) goOn(t *tokenizer.Tokenizer) error {
	if !a.endless {
		return nil
	}
	if a.settings.Grammar != (engine.Grammar{}) {
		return refuse("ignore_eos", "an answer that is held to a grammar, a schema or a call ends where that does; leave ignore_eos out")
	}
	all := map[engine.Token]float32{}
	for _, x := range a.settings.Biases {
		all[x.Token] = x.Add
	}
	for _, id := range t.StopTokens() {
		all[id] = -form.MaxBias
	}
	return a.setBiases(all, "with those of ignore_eos there are")
}
