package export

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

// Tasks gives the opened answers of a kind in an epoch with their evidence, by
// round, seat and slot, as /v1/records has them.
type Tasks func(ctx context.Context, kind protocol.Kind, e protocol.Epoch, yield func(*api.Task) error) error

// Decoder returns the text of a model's tokens; "" where it does not have the
// model.
type Decoder func(model protocol.ModelID, tokens []int32) string

// Inference makes a row of every answer of the kind inference that opens a
// commitment on the ledger, and that no judge found to be false.
func Inference(chain string, tasks Tasks, decode Decoder) Source[Run] {
	return answers(chain, tasks, "inference", func(_ *api.Task, p *Provenance, passed int32, asked *api.InferenceTask, said *api.InferenceAnswer) (*Run, error) {
		p.Model, p.Seed = asked.Model.String(), asked.Seed.String()
		return &Run{
			System: valid(asked.System), Prompt: valid(asked.Prompt), Response: valid(decode(asked.Model, said.Output)),
			Tokens: append([]int32{}, said.Output...), Finish: said.Finish, Passed: passed, Provenance: *p,
		}, nil
	})
}

// answers makes the rows of a kind: of every answer that is proven, what row makes
// of it, of the body T of its task, and of its own, A. Where row returns nil there
// is none.
func answers[T, A, R any](chain string, tasks Tasks, kind protocol.Kind, row func(*api.Task, *Provenance, int32, *T, *A) (*R, error)) Source[R] {
	return func(ctx context.Context, e protocol.Epoch, yield func(*R) error) (dropped int64, err error) {
		err = tasks(ctx, kind, e, func(t *api.Task) error {
			p, passed, err := proven(chain, t)
			if err != nil {
				return err
			}
			if p == nil {
				dropped++
				return nil
			}
			var asked T
			var said A
			if err := body(t, &asked, &said); err != nil {
				return err
			}
			r, err := row(t, p, passed, &asked, &said)
			if err != nil {
				return err
			}
			if r == nil {
				dropped++
				return nil
			}
			return yield(r)
		})
		return dropped, err
	}
}

// proven checks that the answer of a task was signed by its miner and opens the
// commitment that the ledger has, and returns its provenance without what its kind
// knows, and how many judges passed it; nil where it is not proven, or was found
// to be false.
func proven(chain string, t *api.Task) (*Provenance, int32, error) {
	if len(t.Answers) == 0 || t.Commitment == nil {
		return nil, 0, nil
	}
	a, err := wire.OpenAnswer(t.Answers[0].Raw, chain)
	if err != nil {
		return nil, 0, fmt.Errorf("answer of task %s: %w", t.ID, err)
	}
	asked := wire.Task{ID: t.ID, Kind: t.Kind, Round: t.Round, Seat: protocol.SeatID{UID: t.UID, Registered: t.Registered}, Slot: t.Slot}
	opens := task.CheckOpening(kinds.All(), chain, t.Commitment.Root, a.Answer.Slots, t.Hotkey, &asked, &a.Answer) == nil
	if a.Sender != t.Hotkey || !opens {
		return nil, 0, nil
	}
	var passed int32
	for i := range t.Cards {
		if t.Cards[i].Finding != wire.FindingPassed {
			return nil, 0, nil
		}
		passed++
	}
	return &Provenance{
		Task: t.ID.String(), Miner: t.Hotkey.String(), UID: int32(t.UID), Slot: int32(t.Slot), Epoch: int64(t.Epoch), Round: int64(t.Round),
		Block: int64(t.Commitment.Height), Root: t.Commitment.Root.String(), Answer: a.Hash().String(),
	}, passed, nil
}

// body reads what was asked, and the answer, which is read from its signed bytes:
// what stands beside them may say something else.
func body(t *api.Task, asked, said any) error {
	a, err := wire.ReadAnswer(t.Answers[0].Raw)
	if err != nil {
		return err
	}
	b, err := api.AnswerBody(t.Kind, &a.Answer)
	if err != nil {
		return fmt.Errorf("answer of task %s: %w", t.ID, err)
	}
	if err := json.Unmarshal(b, said); err != nil {
		return fmt.Errorf("answer of task %s: %w", t.ID, err)
	}
	if err := json.Unmarshal(t.Body, asked); err != nil {
		return fmt.Errorf("body of task %s: %w", t.ID, err)
	}
	return nil
}

// valid is s in UTF-8: a model may end in the middle of a letter, and Parquet takes
// none of that.
func valid(s string) string { return strings.ToValidUTF8(s, "�") }
