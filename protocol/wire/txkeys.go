package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// SwapColdkey announces that another key shall sign for all that the signer's name
// has, some blocks later.
type SwapColdkey struct {
	_       struct{}           `cbor:",toarray"`
	To      protocol.PublicKey // a key that never signed and has no seat; its balance becomes the name's
	Consent Consent            // of To to the name that it shall sign for
}

// Type implements [Body].
func (*SwapColdkey) Type() TxType { return TxSwapColdkey }

// Check implements [Body].
func (b *SwapColdkey) Check() error { return nil }

// StopSwap is the veto of the key that still signs.
type StopSwap struct {
	_  struct{}           `cbor:",toarray"`
	To protocol.PublicKey // the key that shall not sign
}

// Type implements [Body].
func (*StopSwap) Type() TxType { return TxStopSwap }

// Check implements [Body].
func (b *StopSwap) Check() error { return nil }

// SetPayout says to whom a seat's pay for answers goes.
type SetPayout struct {
	_      struct{}           `cbor:",toarray"`
	Hotkey protocol.PublicKey // of a seat of the signer's
	To     protocol.PublicKey // any account; zero for the seat's coldkey
}

// Type implements [Body].
func (*SetPayout) Type() TxType { return TxSetPayout }

// Check implements [Body].
func (b *SetPayout) Check() error {
	if b.Hotkey.IsZero() {
		return fmt.Errorf("a payout of no seat: %w", ErrLimit)
	}
	return nil
}
