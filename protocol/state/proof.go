package state

import (
	"fmt"

	ics23 "github.com/cosmos/ics23/go"

	"github.com/assaynet/assay/protocol"
)

// Limits of what is proven.
const (
	// MaxKey is longer than every key of the ledger.
	MaxKey = 256
	// MaxValue is larger than every value: a row of weights over 4,096 seats
	// has some 25 KB.
	MaxValue = 1 << 20
	// MaxProof bounds a proof: an absence holds two neighbours with their
	// values, and a path of 64 steps each.
	MaxProof = 2*MaxValue + 64<<10
)

// Prove returns the value of key, nil when there is none, and a proof of it
// against the snapshot's root: the protobuf form of an ICS-23 commitment proof.
func (s *Snapshot) Prove(key []byte) (value, proof []byte, err error) {
	if len(key) == 0 || len(key) > MaxKey {
		return nil, nil, fmt.Errorf("key of %d bytes: %w", len(key), ErrLimit)
	}
	if s.tree == nil {
		return nil, nil, fmt.Errorf("prove in state 0: %w", ErrVersion)
	}
	if value, err = s.tree.Get(key); err != nil {
		return nil, nil, fmt.Errorf("read %x of state %d: %w", key, s.height, err)
	}
	var p *ics23.CommitmentProof
	if value == nil {
		p, err = s.tree.GetNonMembershipProof(key)
	} else {
		p, err = s.tree.GetMembershipProof(key)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("prove %x of state %d: %w", key, s.height, err)
	}
	if proof, err = p.Marshal(); err != nil {
		return nil, nil, fmt.Errorf("encode proof of %x: %w", key, err)
	}
	return value, proof, nil
}

// Verify returns nil if proof shows that key has value, or none when value is
// empty, in the tree with this root. Errors: [ErrLimit], [ErrProof].
func Verify(root protocol.Hash, key, value, proof []byte) error {
	if len(key) == 0 || len(key) > MaxKey || len(value) > MaxValue || len(proof) > MaxProof {
		return fmt.Errorf("key of %d, value of %d, proof of %d bytes: %w", len(key), len(value), len(proof), ErrLimit)
	}
	var p ics23.CommitmentProof
	if err := p.Unmarshal(proof); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	ok := false
	switch { // batched and compressed proofs are not ours
	case p.GetExist() != nil && len(value) > 0:
		ok = ics23.VerifyMembership(ics23.IavlSpec, root[:], &p, key, value)
	case p.GetNonexist() != nil && len(value) == 0:
		ok = ics23.VerifyNonMembership(ics23.IavlSpec, root[:], &p, key)
	}
	if !ok {
		return fmt.Errorf("key %x against root %s: %w", key, root.Short(), ErrProof)
	}
	return nil
}
