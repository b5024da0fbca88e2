package key

import (
	"crypto/subtle"
	"fmt"
	"io"
	"sync"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/assaynet/assay/protocol"
)

// Private is a secp256k1 private key. A copy shares the key, so that [Private.Wipe]
// reaches all of them. The zero value holds no key; its methods return
// [ErrNoKey]. Methods may run at the same time, except Wipe.
type Private struct {
	redacted
	k func() *btcec.PrivateKey // nil, or returns the one key of all copies, zero once wiped
	// public is multiplied when it is asked for first: programs ask for it with each
	// message.
	public func() protocol.PublicKey
}

// Generate makes a key from random bytes, 32 of them but for a chance of
// 2^−127. The reader is crypto/rand's, except in tests.
func Generate(random io.Reader) (Private, error) {
	var b [32]byte
	defer clear(b[:])
	for {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return Private{}, fmt.Errorf("read randomness for a key: %w", err)
		}
		if p, err := FromBytes(b[:]); err == nil {
			return p, nil
		}
	}
}

// FromBytes reads a scalar of exactly 32 bytes, big-endian. It returns
// [ErrPrivateKey] if it is zero or not below the group's order.
func FromBytes(b []byte) (Private, error) {
	if len(b) != 32 {
		return Private{}, fmt.Errorf("private key of %d bytes, want 32: %w", len(b), ErrPrivateKey)
	}
	k := new(btcec.PrivateKey)
	if overflow := k.Key.SetByteSlice(b); overflow || k.Key.IsZero() {
		k.Zero()
		return Private{}, fmt.Errorf("scalar out of range: %w", ErrPrivateKey)
	}
	return Private{
		k:      func() *btcec.PrivateKey { return k },
		public: sync.OnceValue(func() protocol.PublicKey { return protocol.PublicKey(k.PubKey().SerializeCompressed()) }),
	}, nil
}

// present reports whether p holds a key.
func (p Private) present() bool { return p.k != nil && !p.k().Key.IsZero() }

// Public returns the compressed public key, the zero key if p holds none.
func (p Private) Public() protocol.PublicKey {
	if !p.present() {
		return protocol.PublicKey{}
	}
	return p.public()
}

// Expose returns a copy of the scalar, big-endian; zeros if p holds no key.
// Only a keystore has a use for it.
func (p Private) Expose() [32]byte {
	if p.k == nil {
		return [32]byte{}
	}
	return p.k().Key.Bytes()
}

// Equal reports whether both hold the same key, in constant time. Two keys
// that hold none are equal.
func (p Private) Equal(o Private) bool {
	a, b := p.Expose(), o.Expose()
	defer clear(a[:])
	defer clear(b[:])
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Wipe overwrites the key in every copy of p.
func (p Private) Wipe() {
	if p.k != nil {
		p.k().Zero()
	}
}
