package inference

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

var (
	// ErrSlots says that tasks, salts and results do not belong together.
	ErrSlots = errors.New("inference: tasks, salts and results differ in number")
	// ErrUnanswered says that a slot without an answer was to be opened.
	ErrUnanswered = errors.New("inference: slot without an answer")
	// ErrOpening says that an opened answer fits no commitment. Its maker is to
	// blame, but not who passes it on without knowing the ledger.
	ErrOpening = errors.New("inference: fits no commitment")
)

// Sealed is a round's work of one seat: what its commitment is over. A slot
// without an answer has a nil result.
type Sealed struct {
	Tasks   []wire.InferenceTask // all slots that the seat was asked, in order
	Salts   [][32]byte           // one a slot
	Results []*wire.Result
}

// Leaves returns the leaves of the commitment, one a slot.
func (s *Sealed) Leaves(chain string, hotkey protocol.PublicKey) ([]protocol.Hash, error) {
	if len(s.Tasks) == 0 || len(s.Tasks) > wire.MaxSlots || len(s.Salts) != len(s.Tasks) || len(s.Results) != len(s.Tasks) {
		return nil, fmt.Errorf("%d tasks, %d salts, %d results: %w", len(s.Tasks), len(s.Salts), len(s.Results), ErrSlots)
	}
	leaves := make([]protocol.Hash, len(s.Tasks))
	for i, r := range s.Results {
		if r == nil {
			leaves[i] = wire.EmptySlotLeaf(uint16(i))
			continue
		}
		leaves[i] = wire.SlotLeaf(chain, s.Tasks[i].ID, hotkey, s.Salts[i], r)
	}
	return leaves, nil
}

// Commitment returns the root that goes on the ledger.
func (s *Sealed) Commitment(chain string, hotkey protocol.PublicKey) (protocol.Hash, error) {
	leaves, err := s.Leaves(chain, hotkey)
	if err != nil {
		return protocol.Hash{}, err
	}
	return wire.MerkleRoot(leaves), nil
}

// Opening returns the answer that opens a slot; [ErrUnanswered] where it has none.
func (s *Sealed) Opening(chain string, hotkey protocol.PublicKey, slot uint16) (*wire.Answer, error) {
	leaves, err := s.Leaves(chain, hotkey)
	if err != nil {
		return nil, err
	}
	if int(slot) >= len(leaves) || s.Results[slot] == nil {
		return nil, fmt.Errorf("slot %d of %d: %w", slot, len(leaves), ErrUnanswered)
	}
	t := &s.Tasks[slot]
	return &wire.Answer{
		Round: t.Round, Seat: t.Seat, Slot: slot, Slots: uint16(len(leaves)),
		Task: t.ID, Salt: s.Salts[slot], Result: *s.Results[slot],
		Proof: wire.MerkleProof(leaves, int(slot)),
	}, nil
}

// CheckOpening returns nil if a opens its slot of a commitment over exactly
// slots leaves, with the given root, made by hotkey for task; else [ErrOpening].
func CheckOpening(chain string, root protocol.Hash, slots uint16, hotkey protocol.PublicKey, task *wire.InferenceTask, a *wire.Answer) error {
	switch {
	case a.Round != task.Round || a.Seat != task.Seat || a.Slot != task.Slot:
		return fmt.Errorf("slot %d of seat %d in round %d: %w", a.Slot, a.Seat.UID, a.Round, ErrOpening)
	case a.Task != task.ID:
		return fmt.Errorf("task %s, want %s: %w", a.Task.Short(), task.ID.Short(), ErrOpening)
	case a.Slots != slots:
		return fmt.Errorf("a tree of %d slots, want %d: %w", a.Slots, slots, ErrOpening)
	}
	leaf := wire.SlotLeaf(chain, a.Task, hotkey, a.Salt, &a.Result)
	if !wire.MerkleVerify(root, leaf, int(a.Slot), int(a.Slots), a.Proof) {
		return fmt.Errorf("proof against root %s: %w", root.Short(), ErrOpening)
	}
	return nil
}
