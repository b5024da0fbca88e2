package key

import (
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/assaynet/assay/protocol"
)

// CheckPublic returns [ErrPublicKey] unless pub is a compressed point: 0x02 or
// 0x03 and an x below the field's order for which the curve has a y. Text forms
// are decoded without that check, so call it once at the border.
func CheckPublic(pub protocol.PublicKey) error {
	_, err := point(pub)
	return err
}

// point decompresses pub, which takes a square root: some ten microseconds.
func point(pub protocol.PublicKey) (*btcec.PublicKey, error) {
	p, err := btcec.ParsePubKey(pub[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPublicKey, err)
	}
	return p, nil
}
