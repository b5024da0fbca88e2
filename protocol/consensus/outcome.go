package consensus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/merkle"
	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// What became of a transaction, proven. The header of a block carries a hash over
// its transactions, and the header after it one over their results: of each,
// whether it was carried out. Which rule one broke is in no header.

const (
	// maxTxProof and maxTxResult bound, in bytes, a proof that a block has something,
	// and a result: 64 hashes are more than any block needs.
	maxTxProof  = 4 << 10
	maxTxResult = 64
	// maxBlockTxs bounds the transactions that a block is said to have.
	maxBlockTxs = 1 << 24
)

// Outcome is what a block did with a transaction, as its headers prove.
type Outcome struct {
	Height protocol.Height // of the block
	Tx     *wire.Tx
	OK     bool // it was carried out, and broke no rule
}

// Outcome returns what a block did with a transaction, as long as validators
// remember it: some 200 blocks. It takes some seconds at most. Errors: [ErrTxWaits]
// where more of those that were asked say so than say that they know nothing of it,
// which proves neither; else [ErrBusy] where at least as many have no room for the
// question as say the latter: who has none knows of the transaction; else
// [ErrNoBlock] where any of them says the latter; [ErrNoProvider] where nobody
// answers truly and in time, or knows the question; [ErrFork]; and that of ctx.
func (l *Light) Outcome(ctx context.Context, hash protocol.Hash) (Outcome, error) {
	// Its few blocks are counted, and wait for none that lists of times want: who sent
	// a transaction waits.
	give, err := takePlace(ctx, l.past.outcomes)
	if err != nil {
		return Outcome{}, err
	}
	defer give()
	own, cancel := context.WithTimeout(ctx, pastFor)
	defer cancel()
	var waits, busy, none atomic.Int32
	all, _ := l.witnesses()
	out, err := race(own, l, all, func(ctx context.Context, p Provider) (Outcome, error) {
		o, err := l.outcomeOf(ctx, p, hash)
		switch {
		case errors.Is(err, ErrTxWaits):
			waits.Add(1)
		case errors.Is(err, ErrBusy):
			busy.Add(1)
		case errors.Is(err, ErrNoBlock):
			none.Add(1)
		}
		return o, err
	})
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, ErrFork):
	case ctx.Err() != nil:
		err = ctx.Err()
	case waits.Load() > none.Load():
		err = ErrTxWaits
	case busy.Load() > 0 && busy.Load() >= none.Load():
		err = ErrBusy
	case waits.Load() > 0, none.Load() > 0:
		err = ErrNoBlock
	case own.Err() != nil:
		err = fmt.Errorf("not in time: %w", ErrNoProvider)
	}
	return Outcome{}, fmt.Errorf("outcome of transaction %s: %w", hash, err)
}

// outcomeOf asks p and checks its proofs. Whatever p says, the others can be asked:
// the only other error that is not of p alone is [ErrFork].
func (l *Light) outcomeOf(ctx context.Context, p Provider, hash protocol.Hash) (Outcome, error) {
	asked, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	h, items, err := p.Outcome(asked, hash)
	switch {
	case err != nil:
		return Outcome{}, err
	case h == 0 && len(items) == 0:
		return Outcome{}, fmt.Errorf("in no block of those that it remembers: %w", ErrNoBlock)
	case h == 0:
		return Outcome{}, ErrTxWaits
	}
	c, err := readOutcome(hash, l.cfg.Genesis.ChainID(), items)
	if err != nil {
		return Outcome{}, fmt.Errorf("outcome in block %d: %w", h, err)
	}
	at, next, err := l.pair(ctx, h)
	if err != nil {
		return Outcome{}, err
	}
	ok, err := c.proven(at, next)
	if err != nil {
		return Outcome{}, fmt.Errorf("outcome in block %d: %w", h, err)
	}
	return Outcome{Height: h, Tx: c.tx, OK: ok}, nil
}

// maxOutcomeAge is how far below the newest a block may be in which a transaction
// is said to be: nobody remembers older ones, but who is behind may name one.
const maxOutcomeAge = 2 * resultBlocks

// pair returns the verified block at h and the one after it, of whoever has them.
// That they cannot be had is [ErrNoBlock], and ends no question to others: who
// named the height may have made it up.
func (l *Light) pair(ctx context.Context, h protocol.Height) (at, next *types.LightBlock, err error) {
	newest, _ := l.Newest() // the state after a block, which the one after it proves
	switch {
	case h < l.cfg.Genesis.First() || h >= math.MaxInt64:
		return nil, nil, fmt.Errorf("block %d: %w", h, ErrLie)
	case h > newest.Height:
		return nil, nil, fmt.Errorf("block %d is not verified yet: %w", h+1, ErrTxWaits)
	case h+maxOutcomeAge < newest.Height:
		return nil, nil, fmt.Errorf("block %d, which nobody remembers at %d: %w", h, newest.Height, ErrNoBlock)
	}
	if next, err = l.find(ctx, h+1); err == nil {
		if at, err = l.atHand(h); at == nil && err == nil {
			at, err = l.walk(ctx, next, int64(h))
		}
	}
	if err != nil && !errors.Is(err, ErrFork) {
		is := ErrNoBlock
		if errors.Is(err, ErrBusy) {
			is = ErrBusy
		}
		err = fmt.Errorf("blocks %d and %d could not be verified (%s): %w", h, h+1, err.Error(), is) // what others did is not of who named them
	}
	return at, next, err
}

// claimed is what somebody says that a block did with a transaction.
type claimed struct {
	tx            *wire.Tx
	raw, result   []byte
	place, sameAt []byte // proofs
}

// readOutcome reads what a provider says of a transaction, without a header:
// [ErrLie] for what is of another, or too long.
func readOutcome(hash protocol.Hash, chain string, items []Proven) (*claimed, error) {
	if len(items) != 2 || !bytes.Equal(items[0].Key, hash[:]) || len(items[1].Key) != 0 {
		return nil, fmt.Errorf("no transaction with its result: %w", ErrLie)
	}
	c := &claimed{raw: items[0].Value, result: items[1].Value, place: items[0].Proof, sameAt: items[1].Proof}
	if len(c.raw) > wire.MaxTxBytes || len(c.result) > maxTxResult {
		return nil, fmt.Errorf("a transaction of %d bytes, a result of %d: %w", len(c.raw), len(c.result), ErrLie)
	}
	var err error
	if c.tx, _, err = wire.ReadTx(c.raw, chain); err != nil || wire.TxHash(c.raw) != hash {
		return nil, fmt.Errorf("another transaction: %w", ErrLie)
	}
	return c, nil
}

// proven returns whether the transaction was carried out, as two headers prove:
// [ErrLie]. Each proof says how many there are, and at which place this one: where
// both say the same, the result is that of the transaction, for the two trees have
// one shape.
func (c *claimed) proven(at, next *types.LightBlock) (bool, error) {
	place, err := proveIn(at.DataHash, types.Tx(c.raw).Hash(), c.place)
	if err != nil {
		return false, err
	}
	same, err := proveIn(next.LastResultsHash, c.result, c.sameAt)
	if err != nil {
		return false, err
	}
	if place.Index != same.Index || place.Total != same.Total {
		return false, fmt.Errorf("the result of another transaction: %w", ErrLie)
	}
	var r abci.ExecTxResult
	if err := r.Unmarshal(c.result); err != nil {
		return false, fmt.Errorf("a result that is none: %w: %w", ErrLie, err)
	}
	return r.Code == abci.CodeTypeOK, nil
}

// proveIn reads a proof that something is among what has a hash: [ErrLie].
func proveIn(root, leaf, raw []byte) (*merkle.Proof, error) {
	if len(raw) > maxTxProof {
		return nil, fmt.Errorf("a proof of %d bytes, at most %d: %w", len(raw), maxTxProof, ErrLie)
	}
	var p cmtcrypto.Proof
	if err := p.Unmarshal(raw); err != nil {
		return nil, fmt.Errorf("a proof that is none: %w: %w", ErrLie, err)
	}
	proof, err := merkle.ProofFromProto(&p)
	if err != nil {
		return nil, fmt.Errorf("a proof that is none: %w: %w", ErrLie, err)
	}
	if proof.Total < 1 || proof.Total > maxBlockTxs || proof.Index >= proof.Total {
		return nil, fmt.Errorf("the place %d of %d: %w", proof.Index, proof.Total, ErrLie)
	}
	if err := proof.Verify(root, leaf); err != nil {
		return nil, fmt.Errorf("not proven: %w: %w", ErrLie, err)
	}
	return proof, nil
}
