package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Type implements [Body].
func (*Transfer) Type() TxType { return TxTransfer }

// Type implements [Body].
func (*Register) Type() TxType { return TxRegister }

// Type implements [Body].
func (*AddStake) Type() TxType { return TxAddStake }

// Type implements [Body].
func (*RemoveStake) Type() TxType { return TxRemoveStake }

// Type implements [Body].
func (*Serve) Type() TxType { return TxServe }

// Type implements [Body].
func (*SetConsensusKey) Type() TxType { return TxSetConsensusKey }

// Type implements [Body].
func (*ExtendBeacon) Type() TxType { return TxExtendBeacon }

// Type implements [Body].
func (*Commit) Type() TxType { return TxCommit }

// Type implements [Body].
func (*CommitWeights) Type() TxType { return TxCommitWeights }

// Type implements [Body].
func (*RevealWeights) Type() TxType { return TxRevealWeights }

// Type implements [Body].
func (*CommitCards) Type() TxType { return TxCommitCards }

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
		if err := shown("address", a, maxAddressText); err != nil {
			return err
		}
	}
	for _, k := range b.Kinds {
		if err := shown("kind", k, maxKindText); err != nil {
			return err
		}
	}
	return nil
}

// Check implements [Body].
func (b *SetConsensusKey) Check() error {
	if b.Address == "" { // it dials, and is not dialled
		return nil
	}
	return CheckHostPort(b.Address)
}

// Check implements [Body].
func (b *ExtendBeacon) Check() error { return nil }

// Check implements [Body].
func (b *Commit) Check() error { return nil }

// Check implements [Body].
func (b *CommitWeights) Check() error { return nil }

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

// shown refuses text that is too long, or that could trick a terminal or a log:
// it must be printable ASCII.
func shown(what, s string, limit int) error {
	if len(s) > limit {
		return fmt.Errorf("%s of %d bytes, at most %d: %w", what, len(s), limit, ErrLimit)
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return fmt.Errorf("%s %q: %w", what, s, ErrLimit)
		}
	}
	return nil
}
