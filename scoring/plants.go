package scoring

import (
	"slices"

	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/judgement"
	families "github.com/assaynet/assay/protocol/task/synthetic"
)

// An answer that was planted is found false by who looks. When its link is open
// everybody sees by hashing whether nothing else is amiss.

// planted reports whether leaves are those of own choices with the altered one in
// its place.
func planted(b fingerprint.Binding, choices []plant.Choice, leaves []protocol.Hash, plants plant.Round, slot uint16) bool {
	if len(choices) == 0 || len(choices) != len(leaves) {
		return false
	}
	own := make([]protocol.Hash, len(choices))
	for i, c := range choices {
		own[i] = fingerprint.Leaf(b, c.Position, c.Token, c.State)
	}
	plants.Alter(b, slot, own, choices)
	return slices.Equal(own, leaves)
}

// choices returns the judge's own choices; none where the model did not run.
func (c *Comparison) choices() []plant.Choice {
	if c.Code != inference.CodeState || c.FailedAt >= 0 || len(c.Choices) != len(c.States) {
		return nil
	}
	out := make([]plant.Choice, len(c.States))
	for i, s := range c.States {
		out[i] = plant.Choice{Position: int(c.First) + i, Token: c.Choices[i], State: s}
	}
	return out
}

// Planted reports whether the answer that was found false in o, and which hotkey
// gave in a slot that plants plant, is right but for what is planted.
func (*Inference) Planted(o *Outcome, hotkey protocol.PublicKey, answer []byte, plants plant.Round, slot uint16) (bool, error) {
	c, err := ReadComparison(o)
	if err != nil {
		return false, err
	}
	r, err := inference.ReadResult(answer)
	if err != nil {
		return false, err
	}
	return planted(fingerprint.Binding{Hotkey: hotkey, Task: o.Task}, c.choices(), r.Leaves, plants, slot), nil
}

// Planted is [Inference.Planted] of a record.
func (*Synthetic) Planted(o *Outcome, hotkey protocol.PublicKey, answer []byte, plants plant.Round, slot uint16) (bool, error) {
	s, err := ReadSynthesis(o)
	if err != nil {
		return false, err
	}
	r, err := families.ReadRecord(answer)
	if err != nil {
		return false, err
	}
	return planted(fingerprint.Binding{Hotkey: hotkey, Task: o.Task}, s.Run.choices(), r.Run.Leaves, plants, slot), nil
}

// Planted is [Inference.Planted] of a preference. Of the logits the judge compared
// those of the orders before the one that differs: the link tells which leaf it may
// be, so that a wrong logit behind it is one that was made for a plant alone.
func (*Judgement) Planted(o *Outcome, hotkey protocol.PublicKey, answer []byte, plants plant.Round, slot uint16) (bool, error) {
	p, err := ReadPreference(o)
	if err != nil {
		return false, err
	}
	r, err := judgement.ReadResult(answer)
	if err != nil || p.Code != judgement.CodeState {
		return false, err
	}
	var choices []plant.Choice
	for _, e := range p.Runs {
		choices = append(choices, plant.Choice{Position: int(e.Position), Token: e.Likeliest, State: e.State})
	}
	return planted(fingerprint.Binding{Hotkey: hotkey, Task: o.Task}, choices, r.Leaves[:], plants, slot), nil
}
