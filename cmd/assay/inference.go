package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/scoring"
)

// inferenceKind shows tasks of the kind inference, and checks an answer by
// running the model of --model over it.
func inferenceKind() taskKind {
	return taskKind{
		name:   inference.Kind,
		task:   bodyOf(inferenceTask),
		answer: bodyOf(inferenceAnswer),
		card:   bodyOf(func(c *api.InferenceCard) string { return runWords(c.Code, c.Position) }),
		check:  checkInference,
	}
}

func inferenceTask(t *api.InferenceTask) []pair {
	how := "greedy"
	if t.TemperatureBits != 0 {
		how = fmt.Sprintf("temperature %g, top-k %d, top-p %d/65536", math.Float32frombits(t.TemperatureBits), t.TopK, t.TopP)
	}
	return []pair{
		{"model", t.Model.String()},
		{"settings", fmt.Sprintf("%s, at most %d tokens", how, t.MaxTokens)},
		{"system", printable(t.System)},
		{"prompt", printable(t.Prompt)},
	}
}

func inferenceAnswer(a *api.InferenceAnswer) string {
	return fmt.Sprintf("%d tokens %v\nended by %s, %d ms\nfingerprint %s", len(a.Output), a.Output, printable(a.Finish), a.Millis, a.Fingerprint)
}

// runWords says how an answer compares with a judge's own run.
func runWords(code inference.Code, position uint32) string {
	return codeWords(map[inference.Code]string{
		inference.CodeToken: differs, inference.CodeState: differs, inference.CodeFailed: differs, inference.CodeRange: differs, inference.CodeEnd: differs,
	}, code, strconv.FormatUint(uint64(position), 10))
}

const differs = "differs at output token"

// inferenceVerdict is the body of what verify --json prints.
type inferenceVerdict struct {
	Model    protocol.ModelID `json:"model"`
	Code     inference.Code   `json:"code"`
	Position uint32           `json:"position"`
	Tokens   uint32           `json:"tokens"`
}

// checkInference runs the answer again.
func checkInference(c *cli.Context, r *receipt) (*checked, error) {
	t, err := inference.ReadTask(r.Task.Body)
	if err != nil {
		return nil, err
	}
	v, err := check(c, r, t.Model, func(m bridge.Model) judge { return scoring.NewInference(m) })
	if err != nil {
		return nil, err
	}
	found, err := scoring.ReadComparison(&v.found)
	if err != nil {
		return nil, err
	}
	v.body = inferenceVerdict{t.Model, found.Code, found.Position, found.Tokens}
	v.words = fmt.Sprintf("%s: %s", v.found.Finding, runWords(found.Code, found.Position))
	if v.found.Passed() {
		v.words = fmt.Sprintf("equal: %d tokens, bit for bit", found.Tokens)
	}
	return v, nil
}
