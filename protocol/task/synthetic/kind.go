package synthetic

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// kind is these tasks as package task has them.
type kind struct{ task.Bodies[Task, Record] }

// New returns the kind.
func New() task.Kind { return kind{bodies} }

var bodies = task.Bodies[Task, Record]{
	Kind: Kind, Task: ReadTask, Answer: ReadRecord,
	Finding: task.Found(ReadCard),
	Said:    func(r *Record) (wire.Sum, error) { return r.Run.Sum("assay/1/synthetic/said", r.Text) },
}

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

// Work implements [task.Kind]: tokens × class of the model. What the gates say does
// not count, for nobody chose the question, and speed neither: nobody waits.
func (k kind) Work(p *params.Params, opened []task.Opened) []task.Worth {
	return k.Worth(p, opened, func(k *params.Kind, _ *task.Opened, t *Task, r *Record) task.Worth {
		return inference.Worth(k, &t.Run, &r.Run, params.One)
	})
}
