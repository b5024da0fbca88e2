package engine

import (
	"math"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
)

// LogProb is a token and the natural logarithm of the probability that the
// model gives it, whatever settings make of that.
type LogProb struct {
	Token   Token
	LogProb float64
}

// LogProbs is that of the token chosen, and of the likeliest at its place, the
// likeliest first and, among equals, by id. Equal tokens have equal numbers.
type LogProbs struct {
	LogProb
	Top []LogProb // as many as were asked for
}

// logProbsOf takes them of what a backend computed, which is the likeliest and
// all logits.
func logProbsOf(r backend.Result, id Token, top int) LogProbs {
	total := logSum(r.Logits, r.Likeliest)
	of := func(id Token) LogProb { return LogProb{id, float64(r.Logits[id]) - total} }
	out := LogProbs{LogProb: of(id)}
	if top > 0 {
		for _, id := range arith.Likeliest(r.Logits, top) {
			out.Top = append(out.Top, of(id))
		}
	}
	return out
}

// logSum is log Σ exp(logits), computed with the largest logit, that of top,
// taken away.
func logSum(logits []float32, top Token) float64 {
	most, sum := float64(logits[top]), 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - most)
	}
	return math.Log(sum) + most
}
