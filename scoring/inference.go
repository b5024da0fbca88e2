package scoring

import (
	"bytes"
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
func (j *Judge) Judge(ctx context.Context, task *wire.Task, hotkey protocol.PublicKey, answer []byte) (Outcome, error) {
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
	out := Outcome{Task: task.ID, Kind: task.Kind, Tokens: uint32(len(r.Output)), FailedAt: -1}
	if code, pos := inference.CheckResult(t, r, m.Vocab(), m.StopTokens()); code != inference.CodeExact {
		out.Finding, out.Code, out.Position = code.Finding(), code, uint32(pos)
		return out, nil
	}
	prompt, err := m.Chat(inference.Messages(t))
	if err != nil {
		return Outcome{}, fmt.Errorf("render task %s: %w", task.ID.Short(), err)
	}
	report, err := m.Verify(ctx, run(task.ID, t, prompt, hotkey, r))
	if err != nil {
		return Outcome{}, fmt.Errorf("verify task %s: %w", task.ID.Short(), err)
	}
	return out.with(report)
}

// Settings returns the engine's settings of a task.
func Settings(t *inference.Task) engine.Settings {
	return engine.Settings{
		Temperature: math.Float32frombits(t.TemperatureBits),
		TopK:        t.TopK, TopP: t.TopP, Seed: t.Seed, MaxTokens: int(t.MaxTokens),
	}
}

func run(id protocol.TaskID, t *inference.Task, prompt []int32, hotkey protocol.PublicKey, r *inference.Result) engine.Run {
	leaves := make([][32]byte, len(r.Leaves))
	for i, l := range r.Leaves {
		leaves[i] = l
	}
	return engine.Run{
		Prompt: prompt, Output: r.Output, Settings: Settings(t),
		Binding: engine.Binding{Hotkey: hotkey, Task: id},
		Finish:  engine.Finish(r.Finish), Leaves: leaves, Fingerprint: r.Fingerprint,
	}
}

// Outcome is a judgement, with what gives the root of any judge. It is a
// record: its canonical bytes are what a judge keeps.
type Outcome struct {
	_        struct{} `cbor:",toarray"`
	Task     protocol.TaskID
	Kind     protocol.Kind
	Finding  wire.Finding
	Code     inference.Code // why, where there was an answer
	Position uint32         // the first output position that differs, where Code has one
	Tokens   uint32         // of the answer
	First    uint64         // position of the first choice: the prompt's length less one
	States   [][32]byte     // of every choice; none where the model did not run
	Choices  []int32        // the model's own, after each beginning of the answer as given
	FailedAt int64          // position at which the run fails, or −1
}

// Unopened returns the judgement of a slot that was committed and that nobody
// opened in time.
func Unopened(t *wire.Task) Outcome {
	return Outcome{Task: t.ID, Kind: t.Kind, Finding: wire.FindingUnopened, FailedAt: -1}
}

// with takes over the engine's report.
func (o Outcome) with(r engine.Report) (Outcome, error) {
	switch {
	case r.Equal:
		o.Code = inference.CodeExact
	case r.Kind == engine.KindToken:
		o.Code = inference.CodeToken
	case r.Kind == engine.KindState:
		o.Code = inference.CodeState
	case r.Kind == engine.KindFailed:
		o.Code = inference.CodeFailed
	default: // the form was checked before the run
		return Outcome{}, fmt.Errorf("engine reports %q of task %s, which has the right form", r.Kind, o.Task.Short())
	}
	o.Finding, o.Position = o.Code.Finding(), uint32(max(0, r.Position))
	o.First, o.States, o.Choices, o.FailedAt = uint64(r.First), r.States, r.Choices, int64(r.FailedAt)
	return o, nil
}

// Passed reports whether the answer is what the task asks for.
func (o *Outcome) Passed() bool { return o.Finding == wire.FindingPassed }

// Proven reports whether the answer was found false in a way that anyone who
// has its bytes can repeat: everything but a missing opening.
func (o *Outcome) Proven() bool { return o.Finding.Proven() }

// Root returns the root that the judge with this hotkey puts on its card for
// the same run: hashing only. It is zero where the finding needs no run.
func (o *Outcome) Root(hotkey protocol.PublicKey) protocol.Hash {
	b := fingerprint.Binding{Hotkey: hotkey, Task: o.Task}
	switch {
	case !o.Code.NeedsRun():
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
		Kind: o.Kind, Finding: o.Finding, Body: o.body(hotkey),
	}
}

// body returns what the judge with this hotkey says beside the finding; nil of an
// answer that was not opened.
func (o *Outcome) body(hotkey protocol.PublicKey) []byte {
	if o.Finding == wire.FindingUnopened {
		return nil
	}
	return wire.Encode(&inference.Card{Code: o.Code, Position: o.Position, Root: o.Root(hotkey), Tokens: o.Tokens})
}

// CheckCard returns [ErrFalseCard] unless the card of the judge with this
// hotkey says what the outcome is. Its root cannot be made without the run, nor
// copied from another's card. The answer's hash is not compared: a miner may
// send the same answer in two envelopes.
func (o *Outcome) CheckCard(c *wire.Card, hotkey protocol.PublicKey) error {
	switch {
	case c.Task != o.Task:
		return fmt.Errorf("task %s, not %s: %w", c.Task.Short(), o.Task.Short(), ErrFalseCard)
	case c.Kind != o.Kind || c.Finding != o.Finding:
		return fmt.Errorf("says %s, found %s: %w", c.Finding, o.Finding, ErrFalseCard)
	case !bytes.Equal(c.Body, o.body(hotkey)):
		return fmt.Errorf("says %s, as was found, for other reasons: %w", c.Finding, ErrFalseCard)
	}
	return nil
}
