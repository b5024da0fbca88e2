package scoring

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/wire"
)

// Rater is a [Model] that can be asked what it prefers: bridge.Model.
type Rater interface {
	Model
	// Letter returns the token of a text that is one.
	Letter(text string) (int32, error)
	// Logits tells what the model makes of some tokens after prompts.
	Logits(ctx context.Context, requests []engine.LogitsRequest) ([]engine.Logits, error)
}

// Judgement judges answers of the kind judgement. It is safe for concurrent use, as
// its models are; what is judged at the same time is computed together.
type Judgement struct{ models models[Rater] }

// NewJudgement returns a judge of the given models.
func NewJudgement(models ...Rater) *Judgement { return &Judgement{models: modelsOf(models)} }

// Kind returns the kind that it judges.
func (*Judgement) Kind() protocol.Kind { return judgement.Kind }

// Check returns [ErrModel] unless the judge has every model that a network pays
// for, and an error where one of them has no token for a letter.
func (j *Judgement) Check(p *params.Params) error {
	if err := j.models.check(p, judgement.Kind); err != nil {
		return err
	}
	if k := p.Kind(judgement.Kind); k != nil {
		for _, paid := range k.Models {
			for _, letter := range judgement.Letters {
				if _, err := j.models[paid.ID].Letter(letter); err != nil {
					return fmt.Errorf("model %s (%s) cannot judge: %w", paid.Name, paid.ID.Short(), err)
				}
			}
		}
	}
	return nil
}

// Judge checks the answer that hotkey gave to a task by one pass over each order.
// Errors mean that there is no judgement: [ErrModel], a pair that the model cannot
// be shown, or ctx's.
func (j *Judgement) Judge(ctx context.Context, task *wire.Task, hotkey protocol.PublicKey, answer []byte) (Outcome, error) {
	t, err := judgement.ReadTask(task.Body)
	if err != nil {
		return Outcome{}, err
	}
	r, err := judgement.ReadResult(answer)
	if err != nil {
		return Outcome{}, err
	}
	m, err := j.models.of(t.Model)
	if err != nil {
		return Outcome{}, err
	}
	requests, err := bridge.Judgement(m, t.Pair())
	if err != nil {
		return Outcome{}, err
	}
	ran, err := m.Logits(bridge.For(ctx, hotkey), requests[:])
	if err != nil {
		return Outcome{}, fmt.Errorf("logits of task %s: %w", task.ID.Short(), err)
	}
	p := prefer(requests, ran, engine.Binding{Hotkey: hotkey, Task: task.ID}, r)
	return Outcome{Task: task.ID, Kind: task.Kind, Finding: p.Code.Finding(), Found: wire.Encode(p)}, nil
}

// prefer compares an answer with own runs. Where one of them fails, no answer is
// right.
func prefer(requests [judgement.Orders]engine.LogitsRequest, ran []engine.Logits, b engine.Binding, r *judgement.Result) *Preference {
	p := &Preference{Code: judgement.CodeExact}
	for i, l := range ran {
		if l.Failed != nil {
			return &Preference{Code: judgement.CodeFailed, Order: uint8(i), Runs: []Ending{{Position: uint64(l.Failed.Position)}}}
		}
		if code := bridge.JudgementCode(requests[i], l, b, r.Logits[i], r.Leaves[i]); p.Code == judgement.CodeExact && code != p.Code {
			p.Code, p.Order = code, uint8(i)
		}
		p.Runs = append(p.Runs, Ending{Position: uint64(len(requests[i].Prompt) - 1), Likeliest: l.Likeliest, State: l.State})
	}
	return p
}

// Body returns what the judge with this hotkey says on its card beside the
// finding, as [Inference.Body] does.
func (*Judgement) Body(o *Outcome, hotkey protocol.PublicKey) ([]byte, error) {
	p, err := ReadPreference(o)
	if err != nil {
		return nil, err
	}
	return wire.Encode(&judgement.Card{Code: p.Code, Order: p.Order, Root: p.Root(o.Task, hotkey)}), nil
}

// Preference is what a judge of the kind judgement found: how an answer compares
// with its own runs, with what gives the root of any judge. It is an outcome's
// Found.
type Preference struct {
	_     struct{} `cbor:",toarray"`
	Code  judgement.Code
	Order uint8    // the first that differs; 0 where none does
	Runs  []Ending // one an order; of a run that failed, that one alone
}

// Ending is how one run of a judge ended: the position, and there the likeliest
// token and the hash of the state. A run that failed has the position alone.
type Ending struct {
	_         struct{} `cbor:",toarray"`
	Position  uint64
	Likeliest int32
	State     protocol.Hash
}

// maxPreference bounds what is read back: two endings.
const maxPreference = 256

// ReadPreference reads what was found of an answer of the kind judgement. An error
// says that the outcome is not of one.
func ReadPreference(o *Outcome) (*Preference, error) {
	p := new(Preference)
	if err := wire.Decode(o.Found, maxPreference, p); err != nil {
		return nil, fmt.Errorf("what was found of task %s: %w", o.Task.Short(), err)
	}
	if want := map[bool]int{true: 1, false: judgement.Orders}[p.Code == judgement.CodeFailed]; len(p.Runs) != want {
		return nil, fmt.Errorf("what was found of task %s: %d runs: %w", o.Task.Short(), len(p.Runs), wire.ErrLimit)
	}
	return p, nil
}

// Root returns the root that the judge with this hotkey puts on its card about the
// task for the same runs.
func (p *Preference) Root(t protocol.TaskID, hotkey protocol.PublicKey) protocol.Hash {
	b := fingerprint.Binding{Hotkey: hotkey, Task: t}
	if p.Code == judgement.CodeFailed {
		return fingerprint.Failed(b, int(p.Runs[0].Position))
	}
	leaves := make([]protocol.Hash, len(p.Runs))
	for i, e := range p.Runs {
		leaves[i] = fingerprint.Leaf(b, int(e.Position), e.Likeliest, e.State)
	}
	return wire.MerkleRoot(leaves)
}
