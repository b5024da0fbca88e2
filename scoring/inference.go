package scoring

import (
	"context"
	"fmt"
	"math"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// Judge judges answers of the kind inference. It is safe for concurrent use,
// as its models are.
type Judge struct{ models map[protocol.ModelID]Model }

// NewJudge returns a judge of the given models.
func NewJudge(models ...Model) *Judge {
	j := &Judge{models: map[protocol.ModelID]Model{}}
	for _, m := range models {
		j.models[m.ID()] = m
	}
	return j
}

// Has reports whether the judge has a model.
func (j *Judge) Has(id protocol.ModelID) bool { return j.models[id] != nil }

// Judge checks the answer that hotkey gave to a task: first what needs no run,
// then by one pass over prompt and output. Errors mean that there is no
// judgement: [ErrModel], a prompt that the model cannot take, or ctx's.
func (j *Judge) Judge(ctx context.Context, t *wire.InferenceTask, hotkey protocol.PublicKey, r *wire.Result) (Outcome, error) {
	m := j.models[t.Model]
	if m == nil {
		return Outcome{}, fmt.Errorf("model %s: %w", t.Model.Short(), ErrModel)
	}
	out := Outcome{Task: t.ID, Tokens: uint32(len(r.Output)), FailedAt: -1}
	if f, pos := inference.CheckResult(t, r, m.Vocab(), m.StopTokens()); f != wire.FindingExact {
		out.Finding, out.Position = f, uint32(pos)
		return out, nil
	}
	prompt, err := m.Chat(inference.Messages(t))
	if err != nil {
		return Outcome{}, fmt.Errorf("render task %s: %w", t.ID.Short(), err)
	}
	report, err := m.Verify(ctx, run(t, prompt, hotkey, r))
	if err != nil {
		return Outcome{}, fmt.Errorf("verify task %s: %w", t.ID.Short(), err)
	}
	return out.with(report)
}

// Settings returns the engine's settings of a task.
func Settings(t *wire.InferenceTask) engine.Settings {
	return engine.Settings{
		Temperature: math.Float32frombits(t.TemperatureBits),
		TopK:        t.TopK, TopP: t.TopP, Seed: t.Seed, MaxTokens: int(t.MaxTokens),
	}
}

func run(t *wire.InferenceTask, prompt []int32, hotkey protocol.PublicKey, r *wire.Result) engine.Run {
	leaves := make([][32]byte, len(r.Leaves))
	for i, l := range r.Leaves {
		leaves[i] = l
	}
	return engine.Run{
		Prompt: prompt, Output: r.Output, Settings: Settings(t),
		Binding: engine.Binding{Hotkey: hotkey, Task: t.ID},
		Finish:  engine.Finish(r.Finish), Leaves: leaves, Fingerprint: r.Fingerprint,
	}
}

// Outcome is a judgement, with what gives the root of any judge. It is a
// record: its canonical bytes are what a judge keeps.
type Outcome struct {
	_        struct{} `cbor:",toarray"`
	Task     protocol.TaskID
	Finding  wire.Finding
	Position uint32     // the first output position that differs, where Finding has one
	Tokens   uint32     // of the answer
	First    uint64     // position of the first choice: the prompt's length less one
	States   [][32]byte // of every choice; none where the model did not run
	Choices  []int32    // the model's own, after each beginning of the answer as given
	FailedAt int64      // position at which the run fails, or −1
}

// Unopened returns the judgement of a slot that was committed and that nobody
// opened in time.
func Unopened(task protocol.TaskID) Outcome {
	return Outcome{Task: task, Finding: wire.FindingUnopened, FailedAt: -1}
}

// with takes over the engine's report.
func (o Outcome) with(r engine.Report) (Outcome, error) {
	switch {
	case r.Equal:
		o.Finding = wire.FindingExact
	case r.Kind == engine.KindToken:
		o.Finding = wire.FindingToken
	case r.Kind == engine.KindState:
		o.Finding = wire.FindingState
	case r.Kind == engine.KindFailed:
		o.Finding = wire.FindingFailed
	default: // the form was checked before the run
		return Outcome{}, fmt.Errorf("engine reports %q of task %s, which has the right form", r.Kind, o.Task.Short())
	}
	o.Position = uint32(max(0, r.Position))
	o.First, o.States, o.Choices, o.FailedAt = uint64(r.First), r.States, r.Choices, int64(r.FailedAt)
	return o, nil
}

// Passed reports whether the answer was exact.
func (o *Outcome) Passed() bool { return o.Finding == wire.FindingExact }

// Proven reports whether the answer was found false in a way that anyone who
// has its bytes can repeat: everything but a missing opening.
func (o *Outcome) Proven() bool { return !o.Passed() && o.Finding != wire.FindingUnopened }

// Root returns the root that the judge with this hotkey puts on its card for
// the same run: hashing only. It is zero where the finding needs no run.
func (o *Outcome) Root(hotkey protocol.PublicKey) protocol.Hash {
	b := fingerprint.Binding{Hotkey: hotkey, Task: o.Task}
	switch {
	case !o.Finding.NeedsRun():
		return protocol.Hash{}
	case o.FailedAt >= 0:
		return fingerprint.Failed(b, int(o.FailedAt))
	}
	return fingerprint.Root(fingerprint.Leaves(b, int(o.First), o.Choices, o.States))
}

// Card returns the card on which a judge states the outcome. Answer is the hash
// of the answer's envelope, zero where there was none.
func (o *Outcome) Card(judge protocol.SeatID, hotkey protocol.PublicKey, seat protocol.SeatID, k wire.AnswerKey, answer protocol.Hash) wire.Card {
	return wire.Card{
		Judge: judge, Round: k.Round, Seat: seat, Slot: k.Slot, Task: o.Task, Answer: answer,
		Finding: o.Finding, Position: o.Position, Root: o.Root(hotkey), Tokens: o.Tokens,
	}
}

// CheckCard returns [ErrFalseCard] unless the card of the judge with this
// hotkey says what the outcome is. Its root cannot be made without the run, nor
// copied from another's card. The answer's hash is not compared: a miner may
// send the same answer in two envelopes.
func (o *Outcome) CheckCard(c *wire.Card, hotkey protocol.PublicKey) error {
	switch {
	case c.Task != o.Task:
		return fmt.Errorf("task %s, not %s: %w", c.Task.Short(), o.Task.Short(), ErrFalseCard)
	case c.Finding != o.Finding || c.Position != o.Position || c.Tokens != o.Tokens:
		return fmt.Errorf("says %s at %d of %d tokens, found %s at %d of %d: %w",
			c.Finding, c.Position, c.Tokens, o.Finding, o.Position, o.Tokens, ErrFalseCard)
	case c.Root != o.Root(hotkey):
		return fmt.Errorf("root %s, want %s: %w", c.Root.Short(), o.Root(hotkey).Short(), ErrFalseCard)
	}
	return nil
}
