package key

import (
	"fmt"
	"io"
	"log/slog"
)

// redactedText is what a private key shows of itself.
const redactedText = "[private key]"

// redacted, embedded, takes the ways by which a value leaves a program
// unnoticed: fmt, the JSON, text, binary and gob encoders, and slog.
//
// Its holders keep the bytes behind a function. On unexported fields of a
// struct fmt calls no method, and it follows a pointer there when the verb does
// not fit ("%s"); of a function it knows the address only. A function also
// takes away ==, which would leak by timing.
type redacted struct{}

// String returns "[private key]".
func (redacted) String() string { return redactedText }

// GoString returns "[private key]".
func (redacted) GoString() string { return redactedText }

// Format writes "[private key]" for every verb and flag.
func (redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedText) }

// LogValue implements [slog.LogValuer] with "[private key]".
func (redacted) LogValue() slog.Value { return slog.StringValue(redactedText) }

// MarshalText returns [ErrSecret].
func (redacted) MarshalText() ([]byte, error) { return nil, ErrSecret }

// MarshalJSON returns [ErrSecret].
func (redacted) MarshalJSON() ([]byte, error) { return nil, ErrSecret }

// MarshalBinary returns [ErrSecret]. The gob and CBOR encoders ask it, too.
func (redacted) MarshalBinary() ([]byte, error) { return nil, ErrSecret }

// Secret is 32 bytes that nobody else may learn, such as a derived key. A copy
// shares the bytes. The zero value holds none.
type Secret struct {
	redacted
	b func() *[32]byte // nil, or returns the one array of all copies
}

// newSecret returns a secret that owns b.
func newSecret(b *[32]byte) Secret { return Secret{b: func() *[32]byte { return b }} }

// Expose returns a copy of the bytes, zeros for the zero value. The caller
// keeps them from logs and disks.
func (s Secret) Expose() [32]byte {
	if s.b == nil {
		return [32]byte{}
	}
	return *s.b()
}

// Wipe overwrites the bytes in every copy of s.
func (s Secret) Wipe() {
	if s.b != nil {
		clear(s.b()[:])
	}
}
