package api

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic"
)

// SyntheticTask is the body of a task of the kind synthetic.
type SyntheticTask struct {
	Family synthetic.Family `json:"family"`
	// Seed is what the question follows from in its family.
	Seed protocol.Hash `json:"seed"`
	Run  InferenceTask `json:"run"`
}

// SyntheticAnswer is the body of an answer of the kind synthetic: a record.
type SyntheticAnswer struct {
	Text string          `json:"text"`
	Run  InferenceAnswer `json:"run"`
}

// SyntheticCard is the body of a card of the kind synthetic. Gates and checks are
// those that the record of an exact run does not pass.
type SyntheticCard struct {
	Run    InferenceCard `json:"run"`
	Gates  []string      `json:"gates"`
	Checks []string      `json:"checks"`
}

func syntheticShape() shape {
	return shape{
		kind: synthetic.Kind,
		task: func(body []byte) (any, error) {
			t, err := synthetic.ReadTask(body)
			if err != nil {
				return nil, err
			}
			return SyntheticTask{Family: t.Family, Seed: t.Seed, Run: shownTask(&t.Run)}, nil
		},
		answer: func(body []byte) (any, error) {
			r, err := synthetic.ReadRecord(body)
			if err != nil {
				return nil, err
			}
			return SyntheticAnswer{Text: r.Text, Run: shownResult(&r.Run)}, nil
		},
		card: func(body []byte) (any, error) {
			c, err := synthetic.ReadCard(body)
			if err != nil {
				return nil, err
			}
			return SyntheticCard{Run: shownCard(&c.Run), Gates: append([]string{}, c.Gates...), Checks: append([]string{}, c.Checks...)}, nil
		},
	}
}
