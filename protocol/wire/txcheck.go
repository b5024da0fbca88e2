package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Kind implements [Body].
func (*Transfer) Kind() TxKind        { return TxTransfer }
func (*Register) Kind() TxKind        { return TxRegister }
func (*AddStake) Kind() TxKind        { return TxAddStake }
func (*RemoveStake) Kind() TxKind     { return TxRemoveStake }
func (*Serve) Kind() TxKind           { return TxServe }
func (*SetConsensusKey) Kind() TxKind { return TxSetConsensusKey }
func (*ExtendBeacon) Kind() TxKind    { return TxExtendBeacon }
func (*Commit) Kind() TxKind          { return TxCommit }
func (*CommitWeights) Kind() TxKind   { return TxCommitWeights }
func (*RevealWeights) Kind() TxKind   { return TxRevealWeights }
func (*CommitCards) Kind() TxKind     { return TxCommitCards }

// Check implements [Body].
func (b *Transfer) Check() error { return positive(b.Amount) }

// Check implements [Body].
func (b *Register) Check() error { return nil }

// Check implements [Body].
func (b *AddStake) Check() error { return positive(b.Amount) }

// Check implements [Body].
func (b *RemoveStake) Check() error { return positive(b.Amount) }

// Check implements [Body].
func (b *Serve) Check() error {
	if len(b.Models) > maxServedModels || len(b.Addresses) > maxAddresses || len(b.Kinds) > maxKinds {
		return fmt.Errorf("%d models, %d addresses, %d kinds: %w", len(b.Models), len(b.Addresses), len(b.Kinds), ErrLimit)
	}
	if b.Capacity > MaxSlots {
		return fmt.Errorf("capacity %d, at most %d: %w", b.Capacity, MaxSlots, ErrLimit)
	}
	for _, a := range b.Addresses {
		if len(a) > maxAddressText {
			return fmt.Errorf("address of %d bytes, at most %d: %w", len(a), maxAddressText, ErrLimit)
		}
	}
	for _, k := range b.Kinds {
		if len(k) > maxKindText {
			return fmt.Errorf("kind of %d bytes, at most %d: %w", len(k), maxKindText, ErrLimit)
		}
	}
	return nil
}

// Check implements [Body].
func (b *SetConsensusKey) Check() error {
	if len(b.Address) > maxAddressText {
		return fmt.Errorf("address of %d bytes, at most %d: %w", len(b.Address), maxAddressText, ErrLimit)
	}
	return nil
}

// Check implements [Body].
func (b *ExtendBeacon) Check() error { return nil }

// Check implements [Body].
func (b *Commit) Check() error { return nil }

// Check implements [Body].
func (b *CommitWeights) Check() error { return nil }

// Check implements [Body].
func (b *RevealWeights) Check() error {
	if len(b.UIDs) != len(b.Values) || len(b.UIDs) > maxWeights {
		return fmt.Errorf("%d uids, %d values, at most %d: %w", len(b.UIDs), len(b.Values), maxWeights, ErrLimit)
	}
	for i := 1; i < len(b.UIDs); i++ {
		if b.UIDs[i] <= b.UIDs[i-1] {
			return fmt.Errorf("uid %d after %d: %w", b.UIDs[i], b.UIDs[i-1], ErrNotCanonical)
		}
	}
	return nil
}

// Check implements [Body].
func (b *CommitCards) Check() error {
	for _, list := range [][]SeatCount{b.Seen, b.Opened} {
		if len(list) > maxWeights {
			return fmt.Errorf("%d counts, at most %d: %w", len(list), maxWeights, ErrLimit)
		}
		for i := 1; i < len(list); i++ {
			if list[i].UID <= list[i-1].UID {
				return fmt.Errorf("uid %d after %d: %w", list[i].UID, list[i-1].UID, ErrNotCanonical)
			}
		}
	}
	return nil
}

func positive(a protocol.Amount) error {
	if a == 0 {
		return fmt.Errorf("amount of zero: %w", ErrLimit)
	}
	return nil
}
