package key

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"github.com/assaynet/assay/protocol"
)

// SignatureSize is the length of a signature in bytes.
const SignatureSize = 64

// maxLabel bounds a domain or label; ours have at most half of it.
const maxLabel = 64

// Signature is R ‖ S, big-endian, S in the lower half of the order. Its text
// form is 128 hex digits.
type Signature [SignatureSize]byte

// UnmarshalBinary implements [encoding.BinaryUnmarshaler], for the reason that
// [protocol.Hash.UnmarshalBinary] gives.
func (s *Signature) UnmarshalBinary(b []byte) error {
	if len(b) != len(s) {
		return fmt.Errorf("signature of %d bytes, want %d: %w", len(b), len(s), ErrSignature)
	}
	copy(s[:], b)
	return nil
}

// String returns 128 hex digits.
func (s Signature) String() string { return hex.EncodeToString(s[:]) }

// MarshalText implements [encoding.TextMarshaler].
func (s Signature) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. It checks the length
// only; [Verify] checks the rest.
func (s *Signature) UnmarshalText(b []byte) error {
	if len(b) != 2*len(s) {
		return fmt.Errorf("signature of %d characters, want %d hex digits: %w", len(b), 2*len(s), ErrSignature)
	}
	if _, err := hex.Decode(s[:], b); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// Sign signs msg for the domain, 1 … 64 characters of printable ASCII. It
// returns [ErrLabel] or [ErrNoKey], both mistakes of the program.
func (p Private) Sign(domain string, msg []byte) (Signature, error) {
	d, err := digest(domain, msg)
	if err != nil {
		return Signature{}, err
	}
	if !p.present() {
		return Signature{}, fmt.Errorf("sign for %s: %w", domain, ErrNoKey)
	}
	sig := ecdsa.Sign(p.k(), d[:])
	r, s := sig.R(), sig.S()
	var out Signature
	r.PutBytesUnchecked(out[:32])
	s.PutBytesUnchecked(out[32:])
	return out, nil
}

// Verify returns nil if sig is pub's signature of msg for the domain. It
// returns [ErrPublicKey] if pub is no point, [ErrLabel] for a bad domain, else
// [ErrSignature]: a length other than 64, R or S outside 1 … order − 1, S in
// the upper half, or a signature of something else.
func Verify(pub protocol.PublicKey, domain string, msg, sig []byte) error {
	d, err := digest(domain, msg)
	if err != nil {
		return err
	}
	if len(sig) != SignatureSize {
		return fmt.Errorf("signature of %d bytes, want %d: %w", len(sig), SignatureSize, ErrSignature)
	}
	if known := memory.Load(); known != nil {
		name := nameOf(pub, d, sig)
		if known.has(name) {
			return nil
		}
		if err := verify(pub, d, sig); err != nil {
			return err
		}
		known.add(name)
		return nil
	}
	return verify(pub, d, sig)
}

// verify is [Verify] of a digest and of a signature of the right length.
func verify(pub protocol.PublicKey, d [sha256.Size]byte, sig []byte) error {
	var r, s btcec.ModNScalar
	if overflow := r.SetByteSlice(sig[:32]); overflow || r.IsZero() {
		return fmt.Errorf("r out of range: %w", ErrSignature)
	}
	if overflow := s.SetByteSlice(sig[32:]); overflow || s.IsZero() {
		return fmt.Errorf("s out of range: %w", ErrSignature)
	}
	if s.IsOverHalfOrder() {
		return fmt.Errorf("s in the upper half: %w", ErrSignature)
	}
	p, err := point(pub)
	if err != nil {
		return err
	}
	if !ecdsa.NewSignature(&r, &s).Verify(d[:], p) {
		return ErrSignature
	}
	return nil
}

// digest returns SHA-256(domain ‖ 0x00 ‖ msg). A domain holds no zero byte,
// so no other domain and message give the same input.
func digest(domain string, msg []byte) (d [sha256.Size]byte, err error) {
	if err := checkLabel(domain); err != nil {
		return d, err
	}
	h := sha256.New()
	h.Write([]byte(domain))
	h.Write([]byte{0})
	h.Write(msg)
	h.Sum(d[:0])
	return d, nil
}

// checkLabel returns [ErrLabel] unless s is 1 … 64 characters from '!' to '~'.
func checkLabel(s string) error {
	if len(s) == 0 || len(s) > maxLabel {
		return fmt.Errorf("label of %d characters, want 1 to %d: %w", len(s), maxLabel, ErrLabel)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return fmt.Errorf("label %q: %w", s, ErrLabel)
		}
	}
	return nil
}
