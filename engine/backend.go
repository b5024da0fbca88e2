package engine

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
)

// kv is the keys and values of one sequence, of the backend that made it. One goroutine at a time uses it.
type kv interface {
	Len() int
	Tokens() []Token
	Bytes() int64
	// fork returns a copy of the first n positions; afterwards nobody writes to the kv.
	fork(n int) kv
}

// backend runs a model. Its results are the same bits whatever it is. It is safe for concurrent use.
type backend interface {
	// name says what it is and which instructions it uses.
	name() (backend, isa string)
	newCache() kv
	// most is the largest number of tokens of a step.
	most() int
	// step runs tokens after those in c and calls each(i, state, logits, best) for the last keep of them, i from 0, in any order
	// and on any goroutines; best is the index of the largest logit. The slices are valid within the call only. A *FailedError
	// has the position in the sequence; ran is then how many of the keep came before it. Else err is the cause of ctx, and each
	// was not called.
	step(ctx context.Context, c kv, tokens []Token, keep int, each func(i int, state, logits []float32, best Token)) (ran int, err error)
	// close frees it; no step may be in progress or follow.
	close()
}

// newBackend chooses what computes net.
func newBackend(f *gguf.File, net *arith.Model, cfg Config) (backend, error) {
	if cfg.Backend == BackendReference {
		return newReference(net, cfg), nil
	}
	b, err := newBatcher(net, cfg)
	if err == nil {
		f.Forget() // the weights are now the kernels' own
		return b, nil
	}
	missing := errors.Is(err, native.ErrUnavailable) || errors.Is(err, native.ErrUnsupported)
	if cfg.Backend == "" && missing && cfg.ISA == "" {
		return newReference(net, cfg), nil
	}
	return nil, err
}

// referenceBackend is package arith on a pool of goroutines.
type referenceBackend struct {
	net    *arith.Model
	pool   *pool
	spaces sync.Pool // of *arith.Workspace
}

type referenceKV struct{ *arith.Cache }

func (c referenceKV) fork(n int) kv { return referenceKV{c.Fork(n)} }

func newReference(net *arith.Model, cfg Config) *referenceBackend {
	return &referenceBackend{net: net, pool: newPool(cfg.Threads, cfg.Nice)}
}

func (b *referenceBackend) name() (string, string) { return BackendReference, runtime.GOARCH }
func (b *referenceBackend) newCache() kv           { return referenceKV{b.net.NewCache()} }
func (b *referenceBackend) most() int              { return arith.MaxPiece }
func (b *referenceBackend) close()                 { b.pool.close() }

func (b *referenceBackend) step(
	ctx context.Context, c kv, tokens []Token, keep int, each func(int, []float32, []float32, Token),
) (ran int, err error) {
	w, _ := b.spaces.Get().(*arith.Workspace)
	if w == nil {
		w = &arith.Workspace{}
	}
	defer b.spaces.Put(w)
	done := b.pool.do(ctx, func(s arith.Spread) { ran, err = b.run(s, w, c.(referenceKV).Cache, tokens, keep, each) })
	if done != nil {
		return 0, context.Cause(ctx)
	}
	return ran, err
}

func (b *referenceBackend) run(
	spread arith.Spread, w *arith.Workspace, c *arith.Cache, tokens []Token, keep int, each func(int, []float32, []float32, Token),
) (int, error) {
	first := c.Len() + len(tokens) - keep
	states, err := b.net.Forward(spread, w, c, tokens, keep)
	// After a failure the positions before it still have states, and one of those may fail for its own sake.
	if len(states) == 0 {
		return 0, err
	}
	logits, failed := b.net.Logits(spread, w, states)
	spread(len(logits), func(i int) { each(i, states[i], logits[i], arith.Choose(logits[i], arith.Sampling{}, 0)) })
	if failed != nil {
		return len(logits), &FailedError{Position: first + len(logits)}
	}
	return len(logits), err
}
