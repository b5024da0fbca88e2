package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Limits of requests and of what is made for them. They bound what one request
// costs those who judge it, and keep all of it on the ledger.
const (
	MaxSpecification = 16 << 10 // bytes of what a request says that it wants
	MaxRequested     = 2048     // records that one request pays
	MaxSeals         = 256      // records that one transaction seals
	MaxRecordText    = 32 << 10 // bytes of a record
)

// Request asks for records of synthetic data, and puts Maximum into escrow for
// them. Everybody reads the specification.
type Request struct {
	_             struct{}        `cbor:",toarray"`
	Specification string          // JSON, as scoring/synthetic reads it; at most MaxSpecification bytes
	Count         uint32          // the most records that are paid, 1 … MaxRequested
	Price         protocol.Amount // base units that one record is paid at most, at least one
	Maximum       protocol.Amount // base units that all records are paid at most, at least Price
	Deadline      protocol.Height // the last at which records may be sealed
}

// Type implements [Body].
func (*Request) Type() TxType { return TxRequest }

// Check implements [Body].
func (b *Request) Check() error {
	switch {
	case len(b.Specification) == 0 || len(b.Specification) > MaxSpecification:
		return fmt.Errorf("specification of %d bytes, 1 … %d: %w", len(b.Specification), MaxSpecification, ErrLimit)
	case b.Count == 0 || b.Count > MaxRequested:
		return fmt.Errorf("%d records, 1 … %d: %w", b.Count, MaxRequested, ErrLimit)
	case b.Price == 0 || b.Price > b.Maximum || b.Maximum >= 1<<53:
		return fmt.Errorf("price %d of a maximum of %d, below 2^53: %w", uint64(b.Price), uint64(b.Maximum), ErrLimit)
	}
	return nil
}

// SealRecords binds the signer to records that it opens after the deadline of a
// request. Their order counts from the block that they stand in.
type SealRecords struct {
	_       struct{} `cbor:",toarray"`
	Request protocol.Hash
	Seals   []protocol.Hash // of [OpenRecord.Seal], 1 … MaxSeals, ascending
}

// Type implements [Body].
func (*SealRecords) Type() TxType { return TxSealRecords }

// Check implements [Body].
func (b *SealRecords) Check() error {
	if len(b.Seals) == 0 || len(b.Seals) > MaxSeals {
		return fmt.Errorf("%d seals, 1 … %d: %w", len(b.Seals), MaxSeals, ErrLimit)
	}
	for i := 1; i < len(b.Seals); i++ {
		if string(b.Seals[i-1][:]) >= string(b.Seals[i][:]) {
			return fmt.Errorf("seal %s after %s: %w", b.Seals[i].Short(), b.Seals[i-1].Short(), ErrNotCanonical)
		}
	}
	return nil
}

// OpenRecord shows a record that the signer sealed.
type OpenRecord struct {
	_       struct{} `cbor:",toarray"`
	Request protocol.Hash
	Salt    [32]byte      // hides the record until it is opened
	Seed    protocol.Hash // of the question that it answers, where the request names a family; else zero
	Text    string        // at most MaxRecordText bytes
}

// Type implements [Body].
func (*OpenRecord) Type() TxType { return TxOpenRecord }

// Check implements [Body].
func (b *OpenRecord) Check() error {
	if len(b.Text) == 0 || len(b.Text) > MaxRecordText {
		return fmt.Errorf("record of %d bytes, 1 … %d: %w", len(b.Text), MaxRecordText, ErrLimit)
	}
	return nil
}

// Seal returns the hash that SealRecords carries for this record of a maker.
func (b *OpenRecord) Seal(maker protocol.PublicKey) protocol.Hash {
	return HashOf("assay/1/record", maker[:], Encode(b))
}

// SealFinding binds a validator to what it found of a request, before it sees what
// the others found.
type SealFinding struct {
	_       struct{} `cbor:",toarray"`
	Request protocol.Hash
	Seal    protocol.Hash // of [OpenFinding.Seal]
}

// Type implements [Body].
func (*SealFinding) Type() TxType { return TxSealFinding }

// Turn implements [LaneBody].
func (b *SealFinding) Turn() Turn { return Turn(b.Request) }

// Check implements [Body].
func (*SealFinding) Check() error { return nil }

// OpenFinding shows a finding that the signer sealed: what the records of a
// request are to be paid, those alone that passed every gate.
type OpenFinding struct {
	_       struct{} `cbor:",toarray"`
	Request protocol.Hash
	Salt    [32]byte    // hides the finding until it is opened
	Pays    []RecordPay // ascending by number, at most MaxRequested
}

// RecordPay is what one record is to be paid.
type RecordPay struct {
	_      struct{} `cbor:",toarray"`
	Number uint32   // among the opened records of the request, by seal, from 0
	Amount protocol.Amount
}

// Type implements [Body].
func (*OpenFinding) Type() TxType { return TxOpenFinding }

// Turn implements [LaneBody].
func (b *OpenFinding) Turn() Turn { return Turn(b.Request) }

// Seal returns the hash that SealFinding carries for this finding of a judge.
func (b *OpenFinding) Seal(hotkey protocol.PublicKey) protocol.Hash {
	return HashOf("assay/1/request/seal", hotkey[:], Encode(b))
}

// Found names what was found, whoever found it: findings that say the same of a
// request have it in common.
func (b *OpenFinding) Found() protocol.Hash {
	return HashOf("assay/1/request/finding", b.Request[:], Encode(b.Pays))
}

// Check implements [Body].
func (b *OpenFinding) Check() error {
	if len(b.Pays) > MaxRequested {
		return fmt.Errorf("%d records paid, at most %d: %w", len(b.Pays), MaxRequested, ErrLimit)
	}
	for i, p := range b.Pays {
		if p.Amount == 0 {
			return fmt.Errorf("record %d is paid nothing: %w", p.Number, ErrLimit)
		}
		if i > 0 && p.Number <= b.Pays[i-1].Number {
			return fmt.Errorf("record %d after %d: %w", p.Number, b.Pays[i-1].Number, ErrNotCanonical)
		}
	}
	return nil
}
