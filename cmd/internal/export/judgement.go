package export

import (
	"math"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/task/judgement"
)

// Judgements makes a row of every answer of the kind judgement that opens a
// commitment on the ledger, that no judge found to be false, and that prefers a
// side by a margin that is a number.
func Judgements(chain string, tasks Tasks) Source[Judgement] {
	return answers(chain, tasks, judgement.Kind, func(_ *api.Task, p *Provenance, passed int32, asked *api.JudgementTask, said *api.JudgementAnswer) (*Judgement, error) {
		row := preferred(asked, said)
		if row != nil {
			row.Passed, row.Provenance = passed, *p
			row.Provenance.Model = asked.Model.String()
		}
		return row, nil
	})
}

// preferred returns the row without where it comes from, seen from the side that
// the model prefers; nil where that is none.
func preferred(asked *api.JudgementTask, said *api.JudgementAnswer) *Judgement {
	row := &Judgement{Prompt: valid(asked.Prompt), Chosen: valid(asked.A), Rejected: valid(asked.B), Lane: laneEngine}
	row.Margin = math.Abs(number(said.MarginBits)) // the sign is the side
	chosen, rejected := 0, 1
	switch {
	case math.IsInf(row.Margin, 0):
		return nil // of logits that no model has
	case said.Side == "a":
	case said.Side == "b":
		row.Chosen, row.Rejected = row.Rejected, row.Chosen
		chosen, rejected = 1, 0
	default:
		return nil
	}
	for _, order := range []int{chosen, rejected} { // A stands first in the first
		bits := said.LogitBits[order]
		row.Logits = append(row.Logits, Logits{Chosen: number(bits[chosen]), Rejected: number(bits[rejected])})
	}
	return row
}

// number returns a binary32 number, which is the same in all forms.
func number(bits uint32) float64 { return float64(math.Float32frombits(bits)) }
