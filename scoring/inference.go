package scoring

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// Model is what a judge needs of an engine with one model: bridge.Model.
type Model interface {
	ID() [32]byte
	// Vocab is the number of tokens, StopTokens those that end an answer.
	Vocab() int
	StopTokens() []int32
	// Chat renders a conversation, with the beginning of the model's turn.
	Chat(messages []inference.Message) ([]int32, error)
	// Verify recomputes a run in one pass. An error means that there is no
	// report, not that the run is wrong.
	Verify(ctx context.Context, run engine.Run) (engine.Report, error)
}

// Inference judges answers of the kind inference. It is safe for concurrent
// use, as its models are.
type Inference struct{ models map[protocol.ModelID]Model }

// NewInference returns a judge of the given models.
func NewInference(models ...Model) *Inference {
	j := &Inference{models: map[protocol.ModelID]Model{}}
	for _, m := range models {
		j.models[m.ID()] = m
	}
	return j
}

// Kind returns the kind that it judges.
func (*Inference) Kind() protocol.Kind { return inference.Kind }

// Check returns [ErrModel] unless the judge has every model that a network pays
// for.
func (j *Inference) Check(p *params.Params) error {
	k := p.Kind(inference.Kind)
	if k == nil {
		return nil
	}
	for _, m := range k.Models {
		if j.models[m.ID] == nil {
			return fmt.Errorf("model %s (%s), which the network pays for: %w", m.Name, m.ID.Short(), ErrModel)
		}
	}
	return nil
}

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
	m := j.models[t.Model]
	if m == nil {
		return Outcome{}, fmt.Errorf("model %s: %w", t.Model.Short(), ErrModel)
	}
	c := Comparison{Tokens: uint32(len(r.Output)), FailedAt: -1}
	if code, pos := inference.CheckResult(t, r, m.Vocab(), m.StopTokens()); code != inference.CodeExact {
		c.Code, c.Position = code, uint32(pos)
		return c.outcome(task), nil
	}
	request, err := bridge.Request(m, task.ID, t, hotkey)
	if err != nil {
		return Outcome{}, err
	}
	report, err := m.Verify(bridge.For(ctx, hotkey), bridge.Run(request, r))
	if err != nil {
		return Outcome{}, fmt.Errorf("verify task %s: %w", task.ID.Short(), err)
	}
	if c.Code, err = bridge.Code(report); err != nil {
		return Outcome{}, fmt.Errorf("verify task %s: %w", task.ID.Short(), err)
	}
	c.Position = uint32(max(0, report.Position))
	c.First, c.States, c.Choices, c.FailedAt = uint64(report.First), report.States, report.Choices, int64(report.FailedAt)
	return c.outcome(task), nil
}

// Body returns what the judge with this hotkey says on its card beside the
// finding of an answer. It takes hashing only: the root on it cannot be made
// without the run, nor copied from another's card.
func (*Inference) Body(o *Outcome, hotkey protocol.PublicKey) ([]byte, error) {
	c, err := ReadComparison(o)
	if err != nil {
		return nil, err
	}
	return wire.Encode(&inference.Card{Code: c.Code, Position: c.Position, Root: c.Root(o.Task, hotkey), Tokens: c.Tokens}), nil
}

// Comparison is what a judge of the kind inference found: how an answer compares
// with its own run, with what gives the root of any judge. It is an outcome's
// Found.
type Comparison struct {
	_        struct{} `cbor:",toarray"`
	Code     inference.Code
	Position uint32     // the first output position that differs, where Code has one
	Tokens   uint32     // of the answer
	First    uint64     // position of the first choice: the prompt's length less one
	States   [][32]byte // of every choice; none where the model did not run
	Choices  []int32    // the model's own, after each beginning of the answer as given
	FailedAt int64      // position at which the run fails, or −1
}

// maxComparison bounds what is read back: the choices and states of the longest
// answer take 160 KiB.
const maxComparison = 1 << 20

// ReadComparison reads what was found of an answer of the kind inference. An
// error says that the outcome is not of one.
func ReadComparison(o *Outcome) (*Comparison, error) {
	c := new(Comparison)
	if err := wire.Decode(o.Found, maxComparison, c); err != nil {
		return nil, fmt.Errorf("what was found of task %s: %w", o.Task.Short(), err)
	}
	return c, nil
}

func (c *Comparison) outcome(t *wire.Task) Outcome {
	return Outcome{Task: t.ID, Kind: t.Kind, Finding: c.Code.Finding(), Found: wire.Encode(c)}
}

// Root returns the root that the judge with this hotkey puts on its card about
// the task for the same run. It is zero where the finding needs no run.
func (c *Comparison) Root(t protocol.TaskID, hotkey protocol.PublicKey) protocol.Hash {
	b := fingerprint.Binding{Hotkey: hotkey, Task: t}
	switch {
	case !c.Code.NeedsRun():
		return protocol.Hash{}
	case c.FailedAt >= 0:
		return fingerprint.Failed(b, int(c.FailedAt))
	}
	return fingerprint.Root(fingerprint.Leaves(b, int(c.First), c.Choices, c.States))
}
