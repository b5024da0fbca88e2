package scoring

import (
	"context"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// Inference judges answers of the kind inference. It is safe for concurrent
// use, as its models are.
type Inference struct{ models models[Model] }

// NewInference returns a judge of the given models.
func NewInference(models ...Model) *Inference { return &Inference{models: modelsOf(models)} }

// Kind returns the kind that it judges.
func (*Inference) Kind() protocol.Kind { return inference.Kind }

// Check returns [ErrModel] unless the judge has every model that a network pays
// for.
func (j *Inference) Check(p *params.Params) error { return j.models.check(p, inference.Kind) }

// Judge checks the answer that hotkey gave to a task: first what needs no run,
// then by one pass over prompt and output. Errors mean that there is no
// judgement: [ErrModel], a prompt that the model cannot take, or ctx's.
func (j *Inference) Judge(ctx context.Context, task *wire.Task, hotkey protocol.PublicKey, answer []byte) (Outcome, error) {
	t, err := inference.ReadTask(task.Body)
	if err != nil {
		return Outcome{}, err
	}
	r, err := inference.ReadResult(answer)
	if err != nil {
		return Outcome{}, err
	}
	m, err := j.models.of(t.Model)
	if err != nil {
		return Outcome{}, err
	}
	c, err := compare(ctx, m, task.ID, t, hotkey, r)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Task: task.ID, Kind: task.Kind, Finding: c.Code.Finding(), Found: wire.Encode(c)}, nil
}

// Body returns what the judge with this hotkey says on its card beside the
// finding of an answer. It takes hashing only: the root on it cannot be made
// without the run, nor copied from another's card.
func (*Inference) Body(o *Outcome, hotkey protocol.PublicKey) ([]byte, error) {
	c, err := ReadComparison(o)
	if err != nil {
		return nil, err
	}
	card := c.card(o.Task, hotkey)
	return wire.Encode(&card), nil
}
