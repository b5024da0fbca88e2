package main

import (
	"fmt"
	"math"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/scoring"
)

// judgementKind shows tasks of the kind judgement, and checks an answer by showing
// the pair to the model of --model.
func judgementKind() taskKind {
	return taskKind{
		name: judgement.Kind,
		task: bodyOf(func(t *api.JudgementTask) []pair {
			return []pair{
				{"model", t.Model.String()},
				{"prompt", printable(t.Prompt)},
				{"response A", printable(t.A)},
				{"response B", printable(t.B)},
			}
		}),
		answer: bodyOf(func(a *api.JudgementAnswer) string {
			return fmt.Sprintf("%s, by %g\nlogits of A and B: %g %g, B shown first: %g %g\n%d ms", preferred(a.Side), math.Float32frombits(a.MarginBits),
				math.Float32frombits(a.LogitBits[0][0]), math.Float32frombits(a.LogitBits[0][1]),
				math.Float32frombits(a.LogitBits[1][0]), math.Float32frombits(a.LogitBits[1][1]), a.Millis)
		}),
		card:  bodyOf(func(c *api.JudgementCard) string { return judgementWords(c.Code, c.Order) }),
		check: checkJudgement,
	}
}

// preferred says which response a model prefers.
func preferred(side string) string {
	switch side {
	case "a":
		return "prefers A"
	case "b":
		return "prefers B"
	}
	return "prefers neither"
}

// judgementWords says how an answer compares with a judge's own runs.
func judgementWords(code judgement.Code, order uint8) string {
	shown := [...]string{"A first", "B first"}[order%judgement.Orders]
	switch code {
	case judgement.CodeExact:
		return "equal, bit for bit"
	case judgement.CodeState:
		return fmt.Sprintf("another state with %s (%s)", shown, code)
	case judgement.CodeLogit:
		return fmt.Sprintf("another logit with %s (%s)", shown, code)
	case judgement.CodeFailed:
		return fmt.Sprintf("the model fails with %s (%s)", shown, code)
	}
	return printable(string(code))
}

// judgementVerdict is the body of what verify --json prints.
type judgementVerdict struct {
	Model protocol.ModelID `json:"model"`
	Code  judgement.Code   `json:"code"`
	Order uint8            `json:"order"`
	Side  string           `json:"side"`
}

// checkJudgement shows the pair to the model again.
func checkJudgement(c *cli.Context, r *receipt) (*checked, error) {
	t, err := judgement.ReadTask(r.Task.Body)
	if err != nil {
		return nil, err
	}
	said, err := judgement.ReadResult(r.answer.Answer.Body)
	if err != nil {
		return nil, err
	}
	var judge *scoring.Judgement
	var out scoring.Outcome
	err = withModelOf(c, t.Model, func(m *engine.Model) error {
		judge = scoring.NewJudgement(bridge.Model{Model: m})
		out, err = judge.Judge(c.Context, &r.Task, r.answer.Sender, r.answer.Answer.Body)
		return err
	})
	if err != nil {
		return nil, err
	}
	found, err := scoring.ReadPreference(&out)
	if err != nil {
		return nil, err
	}
	side := said.SideName()
	v := &checked{
		finding: out.Finding, body: judgementVerdict{t.Model, found.Code, found.Order, side},
		words:  fmt.Sprintf("%s: %s", out.Finding, judgementWords(found.Code, found.Order)),
		isTrue: cardsOf(judge, &out),
	}
	if out.Passed() {
		v.words = fmt.Sprintf("equal: %s, bit for bit", preferred(side))
	}
	return v, nil
}
