package wire_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/assaynet/assay/protocol/wire"
)

// TestARefusalHasOneWord wherever it is counted, also where an error says more.
func TestARefusalHasOneWord(t *testing.T) {
	for err, want := range map[error]string{
		wire.ErrTooLarge: "too_large", wire.ErrMalformed: "malformed", wire.ErrNotCanonical: "not_canonical", wire.ErrLimit: "limit",
		wire.ErrSignature: "signature", wire.ErrChain: "chain", wire.ErrUnknown: "unknown_type",
	} {
		if got, ok := wire.Word(fmt.Errorf("answer: %w", err)); !ok || got != want {
			t.Errorf("%v: got %q, %v, want %q", err, got, ok, want)
		}
	}
	for _, err := range []error{nil, errors.New("the disk is full")} {
		if got, ok := wire.Word(err); ok || got != "" {
			t.Errorf("%v: got %q, %v", err, got, ok)
		}
	}
}
