package validator

import (
	"bytes"
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// judges are those of all kinds.
type judges []Judge

// of returns the judge of a kind, nil where there is none.
func (js judges) of(kind protocol.Kind) Judge {
	for _, j := range js {
		if j.Kind() == kind {
			return j
		}
	}
	return nil
}

// judge judges an answer by the judge of its kind.
func (js judges) judge(ctx context.Context, t *wire.Task, hotkey protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	j := js.of(t.Kind)
	if j == nil {
		return scoring.Outcome{}, fmt.Errorf("kind %.16q: %w", t.Kind, task.ErrKind)
	}
	return j.Judge(ctx, t, hotkey, answer)
}

// confirmed returns [ErrBroken] unless the reference comes to the outcome of the
// engine.
func (js judges) confirmed(ctx context.Context, reference judges, o *scoring.Outcome, t *wire.Task, hotkey protocol.PublicKey, answer []byte) error {
	j := reference.of(t.Kind)
	if j == nil {
		return nil
	}
	own, err := j.Judge(ctx, t, hotkey, answer)
	if err != nil {
		return err
	}
	if own.Finding != o.Finding || !bytes.Equal(own.Found, o.Found) {
		return fmt.Errorf("the engine finds slot %d of seat %d in round %d %s, the reference %s: %w", t.Slot, t.Seat.UID, t.Round, o.Finding, own.Finding, ErrBroken)
	}
	return nil
}

// body returns what the judge with this hotkey says of an outcome beside the
// finding: nothing of an answer that was not opened.
func (js judges) body(o *scoring.Outcome, hotkey protocol.PublicKey) ([]byte, error) {
	j := js.of(o.Kind)
	if j == nil {
		return nil, fmt.Errorf("kind %.16q: %w", o.Kind, task.ErrKind)
	}
	return j.Body(o, hotkey)
}

// planted reports whether an answer that was found false is right but for what is
// planted.
func (js judges) planted(o *scoring.Outcome, hotkey protocol.PublicKey, answer []byte, plants plant.Round, slot uint16) (bool, error) {
	j, ok := js.of(o.Kind).(gardener)
	if !ok {
		return false, nil
	}
	return j.Planted(o, hotkey, answer, plants, slot)
}

// gardener is a [Judge] of answers that can be planted.
type gardener interface {
	Planted(o *scoring.Outcome, hotkey protocol.PublicKey, answer []byte, plants plant.Round, slot uint16) (bool, error)
}

// checkCard returns scoring.ErrFalseCard unless a card of the judge with this
// hotkey says what the outcome is; other errors mean that it cannot be told.
func (js judges) checkCard(o *scoring.Outcome, c *wire.Card, hotkey protocol.PublicKey) error {
	body, err := js.body(o, hotkey)
	if err != nil {
		return err
	}
	return o.CheckCard(c, body)
}
