package inference

import (
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// kind is these tasks as package task has them.
type kind struct{ task.Bodies[Task, Result] }

// New returns the kind.
func New() task.Kind { return kind{bodies} }

var bodies = task.Bodies[Task, Result]{
	Kind: Kind, Task: ReadTask, Answer: ReadResult,
	Finding: task.Found(ReadCard),
	Said:    func(r *Result) (wire.Sum, error) { return r.Sum("assay/1/inference/said", "") },
}
