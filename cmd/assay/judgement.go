package main

import (
	"fmt"
	"math"

	"github.com/urfave/cli/v2"

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
	return codeWords(map[judgement.Code]string{
		judgement.CodeState: "another state with", judgement.CodeLogit: "another logit with", judgement.CodeFailed: "the model fails with",
	}, code, [...]string{"A first", "B first"}[order%judgement.Orders])
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
	v, err := check(c, r, t.Model, func(m bridge.Model) judge { return scoring.NewJudgement(m) })
	if err != nil {
		return nil, err
	}
	found, err := scoring.ReadPreference(&v.found)
	if err != nil {
		return nil, err
	}
	side := said.SideName()
	v.body = judgementVerdict{t.Model, found.Code, found.Order, side}
	v.words = fmt.Sprintf("%s: %s", v.found.Finding, judgementWords(found.Code, found.Order))
	if v.found.Passed() {
		v.words = fmt.Sprintf("equal: %s, bit for bit", preferred(side))
	}
	return v, nil
}
