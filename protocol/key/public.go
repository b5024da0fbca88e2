package key

import (
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/assaynet/assay/protocol"
)

// ParsePublic reads a compressed point: exactly 33 bytes, 0x02 or 0x03 and an
// x below the field's order for which the curve has a y. Everything else, the
// hybrid and uncompressed forms included, is [ErrPublicKey].
func ParsePublic(b []byte) (protocol.PublicKey, error) {
	if _, err := point(b); err != nil {
		return protocol.PublicKey{}, err
	}
	return protocol.PublicKey(b), nil
}

// CheckPublic returns [ErrPublicKey] unless pub is a point on the curve. Text
// forms are decoded without that check, so call it once at the border.
func CheckPublic(pub protocol.PublicKey) error {
	_, err := point(pub[:])
	return err
}

// point decompresses b, which takes a square root: some ten microseconds.
func point(b []byte) (*btcec.PublicKey, error) {
	if len(b) != len(protocol.PublicKey{}) {
		return nil, fmt.Errorf("public key of %d bytes, want %d: %w", len(b), len(protocol.PublicKey{}), ErrPublicKey)
	}
	p, err := btcec.ParsePubKey(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPublicKey, err)
	}
	return p, nil
}
