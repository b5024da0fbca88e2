package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// SealCards fixes what the signer, a judge, found in Epoch before any of its cards
// leaves it. One per judge and epoch.
type SealCards struct {
	_     struct{}       `cbor:",toarray"`
	Epoch protocol.Epoch // that ended
	Seal  protocol.Hash  // what [OpenCards.Seal] gives
}

// Type implements [Body].
func (*SealCards) Type() TxType { return TxSealCards }

// Turn implements [LaneBody].
func (b *SealCards) Turn() Turn { return numbered(b.Epoch) }

// Check implements [Body].
func (b *SealCards) Check() error { return nil }

// Limits of what a judge opens of an epoch.
const (
	// MaxFindings is the largest number of answers that a judge draws in an epoch of
	// any network (params).
	MaxFindings = 32 << 10
	// MaxOpened bounds findings and shown cards together, in bytes: with the rest
	// they fit a transaction.
	MaxOpened = 48 << 10
	// MaxShownCard bounds one shown card with its proof, in bytes.
	MaxShownCard = 4 << 10
)

// OpenCards opens what the signer sealed of Epoch. Findings are one byte for each
// answer that it drew in the epoch, in the order of ledger.DrawnRecord:
// [FoundNothing] where it did not judge. Root is over the leaves of its cards
// ([Card.Leaf]), in the same order, those that it did not make left out. Shown are
// all of these cards, without proofs, if they fit MaxOpened with the findings; else
// as many as fit of those that the ledger picks, each with its proof.
type OpenCards struct {
	_        struct{}       `cbor:",toarray"`
	Epoch    protocol.Epoch // that ended
	Findings []byte         // at most MaxFindings
	Root     protocol.Hash
	Salt     [32]byte // hides the findings until they are opened
	Shown    []Card   // at most MaxShownCard bytes each
}

// Type implements [Body].
func (*OpenCards) Type() TxType { return TxOpenCards }

// Turn implements [LaneBody].
func (b *OpenCards) Turn() Turn { return numbered(b.Epoch) }

// Check implements [Body].
func (b *OpenCards) Check() error {
	if len(b.Findings) > MaxFindings || len(b.Shown) > len(b.Findings) {
		return fmt.Errorf("%d findings and %d cards, at most %d findings: %w", len(b.Findings), len(b.Shown), MaxFindings, ErrLimit)
	}
	for i, f := range b.Findings {
		if f > FoundFalse {
			return fmt.Errorf("finding %d is %d: %w", i, f, ErrUnknown)
		}
	}
	size := len(b.Findings)
	for i := range b.Shown {
		if err := b.Shown[i].Check(); err != nil {
			return err
		}
		n := b.Shown[i].Size()
		if size += n; n > MaxShownCard || size > MaxOpened {
			return fmt.Errorf("a card of %d bytes, %d of all: %w", n, size, ErrLimit)
		}
	}
	return nil
}

// Size returns how many bytes the card has where it is shown.
func (c *Card) Size() int { return len(Encode(c)) }

// Full reports whether no card more could have been shown, whatever its size.
func (b *OpenCards) Full() bool {
	size := len(b.Findings)
	for i := range b.Shown {
		size += b.Shown[i].Size()
	}
	return size+MaxShownCard > MaxOpened
}

// Seal returns what SealCards carries for these findings. It does not depend on
// which cards are shown.
func (b *OpenCards) Seal(hotkey protocol.PublicKey) protocol.Hash {
	return HashOf("assay/1/cards/seal", hotkey[:], b.Salt[:], b.Root[:], b.Findings)
}
