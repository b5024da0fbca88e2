package consensus

import (
	"bytes"
	"context"
	"fmt"
	"math"

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

// outcome answers for a transaction of a recent block. One question at a time is
// worked on, for the whole block is read.
func (n *Node) outcome(ctx context.Context, keys [][]byte) (protocol.Height, []Proven, error) {
	if len(keys) != 1 || len(keys[0]) != len(protocol.Hash{}) {
		return 0, nil, fmt.Errorf("%w: one hash of a transaction is asked for at a time", ErrRequest)
	}
	hash := protocol.Hash(keys[0])
	// The pool first: a block that comes between takes the transaction from there.
	standing, stands := n.app.pool.Standing(hash)
	h, at, codes, ok := n.app.results.place(hash)
	switch {
	case !ok && stands && standing.Dropped == nil:
		return 0, []Proven{{Key: keys[0]}}, nil
	case !ok:
		return 0, nil, nil
	}
	select {
	case n.proving <- struct{}{}:
		defer func() { <-n.proving }()
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	}
	items, err := n.archive.outcome(h, at+1, codes)
	return h, items, err
}

// outcome proves the transaction at an index of a block and its result, the codes
// being those of all but the first, which is the block's head.
func (a *Archive) outcome(h protocol.Height, at int, codes []uint32) ([]Proven, error) {
	block := a.blocks.LoadBlock(int64(h))
	if block == nil || len(block.Txs) != len(codes)+1 {
		return nil, fmt.Errorf("block %d: %w", h, ErrNoBlock)
	}
	list := []*abci.ExecTxResult{{}}
	for _, c := range codes {
		list = append(list, &abci.ExecTxResult{Code: c})
	}
	results := types.NewResults(list)
	result, err := results[at].Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode a result of block %d: %w", h, err)
	}
	out := []Proven{{Value: block.Txs[at]}, {Value: result}}
	hash := wire.TxHash(block.Txs[at])
	out[0].Key = hash[:]
	for i, p := range []merkle.Proof{block.Txs.Proof(at).Proof, results.ProveResult(at)} {
		if out[i].Proof, err = p.ToProto().Marshal(); err != nil {
			return nil, fmt.Errorf("encode a proof of block %d: %w", h, err)
		}
	}
	return out, nil
}

// Outcome returns what a block did with a transaction, as long as validators
// remember it: some 200 blocks. It takes some seconds at most, and less than the
// time of ctx. Errors: [ErrTxWaits]; [ErrNoBlock] where nobody that was asked knows
// of a block with it, which does not prove that there is none; [ErrExpired],
// [ErrNoProvider] where nobody answers truly, or knows the question; and [ErrFork].
func (l *Light) Outcome(ctx context.Context, hash protocol.Hash) (Outcome, error) {
	out, err := inPast(ctx, l, func(ctx context.Context, p Provider) (Outcome, error) {
		return l.outcomeOf(ctx, p, hash)
	})
	if err != nil {
		return Outcome{}, fmt.Errorf("outcome of transaction %s: %w", hash, err)
	}
	return out, nil
}

// outcomeOf asks p and checks its proofs.
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
	at, next, err := l.pair(ctx, p, h)
	if err != nil {
		return Outcome{}, err
	}
	tx, ok, err := checkOutcome(hash, l.cfg.Genesis.ChainID(), items, at, next)
	if err != nil {
		return Outcome{}, fmt.Errorf("outcome in block %d: %w", h, err)
	}
	return Outcome{Height: h, Tx: tx, OK: ok}, nil
}

// pair returns the verified block at h and the one after it.
func (l *Light) pair(ctx context.Context, p Provider, h protocol.Height) (at, next *types.LightBlock, err error) {
	if h < l.cfg.Genesis.First() || h >= math.MaxInt64 {
		return nil, nil, fmt.Errorf("block %d: %w", h, ErrLie)
	}
	_, next = l.around(h + 1)
	switch {
	case next == nil:
		return nil, nil, fmt.Errorf("block %d is not verified yet: %w", h+1, ErrTxWaits)
	case next.Height != int64(h+1):
		if next, err = l.reach(ctx, p, h+1); err != nil {
			return nil, nil, err
		}
	}
	at, err = l.down(ctx, p, next, int64(h))
	return at, next, err
}

// checkOutcome returns a transaction and whether it was carried out, as two headers
// prove: [ErrLie]. Each proof says how many there are, and at which place this one:
// where both say the same, the result is that of the transaction, for the two trees
// have one shape.
func checkOutcome(hash protocol.Hash, chain string, items []Proven, at, next *types.LightBlock) (*wire.Tx, bool, error) {
	if len(items) != 2 || !bytes.Equal(items[0].Key, hash[:]) || len(items[1].Key) != 0 {
		return nil, false, fmt.Errorf("no transaction with its result: %w", ErrLie)
	}
	raw, result := items[0].Value, items[1].Value
	if len(raw) > wire.MaxTxBytes || len(result) > maxTxResult {
		return nil, false, fmt.Errorf("a transaction of %d bytes, a result of %d: %w", len(raw), len(result), ErrLie)
	}
	tx, _, err := wire.ReadTx(raw, chain)
	if err != nil || wire.TxHash(raw) != hash {
		return nil, false, fmt.Errorf("another transaction: %w", ErrLie)
	}
	place, err := proveIn(at.DataHash, types.Tx(raw).Hash(), items[0].Proof)
	if err != nil {
		return nil, false, err
	}
	same, err := proveIn(next.LastResultsHash, result, items[1].Proof)
	if err != nil {
		return nil, false, err
	}
	if place.Index != same.Index || place.Total != same.Total {
		return nil, false, fmt.Errorf("the result of another transaction: %w", ErrLie)
	}
	var r abci.ExecTxResult
	if err := r.Unmarshal(result); err != nil {
		return nil, false, fmt.Errorf("a result that is none: %w: %w", ErrLie, err)
	}
	return tx, r.Code == abci.CodeTypeOK, nil
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
