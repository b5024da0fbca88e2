package history

import (
	"context"
	"errors"
	"fmt"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// ErrSum says that the payments of an epoch are not what its record says.
var ErrSum = errors.New("payments do not add up to what the epoch paid")

// Node gives the lists of a node, item by item. Errors are yield's,
// [export.ErrGone], and its own.
type Node interface {
	Tasks(ctx context.Context, e protocol.Epoch, yield func(*api.Task) error) error
	Scores(ctx context.Context, e protocol.Epoch, yield func(*api.Score) error) error
	Weights(ctx context.Context, e protocol.Epoch, yield func(*api.Weight) error) error
	Payments(ctx context.Context, e protocol.Epoch, yield func(*api.Emission) error) error
	// Epoch returns the record of one epoch.
	Epoch(ctx context.Context, e protocol.Epoch) (*api.Epoch, error)
}

// TaskOf returns a task as its row; the next two are of its answers and cards.
func TaskOf(t *api.Task) Task {
	row := Task{
		ID: t.ID.String(), Kind: string(t.Kind), Epoch: int64(t.Epoch), Round: int64(t.Round), Time: MicrosOf(t.Time),
		UID: int32(t.UID), Registered: int64(t.Registered), Hotkey: t.Hotkey.String(), Slot: int32(t.Slot),
		Judges: make([]int32, len(t.Judges)), Body: string(t.Body),
	}
	if t.Commitment != nil {
		row.Root, row.Block = t.Commitment.Root.String(), int64(t.Commitment.Height)
	}
	for i, uid := range t.Judges {
		row.Judges[i] = int32(uid)
	}
	return row
}

// AnswerOf is [TaskOf] of an answer to a task of an epoch.
func AnswerOf(id protocol.TaskID, e protocol.Epoch, a *api.Answer) Answer {
	return Answer{
		Task: id.String(), Epoch: int64(e), Hash: a.Hash.String(), Sender: a.Sender.String(), Received: int64(a.Received),
		Body: string(a.Body), Raw: a.Raw,
	}
}

// CardOf is [TaskOf] of a card about a task of an epoch.
func CardOf(id protocol.TaskID, e protocol.Epoch, c *api.Card) Card {
	return Card{
		Task: id.String(), Epoch: int64(e), Judge: int32(c.Judge), Hotkey: c.Hotkey.String(), Received: int64(c.Received),
		Answer: c.Answer.String(), Finding: string(c.Finding), Body: string(c.Body), Raw: c.Raw,
	}
}

// tasks gives the rows of the table tasks; the next five theirs.
func tasks(n Node) export.Source[Task] {
	return func(ctx context.Context, e protocol.Epoch, yield func(*Task) error) (int64, error) {
		return 0, n.Tasks(ctx, e, func(t *api.Task) error {
			row := TaskOf(t)
			return yield(&row)
		})
	}
}

func answers(n Node) export.Source[Answer] {
	return func(ctx context.Context, e protocol.Epoch, yield func(*Answer) error) (int64, error) {
		return 0, n.Tasks(ctx, e, func(t *api.Task) error {
			for i := range t.Answers {
				row := AnswerOf(t.ID, t.Epoch, &t.Answers[i])
				if err := yield(&row); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func cards(n Node) export.Source[Card] {
	return func(ctx context.Context, e protocol.Epoch, yield func(*Card) error) (int64, error) {
		return 0, n.Tasks(ctx, e, func(t *api.Task) error {
			for i := range t.Cards {
				row := CardOf(t.ID, t.Epoch, &t.Cards[i])
				if err := yield(&row); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// Names remembers the addresses of keys, which are the same in each epoch.
type Names map[protocol.PublicKey]string

// maxNames is as many as a network has hotkeys and coldkeys.
const maxNames = 2 * 4096

// Of returns the address of a key.
func (n Names) Of(k protocol.PublicKey) string {
	s, ok := n[k]
	if !ok {
		if len(n) >= maxNames {
			clear(n)
		}
		s = k.String()
		n[k] = s
	}
	return s
}

// PaymentOf returns what an epoch paid to a seat as its row.
func (n Names) PaymentOf(p *api.Emission) Payment {
	return Payment{
		Epoch: int64(p.Epoch), Block: int64(p.Height), Time: MicrosOf(p.Time), UID: int32(p.UID), Registered: int64(p.Registered),
		Hotkey: n.Of(p.Hotkey), Coldkey: n.Of(p.Coldkey), Incentive: float64(p.Incentive) / 65535, Dividend: float64(p.Dividend) / 65535,
		Miner: Tokens(p.Miner), Validator: Tokens(p.Validator), Total: Tokens(p.Total), Drawn: int64(p.Drawn), Fulfilled: int64(p.Fulfilled),
	}
}

// WeightOf returns an entry of an opened row as its row.
func WeightOf(w *api.Weight) Weight {
	return Weight{
		Epoch: int64(w.Epoch), Block: int64(w.Height), Time: MicrosOf(w.Time), Validator: int32(w.Validator), UID: int32(w.UID),
		Value: int32(w.Value), Share: float64(w.Value) / 65535,
	}
}

func scores(n Node) export.Source[Score] {
	known := Names{}
	return func(ctx context.Context, e protocol.Epoch, yield func(*Score) error) (int64, error) {
		return 0, n.Scores(ctx, e, func(s *api.Score) error {
			return yield(&Score{
				Epoch: int64(s.Epoch), Time: MicrosOf(s.Time), UID: int32(s.UID), Registered: int64(s.Registered), Hotkey: known.Of(s.Hotkey), Kind: string(s.Kind), Final: s.Final,
				Asked: int64(s.Asked), Answered: int64(s.Answered), Exact: int64(s.Exact), Inexact: int64(s.Inexact), Late: int64(s.Late), NotGiven: int64(s.NotGiven), Units: int64(s.Units),
				Bound: float64(s.Bound) / 65536, Speed: float64(s.Speed) / 65536, Availability: float64(s.Availability) / 65536, Weight: float64(s.Weight) / 65535,
				Reason: s.Explain.Reason,
			})
		})
	}
}

func weights(n Node) export.Source[Weight] {
	return func(ctx context.Context, e protocol.Epoch, yield func(*Weight) error) (int64, error) {
		return 0, n.Weights(ctx, e, func(w *api.Weight) error {
			row := WeightOf(w)
			return yield(&row)
		})
	}
}

func payments(n Node) export.Source[Payment] {
	known := Names{}
	return func(ctx context.Context, e protocol.Epoch, yield func(*Payment) error) (int64, error) {
		var miners, validators protocol.Amount
		err := n.Payments(ctx, e, func(p *api.Emission) error {
			miners, validators = miners+p.Miner, validators+p.Validator
			row := known.PaymentOf(p)
			return yield(&row)
		})
		if err != nil {
			return 0, err
		}
		rec, err := n.Epoch(ctx, e)
		if err != nil {
			return 0, err
		}
		if rec.Miners != miners || rec.Validators != validators {
			return 0, fmt.Errorf("%w: %s to miners and %s to validators, and the record says %s and %s", ErrSum, miners, validators, rec.Miners, rec.Validators)
		}
		return 0, nil
	}
}
