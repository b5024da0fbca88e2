package key

import (
	"crypto/ed25519"
	"encoding/hex"
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

// SmallOrder reports whether a transport key is one of the eight points P with
// 8·P = 0, in any form that is read as one. Under these a signature that needed no
// secret is right for all messages, or for one in a few.
func SmallOrder(pub [32]byte) bool {
	pub[31] &= 0x7f // y alone, little-endian; above it is the sign of x
	switch hex.EncodeToString(pub[:]) {
	case "0000000000000000000000000000000000000000000000000000000000000000", // 0, of order 4
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p, read as 0
		"0100000000000000000000000000000000000000000000000000000000000000", // 1, of order 1
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p + 1, read as 1
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // −1, of order 2
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // of order 8
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a": // of order 8
		return true
	}
	return false
}

// VerifyTransport returns nil if sig is the transport key's signature of msg for
// the domain (RFC 8032, section 5.1.7); else [ErrSignature], also for a key of
// small order, which is nobody's, or [ErrLabel] for a bad domain.
func VerifyTransport(pub [32]byte, domain string, msg []byte, sig Signature) error {
	d, err := digest(domain, msg)
	if err != nil {
		return err
	}
	if SmallOrder(pub) {
		return fmt.Errorf("transport key %x has a small order: %w", pub[:4], ErrSignature)
	}
	if !ed25519.Verify(pub[:], d[:], sig[:]) {
		return fmt.Errorf("of transport key %x: %w", pub[:4], ErrSignature)
	}
	return nil
}
