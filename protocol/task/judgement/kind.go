package judgement

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
)

// kind is these tasks as package task has them.
type kind struct{ task.Bodies[Task, Result] }

// New returns the kind.
func New() task.Kind { return kind{bodies} }

var bodies = task.Bodies[Task, Result]{
	Kind: Kind, Task: ReadTask, Answer: ReadResult,
	Finding: task.Found(ReadCard),
	Said:    func(r *Result) (wire.Sum, error) { return r.sum(), nil },
}

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

// Work implements [task.Kind]: an answer is one unit, and counts by the class of
// its model. All take two passes over a few lines, so that speed tells nothing; in
// time is in time.
func (k kind) Work(p *params.Params, opened []task.Opened) []task.Worth {
	return k.Worth(p, opened, func(k *params.Kind, _ *task.Opened, t *Task, _ *Result) task.Worth {
		class, _ := k.Class(t.Model)
		return task.Worth{Units: 1, Work: uint64(class)}
	})
}
