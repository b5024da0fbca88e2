package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Commit seals the signer's answers of a round: the Merkle root over exactly
// the slots that its seat was asked. One per seat and round.
type Commit struct {
	_     struct{}       `cbor:",toarray"`
	Round protocol.Round // that runs
	Root  protocol.Hash  // over the leaves of [SlotLeaf] and [EmptySlotLeaf], by slot
}

// Code implements [Coded].
func (b *Commit) Code(c *Coder) {
	c.Array(2)
	Uint(c, &b.Round)
	c.Fixed(b.Root[:])
}

// Type implements [Body].
func (*Commit) Type() TxType { return TxCommit }

// Turn implements [LaneBody].
func (b *Commit) Turn() Turn { return numbered(b.Round) }

// Check implements [Body].
func (b *Commit) Check() error { return nil }

// MaxAttestBytes bounds what a judge attests of a round: a bit for each answer of a
// full network (params). The ledger takes no more than was published.
const MaxAttestBytes = 48 << 10

// Attest says which answers of a round the signer, a judge, holds when openings are
// over. One per judge and round.
type Attest struct {
	_     struct{}       `cbor:",toarray"`
	Round protocol.Round // that runs
	Bits  Bits           // one an answer, in the order of ledger.ReadPublished; at most MaxAttestBytes
	Root  protocol.Hash  // over the leaves of [CustodyLeaf] of those it holds, in this order
}

// Type implements [Body].
func (*Attest) Type() TxType { return TxAttest }

// Turn implements [LaneBody].
func (b *Attest) Turn() Turn { return numbered(b.Round) }

// Check implements [Body].
func (b *Attest) Check() error {
	if len(b.Bits) > MaxAttestBytes {
		return fmt.Errorf("%d bytes of answers, at most %d: %w", len(b.Bits), MaxAttestBytes, ErrLimit)
	}
	return nil
}

// CommitWeights seals the signer's weights of the running epoch.
type CommitWeights struct {
	_     struct{}       `cbor:",toarray"`
	Epoch protocol.Epoch // that runs
	Hash  protocol.Hash  // what [RevealWeights.Seal] gives
}

// Code implements [Coded].
func (b *CommitWeights) Code(c *Coder) {
	c.Array(2)
	Uint(c, &b.Epoch)
	c.Fixed(b.Hash[:])
}

// Type implements [Body].
func (*CommitWeights) Type() TxType { return TxCommitWeights }

// Turn implements [LaneBody].
func (b *CommitWeights) Turn() Turn { return numbered(b.Epoch) }

// Check implements [Body].
func (b *CommitWeights) Check() error { return nil }

// maxWeights is the largest number of seats of any network (params).
const maxWeights = 4096

// RevealWeights opens the weights that were sealed in Epoch, in the epoch after
// it. Rows are sorted by uid, without repetition.
type RevealWeights struct {
	_      struct{}              `cbor:",toarray"`
	Epoch  protocol.Epoch        // in which they were sealed
	UIDs   Numbers[protocol.UID] // of the seats that have a weight, at most 4,096
	Values Numbers[uint16]       // one a uid; only how they compare counts
	Salt   [32]byte              // hides the weights until they are opened
}

// Code implements [Coded].
func (r *RevealWeights) Code(c *Coder) {
	c.Array(4)
	Uint(c, &r.Epoch)
	Uints(c, &r.UIDs)
	Uints(c, &r.Values)
	c.Fixed(r.Salt[:])
}

// Type implements [Body].
func (*RevealWeights) Type() TxType { return TxRevealWeights }

// Turn implements [LaneBody].
func (r *RevealWeights) Turn() Turn { return numbered(r.Epoch) }

// Check implements [Body].
func (r *RevealWeights) Check() error {
	if len(r.UIDs) != len(r.Values) || len(r.UIDs) > maxWeights {
		return fmt.Errorf("%d uids, %d values, at most %d: %w", len(r.UIDs), len(r.Values), maxWeights, ErrLimit)
	}
	for i := 1; i < len(r.UIDs); i++ {
		if r.UIDs[i] <= r.UIDs[i-1] {
			return fmt.Errorf("uid %d after %d: %w", r.UIDs[i], r.UIDs[i-1], ErrNotCanonical)
		}
	}
	return nil
}

// Seal returns the hash that CommitWeights carries for these weights.
func (r *RevealWeights) Seal(hotkey protocol.PublicKey) protocol.Hash {
	return HashOf("assay/1/weights", hotkey[:], Encode(r))
}
