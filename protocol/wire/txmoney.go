package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Transfer moves Amount from the signer to To.
type Transfer struct {
	_      struct{}           `cbor:",toarray"`
	To     protocol.PublicKey // any account; it need not exist
	Amount protocol.Amount    // base units, at least one
}

// Code implements [Coded].
func (b *Transfer) Code(c *Coder) {
	c.Array(2)
	c.Fixed(b.To[:])
	Uint(c, &b.Amount)
}

// Type implements [Body].
func (*Transfer) Type() TxType { return TxTransfer }

// Check implements [Body].
func (b *Transfer) Check() error { return positive(b.Amount) }

// Register buys a seat for Hotkey, which consents to work for the signer, for at
// most MaxPrice; the price is burned.
type Register struct {
	_        struct{}           `cbor:",toarray"`
	Hotkey   protocol.PublicKey // without a seat; it signs for the seat from then on
	MaxPrice protocol.Amount    // base units
	Consent  Consent            // of Hotkey to the signer
}

// Type implements [Body].
func (*Register) Type() TxType { return TxRegister }

// Check implements [Body].
func (b *Register) Check() error { return nil }

// AddStake moves Amount from the signer's balance to its stake on Hotkey.
type AddStake struct {
	_      struct{}           `cbor:",toarray"`
	Hotkey protocol.PublicKey // of a seat
	Amount protocol.Amount    // base units, at least one
}

// Type implements [Body].
func (*AddStake) Type() TxType { return TxAddStake }

// Check implements [Body].
func (b *AddStake) Check() error { return positive(b.Amount) }

// RemoveStake moves Amount of the signer's stake on Hotkey to the unbonding
// queue, from which it returns to the balance.
type RemoveStake struct {
	_      struct{}           `cbor:",toarray"`
	Hotkey protocol.PublicKey // that the stake is on
	Amount protocol.Amount    // base units; zero stands for all that it is worth then
}

// Type implements [Body].
func (*RemoveStake) Type() TxType { return TxRemoveStake }

// Check implements [Body].
func (b *RemoveStake) Check() error { return nil }

// AddCollateral moves Amount from the signer's balance to the collateral of its
// seat. It loses part of it where it does not prove a plant, or its link leaks.
type AddCollateral struct {
	_      struct{}           `cbor:",toarray"`
	Hotkey protocol.PublicKey // of a seat of the signer's
	Amount protocol.Amount    // base units, at least one
}

// Type implements [Body].
func (*AddCollateral) Type() TxType { return TxAddCollateral }

// Check implements [Body].
func (b *AddCollateral) Check() error { return positive(b.Amount) }

// TakeCollateral begins to take collateral of the signer's seat back: it is in the
// balance once all is proven that it answers for.
type TakeCollateral struct {
	_      struct{}           `cbor:",toarray"`
	Hotkey protocol.PublicKey // of a seat of the signer's
	Amount protocol.Amount    // base units; zero stands for all of it
}

// Type implements [Body].
func (*TakeCollateral) Type() TxType { return TxTakeCollateral }

// Check implements [Body].
func (*TakeCollateral) Check() error { return nil }

// SetCommission says what part of a validator's dividends its owner takes: less
// from now on, or more after a time in which others can leave.
type SetCommission struct {
	_      struct{}           `cbor:",toarray"`
	Hotkey protocol.PublicKey // of a seat of the signer's
	Rate   uint32             // in 65536ths, at most all of it
}

// Type implements [Body].
func (*SetCommission) Type() TxType { return TxSetCommission }

// Check implements [Body].
func (b *SetCommission) Check() error {
	if b.Rate > maxRate {
		return fmt.Errorf("a commission of %d of %d: %w", b.Rate, maxRate, ErrLimit)
	}
	return nil
}

// maxRate is all of a share: params.One.
const maxRate = 1 << 16

func positive(a protocol.Amount) error {
	if a == 0 {
		return fmt.Errorf("amount of zero: %w", ErrLimit)
	}
	return nil
}
