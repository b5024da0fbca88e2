package consensus

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/merkle"
	"github.com/cometbft/cometbft/types"
	"golang.org/x/time/rate"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// What is proven to light readers of transactions. A question is short, and costs
// nothing where no block that is remembered has the transaction. Else its whole
// block is read, once: those of the newest blocks, whose senders ask, are kept
// ready, and of older ones the last, and strangers have few of those read in a
// second.

const (
	// freshBlocks is how many of the newest blocks are kept ready: some seconds.
	freshBlocks = 4
	// oldRate and oldBurst bound how many older blocks are read, in a second and at
	// once: one of 4 MiB takes some 10 ms.
	oldRate  = 4
	oldBurst = 16
	// maxProofBytes bounds, in bytes of memory, the blocks that are kept ready: one
	// that is full of short transactions, of 37 MiB, and what fits beside it, or five
	// as they mostly are. One more is held while it is read. A validator at rest may
	// take 250 MiB.
	maxProofBytes = 64 << 20
)

// prover proves what blocks did with transactions.
type prover struct {
	turn chan struct{} // holds one while a block is read
	old  *rate.Limiter
	read func(h protocol.Height, codes []uint32) (*proofs, error)

	mu    sync.Mutex
	fresh []*proofs // guarded by mu; ascending heights, freshBlocks at most
	older *proofs   // guarded by mu

	seen []protocol.Height // of who has the turn: of the newest blocks, those that were read
}

func newProver(read func(protocol.Height, []uint32) (*proofs, error)) *prover {
	return &prover{turn: make(chan struct{}, 1), old: rate.NewLimiter(oldRate, oldBurst), read: read}
}

// of returns the proofs of a block, the newest being newest: [ErrTxBusy], and those
// of reading it.
func (p *prover) of(ctx context.Context, h, newest protocol.Height, codes []uint32) (*proofs, error) {
	if x := p.kept(h); x != nil {
		return x, nil
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if x := p.kept(h); x != nil { // who had the turn before read it
		return x, nil
	}
	isFresh := func(h protocol.Height) bool { return h+freshBlocks > newest }
	fresh, again := isFresh(h), slices.Contains(p.seen, h)
	if (!fresh || again) && !p.old.Allow() {
		return nil, ErrTxBusy
	}
	x, err := p.read(h, codes)
	if err != nil {
		return nil, err
	}
	if fresh && !again { // one that found no room is read again as seldom as old ones
		p.seen = append(slices.DeleteFunc(p.seen, func(s protocol.Height) bool { return !isFresh(s) }), h)
	}
	p.keep(x, fresh)
	return x, nil
}

func (p *prover) kept(h protocol.Height) *proofs {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.fresh {
		if x.height == h {
			return x
		}
	}
	if p.older != nil && p.older.height == h {
		return p.older
	}
	return nil
}

func (p *prover) keep(x *proofs, fresh bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.fitLocked(x)
	if !fresh {
		p.older = x
		return
	}
	at, _ := slices.BinarySearchFunc(p.fresh, x.height, func(b *proofs, h protocol.Height) int { return cmp.Compare(b.height, h) })
	p.fresh = slices.Insert(p.fresh, at, x)
	if len(p.fresh) > freshBlocks {
		p.fresh = slices.Delete(p.fresh, 0, 1)
	}
}

// fitLocked drops blocks until no more than maxProofBytes are held: an older one
// first, then from the oldest on, and that which came last if it alone is too long.
func (p *prover) fitLocked(last *proofs) {
	held := func() (sum int) {
		for _, x := range p.fresh {
			sum += x.bytes
		}
		if p.older != nil {
			sum += p.older.bytes
		}
		return sum
	}
	for held() > maxProofBytes {
		at := slices.IndexFunc(p.fresh, func(x *proofs) bool { return x != last })
		switch {
		case p.older != nil: // also the one just read: who asks for old ones pushes no new one out
			p.older = nil
		case at >= 0:
			p.fresh = slices.Delete(p.fresh, at, at+1)
		default:
			p.fresh, p.older = nil, nil
		}
	}
}

// proofs are those of a block's transactions and of their results.
type proofs struct {
	height  protocol.Height
	bytes   int // of memory, or a little more
	txs     types.Txs
	places  []*merkle.Proof
	results types.ABCIResults
	same    []*merkle.Proof
}

// proofs reads a block and proves all of it. The codes are those of the results of
// all but the first transaction, which is the block's head.
func (a *Archive) proofs(h protocol.Height, codes []uint32) (*proofs, error) {
	block := a.blocks.LoadBlock(int64(h))
	if block == nil || len(block.Txs) != len(codes)+1 {
		return nil, fmt.Errorf("block %d: %w", h, ErrNoBlock)
	}
	return prove(h, block.Txs, codes)
}

// prove proves all transactions of a block.
func prove(h protocol.Height, of types.Txs, codes []uint32) (*proofs, error) {
	list := []*abci.ExecTxResult{{}}
	for _, c := range codes {
		list = append(list, &abci.ExecTxResult{Code: c})
	}
	out := &proofs{height: h, txs: of, results: types.NewResults(list)}
	txs, results := make([][]byte, len(out.txs)), make([][]byte, len(out.txs))
	for i := range out.txs {
		var err error
		if results[i], err = out.results[i].Marshal(); err != nil {
			return nil, fmt.Errorf("encode a result of block %d: %w", h, err)
		}
		txs[i] = out.txs[i].Hash()
	}
	_, out.places = merkle.ProofsFromByteSlices(txs)
	_, out.same = merkle.ProofsFromByteSlices(results)
	out.bytes = out.size()
	return out, nil
}

// What a block takes besides its transactions, in bytes: for each a slice, a result
// of some fields, and two proofs, with the hashes of a leaf and of a node above it;
// and for each hash that a proof names, a slice.
const (
	txCost    = 24 + 144
	proofCost = 8 + 80 + 2*32
	auntCost  = 24
)

func (p *proofs) size() (sum int) {
	for i, tx := range p.txs {
		sum += cap(tx) + txCost + 2*proofCost + auntCost*(cap(p.places[i].Aunts)+cap(p.same[i].Aunts))
	}
	return sum
}

// outcome is what a light reader is told of the transaction at an index.
func (p *proofs) outcome(at int) ([]Proven, error) {
	result, err := p.results[at].Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode a result of block %d: %w", p.height, err)
	}
	hash := wire.TxHash(p.txs[at])
	out := []Proven{{Key: hash[:], Value: p.txs[at]}, {Value: result}}
	for i, proof := range []*merkle.Proof{p.places[at], p.same[at]} {
		if out[i].Proof, err = proof.ToProto().Marshal(); err != nil {
			return nil, fmt.Errorf("encode a proof of block %d: %w", p.height, err)
		}
	}
	return out, nil
}

// outcome answers for a transaction of a recent block.
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
	_, newest := n.app.latest()
	p, err := n.prover.of(ctx, h, newest, codes)
	if err != nil {
		return 0, nil, err
	}
	items, err := p.outcome(at + 1)
	return h, items, err
}
