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
	Temperature float32  // 0: greedy, and the next four are ignored; else above 0 and finite
	TopK        uint32   // 1 … 256
	TopP        uint32   // 1 … 65536, in 65536ths
	MinP        uint32   // 0 … 65536, in 65536ths
	Seed        [32]byte // of the draws
	MaxTokens   int      // the most tokens of the answer, its end token included; at least 1
	Shaping              // of the logits, before all that, greedy or not
	Grammar     Grammar  // of the answer's text: each token is chosen among those that it allows
}

type (
	// Shaping is penalties and biases of tokens, see package arith: Repetition is
	// 0, which is none, or 0.0625 … 16, Frequency and Presence are −2 … 2, up to
	// 1,024 Biases are −100 … 100.
	Shaping = arith.Shaping
	// Bias is what is added to a token's logit.
	Bias = arith.Bias
)

// Request is a prompt to answer.
type Request struct {
	Prompt   []Token // at least one
	Settings Settings
	Binding  Binding
	// LogProbs asks for the logarithm of the probability of each token of the
	// answer, and TopLogProbs of so many of the likeliest at its place, 0 … 20.
	// They change nothing else.
	LogProbs    bool
	TopLogProbs int
	// OnLogProbs, where it is not nil and they are asked for, is called before
	// the call of onToken for the same token.
	OnLogProbs func(LogProbs)
}

// maxTopLogProbs bounds Request.TopLogProbs.
const maxTopLogProbs = 20

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
	States         [][32]byte // h_t of each leaf, of a run that was made here; never in a Run to verify
	Fingerprint    [32]byte   // the root over the leaves
	LogProbs       []LogProbs // one for each output token where the request asks; proven by nothing but a rerun
}

func (s Settings) check(vocab int) error {
	if err := checkShaping(&s.Shaping, vocab); err != nil {
		return err
	}
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
	case s.MinP > arith.TopPOne:
		return fmt.Errorf("%w: min-p %d, not within 0 … %d", ErrRequest, s.MinP, arith.TopPOne)
	}
	return nil
}

func checkShaping(s *Shaping, vocab int) error {
	within := func(x, least, most float32) bool { return x >= least && x <= most } // NaN is not
	switch {
	case s.Repetition != 0 && !within(s.Repetition, form.MinRepetition, form.MaxRepetition):
		return fmt.Errorf("%w: repetition penalty %v, not within %v … %v", ErrRequest, s.Repetition, form.MinRepetition, form.MaxRepetition)
	case !within(s.Frequency, -form.MaxPenalty, form.MaxPenalty), !within(s.Presence, -form.MaxPenalty, form.MaxPenalty):
		return fmt.Errorf("%w: penalties %v and %v, not within −%d … %d", ErrRequest, s.Frequency, s.Presence, form.MaxPenalty, form.MaxPenalty)
	case len(s.Biases) > form.MaxBiases:
		return fmt.Errorf("%w: %d biases, at most %d", ErrRequest, len(s.Biases), form.MaxBiases)
	}
	last := Token(-1)
	for _, b := range s.Biases {
		if b.Token <= last || int(b.Token) >= vocab {
			return fmt.Errorf("%w: a bias of token %d, which is not above that of %d, or not below %d", ErrRequest, b.Token, last, vocab)
		}
		if last = b.Token; !within(b.Add, -form.MaxBias, form.MaxBias) {
			return fmt.Errorf("%w: bias %v, not within −%d … %d", ErrRequest, b.Add, form.MaxBias, form.MaxBias)
		}
	}
	return nil
}

func (s Settings) sampling() arith.Sampling {
	return arith.Sampling{Temperature: s.Temperature, TopK: s.TopK, TopP: s.TopP, MinP: s.MinP, Seed: s.Seed}
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
