package key

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
)

// salt separates this scheme from every other user of HKDF and is its version.
const salt = "assay/key/v1"

// minSeed is the shortest seed, in bytes: as much as the key has.
const minSeed = 32

// FromSeed makes a key from a seed of 32 bytes or more, such as the 64 of a
// mnemonic (BIP 39). Another name makes an unrelated key from the same seed.
// It returns [ErrPrivateKey] for a short seed and [ErrLabel] for a bad name.
func FromSeed(seed []byte, name string) (Private, error) {
	if len(seed) < minSeed {
		return Private{}, fmt.Errorf("seed of %d bytes, want %d or more: %w", len(seed), minSeed, ErrPrivateKey)
	}
	if err := checkLabel(name); err != nil {
		return Private{}, err
	}
	return deriveScalar(seed, "seed/"+name, nil)
}

// DeriveIdentity returns the secp256k1 scalar of the libp2p host key. Network
// enters all three of these, so that a hotkey in two networks has nothing in
// common there.
func (p Private) DeriveIdentity(network string, generation uint32) (Secret, error) {
	return p.scalar("identity", numbered(network, generation))
}

// DeriveConsensus returns the secp256k1 scalar of the validator's consensus key.
func (p Private) DeriveConsensus(network string, generation uint32) (Secret, error) {
	return p.scalar("consensus", numbered(network, generation))
}

// DeriveTransport returns the Ed25519 seed (RFC 8032) of the node key under
// which consensus peers connect.
func (p Private) DeriveTransport(network string, generation uint32) (Secret, error) {
	return p.bytes("transport", numbered(network, generation))
}

// numbered is the context of a key that can be rotated: u32 generation ‖ network.
func numbered(network string, generation uint32) []byte {
	return append(binary.BigEndian.AppendUint32(nil, generation), network...)
}

// DeriveBeacon returns the seed, the last link to be opened, of the beacon
// hash chain whose first link serves height0. The chain id enters it, for a
// link that was opened on one network must not foretell one on another.
func (p Private) DeriveBeacon(chainID string, height0 protocol.Height) (Secret, error) {
	return p.bytes("beacon", append(binary.BigEndian.AppendUint64(nil, uint64(height0)), chainID...))
}

// DeriveSecret returns 32 bytes that follow from the key, a label and a
// context, for salts that must be found again after a crash. Put the chain id
// and the height into the context where a value must not come twice.
func (p Private) DeriveSecret(label string, context []byte) (Secret, error) {
	if err := checkLabel(label); err != nil {
		return Secret{}, err
	}
	return p.bytes("secret/"+label, context)
}

// scalar derives a valid private key.
func (p Private) scalar(label string, context []byte) (Secret, error) {
	if !p.present() {
		return Secret{}, fmt.Errorf("derive %s: %w", label, ErrNoKey)
	}
	ikm := p.Expose()
	defer clear(ikm[:])
	d, err := deriveScalar(ikm[:], label, context)
	if err != nil {
		return Secret{}, err
	}
	defer d.Wipe()
	b := d.Expose()
	return newSecret(&b), nil
}

// bytes derives 32 bytes of any value.
func (p Private) bytes(label string, context []byte) (Secret, error) {
	if !p.present() {
		return Secret{}, fmt.Errorf("derive %s: %w", label, ErrNoKey)
	}
	ikm := p.Expose()
	defer clear(ikm[:])
	okm, err := expand(ikm[:], label, context)
	if err != nil {
		return Secret{}, err
	}
	return newSecret((*[32]byte)(okm)), nil
}

// deriveScalar returns the first okm of counter 0, 1, … that is a scalar. A
// second try has a chance of 2^−127, so the counter's byte never runs out.
func deriveScalar(ikm []byte, label string, context []byte) (Private, error) {
	var err error
	for counter := range 256 {
		var okm []byte
		okm, err = expand(ikm, label, append(slices.Clone(context), byte(counter)))
		if err != nil {
			return Private{}, err
		}
		var p Private
		p, err = FromBytes(okm)
		clear(okm)
		if err == nil {
			return p, nil
		}
	}
	return Private{}, fmt.Errorf("derive %s: %w", label, err)
}

// expand returns HKDF-SHA256(ikm, salt, label ‖ 0x00 ‖ context), 32 bytes.
func expand(ikm []byte, label string, context []byte) ([]byte, error) {
	okm, err := hkdf.Key(sha256.New, ikm, []byte(salt), label+"\x00"+string(context), 32)
	if err != nil {
		return nil, fmt.Errorf("derive %s: %w", label, err)
	}
	return okm, nil
}
