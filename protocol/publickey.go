package protocol

import (
	"encoding/hex"
	"fmt"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// addressPrefix is the human-readable part of an address: an address of
// another chain is refused by its first letters already.
const addressPrefix = "assay"

// maxAddressLen bounds the text that is decoded: prefix, separator, 53
// five-bit groups of 33 bytes, six of checksum make 65; hex makes 66.
const maxAddressLen = 90

// PublicKey is a compressed secp256k1 point (SEC 1, section 2.3.3): the name
// of an account, a coldkey or a hotkey. Whether the bytes are a point on the
// curve is for package key to say.
//
// Its text form, the address, is bech32m (BIP 350) with the prefix "assay".
type PublicKey [33]byte

// ParseAddress reads an address, or 66 hex digits.
func ParseAddress(s string) (PublicKey, error) {
	var k PublicKey
	return k, k.UnmarshalText([]byte(s))
}

// String returns the address.
func (k PublicKey) String() string {
	groups, err := bech32.ConvertBits(k[:], 8, 5, true)
	if err != nil { // cannot happen: 33 bytes always regroup
		return hex.EncodeToString(k[:])
	}
	s, err := bech32.EncodeM(addressPrefix, groups)
	if err != nil {
		return hex.EncodeToString(k[:])
	}
	return s
}

// Short returns the last eight characters of the address, for logs and tables.
func (k PublicKey) Short() string { s := k.String(); return s[len(s)-8:] }

// IsZero reports whether k is unset.
func (k PublicKey) IsZero() bool { return k == PublicKey{} }

// UnmarshalBinary implements [encoding.BinaryUnmarshaler], for the reason that
// [Hash.UnmarshalBinary] gives.
func (k *PublicKey) UnmarshalBinary(b []byte) error {
	if len(b) != len(k) {
		return fmt.Errorf("public key of %d bytes, want %d: %w", len(b), len(k), ErrBadText)
	}
	copy(k[:], b)
	return nil
}

// MarshalText implements [encoding.TextMarshaler].
func (k PublicKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. It accepts what
// [ParseAddress] accepts.
func (k *PublicKey) UnmarshalText(b []byte) error {
	if len(b) > maxAddressLen {
		return fmt.Errorf("address of %d characters: %w", len(b), ErrBadText)
	}
	if len(b) == 2*len(k) {
		if _, err := hex.Decode(k[:], b); err == nil {
			return nil
		}
	}
	prefix, groups, version, err := bech32.DecodeGeneric(string(b))
	if err != nil {
		return fmt.Errorf("address: %w: %w", ErrBadText, err)
	}
	if prefix != addressPrefix || version != bech32.VersionM {
		return fmt.Errorf("address with prefix %q, want %q and bech32m: %w", prefix, addressPrefix, ErrBadText)
	}
	raw, err := bech32.ConvertBits(groups, 5, 8, false)
	if err != nil {
		return fmt.Errorf("address: %w: %w", ErrBadText, err)
	}
	if len(raw) != len(k) {
		return fmt.Errorf("address of %d bytes, want %d: %w", len(raw), len(k), ErrBadText)
	}
	copy(k[:], raw)
	return nil
}
