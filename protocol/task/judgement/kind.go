package judgement

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
)

// kind is these tasks as package task has them.
type kind struct{}

// New returns the kind.
func New() task.Kind { return kind{} }

// Name implements [task.Kind].
func (kind) Name() protocol.Kind { return Kind }

// Derive implements [task.Kind].
func (kind) Derive(p *params.Params, id protocol.TaskID, models []protocol.ModelID) []byte {
	return wire.Encode(Draw(p, id, models))
}

// Draw returns what the task with this id asks: of a model that the seat offers and
// p pays for, then an ordinary pair ([pair.Draw]).
func Draw(p *params.Params, id protocol.TaskID, models []protocol.ModelID) *Task {
	s := task.NewStream(id)
	model := inference.DrawModel(s, p.Kind(Kind), models)
	drawn := pair.Draw(s)
	return &Task{Model: model, Prompt: drawn.Prompt, A: drawn.A, B: drawn.B}
}

// CheckTask implements [task.Kind].
func (kind) CheckTask(t *wire.Task) error {
	_, err := ReadTask(t.Body)
	return err
}

// CheckAnswer implements [task.Kind].
func (kind) CheckAnswer(_ *wire.Task, body []byte) error {
	_, err := ReadResult(body)
	return err
}

// CheckCard implements [task.Kind].
func (kind) CheckCard(c *wire.Card) error {
	b, err := ReadCard(c.Body)
	if err != nil {
		return err
	}
	if b.Code.Finding() != c.Finding {
		return fmt.Errorf("code %q with finding %q: %w", b.Code, c.Finding, wire.ErrLimit)
	}
	return nil
}

// Work implements [task.Kind]: an answer is one unit, and counts by the class of
// its model. All take two passes over a few lines, so that speed tells nothing; in
// time is in time.
func (kind) Work(p *params.Params, opened []task.Opened) []task.Worth {
	out := make([]task.Worth, len(opened))
	k := p.Kind(Kind)
	if k == nil {
		return out // a network without the kind asks none of it
	}
	for i := range opened {
		asked, err := ReadTask(opened[i].Task.Body)
		if err != nil {
			continue
		}
		if _, err := ReadResult(opened[i].Body); err != nil {
			continue
		}
		class, _ := k.Class(asked.Model)
		out[i] = task.Worth{Units: 1, Work: uint64(class)}
	}
	return out
}
