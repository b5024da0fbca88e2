package scoring

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	families "github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/synthetic"
)

// TextModel is a [Model] that says what its tokens are: bridge.Model.
type TextModel interface {
	Model
	// Text returns what tokens stand for, without control tokens; each byte that is
	// no part of UTF-8 is U+FFFD.
	Text(output []int32) string
}

// Runner runs a Python program where it can do no harm, and returns what it wrote
// to standard output and whether it ended by itself without an error. An error
// says that nothing was found out. Package sandbox has one.
type Runner func(ctx context.Context, program string) (output string, ok bool, err error)

// Synthetic judges records of the kind synthetic: the run as that of an answer of
// the kind inference, and then, of an exact one, its text by the gates. It is safe
// for concurrent use, as its models and its runner are.
type Synthetic struct {
	models models[TextModel]
	run    Runner
}

// NewSynthetic returns a judge of the given models, whose records' programs run
// runs.
func NewSynthetic(run Runner, models ...TextModel) *Synthetic {
	return &Synthetic{models: modelsOf(models), run: run}
}

// Kind returns the kind that it judges.
func (*Synthetic) Kind() protocol.Kind { return families.Kind }

// Check returns [ErrModel] unless the judge has every model that a network pays
// for.
func (j *Synthetic) Check(p *params.Params) error { return j.models.check(p, families.Kind) }

// Judge checks the record that hotkey made for a task. Errors mean that there is
// no judgement: [ErrModel], a prompt that the model cannot take, the runner's, or
// ctx's.
func (j *Synthetic) Judge(ctx context.Context, task *wire.Task, hotkey protocol.PublicKey, answer []byte) (Outcome, error) {
	t, err := families.ReadTask(task.Body)
	if err != nil {
		return Outcome{}, err
	}
	r, err := families.ReadRecord(answer)
	if err != nil {
		return Outcome{}, err
	}
	m, err := j.models.of(t.Run.Model)
	if err != nil {
		return Outcome{}, err
	}
	s := &Synthesis{}
	if s.Run.Code, s.Run.FailedAt = families.CodeText, -1; m.Text(r.Run.Output) == r.Text {
		c, err := compare(ctx, m, task.ID, &t.Run, hotkey, &r.Run)
		if err != nil {
			return Outcome{}, err
		}
		s.Run = *c
	}
	s.Run.Tokens = uint32(len(r.Run.Output))
	if s.Run.Code == inference.CodeExact {
		if s.Gates, s.Checks, err = j.gates(ctx, t, r.Text); err != nil {
			return Outcome{}, fmt.Errorf("gates of task %s: %w", task.ID.Short(), err)
		}
	}
	return Outcome{Task: task.ID, Kind: task.Kind, Finding: families.FindingOf(s.Run.Code), Found: wire.Encode(s)}, nil
}

// gates returns which gates a record does not pass by itself, and which checks of
// its question, each in their order.
func (j *Synthetic) gates(ctx context.Context, t *families.Task, text string) (gates, checks []string, err error) {
	run := func(program string) (output string, ok bool) {
		output, ok, broken := j.run(ctx, program)
		if broken != nil {
			err = broken
		}
		return output, ok
	}
	v, wrong := synthetic.Alone(synthetic.Default(), t.Family, t.Seed, text, run)
	if wrong != nil {
		return nil, nil, wrong
	}
	for _, g := range v.Failed {
		gates = append(gates, string(g))
	}
	for _, c := range v.Checks {
		if !c.Pass {
			checks = append(checks, c.Check)
		}
	}
	return gates, checks, err
}

// Body returns what the judge with this hotkey says on its card beside the
// finding, as [Inference.Body] does.
func (*Synthetic) Body(o *Outcome, hotkey protocol.PublicKey) ([]byte, error) {
	s, err := ReadSynthesis(o)
	if err != nil {
		return nil, err
	}
	return wire.Encode(&families.Card{Run: s.Run.card(o.Task, hotkey), Gates: s.Gates, Checks: s.Checks}), nil
}

// Synthesis is what a judge of the kind synthetic found. It is an outcome's Found.
type Synthesis struct {
	_             struct{} `cbor:",toarray"`
	Run           Comparison
	Gates, Checks []string // that the record of an exact run does not pass
}

// ReadSynthesis reads what was found of a record of the kind synthetic. An error
// says that the outcome is not of one.
func ReadSynthesis(o *Outcome) (*Synthesis, error) {
	s := new(Synthesis)
	if err := wire.Decode(o.Found, maxComparison, s); err != nil {
		return nil, fmt.Errorf("what was found of task %s: %w", o.Task.Short(), err)
	}
	return s, nil
}
