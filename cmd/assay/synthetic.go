package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/scoring/synthetic/sandbox"
)

// syntheticKind shows tasks of the kind synthetic, and checks a record by running
// the model of --model over it, and the gates over its text.
func syntheticKind() taskKind {
	return taskKind{
		name: synthetic.Kind,
		task: bodyOf(func(t *api.SyntheticTask) []pair {
			return append([]pair{{"family", printable(string(t.Family))}}, inferenceTask(&t.Run)...)
		}),
		answer: bodyOf(func(a *api.SyntheticAnswer) string {
			return fmt.Sprintf("%q\n%s", printable(a.Text), inferenceAnswer(&a.Run))
		}),
		card: bodyOf(func(c *api.SyntheticCard) string {
			return recordWords(c.Run.Code, c.Run.Position, c.Gates, c.Checks)
		}),
		check: checkSynthetic,
	}
}

// recordWords says how a record compares with a judge's own run, and what of an
// exact one a data set does not take.
func recordWords(code inference.Code, position uint32, gates, checks []string) string {
	words := runWords(code, position)
	switch {
	case code == synthetic.CodeText:
		return "the text is not that of the tokens"
	case code != inference.CodeExact:
		return words
	case len(gates) == 0:
		return words + "; passes all gates"
	}
	words += "; paid, but not for a data set: fails " + printable(strings.Join(gates, ", "))
	if len(checks) > 0 {
		words += " (" + printable(strings.Join(checks, ", ")) + ")"
	}
	return words
}

// syntheticVerdict is the body of what verify --json prints.
type syntheticVerdict struct {
	inferenceVerdict
	Gates  []string `json:"gates"`
	Checks []string `json:"checks"`
}

// checkSynthetic runs the record again, and the gates.
func checkSynthetic(c *cli.Context, r *receipt) (_ *checked, err error) {
	t, err := synthetic.ReadTask(r.Task.Body)
	if err != nil {
		return nil, err
	}
	box, err := sandbox.New(c.Context, sandbox.Compiler, sandbox.Fuel)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, box.Close(c.Context)) }()
	v, err := check(c, r, t.Run.Model, func(m bridge.Model) judge { return scoring.NewSynthetic(box.Passes, m) })
	if err != nil {
		return nil, err
	}
	found, err := scoring.ReadSynthesis(&v.found)
	if err != nil {
		return nil, err
	}
	v.body = syntheticVerdict{
		inferenceVerdict{t.Run.Model, found.Run.Code, found.Run.Position, found.Run.Tokens},
		append([]string{}, found.Gates...), append([]string{}, found.Checks...),
	}
	v.words = fmt.Sprintf("%s: %s", v.found.Finding, recordWords(found.Run.Code, found.Run.Position, found.Gates, found.Checks))
	return v, nil
}
