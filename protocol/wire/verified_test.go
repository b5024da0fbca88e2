package wire_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// TestAMemoryOfSignaturesIsBoundedAndBelievesNothing: what is wrong is wrong each
// time, and what was right is known by all of its bytes.
func TestAMemoryOfSignaturesIsBoundedAndBelievesNothing(t *testing.T) {
	right, err := wire.NewTx(named("alice"), chain, 5, 9, &wire.Transfer{To: named("bob").PublicKey(), Amount: 3})
	if err != nil {
		t.Fatal(err)
	}
	wrong := *right
	wrong.Nonce++
	for _, v := range []*wire.Verified{nil, wire.NewVerified(4)} {
		for range 2 {
			if err := v.Verify(right); err != nil {
				t.Error(err)
			}
			if err := v.Verify(&wrong); !errors.Is(err, wire.ErrSignature) {
				t.Errorf("got %v, want %v", err, wire.ErrSignature)
			}
		}
	}
	// What is remembered is believed: this one was never right.
	v := wire.NewVerified(4)
	v.Add(wrong.Hash())
	if err := v.Verify(&wrong); err != nil {
		t.Errorf("remembered, and looked at again: %v", err)
	}
	for i := range byte(4) {
		v.Add(protocol.Hash{i})
	}
	if err := v.Verify(&wrong); !errors.Is(err, wire.ErrSignature) {
		t.Errorf("after four others: got %v, want it to be forgotten", err)
	}
}
