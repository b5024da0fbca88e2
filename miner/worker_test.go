package miner_test

import (
	"context"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// echo is a kind of tasks, and the worker that does it: a task is its own id, and
// the answer is the task. It needs no model.
type echo struct{}

const echoes protocol.Kind = "echo"

func (echo) Name() protocol.Kind { return echoes }

func (echo) Derive(_ *params.Params, id protocol.TaskID, _ []protocol.ModelID) []byte { return id[:] }

func (echo) CheckTask(*wire.Task) error { return nil }

func (echo) CheckAnswer(t *wire.Task, body []byte) error {
	if string(body) != string(t.Body) {
		return wire.ErrLimit
	}
	return nil
}

func (echo) CheckCard(*wire.Card) error { return nil }

func (echo) Sum(body []byte) (wire.Sum, error) { return wire.SumOf(body), nil }

func (echo) Work(_ *params.Params, opened []task.Opened) []task.Worth {
	return make([]task.Worth, len(opened))
}

func (echo) Offer() wire.Offer { return wire.Offer{Kind: echoes, Capacity: 1} }

func (echo) Answer(_ context.Context, t *wire.Task, _ protocol.PublicKey) ([]byte, error) {
	return t.Body, nil
}

func TestASeatThatOffersNoKindThatNeedsAModelOpensNone(t *testing.T) {
	w := newWorld(t)
	w.put(ledger.RosterSeatKey(2, w.seat.UID), &ledger.RosterSeat{
		ID: w.seat, Hotkey: w.hotkey.PublicKey(), Asked: []task.Asked{{Kind: echoes, Slots: 2}},
	})
	w.draw(round)
	w.p.Kinds = w.p.Kinds[:1]
	w.p.Kinds[0].Name, w.p.Kinds[0].Models = echoes, nil
	cfg := w.config(newMemory(), puppet{})
	cfg.Kinds, cfg.Workers = task.Table{echo{}}, []miner.Worker{echo{}}
	m, err := miner.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.step(m, start+3)
	w.work(m)
	w.include(start + 5)
	w.step(m, deadline)
	if len(w.published) != 2 {
		t.Fatalf("opened %d answers, want 2", len(w.published))
	}
	for _, raw := range w.published {
		s, err := wire.OpenAnswer(raw, chain)
		if err != nil {
			t.Fatal(err)
		}
		if string(s.Answer.Body) != string(s.Answer.Task[:]) {
			t.Errorf("slot %d: answered %x", s.Answer.Slot, s.Answer.Body)
		}
	}
}
