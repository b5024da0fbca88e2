package inference

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// Settings of a task that is sampled. A judge draws from the same seed, so a
// sampled answer is as exact as a greedy one; it only takes another way.
const (
	sampledTemperature = 0x3f333333 // the bits of 0.7 in binary32
	topK               = 40
	sampledTopP        = 62259   // 0.95, in 65536ths
	wholeTopP          = 1 << 16 // greedy tasks keep all candidates
)

// Derive implements [task.Kind].
func (kind) Derive(p *params.Params, id protocol.TaskID, models []protocol.ModelID) []byte {
	return wire.Encode(Draw(p, id, models))
}

// Draw returns what the task with this id asks.
//
// The model is one of models, as the seat offers them, that p pays for; it is
// the zero id where there is none, and no such seat is on a roster.
func Draw(p *params.Params, id protocol.TaskID, models []protocol.ModelID) *Task {
	s := task.NewStream(id)
	t := &Task{
		System:    p.Inference.System,
		TopK:      topK,
		TopP:      wholeTopP,
		MaxTokens: p.Inference.MaxTokens,
	}
	t.Model = DrawModel(s, p.Kind(Kind), models)
	if s.Below(100) < uint64(p.Inference.SampledPercent) {
		t.Sample()
	}
	t.Seed = s.Block()
	t.Prompt = drawPrompt(s)
	return t
}

// Sample sets what of a task's settings makes it sampled.
func (t *Task) Sample() {
	t.TemperatureBits, t.TopK, t.TopP = sampledTemperature, topK, sampledTopP
}

// DrawModel draws one of those models that k pays for, as a seat offers them; the
// zero id where there is none, or no k.
func DrawModel(s *task.Stream, k *params.Kind, models []protocol.ModelID) protocol.ModelID {
	if k == nil {
		return protocol.ModelID{}
	}
	var paid []protocol.ModelID
	for _, m := range models {
		if _, ok := k.Class(m); ok && !slices.Contains(paid, m) {
			paid = append(paid, m)
		}
	}
	if len(paid) == 0 {
		return protocol.ModelID{}
	}
	return paid[s.Below(uint64(len(paid)))]
}

// Message is one turn of the conversation that a task is.
type Message struct {
	Role    string // "system" or "user"
	Content string
}

// Messages returns the conversation that the model's chat format renders; the
// model's turn follows it.
func Messages(t *Task) []Message {
	m := []Message{{Role: "user", Content: t.Prompt}}
	if t.System != "" {
		m = slices.Insert(m, 0, Message{Role: "system", Content: t.System})
	}
	return m
}
