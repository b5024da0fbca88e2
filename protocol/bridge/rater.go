package bridge

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/task/preference/pair"
)

// Rater is a model as package pair needs one: it answers greedily, and chooses
// as the engine lane does.
type Rater struct{ Model }

var _ pair.Engine = Rater{}

// maxAnswers is how many answers are made at once: what an engine computes
// together, and no more than it queues.
const maxAnswers = 16

// Continue implements [pair.Engine].
func (r Rater) Continue(ctx context.Context, answers []pair.Answer) ([]string, error) {
	ends := make([]string, len(answers))
	runs, ctx := errgroup.WithContext(ctx)
	runs.SetLimit(maxAnswers)
	for i, a := range answers {
		runs.Go(func() (err error) {
			ends[i], err = r.end(ctx, a)
			return err
		})
	}
	return ends, runs.Wait()
}

func (r Rater) end(ctx context.Context, a pair.Answer) (string, error) {
	prompt, err := r.Chat([]inference.Message{{Role: "user", Content: a.Prompt}})
	if err != nil {
		return "", err
	}
	begun, err := r.Tokenizer().Encode(a.Begun, tokenizer.Options{})
	if err != nil {
		return "", err
	}
	run, err := r.Generate(ctx, engine.Request{Prompt: append(prompt, begun...), Settings: engine.Settings{MaxTokens: pair.MaxAnswerTokens}}, nil)
	if err != nil {
		return "", err
	}
	return strings.ToValidUTF8(string(r.Tokenizer().Decode(run.Output)), "\ufffd"), nil
}

// Choose implements [pair.Engine]. A pair over which a run fails has no better
// side.
func (r Rater) Choose(ctx context.Context, pairs []pair.Pair) ([]int8, error) {
	var requests []engine.LogitsRequest
	for _, p := range pairs {
		two, err := Judgement(r, p)
		if err != nil {
			return nil, err
		}
		requests = append(requests, two[:]...)
	}
	ran, err := r.Logits(ctx, requests)
	if err != nil {
		return nil, err
	}
	sides := make([]int8, len(pairs))
	for i := range sides {
		two := [judgement.Orders]engine.LogitsRequest(requests[judgement.Orders*i:])
		result, err := JudgementResult(two, ran[judgement.Orders*i:][:judgement.Orders], engine.Binding{}, 0)
		if err == nil {
			sides[i] = result.Side()
		}
	}
	return sides, nil
}

// Expect implements [pair.Engine], by numbers that are the same on every machine. A
// pair over which a run fails has no likelier side.
func (r Rater) Expect(ctx context.Context, pairs []pair.Pair) ([]pair.Expected, error) {
	var requests []engine.ScoreRequest
	for _, p := range pairs {
		prompt, err := r.Chat([]inference.Message{{Role: "user", Content: p.Prompt}})
		if err != nil {
			return nil, err
		}
		for _, response := range []string{p.A, p.B} {
			ids, err := r.Tokenizer().Encode(response, tokenizer.Options{})
			if err != nil {
				return nil, err
			}
			requests = append(requests, engine.ScoreRequest{Prompt: prompt, Continuation: ids})
		}
	}
	scores, err := r.ExactScore(ctx, requests)
	if err != nil {
		return nil, err
	}
	out := make([]pair.Expected, len(pairs))
	for i := range out {
		a, b := scores[2*i], scores[2*i+1]
		if a.Failed == nil && b.Failed == nil {
			out[i] = pair.Expected{Mean: likelier(mean(a), mean(b)), Least: likelier(slices.Min(a.LogProbs), slices.Min(b.LogProbs))}
		}
	}
	return out, nil
}

// mean is that of the logarithms of a response, which has a token, cut to an
// integer.
func mean(s engine.ExactScore) int64 {
	sum := int64(0)
	for _, l := range s.LogProbs {
		sum += l
	}
	return sum / int64(len(s.LogProbs))
}

// likelier returns the side of the greater.
func likelier(a, b int64) int8 { return int8(cmp.Compare(b, a)) }
