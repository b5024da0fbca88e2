package key_test

import (
	"encoding/hex"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
)

// TestAddressesAreThoseOfBitcoin: of the generator of the curve, hash160 is known.
func TestAddressesAreThoseOfBitcoin(t *testing.T) {
	generator := protocol.PublicKey(unhex(t, "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"))
	a := key.AddressOf(generator)
	if got, want := hex.EncodeToString(a[:]), "751e76e8199196d454941c45d1b3a323f1433bd6"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
