package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/wire"
)

// Full is what is read of a running validator's node: node.Full.
type Full interface {
	Latest() (ledger.Reader, protocol.Height)
	StateHash(height protocol.Height) (protocol.Hash, error)
	Prove(key []byte) (consensus.Proof, error)
	SubmitRaw(ctx context.Context, raw []byte) (known bool, err error)
	NextNonce(signer protocol.PublicKey) (uint64, error)
	TxResult(hash protocol.Hash) (ledger.TxResult, protocol.Height, bool)
	TxStanding(hash protocol.Hash) (consensus.Standing, bool)
}

// Pool returns the pool of a running node.
func Pool(f Full) api.Pool { return running{f} }

type running struct{ full Full }

func (r running) State(context.Context) (ledger.Reader, protocol.Height, error) {
	s, h := r.full.Latest()
	return s, h, nil
}

// Keeper is what a [Full] may be in addition: it keeps the blocks.
type Keeper interface {
	Genesis() *ledger.Genesis
	Record(height protocol.Height) (*audit.Record, error)
	TimeOf(height protocol.Height) (time.Time, error)
	EventRange() (oldest, newest protocol.Height)
	EventsAt(height protocol.Height) ([]ledger.Event, bool, error)
	Epochs() *node.EpochLog
}

// State returns the ledger of a running node.
func State(f Full) api.State {
	if k, ok := f.(Keeper); ok {
		return keeping{running{f}, k}
	}
	return running{f}
}

// keeping is a running node that keeps the blocks.
type keeping struct {
	running
	keeper Keeper
}

// Origin implements [api.History].
func (k keeping) Origin() *ledger.Genesis { return k.keeper.Genesis() }

// Record implements [api.History].
func (k keeping) Record(_ context.Context, h protocol.Height) (*audit.Record, error) {
	return recorded(k.keeper.Record(h))
}

// BlockTime implements [api.Clock].
func (k keeping) BlockTime(_ context.Context, h protocol.Height) (time.Time, error) {
	return timed(k.keeper.TimeOf(h))
}

// EventRange implements [api.Events].
func (k keeping) EventRange() (oldest, newest protocol.Height) { return k.keeper.EventRange() }

// EventsAt implements [api.Events].
func (k keeping) EventsAt(_ context.Context, h protocol.Height) ([]ledger.Event, error) {
	list, known, err := k.keeper.EventsAt(h)
	if err == nil && !known {
		err = fmt.Errorf("events of block %d: %w", h, api.ErrNotFound)
	}
	return list, err
}

// PastEpochs implements [api.Past].
func (k keeping) PastEpochs() (oldest, next protocol.Epoch) { return k.keeper.Epochs().Range() }

// PastPaid implements [api.Past].
func (k keeping) PastPaid(e protocol.Epoch) (ledger.Reader, error) { return k.keeper.Epochs().Paid(e) }

// PastWeights implements [api.Past].
func (k keeping) PastWeights(e protocol.Epoch) (ledger.Reader, error) {
	return k.keeper.Epochs().Weights(e)
}

// PastBonds implements [api.Past].
func (k keeping) PastBonds(e protocol.Epoch) (ledger.Reader, error) {
	return k.keeper.Epochs().Bonds(e)
}

// timed is a time with the error in the words of package api.
func timed(at time.Time, err error) (time.Time, error) {
	if errors.Is(err, consensus.ErrNoBlock) {
		err = fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	return at, err
}

// recorded is a record with the error in the words of package api.
func recorded(r *audit.Record, err error) (*audit.Record, error) {
	if errors.Is(err, consensus.ErrNoBlock) {
		err = fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	return r, err
}

// Totals is what a [Full] may be in addition: it knows what seats were ever paid.
type Totals interface {
	Total(id protocol.SeatID) (sum node.Total, since protocol.Epoch, ok bool)
}

// Total implements [api.Totaler].
func (r running) Total(id protocol.SeatID) (protocol.Amount, protocol.Epoch, bool) {
	t, ok := r.full.(Totals)
	if !ok {
		return 0, 0, false
	}
	sum, since, ok := t.Total(id)
	return sum.Miner, since, ok
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

func (r running) Submit(ctx context.Context, raw []byte) (protocol.Hash, bool, error) {
	known, err := r.full.SubmitRaw(ctx, raw)
	switch {
	case errors.Is(err, consensus.ErrPoolFull):
		return protocol.Hash{}, false, fmt.Errorf("%w: %w", api.ErrFull, err)
	case errors.Is(err, consensus.ErrNonceTaken):
		return protocol.Hash{}, false, fmt.Errorf("%w: %w", api.ErrNonceTaken, err)
	case err != nil:
		return protocol.Hash{}, false, err
	}
	var tx wire.Tx
	if err := wire.Decode(raw, wire.MaxTxBytes, &tx); err != nil {
		return protocol.Hash{}, false, err
	}
	return tx.Hash(), known, nil
}

func (r running) NextNonce(_ context.Context, signer protocol.PublicKey) (uint64, error) {
	return r.full.NextNonce(signer)
}

func (r running) Result(_ context.Context, hash protocol.Hash) (api.TxResult, error) {
	// The pool first: a block that comes between the two questions takes the
	// transaction from there, and its result is found then.
	standing, stands := r.full.TxStanding(hash)
	res, height, ok := r.full.TxResult(hash)
	switch {
	case ok:
		return shown(hash, height, &res), nil
	case !stands:
		return api.TxResult{}, fmt.Errorf("%w in the pool, nor in the last 200 blocks since the node began", api.ErrNotFound)
	case standing.Dropped != nil:
		return api.TxResult{}, fmt.Errorf("%w: %w", api.ErrDropped, standing.Dropped)
	case standing.Missing < standing.Nonce:
		return api.TxResult{}, fmt.Errorf("%w: it has nonce %d, and nonce %d has not come yet", api.ErrWaiting, standing.Nonce, standing.Missing)
	}
	return api.TxResult{}, api.ErrWaiting
}

func shown(hash protocol.Hash, height protocol.Height, res *ledger.TxResult) api.TxResult {
	out := api.TxResult{Hash: hash, Height: height, Type: res.Type.String(), Signer: res.Signer, OK: res.Err == nil}
	if res.Err != nil {
		out.Rule, out.Error = string(ledger.ReasonOf(res.Err)), res.Err.Error()
	}
	return out
}
