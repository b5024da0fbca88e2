package main

import (
	"fmt"
	"math"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// inferenceKind shows tasks of the kind inference, and checks an answer by
// running the model of --model over it.
func inferenceKind() taskKind {
	return taskKind{
		name:   inference.Kind,
		task:   bodyOf(inferenceTask),
		answer: bodyOf(inferenceAnswer),
		card:   bodyOf(func(c *api.InferenceCard) string { return codeWords(c.Code, c.Position) }),
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

// codeWords says how an answer compares with a judge's own run.
func codeWords(code inference.Code, position uint32) string {
	switch code {
	case inference.CodeExact:
		return "equal, bit for bit"
	case inference.CodeToken, inference.CodeState, inference.CodeFailed, inference.CodeRange, inference.CodeEnd:
		return fmt.Sprintf("differs at output token %d (%s)", position, code)
	}
	return printable(string(code))
}

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
	var judge *scoring.Inference
	var out scoring.Outcome
	err = withModelOf(c, t.Model, func(m *engine.Model) error {
		judge = scoring.NewInference(bridge.Model{Model: m})
		out, err = judge.Judge(c.Context, &r.Task, r.answer.Sender, r.answer.Answer.Body)
		return err
	})
	if err != nil {
		return nil, err
	}
	found, err := scoring.ReadComparison(&out)
	if err != nil {
		return nil, err
	}
	v := &checked{
		finding: out.Finding, body: inferenceVerdict{t.Model, found.Code, found.Position, found.Tokens},
		words:  fmt.Sprintf("%s: %s", out.Finding, codeWords(found.Code, found.Position)),
		isTrue: cardsOf(judge, &out),
	}
	if out.Passed() {
		v.words = fmt.Sprintf("equal: %d tokens, bit for bit", found.Tokens)
	}
	return v, nil
}

// withModelOf opens the model of --model, which must be the one that a task asks.
func withModelOf(c *cli.Context, asked protocol.ModelID, fn func(*engine.Model) error) error {
	return withModel(c, engineConfig(c, 0), func(m *engine.Model) error {
		if id := protocol.ModelID(m.ID()); id != asked {
			return withHint(fmt.Errorf("the receipt is of model %s, this file is model %s", asked, id), "give --model the file that the network names")
		}
		return fn(m)
	})
}

// cardsOf reports of a card whether it says what a judge found.
func cardsOf(judge interface {
	Body(o *scoring.Outcome, hotkey protocol.PublicKey) ([]byte, error)
}, out *scoring.Outcome,
) func(c *wire.Card, hotkey protocol.PublicKey) bool {
	return func(c *wire.Card, hotkey protocol.PublicKey) bool {
		body, err := judge.Body(out, hotkey)
		return err == nil && out.CheckCard(c, body) == nil
	}
}
