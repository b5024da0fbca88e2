package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Source gives the records of a network, one after the other from block 1 on, and
// [io.EOF] behind the last.
type Source interface {
	Next() (*Record, error)
}

// Replay says what to re-derive.
type Replay struct {
	Genesis *ledger.Genesis
	// From and To are the epochs whose payments are compared. All before them are
	// carried out, too, for a state that is taken on trust proves nothing.
	From, To protocol.Epoch
	// All stands for a To up to which there are records, whatever it is; at least one
	// epoch.
	All bool
	// Believe leaves the signatures of transactions out.
	Believe bool
	// Threads look at signatures; at least one. With two or more, what an epoch paid is
	// computed in a thread of its own, too, beside what it does not depend on.
	Threads int
	// Tree is empty; nil is one in memory that has no hash. Root, where it is set, is
	// asked for the tree's hash after each block, and that is compared with the
	// record's.
	Tree ledger.Tree
	Root func() (protocol.Hash, error)
	// Block and Epoch, where they are set, are told what was carried out, and what was
	// re-derived of each epoch that is compared.
	Block func(r *Record, res *ledger.Result)
	Epoch func(*Outcome)
}

// Report is what a replay came to.
type Report struct {
	Epochs uint64          `json:"epochs"` // that were compared, and equal
	Blocks uint64          `json:"blocks"` // that were carried out
	Txs    uint64          `json:"txs"`
	Paid   protocol.Amount `json:"paid"` // in the epochs that were compared
	// State is the hash of the state after the last block, where Root was set: with it
	// who has only a file asks a node whether it is of the same network.
	State *protocol.Hash `json:"state,omitempty"`
	// Difference is the first thing that came out otherwise; nil where there is none.
	Difference *Difference `json:"difference,omitempty"`
}

// GCPercent is for [debug.SetGCPercent] in a program that replays: with it a replay
// takes a quarter less time than with Go's 100, and up to five times the memory of
// the state, of which a tree in memory holds what is read most decoded, too.
const GCPercent = 400

// Run carries the records out up to the last block of epoch To. It stops at the
// first difference, which is no error. Errors are the source's, [ErrOrder],
// [ErrShort], those of the tree, and those of [ledger.Init].
func (p *Replay) Run(ctx context.Context, src Source) (*Report, error) {
	tree := p.Tree
	if tree == nil {
		tree = &ledger.MemTree{}
	}
	if _, err := ledger.Init(tree, p.Genesis); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	run := &replay{Replay: p, chain: p.Genesis.ChainID(), tree: tree, last: math.MaxUint64}
	if !p.All {
		run.last = p.Genesis.Params.Schedule.EpochEnd(p.To)
	}
	list := run.read(ctx, src)
	defer func() { // the reader has ended when the source is the caller's again
		stop()
		for range list {
		}
	}()
	for want := p.Genesis.First(); want <= run.last; want++ {
		next, ok := <-list
		switch {
		case ctx.Err() != nil:
			return &run.report, context.Cause(ctx)
		case !ok && p.All && run.report.Epochs > 0:
			return &run.report, nil
		case !ok && p.All:
			return &run.report, fmt.Errorf("%w: at block %d, in epoch %d", ErrShort, want-1, p.Genesis.Params.Schedule.EpochOf(want-1))
		case !ok:
			return &run.report, fmt.Errorf("%w: at block %d, and epoch %d ends with block %d", ErrShort, want-1, p.To, run.last)
		}
		if next.checked.Wait(); next.err != nil {
			return &run.report, next.err
		}
		if next.record.Height != want {
			return &run.report, fmt.Errorf("%w: block %d, want %d", ErrOrder, next.record.Height, want)
		}
		if err := run.step(next); err != nil || run.report.Difference != nil {
			return &run.report, err
		}
	}
	return &run.report, nil
}

// replay is one that runs.
type replay struct {
	*Replay
	chain  string
	tree   ledger.Tree
	last   protocol.Height
	report Report
}

// step carries out one block and compares what came of it.
func (p *replay) step(next *ahead) error {
	r := next.record
	if p.Threads > 1 {
		next.block.Beside = beside
	}
	res, err := ledger.Apply(p.tree, p.chain, &p.Genesis.Params, next.block)
	if errors.Is(err, ledger.ErrBlock) {
		p.report.Difference = &Difference{Height: r.Height, Epoch: p.Genesis.Params.Schedule.EpochOf(r.Height), Field: "block", Recorded: "decided", Derived: err.Error()}
		return nil
	}
	if err != nil {
		return fmt.Errorf("carry out block %d: %w", r.Height, err)
	}
	p.report.Blocks++
	p.report.Txs += uint64(len(res.Txs))
	if p.Block != nil {
		p.Block(r, res)
	}
	if err := p.compareEpoch(r); err != nil || p.report.Difference != nil {
		return err
	}
	return p.compareRoot(r)
}

// beside does work in a goroutine, which ends with it.
func beside(work func()) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	return func() { <-done }
}

// compareEpoch compares what the epoch paid, if the block closed one.
func (p *replay) compareEpoch(r *Record) error {
	sched := &p.Genesis.Params.Schedule
	e := sched.EpochOf(r.Height)
	if !sched.IsEpochEnd(r.Height) || e < p.From {
		return nil
	}
	if r.Outcome == nil {
		p.report.Difference = &Difference{Height: r.Height, Epoch: e, Field: "outcome", Recorded: "none", Derived: "one, for the block closes an epoch"}
		return nil
	}
	derived, err := ReadOutcome(p.tree, e)
	if err != nil {
		return fmt.Errorf("what epoch %d paid: %w", e, err)
	}
	if p.report.Difference = compare(r.Outcome, derived); p.report.Difference != nil {
		return nil
	}
	p.report.Epochs++
	p.report.Paid += derived.Epoch.Miners + derived.Epoch.Validators // parts of what was issued
	if p.Epoch != nil {
		p.Epoch(derived)
	}
	return nil
}

func (p *replay) compareRoot(r *Record) error {
	if p.Root == nil {
		return nil
	}
	root, err := p.Root()
	if err != nil {
		return fmt.Errorf("state after block %d: %w", r.Height, err)
	}
	p.report.State = &root
	if root != r.StateHash {
		p.report.Difference = &Difference{
			Height: r.Height, Epoch: p.Genesis.Params.Schedule.EpochOf(r.Height), Field: "state hash", Recorded: r.StateHash.String(), Derived: root.String(),
		}
	}
	return nil
}

// ahead is a record that was read, and whose signatures are being looked at.
type ahead struct {
	record  *Record
	block   *ledger.Block
	err     error
	checked sync.WaitGroup
}

// readAhead is how many blocks are read before they are carried out: enough to keep
// all threads at work, and a bound on memory.
const readAhead = 32

// read reads records in a goroutine of its own until the last that is needed, the
// end, an error, or the end of ctx.
func (p *replay) read(ctx context.Context, src Source) <-chan *ahead {
	out := make(chan *ahead, readAhead)
	turns := make(chan struct{}, max(1, p.Threads))
	go func() {
		defer close(out)
		for ctx.Err() == nil {
			r, err := src.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			next := &ahead{record: r, err: err}
			if err == nil {
				next.block, next.err = p.blockOf(r)
			}
			if next.err == nil {
				p.look(next, turns)
			}
			select {
			case out <- next:
			case <-ctx.Done():
				next.checked.Wait()
				return
			}
			if next.err != nil || r.Height >= p.last {
				return
			}
		}
	}()
	return out
}

// blockOf returns the record's block, if it has no more bytes than a block of this
// network may: so what is read ahead is bounded by that.
func (p *replay) blockOf(r *Record) (*ledger.Block, error) {
	if most := int(p.Genesis.Params.Block.MaxBytes); len(r.Txs) > most+prefix*mostTxs(most) {
		return nil, fmt.Errorf("%w: block %d has %d bytes of transactions, and they may be %d", wire.ErrMalformed, r.Height, len(r.Txs), most)
	}
	return r.Block()
}

// share is how many transactions a thread looks at before it gives way.
const share = 16

// look begins to read the transactions of a block, and to look at their signatures.
// One that is wrong is left for [ledger.Apply] to find, which says where.
func (p *replay) look(next *ahead, turns chan struct{}) {
	txs := next.block.Txs
	if len(txs) < 2 {
		return
	}
	txs = txs[1:]
	read := make([]ledger.ReadTx, len(txs))
	next.block.Read = read
	for len(txs) > 0 {
		n := min(share, len(txs))
		part, into := txs[:n], read[:n]
		txs, read = txs[n:], read[n:]
		turns <- struct{}{}
		next.checked.Go(func() {
			defer func() { <-turns }()
			for i, raw := range part {
				tx, body, err := wire.ReadTx(raw, p.chain)
				if err != nil {
					continue
				}
				into[i] = ledger.ReadTx{Tx: tx, Body: body, Right: p.Believe || tx.Verify() == nil}
			}
		})
	}
}
