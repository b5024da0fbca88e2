package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Limits of published pairs, named before anything is allocated.
const (
	// MaxPairsBytes bounds pairs in their envelope: [MaxPairs] of three texts.
	MaxPairsBytes = 256 << 10
	// MaxPairText bounds a prompt and each of its responses.
	MaxPairText = 512
)

// Pairs is what a setter publishes: the texts of the pairs that it set. They
// travel in an [Envelope] of [DomainPairs] that the setter's hotkey signed.
type Pairs struct {
	_      struct{}        `cbor:",toarray"`
	Round  protocol.Round  // in which they are given to raters
	Setter protocol.SeatID // its hotkey signs
	Texts  [][3]string     // prompt, first and second response, 1 … [MaxPairs]
}

// Check refuses what no honest setter sends: [ErrLimit].
func (p *Pairs) Check() error {
	if len(p.Texts) == 0 || len(p.Texts) > MaxPairs {
		return fmt.Errorf("%d pairs, 1 to %d: %w", len(p.Texts), MaxPairs, ErrLimit)
	}
	for i := range p.Texts {
		for _, t := range p.Texts[i] {
			if len(t) > MaxPairText {
				return fmt.Errorf("a text of %d bytes, at most %d: %w", len(t), MaxPairText, ErrLimit)
			}
		}
	}
	return nil
}

// Root returns what [SetPairs] says of these pairs.
func (p *Pairs) Root() protocol.Hash {
	leaves := make([]protocol.Hash, len(p.Texts))
	for i, t := range p.Texts {
		leaves[i] = PairLeaf(t[0], t[1], t[2])
	}
	return MerkleRoot(leaves)
}

// SignedPairs is published pairs with the envelope in which they came.
type SignedPairs struct {
	Envelope
	Pairs Pairs
}

// OpenPublished reads the envelope of published pairs and checks all that its
// bytes show, the signature included. Errors: those of [Open], [ErrLimit].
func OpenPublished(raw []byte, chain string) (*SignedPairs, error) {
	s := new(SignedPairs)
	return s, s.open(raw, MaxPairsBytes, DomainPairs, chain, &s.Pairs)
}

// ReadPublished reads the envelope of published pairs that was opened before: it
// does not look at the signature again. Errors: those of [Decode], [ErrLimit].
func ReadPublished(raw []byte) (*SignedPairs, error) {
	s := new(SignedPairs)
	return s, s.read(raw, MaxPairsBytes, &s.Pairs)
}
