package engine

import (
	"context"
	"fmt"
	"math"
	"slices"
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

// Perplexity cuts a text's ids into windows of that many input tokens, each run from an empty cache, and scores every next
// token inside a window. bos, where it is not negative, begins each window and takes one of its places. The probabilities are
// computed in binary64 and are not agreed on. Errors: ErrRequest, ErrToken, ErrContext, ErrClosed, a *FailedError, the cause
// of ctx.
func (m *Model) Perplexity(ctx context.Context, ids []Token, window int, bos Token) (Perplexity, error) {
	p := Perplexity{Tokens: len(ids)}
	begin := []Token{}
	if bos >= 0 {
		begin = append(begin, bos)
	}
	if window < 2 {
		return p, fmt.Errorf("%w: a window of %d tokens", ErrRequest, window)
	}
	size := window - len(begin)
	for at := 0; at < len(ids); at += size {
		w := append(slices.Clip(begin), ids[at:min(at+size, len(ids))]...)
		nlls, top1, err := m.Score(ctx, w)
		if err != nil {
			return p, fmt.Errorf("score window at token %d: %w", at, err)
		}
		p.NLLs, p.Top1 = append(p.NLLs, nlls...), append(p.Top1, top1...)
	}
	p.Scored = len(p.NLLs)
	for _, x := range p.NLLs {
		p.NLL += x / float64(p.Scored)
	}
	p.Perplexity = math.Exp(p.NLL)
	return p, nil
}

// Score runs tokens from an empty cache and returns, for each but the first, the negative natural logarithm of its probability
// after those before it, and the likeliest token there.
func (m *Model) Score(ctx context.Context, tokens []Token) (nlls []float64, top1 []Token, err error) {
	if err := m.checkPrompt(tokens, 1); err != nil {
		return nil, nil, err
	}
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	c := m.backend.newCache()
	for c.Len() < len(tokens)-1 {
		piece := tokens[c.Len():min(c.Len()+m.backend.most(), len(tokens)-1)]
		next := tokens[c.Len()+1:]
		n, t := make([]float64, len(piece)), make([]Token, len(piece))
		_, err := m.backend.step(ctx, c, piece, len(piece), func(i int, _, logits []float32, best Token) {
			n[i], t[i] = negativeLog(logits, next[i], best), best
		})
		if err != nil {
			return nlls, top1, err
		}
		nlls, top1 = append(nlls, n...), append(top1, t...)
	}
	return nlls, top1, nil
}

// negativeLog is −log softmax(logits)[id], computed with the largest logit, that of top, taken away.
func negativeLog(logits []float32, id, top Token) float64 {
	most, sum := float64(logits[top]), 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - most)
	}
	return math.Log(sum) + most - float64(logits[id])
}
