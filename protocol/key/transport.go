package key

import (
	"crypto/ed25519"
	"fmt"
)

// Transport is the key under which consensus peers connect: Ed25519, as CometBFT's
// transport has it, where all other keys are secp256k1. It signs one statement,
// whose it is; the digest is that of the other signatures.

// TransportPublic returns the public key of a seed, [Private.DeriveTransport]'s.
func TransportPublic(seed Secret) [32]byte {
	b := seed.Expose()
	defer clear(b[:])
	return [32]byte(ed25519.NewKeyFromSeed(b[:]).Public().(ed25519.PublicKey))
}

// SignTransport signs msg for the domain with a seed. It returns [ErrLabel] for a
// bad domain.
func SignTransport(seed Secret, domain string, msg []byte) (Signature, error) {
	d, err := digest(domain, msg)
	if err != nil {
		return Signature{}, err
	}
	b := seed.Expose()
	defer clear(b[:])
	return Signature(ed25519.Sign(ed25519.NewKeyFromSeed(b[:]), d[:])), nil
}

// VerifyTransport returns nil if sig is the transport key's signature of msg for
// the domain (RFC 8032, section 5.1.7); else [ErrSignature], or [ErrLabel] for a
// bad domain.
func VerifyTransport(pub [32]byte, domain string, msg []byte, sig Signature) error {
	d, err := digest(domain, msg)
	if err != nil {
		return err
	}
	if !ed25519.Verify(pub[:], d[:], sig[:]) {
		return fmt.Errorf("of transport key %x: %w", pub[:4], ErrSignature)
	}
	return nil
}
