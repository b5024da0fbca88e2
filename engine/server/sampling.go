package server

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/form"
)

// Settings where a client gives none. OpenAI's are a temperature of 1 and a
// top-p of 1; tokens are drawn among 40, as llama.cpp does, for no more than
// 256 can be.
const (
	defaultTemperature = 1
	defaultTopK        = 40
)

// maxTopLogProbs is OpenAI's.
const maxTopLogProbs = 20

// takeSampling takes how tokens are chosen: the settings of
// engine/arith/SPEC.md, section 6, in whatever words clients have for them.
func (a *asked) takeSampling(b body) error {
	temperature, p, minP, k := float64(defaultTemperature), 1.0, 0.0, int64(defaultTopK)
	if err := b.takeAll(want{"temperature", &temperature}, want{"top_p", &p}, want{"min_p", &minP}, want{"top_k", &k}); err != nil {
		return err
	}
	if temperature < 0 || temperature > 2 || temperature > 0 && float32(temperature) == 0 {
		return refuse("temperature", "temperature is 0 to 2")
	}
	share := math.RoundToEven(p * form.TopPOne)
	if !(share >= 1 && share <= form.TopPOne) {
		return refuse("top_p", "top_p is above 0 and at most 1")
	}
	least := math.RoundToEven(minP * form.TopPOne)
	if !(least >= 0 && least <= form.TopPOne) {
		return refuse("min_p", "min_p is 0 to 1")
	}
	if k < 1 || k > form.MaxTopK {
		return refuse("top_k", "top_k is 1 to %d", form.MaxTopK)
	}
	s := &a.settings
	s.Temperature, s.TopP, s.MinP, s.TopK = float32(math.Abs(temperature)), uint32(share), uint32(least), uint32(k)
	if err := a.takeShaping(b); err != nil {
		return err
	}
	return a.takeSeed(b)
}

// takeShaping takes penalties and biases.
func (a *asked) takeShaping(b body) error {
	s := &a.settings
	for _, x := range []struct {
		name        string
		to          *float32
		least, most float64
	}{
		{"frequency_penalty", &s.Frequency, -form.MaxPenalty, form.MaxPenalty},
		{"presence_penalty", &s.Presence, -form.MaxPenalty, form.MaxPenalty},
		{"repetition_penalty", &s.Repetition, form.MinRepetition, form.MaxRepetition},
		{"repeat_penalty", &s.Repetition, form.MinRepetition, form.MaxRepetition},
	} {
		var v float64
		there, err := b.take(x.name, &v)
		if err != nil {
			return err
		}
		if there && !(v >= x.least && v <= x.most) {
			return refuse(x.name, "%s is %v to %v", x.name, x.least, x.most)
		}
		if there {
			*x.to = float32(v)
		}
	}
	if s.Repetition == 1 {
		s.Repetition = 0 // the same, and shorter in a receipt
	}
	return a.takeBiases(b)
}

// takeBiases takes logit_bias: an object from token ids to numbers.
func (a *asked) takeBiases(b body) error {
	var given map[string]json.Number
	if manyBiases(b["logit_bias"]) {
		return refuse("logit_bias", "at most %d tokens can have a bias", form.MaxBiases)
	}
	if _, err := b.take("logit_bias", &given); err != nil {
		return err
	}
	if len(given) > form.MaxBiases {
		return refuse("logit_bias", "at most %d tokens can have a bias", form.MaxBiases)
	}
	for text, number := range given {
		id, err := strconv.ParseInt(text, 10, 32)
		add, err2 := number.Float64()
		if err != nil || id < 0 || err2 != nil || !(math.Abs(add) <= form.MaxBias) || strconv.FormatInt(id, 10) != text {
			return refuse("logit_bias", "logit_bias has token ids, and numbers from −%d to %d", form.MaxBias, form.MaxBias)
		}
		a.settings.Biases = append(a.settings.Biases, engine.Bias{Token: engine.Token(id), Add: float32(add)})
	}
	slices.SortFunc(a.settings.Biases, func(x, y engine.Bias) int { return int(x.Token) - int(y.Token) })
	return nil
}

// takeSeed takes the seed; without one it is random, and the receipt tells
// which.
func (a *asked) takeSeed(b body) error {
	var seed int64
	given, err := b.take("seed", &seed)
	if err != nil {
		return err
	}
	if given && seed != -1 { // which some clients send for none
		binary.LittleEndian.PutUint64(a.settings.Seed[:], uint64(seed))
	} else {
		_, _ = rand.Read(a.settings.Seed[:]) // it never fails
	}
	return nil
}

// takeLength takes the most tokens, under any of its names.
func (a *asked) takeLength(b body, names ...string) error {
	for _, name := range names {
		var n int
		there, err := b.take(name, &n)
		if err != nil {
			return err
		}
		if there && n < 1 && (n != 0 || !a.echo) {
			return refuse(name, "%s is at least 1", name)
		}
		if a.none = a.none || there && n == 0; there && n > 0 && (a.settings.MaxTokens == 0 || n < a.settings.MaxTokens) {
			a.settings.MaxTokens = n
		}
	}
	return nil
}

// takeStops takes texts that end an answer: one, or several.
func (a *asked) takeStops(b body, name string) error {
	var list []string
	raw := b[name]
	if _, err := b.take(name, &list); err != nil {
		var one string
		if json.Unmarshal(raw, &one) != nil {
			return err
		}
		list = []string{one}
	}
	if len(list) > maxStops {
		return refuse(name, "at most %d texts can end an answer", maxStops)
	}
	for _, text := range list {
		if text == "" || len(text) > maxStop {
			return refuse(name, "a text that ends an answer has 1 to %d bytes", maxStop)
		}
	}
	a.stops = list
	return nil
}
