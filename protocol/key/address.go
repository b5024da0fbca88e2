package key

import (
	"crypto/sha256"

	"golang.org/x/crypto/ripemd160" //nolint:staticcheck // CometBFT names a secp256k1 key by it

	"github.com/assaynet/assay/protocol"
)

// Address is how CometBFT names a consensus key, in votes and in what it says of
// misbehaviour: RIPEMD-160(SHA-256(key)).
type Address [20]byte

// AddressOf returns the address of a consensus key.
func AddressOf(k protocol.PublicKey) Address {
	first := sha256.Sum256(k[:])
	h := ripemd160.New()
	h.Write(first[:])
	return Address(h.Sum(nil))
}
