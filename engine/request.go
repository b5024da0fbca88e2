package engine

import (
	"fmt"
	"math"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/form"
)

// Token is a token's id in the model's vocabulary.
type Token = int32

// Binding is the hotkey and the task id that enter every leaf of a run.
type Binding = fingerprint.Binding

// Settings say how tokens are chosen. They are part of what a fingerprint
// stands for, so all are exact.
type Settings struct {
	Temperature float32  // 0: greedy, and the next three are ignored; else above 0 and finite
	TopK        uint32   // 1 … 256
	TopP        uint32   // 1 … 65536, in 65536ths
	Seed        [32]byte // of the draws
	MaxTokens   int      // the most tokens of the answer, its end token included; at least 1
}

// Request is a prompt to answer.
type Request struct {
	Prompt   []Token // at least one
	Settings Settings
	Binding  Binding
}

// Finish says why an answer ended.
type Finish string

// The ends of an answer.
const (
	FinishStop   Finish = form.Stop   // with a stop token, its last
	FinishLength Finish = form.Length // at MaxTokens
)

// Run is an answer with all that is needed to check it.
type Run struct {
	Prompt, Output []Token
	Settings       Settings
	Binding        Binding
	Finish         Finish
	Leaves         [][32]byte // one for each output token; may be absent in a Run to verify
	Fingerprint    [32]byte   // the root over the leaves
}

func (s Settings) check() error {
	switch {
	case s.MaxTokens < 1:
		return fmt.Errorf("%w: at most %d tokens of answer", ErrRequest, s.MaxTokens)
	case s.Temperature == 0:
		return nil
	case !(s.Temperature > 0) || math.IsInf(float64(s.Temperature), 0):
		return fmt.Errorf("%w: temperature %v", ErrRequest, s.Temperature)
	case s.TopK < 1 || s.TopK > arith.MaxTopK:
		return fmt.Errorf("%w: top-k %d, not within 1 … %d", ErrRequest, s.TopK, arith.MaxTopK)
	case s.TopP < 1 || s.TopP > arith.TopPOne:
		return fmt.Errorf("%w: top-p %d, not within 1 … %d", ErrRequest, s.TopP, arith.TopPOne)
	}
	return nil
}

func (s Settings) sampling() arith.Sampling {
	return arith.Sampling{Temperature: s.Temperature, TopK: s.TopK, TopP: s.TopP, Seed: s.Seed}
}

// checkPrompt refuses what no run can begin with, and prompts and answers of
// more positions than the model has.
func (m *Model) checkPrompt(prompt []Token, answer int) error {
	if len(prompt) == 0 {
		return fmt.Errorf("%w: the prompt is empty", ErrRequest)
	}
	for i, id := range prompt {
		if id < 0 || int(id) >= m.dims.Vocab {
			return fmt.Errorf("%w: prompt token %d is %d, of %d", ErrToken, i, id, m.dims.Vocab)
		}
	}
	if answer > m.dims.Context || len(prompt)+answer-1 > m.dims.Context {
		return fmt.Errorf("%w: prompt of %d and answer of up to %d tokens, of %d", ErrContext, len(prompt), answer, m.dims.Context)
	}
	return nil
}
