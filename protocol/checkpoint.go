package protocol

import (
	"fmt"
	"strconv"
	"strings"
)

// Checkpoint names a block that a person knows to be the chain's. The zero value
// names none. Its text form is HEIGHT:HASH, of the block's header.
type Checkpoint struct {
	Height Height
	Hash   Hash
}

// ParseCheckpoint reads HEIGHT:HASH, a height above 0 and 64 hex digits, or nothing
// for none. Errors wrap [ErrBadText].
func ParseCheckpoint(s string) (Checkpoint, error) {
	if s == "" {
		return Checkpoint{}, nil
	}
	height, hash, _ := strings.Cut(s, ":")
	n, err := strconv.ParseUint(height, 10, 63)
	if err != nil || n == 0 {
		return Checkpoint{}, fmt.Errorf("checkpoint %.100q is not HEIGHT:HASH: %w", s, ErrBadText)
	}
	h, err := ParseHash(hash)
	if err != nil || h.IsZero() {
		return Checkpoint{}, fmt.Errorf("checkpoint %.100q is not HEIGHT:HASH with 64 hex digits: %w", s, ErrBadText)
	}
	return Checkpoint{Height(n), h}, nil
}

// IsZero reports whether c names no block.
func (c Checkpoint) IsZero() bool { return c == Checkpoint{} }

// String returns the text form, "" for none.
func (c Checkpoint) String() string {
	if c.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d:%s", c.Height, c.Hash)
}

// MarshalText implements [encoding.TextMarshaler].
func (c Checkpoint) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (c *Checkpoint) UnmarshalText(b []byte) (err error) {
	*c, err = ParseCheckpoint(string(b))
	return err
}
