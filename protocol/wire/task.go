package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Limits of a task, named before anything is allocated.
const (
	// MaxSlots is the most tasks that one seat is asked in one round, of all
	// kinds together; the network's own, lower caps are in params.
	MaxSlots = 1024
	// MaxTaskBytes bounds what a kind asks: a prompt of 64 KiB and its settings.
	MaxTaskBytes = 96 << 10
	// maxKindText is the longest name of a kind.
	maxKindText = 16
)

// Task is one thing that a seat is asked. It is derived from the beacon and
// sent by nobody, but in a [Receipt].
type Task struct {
	_     struct{}        `cbor:",toarray"`
	ID    protocol.TaskID // follows from all of the task but the body, and from the beacon
	Kind  protocol.Kind   // 1 … 16 bytes of printable ASCII
	Round protocol.Round  // in which it is set
	Seat  protocol.SeatID // that is asked
	Slot  uint16          // below MaxSlots, over the slots of all kinds
	Body  []byte          // at most MaxTaskBytes: what the kind asks
}

// Key names the slot that the task fills.
func (t *Task) Key() AnswerKey { return AnswerKey{Round: t.Round, UID: t.Seat.UID, Slot: t.Slot} }

// Check refuses what no beacon draws: [ErrLimit]. What the body says is for its
// kind to check.
func (t *Task) Check() error {
	if t.Slot >= MaxSlots || len(t.Body) > MaxTaskBytes {
		return fmt.Errorf("slot %d, body of %d bytes: %w", t.Slot, len(t.Body), ErrLimit)
	}
	return checkKind(t.Kind)
}

// checkKind refuses a name that no kind has, by its form alone.
func checkKind(k protocol.Kind) error {
	if k == "" {
		return fmt.Errorf("no kind: %w", ErrLimit)
	}
	return shown("kind", string(k), maxKindText)
}
