package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// MaxPairs is the most pairs that a setter sets at a time: their texts fit in one
// message of gossip.
const MaxPairs = 128

// MaxRatings is the most pairs that a seat is asked to rate at a time.
const MaxRatings = 1024

// Choices of a rating, four bits each.
const (
	// RatingNone is a pair that was not rated; the others are the keys 1 … 5, from
	// "the first is much better" over RatingEqual to "the second is".
	RatingNone  = 0
	RatingEqual = 3
	RatingMost  = 5
)

// ExtendSetter registers the end of a new hash chain for the setting of pairs, as
// [ExtendBeacon] does for the beacon. Link i serves the round Start + i; Anchor is
// the hash of link 0.
type ExtendSetter struct {
	_      struct{}       `cbor:",toarray"`
	Start  protocol.Round // first round that the chain serves: two after the one that runs, or later
	Anchor protocol.Hash  // the hash of link 0
}

// Type implements [Body].
func (*ExtendSetter) Type() TxType { return TxExtendSetter }

// Turn implements [LaneBody].
func (b *ExtendSetter) Turn() Turn { return numbered(b.Start) }

// Check implements [Body].
func (b *ExtendSetter) Check() error { return nil }

// SetPairs puts the signer's pairs of a round on the ledger, in the round before.
// One a validator and round.
type SetPairs struct {
	_     struct{}       `cbor:",toarray"`
	Round protocol.Round // in which they are given to raters: the one after that which runs
	Root  protocol.Hash  // over the leaves of [PairLeaf], in their order
}

// Type implements [Body].
func (*SetPairs) Type() TxType { return TxSetPairs }

// Turn implements [LaneBody].
func (b *SetPairs) Turn() Turn { return numbered(b.Round) }

// Check implements [Body].
func (b *SetPairs) Check() error { return nil }

// OpenPairs says what the signer's pairs of a round are made from, when their
// ratings are sealed. One a set.
type OpenPairs struct {
	_       struct{}       `cbor:",toarray"`
	Round   protocol.Round // in which the pairs were given to raters
	Link    protocol.Hash  // of the signer's chain, that serves the round
	Origins []byte         // one byte a pair, below 27 (task/preference/pair); at most [MaxPairs]
}

// maxOrigin is the largest byte that says of a pair what it is.
const maxOrigin = 26

// Type implements [Body].
func (*OpenPairs) Type() TxType { return TxOpenPairs }

// Turn implements [LaneBody].
func (b *OpenPairs) Turn() Turn { return numbered(b.Round) }

// Check implements [Body].
func (b *OpenPairs) Check() error {
	if len(b.Origins) > MaxPairs {
		return fmt.Errorf("%d origins, at most %d: %w", len(b.Origins), MaxPairs, ErrLimit)
	}
	for i, o := range b.Origins {
		if o > maxOrigin {
			return fmt.Errorf("origin %d of pair %d: %w", o, i, ErrLimit)
		}
	}
	return nil
}

// DoubtPairs says that the signer, drawn to make an opened set again, made other
// pairs: it has all others look, and proves nothing itself. One a set and signer.
type DoubtPairs struct {
	_      struct{}        `cbor:",toarray"`
	Round  protocol.Round  // in which the pairs were given to raters
	Setter protocol.SeatID // whose they are
}

// Type implements [Body].
func (*DoubtPairs) Type() TxType { return TxDoubtPairs }

// Turn implements [LaneBody]: the round, then the setter's uid in two bytes.
func (b *DoubtPairs) Turn() Turn {
	t := numbered(b.Round)
	binary.BigEndian.PutUint16(t[8:], uint16(b.Setter.UID))
	return t
}

// Check implements [Body].
func (b *DoubtPairs) Check() error { return nil }

// OpenRatings opens the signer's ratings of a round: the one slot of the kind
// preference under its commitment. One a seat and round.
type OpenRatings struct {
	_       struct{}       `cbor:",toarray"`
	Round   protocol.Round // in which the ratings fell due, and were committed to
	Salt    [32]byte
	Ratings []byte          // see [CheckRatings]
	Proof   []protocol.Hash // audit path from the slot's leaf to the commitment's root
}

// Type implements [Body].
func (*OpenRatings) Type() TxType { return TxOpenRatings }

// Turn implements [LaneBody].
func (b *OpenRatings) Turn() Turn { return numbered(b.Round) }

// Check implements [Body].
func (b *OpenRatings) Check() error {
	if len(b.Proof) > maxProof {
		return fmt.Errorf("proof of %d hashes, at most %d: %w", len(b.Proof), maxProof, ErrLimit)
	}
	return CheckRatings(b.Ratings)
}

// CheckRatings refuses, with [ErrLimit], what are no ratings: two a byte, the
// earlier in the high bits, each 0 … 5, at most [MaxRatings] and at least one.
func CheckRatings(b []byte) error {
	if len(b) == 0 || len(b) > MaxRatings/2 {
		return fmt.Errorf("ratings of %d bytes, 1 to %d: %w", len(b), MaxRatings/2, ErrLimit)
	}
	for _, two := range b {
		if two>>4 > RatingMost || two&15 > RatingMost {
			return fmt.Errorf("rating %#x: %w", two, ErrLimit)
		}
	}
	return nil
}

// PairLeaf returns the leaf of a pair: it binds the prompt and both responses.
func PairLeaf(prompt, a, b string) protocol.Hash {
	return leafHash(HashOf("assay/1/pair", lengthed(prompt), lengthed(a), lengthed(b)))
}
