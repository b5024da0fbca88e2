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

// maxKinds is the largest number of kinds of any network (params).
const maxKinds = 8

// SeatCount is how many things there are of one seat, by kind in the network's
// order. What is left out at the end is zero.
type SeatCount struct {
	_      struct{} `cbor:",toarray"`
	UID    protocol.UID
	Counts []uint32 // of the epoch, at most one a kind
}

// CommitCards puts on the ledger what the signer judged in Epoch: Counts are its
// own cards by kind, as in [SeatCount]. Seen counts, for every other judge, the
// cards that arrived in time and were not found false, and of people's lane the
// sets of pairs that it published and opened, and that were not found false. It is
// sorted by uid, without repetition.
type CommitCards struct {
	_      struct{}       `cbor:",toarray"`
	Epoch  protocol.Epoch // whose cards they are
	Root   protocol.Hash  // Merkle root over the leaves of the signer's own cards, by key
	Counts []uint32       // at most one a kind
	Seen   []SeatCount    // by judge, at most 4,096
}

// Type implements [Body].
func (*CommitCards) Type() TxType { return TxCommitCards }

// Turn implements [LaneBody].
func (b *CommitCards) Turn() Turn { return numbered(b.Epoch) }

// Check implements [Body].
func (b *CommitCards) Check() error {
	if len(b.Counts) > maxKinds {
		return fmt.Errorf("counts of %d kinds, at most %d: %w", len(b.Counts), maxKinds, ErrLimit)
	}
	if len(b.Seen) > maxWeights {
		return fmt.Errorf("%d counts, at most %d: %w", len(b.Seen), maxWeights, ErrLimit)
	}
	for i := range b.Seen {
		if len(b.Seen[i].Counts) > maxKinds {
			return fmt.Errorf("counts of %d kinds, at most %d: %w", len(b.Seen[i].Counts), maxKinds, ErrLimit)
		}
		if i > 0 && b.Seen[i].UID <= b.Seen[i-1].UID {
			return fmt.Errorf("uid %d after %d: %w", b.Seen[i].UID, b.Seen[i-1].UID, ErrNotCanonical)
		}
	}
	return nil
}
