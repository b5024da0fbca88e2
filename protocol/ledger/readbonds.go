package ledger

import (
	"encoding/binary"

	"github.com/assaynet/assay/protocol"
)

// ReadBonds returns what a validator holds in seats, as the newest epoch's end
// left it; false where it holds nothing.
func ReadBonds(r Reader, validator protocol.UID) (Bonds, bool, error) {
	return read[Bonds](r, BondsKey(validator))
}

// EachBonds calls fn with what each validator holds, by uid, until fn returns
// false.
func EachBonds(r Reader, fn func(validator protocol.UID, b Bonds) bool) error {
	return walk(r, BondsPrefix(), func(key []byte, b Bonds) bool {
		return fn(protocol.UID(binary.BigEndian.Uint16(key[len(BondsPrefix()):])), b)
	})
}
