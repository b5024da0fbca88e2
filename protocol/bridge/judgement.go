package bridge

import (
	"fmt"
	"math"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/task/preference/pair"
)

// Letter returns the token of a text that is one; an error says that the model
// has none.
func (m Model) Letter(text string) (int32, error) {
	ids, err := m.Tokenizer().Encode(text, tokenizer.Options{})
	if err != nil || len(ids) != 1 {
		return 0, fmt.Errorf("the model has no token %q of its own", text)
	}
	return ids[0], nil
}

// Speller is what of a model writes the questions of the kind judgement as
// tokens: [Model].
type Speller interface {
	Renderer
	Letter(text string) (int32, error)
}

// Judgement returns what the engine is asked about a pair, one request an
// order, each with the token of response A's letter first. An error says that
// the model cannot be asked.
func Judgement(m Speller, p pair.Pair) ([judgement.Orders]engine.LogitsRequest, error) {
	var out [judgement.Orders]engine.LogitsRequest
	var letters [2]int32
	for i, text := range judgement.Letters {
		id, err := m.Letter(text)
		if err != nil {
			return out, err
		}
		letters[i] = id
	}
	for i, messages := range judgement.Conversations(p) {
		prompt, err := m.Chat(messages)
		if err != nil {
			return out, fmt.Errorf("render a pair: %w", err)
		}
		out[i] = engine.LogitsRequest{Prompt: prompt, Of: []int32{letters[i], letters[1-i]}}
	}
	return out, nil
}

// JudgementResult returns the answer that two runs are, which took so long; an
// error says that a run failed, so that there is none.
func JudgementResult(r [judgement.Orders]engine.LogitsRequest, ran []engine.Logits, b engine.Binding, took time.Duration) (*judgement.Result, error) {
	out := &judgement.Result{Millis: uint64(max(0, took.Milliseconds()))}
	for i, l := range ran {
		if l.Failed != nil {
			return nil, fmt.Errorf("order %d: %w", i, l.Failed)
		}
		out.Logits[i] = [2]uint32{math.Float32bits(l.Values[0]), math.Float32bits(l.Values[1])}
		out.Leaves[i] = l.Leaf(b, len(r[i].Prompt)-1)
	}
	return out, nil
}

// JudgementCode returns how the logits and the leaf that an answer has of one
// order compare with those of a run that did not fail, for who answered.
func JudgementCode(r engine.LogitsRequest, l engine.Logits, b engine.Binding, logits [2]uint32, leaf protocol.Hash) judgement.Code {
	switch {
	case leaf != l.Leaf(b, len(r.Prompt)-1):
		return judgement.CodeState
	case logits[0] != math.Float32bits(l.Values[0]) || logits[1] != math.Float32bits(l.Values[1]):
		return judgement.CodeLogit
	}
	return judgement.CodeExact
}
