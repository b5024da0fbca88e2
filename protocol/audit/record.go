package audit

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// MaxRecord bounds the bytes of one record: the largest block that a network may
// have, and what an epoch of 4,096 seats paid.
const MaxRecord = 72 << 20

// Record is one block of a network as it was decided. Its bytes are canonical CBOR.
type Record struct {
	_            struct{} `cbor:",toarray"`
	Height       protocol.Height
	Time         int64 // as in [ledger.Block]; so are the next four
	Proposer     protocol.PublicKey
	PrevEligible []protocol.PublicKey
	Votes        []ledger.BlockVote
	Misbehaviour []ledger.Misbehaviour
	// StateHash is the hash of the state after the block.
	StateHash protocol.Hash
	// Outcome is what the epoch paid that the block closed; nil in all other blocks.
	Outcome *Outcome
	// Txs are the block's, each behind its length in four bytes, big-endian.
	Txs []byte
}

// Outcome is what an epoch paid, as the ledger has it.
type Outcome struct {
	_        struct{} `cbor:",toarray"`
	Epoch    ledger.EpochRecord
	Payments []ledger.Payment // by uid
}

// Code implements [wire.Coded].
func (r *Record) Code(c *wire.Coder) {
	c.Array(9)
	wire.Uint(c, &r.Height)
	c.Int(&r.Time)
	c.Fixed(r.Proposer[:])
	wire.List(c, &r.PrevEligible, func(k *protocol.PublicKey, c *wire.Coder) { c.Fixed(k[:]) })
	wire.List(c, &r.Votes, (*ledger.BlockVote).Code)
	wire.List(c, &r.Misbehaviour, (*ledger.Misbehaviour).Code)
	c.Fixed(r.StateHash[:])
	wire.Optional(c, &r.Outcome, (*Outcome).Code)
	c.Bytes(&r.Txs)
}

// Code implements [wire.Coded].
func (o *Outcome) Code(c *wire.Coder) {
	c.Array(2)
	o.Epoch.Code(c)
	wire.List(c, &o.Payments, (*ledger.Payment).Code)
}

// RecordOf returns a block as a record, of the state after it and its hash.
func RecordOf(b *ledger.Block, sched protocol.Schedule, after ledger.Reader, hash protocol.Hash) (*Record, error) {
	r := &Record{
		Height: b.Height, Time: b.Time, Proposer: b.Proposer, PrevEligible: b.PrevEligible, Votes: b.Votes, Misbehaviour: b.Misbehaviour,
		StateHash: hash, Txs: Pack(b.Txs),
	}
	if !sched.IsEpochEnd(b.Height) {
		return r, nil
	}
	var err error
	if r.Outcome, err = ReadOutcome(after, sched.EpochOf(b.Height)); err != nil {
		return nil, fmt.Errorf("block %d: %w", b.Height, err)
	}
	return r, nil
}

// ReadOutcome returns what epoch e paid, from a state that still has its payments;
// [ledger.ErrCorrupt] from one that does not know of the epoch.
func ReadOutcome(r ledger.Reader, e protocol.Epoch) (*Outcome, error) {
	rec, ok, err := ledger.ReadEpoch(r, e)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: no record of epoch %d", ledger.ErrCorrupt, e)
	}
	out := &Outcome{Epoch: rec}
	out.Payments, err = ledger.ReadPayments(r, e)
	return out, err
}

// DecodeRecord reads the canonical bytes of a record. Errors are those of
// [wire.Decode].
func DecodeRecord(b []byte) (*Record, error) {
	r := &Record{}
	if err := wire.Decode(b, MaxRecord, r); err != nil {
		return nil, err
	}
	return r, nil
}

// Block returns the block that the record is of; [wire.ErrMalformed] where its
// transactions are not packed as they should be. They share the record's memory.
func (r *Record) Block() (*ledger.Block, error) {
	txs, err := unpack(r.Txs)
	if err != nil {
		return nil, err
	}
	return &ledger.Block{
		Height: r.Height, Time: r.Time, Proposer: r.Proposer, PrevEligible: r.PrevEligible, Votes: r.Votes, Misbehaviour: r.Misbehaviour, Txs: txs,
	}, nil
}

// prefix is how many bytes stand before each transaction.
const prefix = 4

// Pack puts transactions behind one another, each behind its length.
func Pack(txs [][]byte) []byte {
	size := 0
	for _, tx := range txs {
		size += prefix + len(tx)
	}
	out := make([]byte, 0, size)
	for _, tx := range txs {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(tx))), tx...)
	}
	return out
}

// leastTx is less than any transaction takes: a signature alone has 64 bytes.
// The head of a block, its first, is shorter.
const leastTx = 64

// mostTxs is how many transactions so many packed bytes have at most.
func mostTxs(packed int) int { return 1 + packed/(prefix+leastTx) }

// unpack takes transactions apart; no block has one that is empty, or more than
// fit it.
func unpack(b []byte) ([][]byte, error) {
	count := 0
	for rest := b; len(rest) > 0; count++ {
		if len(rest) < prefix {
			return nil, fmt.Errorf("%w: %d bytes behind the last transaction", wire.ErrMalformed, len(rest))
		}
		n := binary.BigEndian.Uint32(rest)
		rest = rest[prefix:]
		if n == 0 || n > math.MaxInt32 || int(n) > len(rest) {
			return nil, fmt.Errorf("%w: a transaction of %d bytes, and %d are left", wire.ErrMalformed, n, len(rest))
		}
		rest = rest[n:]
	}
	if count > mostTxs(len(b)) {
		return nil, fmt.Errorf("%w: %d transactions in %d bytes", wire.ErrMalformed, count, len(b))
	}
	out := make([][]byte, count)
	for i := range out {
		n := binary.BigEndian.Uint32(b)
		out[i], b = b[prefix:prefix+n:prefix+n], b[prefix+n:]
	}
	return out, nil
}
