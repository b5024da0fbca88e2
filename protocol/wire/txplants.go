package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// MaxPlantProofs bounds the proofs of [OpenPlants]: each has 1.1 KB at most.
const MaxPlantProofs = 40

// maxLeafProof is the depth of a tree of 4,096 leaves, one for each token.
const maxLeafProof = 12

// ExtendPlants registers a chain by whose links the signer's seat plants answers
// (package plant).
type ExtendPlants struct {
	_      struct{}       `cbor:",toarray"`
	Start  protocol.Epoch // that the first link serves: the next one
	Anchor protocol.Hash  // the hash of the first link
}

// Type implements [Body].
func (*ExtendPlants) Type() TxType { return TxExtendPlants }

// Turn implements [LaneBody].
func (b *ExtendPlants) Turn() Turn { return numbered(b.Start) }

// Check implements [Body].
func (*ExtendPlants) Check() error { return nil }

// OpenPlants opens the link by which the signer's seat planted in the epoch before,
// and proves what it planted of what judges drew.
type OpenPlants struct {
	_      struct{} `cbor:",toarray"`
	Epoch  protocol.Epoch
	Link   protocol.Hash
	Proofs []PlantProof // ascending by round and slot, at most MaxPlantProofs
}

// PlantProof shows that one leaf of an answer is the altered one, by the
// commitment.
type PlantProof struct {
	_           struct{} `cbor:",toarray"`
	Round       protocol.Round
	Slot        uint16
	Salt        [32]byte        // of the answer
	Digest      protocol.Hash   // of its [Sum]
	Fingerprint protocol.Hash   // of its Sum
	Proof       []protocol.Hash // from the slot's leaf to the commitment
	Leaves      uint32          // 1 … 4096: of the fingerprint
	Position    uint32          // of the token of the altered leaf, prompt included
	Token       int32
	State       protocol.Hash   // the true hash of the state there
	Path        []protocol.Hash // from the altered leaf to the fingerprint
}

// Type implements [Body].
func (*OpenPlants) Type() TxType { return TxOpenPlants }

// Turn implements [LaneBody].
func (b *OpenPlants) Turn() Turn { return numbered(b.Epoch) }

// Check implements [Body].
func (b *OpenPlants) Check() error {
	if len(b.Proofs) > MaxPlantProofs {
		return fmt.Errorf("%d proofs of plants, at most %d: %w", len(b.Proofs), MaxPlantProofs, ErrLimit)
	}
	for i := range b.Proofs {
		p := &b.Proofs[i]
		if len(p.Proof) > maxProof || len(p.Path) > maxLeafProof {
			return fmt.Errorf("a plant with %d and %d hashes of proof: %w", len(p.Proof), len(p.Path), ErrLimit)
		}
		if p.Leaves < 1 || p.Leaves > 1<<maxLeafProof || p.Slot >= MaxSlots {
			return fmt.Errorf("a plant of slot %d among %d leaves: %w", p.Slot, p.Leaves, ErrLimit)
		}
		if i > 0 && !b.Proofs[i-1].before(p) {
			return fmt.Errorf("plants that do not ascend: %w", ErrNotCanonical)
		}
	}
	return nil
}

func (p *PlantProof) before(q *PlantProof) bool {
	return p.Round < q.Round || p.Round == q.Round && p.Slot < q.Slot
}

// SealLeak seals that its signer knows a link, to be shown by [LeakedLink] in a
// later block: so nobody who sees it shown can have been the first.
type SealLeak struct {
	_    struct{}      `cbor:",toarray"`
	Seal protocol.Hash // [LeakedLink.Seal]
}

// Type implements [Body].
func (*SealLeak) Type() TxType { return TxSealLeak }

// Check implements [Body].
func (*SealLeak) Check() error { return nil }

// LeakedLink shows a link that was to be secret until judges have opened what they
// found: whoever told it to a judge loses collateral, a part of it to who sealed
// that it knew.
type LeakedLink struct {
	_     struct{}        `cbor:",toarray"`
	Seat  protocol.SeatID // whose chain it is of
	Epoch protocol.Epoch  // that it serves
	Link  protocol.Hash
}

// Type implements [Body].
func (*LeakedLink) Type() TxType { return TxLeakedLink }

// Check implements [Body].
func (*LeakedLink) Check() error { return nil }

// Seal returns what the key that will sign it seals before: H("assay/1/leak", key ‖
// u16 uid ‖ u64 registered ‖ u64 epoch ‖ link).
func (b *LeakedLink) Seal(signer protocol.PublicKey) protocol.Hash {
	at := binary.BigEndian.AppendUint16(nil, uint16(b.Seat.UID))
	at = binary.BigEndian.AppendUint64(at, uint64(b.Seat.Registered))
	at = binary.BigEndian.AppendUint64(at, uint64(b.Epoch))
	return HashOf("assay/1/leak", signer[:], at, b.Link[:])
}
