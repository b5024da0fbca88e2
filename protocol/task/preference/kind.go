package preference

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// Kind names these tasks.
const Kind protocol.Kind = "preference"

type kind struct{}

// New returns the kind.
func New() task.Kind { return kind{} }

// Name implements [task.Kind].
func (kind) Name() protocol.Kind { return Kind }

// Derive implements [task.Kind]: what a seat is asked is dealt to all raters at
// once ([Deal]), and no task says it.
func (kind) Derive(*params.Params, protocol.TaskID, []protocol.ModelID) []byte { return nil }

// CheckTask implements [task.Kind].
func (kind) CheckTask(t *wire.Task) error {
	if len(t.Body) > 0 {
		return fmt.Errorf("a task of %d bytes, where there are none: %w", len(t.Body), wire.ErrLimit)
	}
	return nil
}

// CheckAnswer implements [task.Kind].
func (kind) CheckAnswer(_ *wire.Task, body []byte) error { return wire.CheckRatings(body) }

// CheckCard implements [task.Kind]: there are no cards.
func (kind) CheckCard(*wire.Card) error {
	return fmt.Errorf("nobody judges ratings: %w", wire.ErrUnknown)
}

// Sum implements [task.Kind].
func (kind) Sum(body []byte) (wire.Sum, error) { return wire.SumOf(body), nil }

// Work implements [task.Kind]: an answer by itself is worth nothing.
func (kind) Work(_ *params.Params, opened []task.Opened) []task.Worth {
	return make([]task.Worth, len(opened))
}
