package ledger

import "github.com/assaynet/assay/protocol"

// ReadBonds returns what a validator holds in seats, as the newest epoch's end
// left it; false where it holds nothing.
func ReadBonds(r Reader, validator protocol.UID) (Bonds, bool, error) {
	return read[Bonds](r, BondsKey(validator))
}
