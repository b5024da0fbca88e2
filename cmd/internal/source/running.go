package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Full is what is read of a running validator's node: node.Full.
type Full interface {
	Latest() (ledger.Reader, protocol.Height)
	StateHash(height protocol.Height) (protocol.Hash, error)
	Prove(key []byte) (consensus.Proof, error)
	SubmitRaw(ctx context.Context, raw []byte) error
}

// State returns the ledger of a running node.
func State(f Full) api.State { return running{f} }

// Pool returns the pool of a running node. It keeps no results unless the node
// has them ([Results]).
func Pool(f Full) api.Pool { return running{f} }

// Results is what a [Full] may be in addition: it knows the outcome of the
// transactions in recent blocks.
type Results interface {
	// TxResult returns the outcome and the height of the block; false for a
	// transaction that is in no recent block.
	TxResult(hash protocol.Hash) (ledger.TxResult, protocol.Height, bool)
}

type running struct{ full Full }

func (r running) State(context.Context) (ledger.Reader, protocol.Height, error) {
	s, h := r.full.Latest()
	return s, h, nil
}

func (r running) StateHash(_ context.Context, h protocol.Height) (protocol.Hash, error) {
	hash, err := r.full.StateHash(h)
	if errors.Is(err, consensus.ErrNoBlock) {
		return hash, fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	return hash, err
}

// Prove implements [api.Prover].
func (r running) Prove(_ context.Context, key []byte) (api.Proven, error) {
	return proven(r.full.Prove(key))
}

// proven is a proof in the words of package api.
func proven(p consensus.Proof, err error) (api.Proven, error) {
	if errors.Is(err, consensus.ErrNoBlock) {
		err = fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	return api.Proven{
		Height: p.Height, StateHash: p.StateHash, Key: p.Key, Value: p.Value, ICS23: p.ICS23, Block: p.Block, State: p.State,
	}, err
}

func (r running) Submit(ctx context.Context, raw []byte) (protocol.Hash, error) {
	if err := r.full.SubmitRaw(ctx, raw); err != nil {
		if errors.Is(err, consensus.ErrPoolFull) {
			return protocol.Hash{}, fmt.Errorf("%w: %w", api.ErrFull, err)
		}
		return protocol.Hash{}, err
	}
	var tx wire.Tx
	if err := wire.Decode(raw, wire.MaxTxBytes, &tx); err != nil {
		return protocol.Hash{}, err
	}
	return tx.Hash(), nil
}

func (r running) Result(_ context.Context, hash protocol.Hash) (api.TxResult, error) {
	results, ok := r.full.(Results)
	if !ok {
		return api.TxResult{}, fmt.Errorf("results of transactions: %w", api.ErrNotKept)
	}
	res, height, ok := results.TxResult(hash)
	if !ok {
		return api.TxResult{}, api.ErrNotFound
	}
	out := api.TxResult{Hash: hash, Height: height, Kind: api.TxKindName(res.Kind), Signer: res.Signer, OK: res.Err == nil}
	if res.Err != nil {
		out.Rule, out.Error = string(ledger.KindOf(res.Err)), res.Err.Error()
	}
	return out, nil
}
