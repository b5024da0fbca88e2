package protocol

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrBadText is wrapped by every parse error of this package.
var ErrBadText = errors.New("protocol: malformed text")

// Hash is a SHA-256 value. Its text form is 64 lower-case hex digits.
type Hash [32]byte

// A TaskID names one task: it follows from beacon, round, seat and slot.
type TaskID = Hash

// A ModelID is the hash of everything that decides a model's output.
type ModelID = Hash

// ParseHash reads 64 hex digits.
func ParseHash(s string) (Hash, error) {
	var h Hash
	return h, h.UnmarshalText([]byte(s))
}

// String returns 64 hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Short returns the first eight hex digits, for logs and tables.
func (h Hash) Short() string { return hex.EncodeToString(h[:4]) }

// IsZero reports whether h is all zeros, which no hash that we make is.
func (h Hash) IsZero() bool { return h == Hash{} }

// UnmarshalBinary implements [encoding.BinaryUnmarshaler]: without it package cbor
// sets one byte after the other through package reflect.
func (h *Hash) UnmarshalBinary(b []byte) error {
	if len(b) != len(h) {
		return fmt.Errorf("hash of %d bytes, want %d: %w", len(b), len(h), ErrBadText)
	}
	copy(h[:], b)
	return nil
}

// MarshalText implements [encoding.TextMarshaler].
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) != 2*len(h) {
		return fmt.Errorf("hash of %d characters, want %d hex digits: %w", len(b), 2*len(h), ErrBadText)
	}
	if _, err := hex.Decode(h[:], b); err != nil {
		return fmt.Errorf("hash: %w: %w", ErrBadText, err)
	}
	return nil
}
