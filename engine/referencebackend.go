package engine

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// referenceBackend is package arith on a pool of goroutines: each piece for
// itself, all at once.
type referenceBackend struct {
	net       *arith.Model
	pool      *pool
	close     func() // ends the pool, once
	pageBytes int64
	spaces    sync.Pool // of *arith.Workspace
	lost      atomic.Pointer[error]
}

type referenceKV struct{ *arith.Cache }

func (c referenceKV) Fork(n int) backend.Cache { return referenceKV{c.Cache.Fork(n)} }

// Release leaves the memory to the garbage collector: the reference is no
// backend for many sequences.
func (c referenceKV) Release() {}

func openReference(_ *gguf.File, w *weights.Model, cfg Config) (backend.Backend, string, error) {
	net, p := arith.New(w), newPool(cfg.Threads, cfg.Nice)
	return &referenceBackend{net: net, pool: p, close: sync.OnceFunc(p.close), pageBytes: net.NewCache().PageBytes()}, "", nil
}

// About says that the reference is Go, for whatever processor that is, and
// reads weights where the file has them.
func (b *referenceBackend) About() backend.About {
	return backend.About{ISA: runtime.GOARCH, Layout: WeightsMapped}
}

func (b *referenceBackend) NewCache() backend.Cache { return referenceKV{b.net.NewCache()} }
func (b *referenceBackend) PageBytes() int64        { return b.pageBytes }
func (b *referenceBackend) Budget() int             { return arith.MaxPiece }
func (b *referenceBackend) Close()                  { b.close() }

// Check returns what a step has met.
func (b *referenceBackend) Check() error {
	if lost := b.lost.Load(); lost != nil {
		return *lost
	}
	return nil
}

func (b *referenceBackend) Step(pieces []*backend.Piece) error {
	if err := b.Check(); err != nil {
		return err
	}
	err := b.pool.do(func(spread arith.Spread) {
		spread(len(pieces), func(i int) {
			w, _ := b.spaces.Get().(*arith.Workspace)
			if w == nil {
				w = &arith.Workspace{}
			}
			defer b.spaces.Put(w)
			b.run(spread, w, pieces[i])
		})
	})
	if err != nil { // the pool's only one: a part of the file was not there
		b.lost.Store(&err)
	}
	return err
}

// run runs a piece.
func (b *referenceBackend) run(spread arith.Spread, w *arith.Workspace, p *backend.Piece) {
	c := p.Cache.(referenceKV).Cache
	first := c.Len() + len(p.Tokens) - p.Keep
	states, err := b.net.Continue(spread, w, c, p.Tokens, p.Residual, p.Keep)
	p.Err = err
	// After a failure the positions before it still have states, and one of
	// those may fail for its own sake.
	if len(states) == 0 {
		return
	}
	switch p.Want {
	case backend.State:
		b.bare(p, states, first)
		return
	case backend.Residual:
		for i, s := range states {
			p.Give(i, backend.Result{Residual: s})
		}
		p.Ran = len(states)
		return
	}
	logits, failed := b.net.Logits(spread, w, states)
	spread(len(logits), func(i int) {
		r := backend.Result{State: states[i], Logits: logits[i]}
		if p.Want&backend.Likeliest != 0 {
			r.Likeliest = arith.Choose(logits[i], arith.Sampling{}, 0)
		}
		p.Give(i, r)
	})
	if p.Ran = len(logits); failed != nil {
		p.Err = &FailedError{Position: first + p.Ran}
	}
}

// bare hands over states without logits.
func (b *referenceBackend) bare(p *backend.Piece, states [][]float32, first int) {
	for i, s := range states {
		if !arith.Finite(s) {
			p.Err = &FailedError{Position: first + i}
			return
		}
		p.Give(i, backend.Result{State: s})
		p.Ran++
	}
}
