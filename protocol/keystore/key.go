package keystore

import (
	"fmt"
	"io"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
)

// Kind says what a key is for.
type Kind string

// The kinds of keys.
const (
	// Hotkey signs a daemon's messages, and daemons derive their keys from it.
	Hotkey Kind = "hotkey"
	// Coldkey owns funds and stays offline.
	Coldkey Kind = "coldkey"
)

// ParseKind reads "hotkey" or "coldkey"; other text is [ErrKind].
func ParseKind(s string) (Kind, error) {
	if k := Kind(s); k == Hotkey || k == Coldkey {
		return k, nil
	}
	return "", fmt.Errorf("kind %.20q, want hotkey or coldkey: %w", s, ErrKind)
}

// Signer signs with one key. Implementations may be used by several
// goroutines at a time.
type Signer interface {
	// PublicKey returns the key that verifies.
	PublicKey() protocol.PublicKey
	// Sign signs msg for a domain; see [key.Private.Sign].
	Sign(domain string, msg []byte) (key.Signature, error)
}

// Deriver gives a daemon the keys of the other protocols that it speaks. They
// follow from its hotkey; package key says how.
type Deriver interface {
	DeriveIdentity(network string, generation uint32) (key.Secret, error)
	DeriveConsensus(network string, generation uint32) (key.Secret, error)
	DeriveTransport(network string, generation uint32) (key.Secret, error)
	DeriveBeacon(chainID string, height0 protocol.Height) (key.Secret, error)
	DeriveSecret(label string, context []byte) (key.Secret, error)
}

var (
	_ Signer  = (*Key)(nil)
	_ Deriver = (*Key)(nil)
)

// Key is an open key: a [Signer] of either kind, and a [Deriver] if it is a
// hotkey. It shows its secret to nobody. Its methods may run at the same time,
// except Wipe.
type Key struct {
	kind    Kind
	public  protocol.PublicKey
	private key.Private
}

// Generate makes a new key; random is crypto/rand's reader, except in tests.
func Generate(kind Kind, random io.Reader) (*Key, error) {
	p, err := key.Generate(random)
	if err != nil {
		return nil, err
	}
	return FromPrivate(kind, p)
}

// FromPrivate lends out p, and owns it from here on.
func FromPrivate(kind Kind, p key.Private) (*Key, error) {
	if _, err := ParseKind(string(kind)); err != nil {
		return nil, err
	}
	pub := p.Public()
	if pub.IsZero() {
		return nil, key.ErrNoKey
	}
	return &Key{kind: kind, public: pub, private: p}, nil
}

// Kind returns what the key is for.
func (k *Key) Kind() Kind { return k.kind }

// PublicKey implements [Signer].
func (k *Key) PublicKey() protocol.PublicKey { return k.public }

// Sign implements [Signer].
func (k *Key) Sign(domain string, msg []byte) (key.Signature, error) {
	return k.private.Sign(domain, msg)
}

// DeriveIdentity implements [Deriver].
func (k *Key) DeriveIdentity(network string, generation uint32) (key.Secret, error) {
	return k.derive(func() (key.Secret, error) { return k.private.DeriveIdentity(network, generation) })
}

// DeriveConsensus implements [Deriver].
func (k *Key) DeriveConsensus(network string, generation uint32) (key.Secret, error) {
	return k.derive(func() (key.Secret, error) { return k.private.DeriveConsensus(network, generation) })
}

// DeriveTransport implements [Deriver].
func (k *Key) DeriveTransport(network string, generation uint32) (key.Secret, error) {
	return k.derive(func() (key.Secret, error) { return k.private.DeriveTransport(network, generation) })
}

// DeriveBeacon implements [Deriver].
func (k *Key) DeriveBeacon(chainID string, height0 protocol.Height) (key.Secret, error) {
	return k.derive(func() (key.Secret, error) { return k.private.DeriveBeacon(chainID, height0) })
}

// DeriveSecret implements [Deriver].
func (k *Key) DeriveSecret(label string, context []byte) (key.Secret, error) {
	return k.derive(func() (key.Secret, error) { return k.private.DeriveSecret(label, context) })
}

// derive calls f for a hotkey. A coldkey refuses: a daemon that runs on it has
// it online.
func (k *Key) derive(f func() (key.Secret, error)) (key.Secret, error) {
	if k.kind != Hotkey {
		return key.Secret{}, fmt.Errorf("derive a daemon's key from a %s: %w", k.kind, ErrKind)
	}
	return f()
}

// Wipe overwrites the secret; the key signs nothing more.
func (k *Key) Wipe() { k.private.Wipe() }
