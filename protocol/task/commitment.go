package task

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

var (
	// ErrSlots says that tasks, salts and answers do not belong together.
	ErrSlots = errors.New("task: tasks, salts and answers differ in number")
	// ErrUnanswered says that a slot without an answer was to be opened.
	ErrUnanswered = errors.New("task: slot without an answer")
	// ErrOpening says that an opened answer fits no commitment. Its maker is to
	// blame, but not who passes it on without knowing the ledger.
	ErrOpening = errors.New("task: fits no commitment")
)

// Sealed is a round's work of one seat, of all kinds: what its commitment is over.
type Sealed struct {
	Tasks   []wire.Task // all slots that the seat was asked, in order
	Salts   [][32]byte  // one a slot
	Answers [][]byte    // the answers' bodies; nil for a slot without an answer
}

// Leaves returns the leaves of the commitment, one a slot. Errors are [ErrSlots],
// [ErrKind], and those of [Kind.Sum].
func (s *Sealed) Leaves(kinds Table, chain string, hotkey protocol.PublicKey) ([]protocol.Hash, error) {
	if len(s.Tasks) == 0 || len(s.Tasks) > wire.MaxSlots || len(s.Salts) != len(s.Tasks) || len(s.Answers) != len(s.Tasks) {
		return nil, fmt.Errorf("%d tasks, %d salts, %d answers: %w", len(s.Tasks), len(s.Salts), len(s.Answers), ErrSlots)
	}
	leaves := make([]protocol.Hash, len(s.Tasks))
	for i, body := range s.Answers {
		if body == nil {
			leaves[i] = wire.EmptySlotLeaf(uint16(i))
			continue
		}
		var err error
		if leaves[i], err = kinds.leaf(chain, &s.Tasks[i], hotkey, s.Salts[i], body); err != nil {
			return nil, fmt.Errorf("slot %d: %w", i, err)
		}
	}
	return leaves, nil
}

// Commitment returns the root that goes on the ledger.
func (s *Sealed) Commitment(kinds Table, chain string, hotkey protocol.PublicKey) (protocol.Hash, error) {
	leaves, err := s.Leaves(kinds, chain, hotkey)
	if err != nil {
		return protocol.Hash{}, err
	}
	return wire.MerkleRoot(leaves), nil
}

// Opening returns the answer that opens a slot; [ErrUnanswered] where it has none.
func (s *Sealed) Opening(kinds Table, chain string, hotkey protocol.PublicKey, slot uint16) (*wire.Answer, error) {
	leaves, err := s.Leaves(kinds, chain, hotkey)
	if err != nil {
		return nil, err
	}
	if int(slot) >= len(leaves) || s.Answers[slot] == nil {
		return nil, fmt.Errorf("slot %d of %d: %w", slot, len(leaves), ErrUnanswered)
	}
	t := &s.Tasks[slot]
	return &wire.Answer{
		Round: t.Round, Seat: t.Seat, Slot: slot, Slots: uint16(len(leaves)),
		Task: t.ID, Salt: s.Salts[slot], Body: s.Answers[slot],
		Proof: wire.MerkleProof(leaves, int(slot)),
	}, nil
}

// CheckOpening returns nil if a opens its slot of a commitment over exactly
// slots leaves, with the given root, made by hotkey for a task of a kind of the
// table; else [ErrOpening].
func CheckOpening(kinds Table, chain string, root protocol.Hash, slots uint16, hotkey protocol.PublicKey, t *wire.Task, a *wire.Answer) error {
	switch {
	case a.Key() != t.Key() || a.Seat != t.Seat:
		return fmt.Errorf("slot %d of seat %d in round %d: %w", a.Slot, a.Seat.UID, a.Round, ErrOpening)
	case a.Task != t.ID:
		return fmt.Errorf("task %s, want %s: %w", a.Task.Short(), t.ID.Short(), ErrOpening)
	case a.Slots != slots:
		return fmt.Errorf("a tree of %d slots, want %d: %w", a.Slots, slots, ErrOpening)
	}
	leaf, err := kinds.leaf(chain, t, hotkey, a.Salt, a.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOpening, err)
	}
	if !wire.MerkleVerify(root, leaf, int(a.Slot), int(a.Slots), a.Proof) {
		return fmt.Errorf("proof against root %s: %w", root.Short(), ErrOpening)
	}
	return nil
}
