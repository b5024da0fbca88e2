package export

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/task/inference"
	families "github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/synthetic"
)

// Synthetic makes a row of every record that opens a commitment on the ledger, that
// no judge found to be false, and that passes all gates but the checks of its
// question: those stand in the row. Gates and checks are a judge's, who signed them
// and whose like would say the same; of a record that nobody judged they are found
// here, by run. [Compared] fills in the rest.
func Synthetic(chain string, tasks Tasks, run families.Runner) Source[Record] {
	return answers(chain, tasks, families.Kind, func(t *api.Task, p *Provenance, passed int32, asked *api.SyntheticTask, said *api.SyntheticAnswer) (*Record, error) {
		row := &Record{Prompt: valid(asked.Run.Prompt), Response: valid(said.Text), Family: string(asked.Family), Passed: passed, Provenance: *p}
		row.Provenance.Model, row.Provenance.Seed = asked.Run.Model.String(), asked.Run.Seed.String()
		if err := row.judge(t, asked, said.Text, run); err != nil {
			return nil, fmt.Errorf("task %s: %w", t.ID, err)
		}
		if slices.ContainsFunc(row.Failed, func(g string) bool { return g != string(synthetic.GateChecks) }) {
			return nil, nil
		}
		return row, nil
	})
}

// judge fills in gates and checks.
func (r *Record) judge(t *api.Task, asked *api.SyntheticTask, text string, run families.Runner) error {
	r.Failed, r.Checks = []string{}, []Finding{}
	for i := range t.Cards {
		c, err := cardOf(&t.Cards[i])
		if err != nil {
			return err
		}
		if c.Run.Code != inference.CodeExact {
			continue
		}
		q, err := families.Derive(asked.Family, asked.Seed)
		if err != nil {
			return err
		}
		r.Failed = append(r.Failed, c.Gates...)
		for _, name := range q.Checks() {
			r.Checks = append(r.Checks, Finding{Check: name, Pass: !slices.Contains(c.Checks, name)})
		}
		return nil
	}
	v, err := synthetic.Alone(synthetic.Default(), asked.Family, asked.Seed, text, run)
	if err != nil {
		return err
	}
	for _, g := range v.Failed {
		r.Failed = append(r.Failed, string(g))
	}
	for _, c := range v.Checks {
		r.Checks = append(r.Checks, Finding{Check: c.Check, Pass: c.Pass})
	}
	return nil
}

// cardOf reads what a card says from its signed bytes.
func cardOf(c *api.Card) (*api.SyntheticCard, error) {
	signed, err := wire.ReadCard(c.Raw)
	if err != nil {
		return nil, err
	}
	b, err := api.CardBody(&signed.Card)
	if err != nil {
		return nil, err
	}
	out := new(api.SyntheticCard)
	return out, json.Unmarshal(b, out)
}
