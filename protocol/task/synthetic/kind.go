package synthetic

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
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

// Draw returns what the task with this id asks: the model as for inference, the
// family, the seed of its question, and the seed of the run, which is sampled, so
// that records differ where questions are alike.
func Draw(p *params.Params, id protocol.TaskID, models []protocol.ModelID) *Task {
	s := task.NewStream(id)
	t := &Task{}
	t.Run.Model = inference.DrawModel(s, p.Kind(Kind), models)
	t.Family = pick(s, Families())
	t.Seed = s.Block()
	t.Run.Seed = s.Block()
	t.Run.Sample()
	t.Run.MaxTokens = p.Synthetic.MaxTokens
	q, err := Derive(t.Family, t.Seed)
	if err != nil {
		panic(err) // it is one of the list
	}
	t.Run.Prompt = q.Prompt
	return t
}

// CheckTask implements [task.Kind].
func (kind) CheckTask(t *wire.Task) error {
	_, err := ReadTask(t.Body)
	return err
}

// CheckAnswer implements [task.Kind].
func (kind) CheckAnswer(_ *wire.Task, body []byte) error {
	_, err := ReadRecord(body)
	return err
}

// CheckCard implements [task.Kind].
func (kind) CheckCard(c *wire.Card) error {
	b, err := ReadCard(c.Body)
	if err != nil {
		return err
	}
	if FindingOf(b.Run.Code) != c.Finding {
		return fmt.Errorf("code %q with finding %q: %w", b.Run.Code, c.Finding, wire.ErrLimit)
	}
	return nil
}

// Work implements [task.Kind]: tokens × class of the model. What the gates say does
// not count, for nobody chose the question, and speed neither: nobody waits.
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
		record, err := ReadRecord(opened[i].Body)
		if err != nil {
			continue
		}
		out[i] = inference.Worth(k, &asked.Run, &record.Run, params.One)
	}
	return out
}
