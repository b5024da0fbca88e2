package inference

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// kind is these tasks as package task has them.
type kind struct{}

// New returns the kind.
func New() task.Kind { return kind{} }

// Name implements [task.Kind].
func (kind) Name() protocol.Kind { return Kind }

// CheckTask implements [task.Kind].
func (kind) CheckTask(t *wire.Task) error {
	_, err := ReadTask(t.Body)
	return err
}

// CheckAnswer implements [task.Kind].
func (kind) CheckAnswer(_ *wire.Task, body []byte) error {
	_, err := ReadResult(body)
	return err
}

// CheckCard implements [task.Kind].
func (kind) CheckCard(c *wire.Card) error {
	b, err := ReadCard(c.Body)
	if err != nil {
		return err
	}
	if b.Code.Finding() != c.Finding {
		return fmt.Errorf("code %q with finding %q: %w", b.Code, c.Finding, wire.ErrLimit)
	}
	return nil
}
