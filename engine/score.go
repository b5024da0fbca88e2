package engine

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/sched"
)

// Perplexity is how well a model foresees a text.
type Perplexity struct {
	Tokens     int       `json:"tokens"`     // of the text
	Scored     int       `json:"scored"`     // tokens that were foreseen: all but the first of each window
	NLL        float64   `json:"nll"`        // mean negative natural logarithm of their probabilities
	Perplexity float64   `json:"perplexity"` // e to the NLL
	Top1       []Token   `json:"top1"`       // the likeliest token at each place scored
	NLLs       []float64 `json:"-"`          // the negative logarithm at each
}

// Perplexity cuts a text's ids into windows of that many input tokens, each run
// from an empty cache, and scores every next token inside a window. bos, where
// it is not negative, begins each window and takes one of its places. The
// probabilities are computed in binary64 and are not agreed on. Errors:
// ErrRequest, ErrToken, ErrContext, ErrClosed, ErrFile, a *FailedError, the
// cause of ctx.
func (m *Model) Perplexity(ctx context.Context, ids []Token, window int, bos Token) (Perplexity, error) {
	p := Perplexity{Tokens: len(ids)}
	windows, err := cut(ids, window, bos)
	if err != nil {
		return p, err
	}
	scores, err := m.Score(ctx, windows)
	if err != nil {
		return p, err
	}
	for i, x := range scores {
		if x.Failed != nil {
			return p, fmt.Errorf("window %d of %d: %w", i+1, len(windows), x.Failed)
		}
		for _, l := range x.LogProbs {
			p.NLLs = append(p.NLLs, -l)
		}
		p.Top1 = append(p.Top1, x.Top1...)
	}
	p.Scored = len(p.NLLs)
	for _, x := range p.NLLs {
		p.NLL += x / float64(p.Scored)
	}
	p.Perplexity = math.Exp(p.NLL)
	return p, nil
}

// ExactPerplexity is how well a model foresees a text, in numbers that are
// agreed on: binary logarithms of probabilities, in 65536ths ([arith.LogProb]).
type ExactPerplexity struct {
	Tokens   int     `json:"tokens"`   // as in Perplexity
	Scored   int     `json:"scored"`   // likewise
	LogProb  int64   `json:"logprob"`  // of all tokens scored, the sum of LogProbs
	LogProbs []int64 `json:"logprobs"` // of the token at each place scored
}

// ExactPerplexity tells what [Model.Perplexity] does by integers alone, so that
// it is the same on every machine. Errors are those of Perplexity.
func (m *Model) ExactPerplexity(ctx context.Context, ids []Token, window int, bos Token) (ExactPerplexity, error) {
	p := ExactPerplexity{Tokens: len(ids), LogProbs: []int64{}}
	windows, err := cut(ids, window, bos)
	if err != nil {
		return p, err
	}
	scores, err := m.ExactScore(ctx, windows)
	if err != nil {
		return p, err
	}
	for i, x := range scores {
		if x.Failed != nil {
			return p, fmt.Errorf("window %d of %d: %w", i+1, len(windows), x.Failed)
		}
		p.LogProbs = append(p.LogProbs, x.LogProbs...)
	}
	p.Scored = len(p.LogProbs)
	for _, x := range p.LogProbs {
		p.LogProb += x
	}
	return p, nil
}

// cut makes windows of a text's ids, each begun with bos where that is not
// negative.
func cut(ids []Token, window int, bos Token) (windows []ScoreRequest, err error) {
	if window < 2 {
		return nil, fmt.Errorf("%w: a window of %d tokens", ErrRequest, window)
	}
	begin := []Token{}
	if bos >= 0 {
		begin = append(begin, bos)
	}
	size := window - len(begin)
	for at := 0; at < len(ids); at += size {
		w := append(slices.Clip(begin), ids[at:min(at+size, len(ids))]...)
		windows = append(windows, ScoreRequest{Prompt: w[:1], Continuation: w[1:]})
	}
	return windows, nil
}

// ScoreRequest asks how likely a text is after another.
type ScoreRequest struct {
	Prompt       []Token // at least one
	Continuation []Token // may be empty
	TopLogProbs  int     // of how many of the likeliest at each place, too; 0 … 20
}

// Score is how likely a model thinks a continuation.
type Score struct {
	LogProbs []float64    // natural logarithm of the probability of each token of the continuation after all before it
	Top1     []Token      // the likeliest token at each place
	Top      [][]LogProb  // as many of the likeliest as asked for at each place, or nil
	Failed   *FailedError // where the run fails, or nil; what there is holds for the tokens before that
}

// Sum is the log-likelihood of the whole continuation, or as much as there is
// of it.
func (s Score) Sum() float64 {
	sum := 0.0
	for _, l := range s.LogProbs {
		sum += l
	}
	return sum
}

// Score tells the log-likelihoods of continuations, all at once; prompts that
// they share are computed once. The logits are the same bits everywhere; the
// logarithms are taken in binary64 and are not agreed on. Scores are in the
// order of the requests. An error means that there are none: ErrRequest,
// ErrToken, ErrContext, ErrMemory, ErrBusy, ErrClosed, ErrFile or the cause of
// ctx.
func (m *Model) Score(ctx context.Context, requests []ScoreRequest) ([]Score, error) {
	scores := make([]Score, len(requests))
	for i, r := range requests {
		if n := len(r.Continuation); n > 0 {
			scores[i] = Score{LogProbs: make([]float64, n), Top1: make([]Token, n)}
			if r.TopLogProbs > 0 {
				scores[i].Top = make([][]LogProb, n)
			}
		}
	}
	ran, failed, err := m.scoreAll(ctx, requests, func(at, i int, next Token, r backend.Result) {
		x := logProbsOf(r, next, requests[at].TopLogProbs)
		scores[at].LogProbs[i], scores[at].Top1[i] = x.LogProb.LogProb, r.Likeliest
		if x.Top != nil {
			scores[at].Top[i] = x.Top
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range scores {
		s := &scores[i]
		s.LogProbs, s.Top1, s.Failed = s.LogProbs[:ran[i]], s.Top1[:ran[i]], failed[i]
		s.Top = s.Top[:min(ran[i], len(s.Top))]
	}
	return scores, nil
}

// ExactScore is a [Score] in numbers that are agreed on.
type ExactScore struct {
	LogProbs []int64      // binary logarithm of the probability of each token, in 65536ths (arith.LogProb)
	Failed   *FailedError // as in Score
}

// ExactScore tells what [Model.Score] does by integers alone, so that it is the
// same on every machine. Errors are those of Score.
func (m *Model) ExactScore(ctx context.Context, requests []ScoreRequest) ([]ExactScore, error) {
	scores := make([]ExactScore, len(requests))
	for i, r := range requests {
		scores[i].LogProbs = make([]int64, len(r.Continuation))
	}
	ran, failed, err := m.scoreAll(ctx, requests, func(at, i int, next Token, r backend.Result) {
		scores[at].LogProbs[i] = arith.LogProb(r.Logits, next)
	})
	if err != nil {
		return nil, err
	}
	for i := range scores {
		scores[i].LogProbs, scores[i].Failed = scores[i].LogProbs[:ran[i]], failed[i]
	}
	return scores, nil
}

// scoreAll runs requests and calls each, at the same time for some, with what
// stands before each token next of each continuation: number i of request
// number at. It returns, of each request, how many of its tokens were run, and
// how it failed.
func (m *Model) scoreAll(ctx context.Context, requests []ScoreRequest, each func(at, i int, next Token, r backend.Result)) ([]int, []*FailedError, error) {
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	var tasks []*sched.Task
	var scored []int // the request of each task
	for at, r := range requests {
		tokens := slices.Concat(r.Prompt, r.Continuation)
		if err := m.checkScore(r, tokens); err != nil {
			return nil, nil, fmt.Errorf("request %d of %d: %w", at+1, len(requests), err)
		}
		if n := len(r.Continuation); n > 0 {
			tasks, scored = append(tasks, &sched.Task{
				Caller: callerOf(ctx), User: userOf(ctx), Share: sharerOf(ctx), Tokens: tokens[:len(tokens)-1], Keep: n, Want: backend.Likeliest | backend.Logits, Most: len(tokens) - 1,
				Each: func(i int, x backend.Result) { each(at, i, r.Continuation[i], x) },
			}), append(scored, at)
		}
	}
	ran, failed := make([]int, len(requests)), make([]*FailedError, len(requests))
	did, lost, err := m.runAll(ctx, tasks)
	if err != nil {
		return nil, nil, err
	}
	for k, at := range scored {
		ran[at], failed[at] = did[k], lost[k]
	}
	return ran, failed, nil
}

func (m *Model) checkScore(r ScoreRequest, tokens []Token) error {
	if len(r.Prompt) == 0 {
		return fmt.Errorf("%w: the prompt is empty", ErrRequest)
	}
	if r.TopLogProbs < 0 || r.TopLogProbs > maxTopLogProbs {
		return fmt.Errorf("%w: %d likeliest tokens, not within 0 … %d", ErrRequest, r.TopLogProbs, maxTopLogProbs)
	}
	return m.checkPrompt(tokens, 1)
}
