package engine

import (
	"runtime"
	"sync"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/sched"
	"github.com/assaynet/assay/engine/weights"
)

// referenceBackend is package arith on a pool of goroutines: each piece for itself, all at once.
type referenceBackend struct {
	net       *arith.Model
	pool      *pool
	pageBytes int64
	spaces    sync.Pool // of *arith.Workspace
}

type referenceKV struct{ *arith.Cache }

func (c referenceKV) Fork(n int) sched.Cache { return referenceKV{c.Cache.Fork(n)} }

// Release leaves the memory to the garbage collector: the reference is no backend for many sequences.
func (c referenceKV) Release() {}

func newReference(w *weights.Model, cfg Config) *referenceBackend {
	net := arith.New(w)
	return &referenceBackend{net: net, pool: newPool(cfg.Threads, cfg.Nice), pageBytes: net.NewCache().PageBytes()}
}

func (b *referenceBackend) name() (backend, isa, layout string) {
	return BackendReference, runtime.GOARCH, WeightsMapped
}

func (b *referenceBackend) NewCache() sched.Cache { return referenceKV{b.net.NewCache()} }
func (b *referenceBackend) PageBytes() int64      { return b.pageBytes }
func (b *referenceBackend) Budget() int           { return arith.MaxPiece }
func (b *referenceBackend) check() error          { return nil }
func (b *referenceBackend) close()                { b.pool.close() }

func (b *referenceBackend) Step(pieces []*sched.Piece) error {
	return b.pool.do(func(spread arith.Spread) {
		spread(len(pieces), func(i int) {
			w, _ := b.spaces.Get().(*arith.Workspace)
			if w == nil {
				w = &arith.Workspace{}
			}
			defer b.spaces.Put(w)
			b.run(spread, w, pieces[i])
		})
	})
}

// run runs a piece.
func (b *referenceBackend) run(spread arith.Spread, w *arith.Workspace, p *sched.Piece) {
	c := p.Cache.(referenceKV).Cache
	first := c.Len() + len(p.Tokens) - p.Keep
	states, err := b.net.Forward(spread, w, c, p.Tokens, p.Keep)
	p.Err = err
	// After a failure the positions before it still have states, and one of those may fail for its own sake.
	if len(states) == 0 {
		return
	}
	if p.Bare {
		b.bare(p, states, first)
		return
	}
	logits, failed := b.net.Logits(spread, w, states)
	spread(len(logits), func(i int) { p.Each(i, states[i], logits[i], arith.Choose(logits[i], arith.Sampling{}, 0)) })
	if p.Ran = len(logits); failed != nil {
		p.Err = &FailedError{Position: first + p.Ran}
	}
}

// bare hands over states without logits.
func (b *referenceBackend) bare(p *sched.Piece, states [][]float32, first int) {
	for i, s := range states {
		if !allFinite(s) {
			p.Err = &FailedError{Position: first + i}
			return
		}
		p.Each(i, s, nil, 0)
		p.Ran++
	}
}
