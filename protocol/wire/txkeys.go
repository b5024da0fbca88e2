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

// SwapHotkey announces that a seat of the signer's name shall have another hotkey,
// from the beginning of an epoch on.
type SwapHotkey struct {
	_       struct{}           `cbor:",toarray"`
	Hotkey  protocol.PublicKey // of a seat of the signer's
	To      protocol.PublicKey // a key without any other use
	Consent Consent            // of To to the name that it works for it, as for Register
}

// Type implements [Body].
func (*SwapHotkey) Type() TxType { return TxSwapHotkey }

// Check implements [Body].
func (b *SwapHotkey) Check() error { return nil }

// StopHotkeySwap is the coldkey's veto of a swap that waits.
type StopHotkeySwap struct {
	_      struct{}           `cbor:",toarray"`
	Hotkey protocol.PublicKey // which stays
	To     protocol.PublicKey // which does not come
}

// Type implements [Body].
func (*StopHotkeySwap) Type() TxType { return TxStopHotkeySwap }

// Check implements [Body].
func (b *StopHotkeySwap) Check() error { return nil }

// KeepHotkey is the veto of the hotkey that shall go. It needs no money: who stole
// the coldkey may have taken that.
type KeepHotkey struct {
	_    struct{}       `cbor:",toarray"`
	From protocol.Epoch // for which the swap waits
	To   protocol.PublicKey
}

// Type implements [Body].
func (*KeepHotkey) Type() TxType { return TxKeepHotkey }

// Turn implements [LaneBody].
func (b *KeepHotkey) Turn() Turn { return numbered(b.From) }

// Check implements [Body].
func (b *KeepHotkey) Check() error { return nil }
