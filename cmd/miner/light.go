package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/wire"
)

// light shows what a miner's node can prove of the ledger, one record at a time,
// and sends transactions on: so a miner's machine needs no validator's HTTP.
type light struct{ node *node.Light }

// State implements [api.State]. Lists of the state are not there: nobody can prove
// that one is whole.
func (l light) State(context.Context) (ledger.Reader, protocol.Height, error) {
	r, h := l.node.Latest()
	if r == nil {
		return nil, 0, fmt.Errorf("%w: no block of the ledger is verified yet", api.ErrNotFound)
	}
	return single{r}, h, nil
}

// StateHash implements [api.State].
func (l light) StateHash(_ context.Context, h protocol.Height) (protocol.Hash, error) {
	hash, err := l.node.StateHash(h)
	if errors.Is(err, consensus.ErrNoBlock) {
		err = fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	return hash, err
}

// single reads one record after the other.
type single struct{ ledger.Reader }

// Prefetch implements [api.Prefetcher].
func (s single) Prefetch(keys ...[]byte) error {
	if p, ok := s.Reader.(api.Prefetcher); ok {
		return p.Prefetch(keys...)
	}
	return nil
}

// Iterate implements [ledger.Reader].
func (single) Iterate([]byte, func(key, value []byte) bool) error {
	return fmt.Errorf("%w: a miner proves single records of the ledger and no lists; ask a validator, or an observer, for this", api.ErrNotKept)
}

// Submit implements [api.Pool].
func (l light) Submit(ctx context.Context, raw []byte) (protocol.Hash, bool, error) {
	tx, _, err := wire.ReadTx(raw, l.node.ChainID())
	if err != nil {
		return protocol.Hash{}, false, err
	}
	err = l.node.SubmitRaw(ctx, raw)
	if err != nil {
		err = fmt.Errorf("%w: %w", api.ErrUnreached, err)
	}
	return tx.Hash(), false, err
}

// NextNonce implements [api.Pool]: the one that blocks have not used, for what
// waits is not known here.
func (l light) NextNonce(ctx context.Context, signer protocol.PublicKey) (uint64, error) {
	r, _, err := l.State(ctx)
	if err != nil {
		return 0, err
	}
	a, _, err := ledger.ReadAccount(r, signer)
	return a.Nonce, err
}

// Result implements [api.Pool]: blocks are not kept here.
func (light) Result(context.Context, protocol.Hash) (api.TxResult, error) {
	return api.TxResult{}, fmt.Errorf("%w: a miner keeps no blocks; the account's nonce and balance tell", api.ErrNotKept)
}
