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

// models are those that a judge of runs has, of one kind or another.
type models[M Model] map[protocol.ModelID]M

func modelsOf[M Model](list []M) models[M] {
	ms := models[M]{}
	for _, m := range list {
		ms[m.ID()] = m
	}
	return ms
}

// check returns [ErrModel] unless every model is here that a network pays for in
// a kind.
func (ms models[M]) check(p *params.Params, kind protocol.Kind) error {
	k := p.Kind(kind)
	if k == nil {
		return nil
	}
	for _, m := range k.Models {
		if _, ok := ms[m.ID]; !ok {
			return fmt.Errorf("model %s (%s), which the network pays for: %w", m.Name, m.ID.Short(), ErrModel)
		}
	}
	return nil
}

// of returns the model with an id; [ErrModel].
func (ms models[M]) of(id protocol.ModelID) (M, error) {
	m, ok := ms[id]
	if !ok {
		return m, fmt.Errorf("model %s: %w", id.Short(), ErrModel)
	}
	return m, nil
}

// compare checks the run that hotkey says to have made for the task with this id:
// first what needs no run, then by one pass over prompt and output.
func compare(ctx context.Context, m Model, id protocol.TaskID, t *inference.Task, hotkey protocol.PublicKey, r *inference.Result) (*Comparison, error) {
	c := &Comparison{Tokens: uint32(len(r.Output)), FailedAt: -1}
	if code, pos := inference.CheckResult(t, r, m.Vocab(), m.StopTokens()); code != inference.CodeExact {
		c.Code, c.Position = code, uint32(pos)
		return c, nil
	}
	request, err := bridge.Request(m, id, t, hotkey)
	if err != nil {
		return nil, err
	}
	report, err := m.Verify(bridge.For(ctx, hotkey), bridge.Run(request, r))
	if err != nil {
		return nil, fmt.Errorf("verify task %s: %w", id.Short(), err)
	}
	if c.Code, err = bridge.Code(report); err != nil {
		return nil, fmt.Errorf("verify task %s: %w", id.Short(), err)
	}
	c.Position = uint32(max(0, report.Position))
	c.First, c.States, c.Choices, c.FailedAt = uint64(report.First), report.States, report.Choices, int64(report.FailedAt)
	return c, nil
}

// Comparison is how an answer compares with a judge's own run, with what gives the
// root of any judge. It is the Found of an outcome of the kind inference.
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

// card is what the judge with this hotkey says of the comparison.
func (c *Comparison) card(t protocol.TaskID, hotkey protocol.PublicKey) inference.Card {
	return inference.Card{Code: c.Code, Position: c.Position, Root: c.Root(t, hotkey), Tokens: c.Tokens}
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
