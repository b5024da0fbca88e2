package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/wire"
)

// light shows what a miner's node can prove of the ledger, one record at a time,
// and sends transactions on: so a miner's machine needs no validator's HTTP.
type light struct {
	node   *node.Light
	past   pastNode
	guests *guests
}

// newLight is that of a node.
func newLight(n *node.Light) light { return light{n, n, newGuests()} }

// pastNode is the part of a node that asks validators for the past.
type pastNode interface {
	TimeOf(ctx context.Context, h protocol.Height) (time.Time, error)
	Outcome(ctx context.Context, hash protocol.Hash) (consensus.Outcome, error)
}

var _ pastNode = (*node.Light)(nil)

const (
	// guestsAtOnce is how many questions about the past are asked for others than who
	// runs the node, of either kind: half of what the node asks at once, so that its
	// operator does not wait for their turns. The bytes that all questions bring are
	// bounded together: while others use that up, the operator is told busy, too.
	guestsAtOnce = 2
	// guestRate, in a second, and guestBurst bound their questions about transactions:
	// a quarter of the old ones that a validator looks up for all who ask.
	guestRate, guestBurst = 1, 4
)

// guests share out what may be asked of validators for others than who runs the
// node.
type guests struct {
	times, outcomes chan struct{}
	rate            *rate.Limiter
}

func newGuests() *guests {
	return &guests{make(chan struct{}, guestsAtOnce), make(chan struct{}, guestsAtOnce), rate.NewLimiter(guestRate, guestBurst)}
}

// enter waits for a place, which is to be given back; who runs the node needs none.
func enter(ctx context.Context, places chan struct{}) (give func(), err error) {
	if !api.FromElsewhere(ctx) {
		return func() {}, nil
	}
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// askOutcome is [enter] for a question about a transaction: [api.ErrBusy] at once
// where others have asked too many.
func (g *guests) askOutcome(ctx context.Context) (give func(), err error) {
	if api.FromElsewhere(ctx) && !g.rate.Allow() {
		return nil, fmt.Errorf("%w: this node asks validators seldom for others than who runs it", api.ErrBusy)
	}
	return enter(ctx, g.outcomes)
}

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

var _ api.Clock = light{}

// BlockTime implements [api.Clock], by a block that some validator keeps and this
// node verifies: what cannot be verified now is not known.
func (l light) BlockTime(ctx context.Context, h protocol.Height) (time.Time, error) {
	give, err := enter(ctx, l.guests.times)
	if err != nil {
		return time.Time{}, err
	}
	defer give()
	at, err := l.past.TimeOf(ctx, h)
	if errors.Is(err, consensus.ErrBusy) {
		return at, fmt.Errorf("%w: %w", api.ErrBusy, err)
	}
	for _, no := range []error{consensus.ErrNoBlock, consensus.ErrNoProvider} {
		if errors.Is(err, no) {
			return at, fmt.Errorf("%w: %w", api.ErrNotFound, err)
		}
	}
	return at, err
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

// Result implements [api.Pool], by proofs of what validators remember. Nobody can
// prove that a transaction is in no block, nor do all validators answer: where
// nothing is proven, it says what the ledger itself tells.
func (l light) Result(ctx context.Context, hash protocol.Hash) (api.TxResult, error) {
	give, err := l.guests.askOutcome(ctx)
	if err != nil {
		return api.TxResult{}, err
	}
	defer give()
	o, err := l.past.Outcome(ctx, hash)
	if err != nil && ctx.Err() != nil {
		return api.TxResult{}, ctx.Err()
	}
	return resultOf(hash, &o, err)
}

// resultOf shows an outcome, or why there is none.
func resultOf(hash protocol.Hash, o *consensus.Outcome, err error) (api.TxResult, error) {
	switch {
	case err == nil:
		out := api.TxResult{Hash: hash, Height: o.Height, Type: o.Tx.Type.String(), Signer: o.Tx.Signer, OK: o.OK}
		if !o.OK {
			out.Error = "it broke a rule of the ledger, and no header says which; a validator's node does"
		}
		return out, nil
	case errors.Is(err, consensus.ErrFork):
		return api.TxResult{}, err
	case errors.Is(err, consensus.ErrTxWaits):
		return api.TxResult{}, api.ErrWaiting
	case errors.Is(err, consensus.ErrBusy):
		return api.TxResult{}, fmt.Errorf("%w: validators look up few old transactions at a time, and others ask now", api.ErrBusy)
	case errors.Is(err, consensus.ErrNoBlock):
		return api.TxResult{}, fmt.Errorf("%w: a miner keeps no blocks, and no validator that was asked has shown it one with this transaction, which does not prove that there is none; the account's nonce and balance tell", api.ErrNotKept)
	}
	return api.TxResult{}, fmt.Errorf("%w: a miner keeps no blocks, and no validator answers for them now; the account's nonce and balance tell", api.ErrNotKept)
}
