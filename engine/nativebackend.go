package engine

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/sched"
	"github.com/assaynet/assay/engine/weights"
)

// nativeBackend is package native: all pieces of a step are one batch.
type nativeBackend struct {
	net       *native.Model
	pageBytes int64
	budget    int
	logits    []float32 // of the step in progress
}

const (
	// stepWork is about how many multiplications a step may take, so that others and cancellation wait little; two cores do so
	// many in less than half a second.
	stepWork  = 80e9
	minBudget = 32
	maxBudget = 512
	// logitsAtOnce bounds the memory of logits.
	logitsAtOnce = 64
)

type nativeKV struct{ *native.Cache }

func (c nativeKV) Fork(n int) sched.Cache { return nativeKV{c.Cache.Fork(n)} }

func newNative(f *gguf.File, w *weights.Model, cfg Config) (*nativeBackend, error) {
	n, err := native.New(w, native.Config{Threads: cfg.Threads, Nice: cfg.Nice, Level: cfg.ISA, Weights: cfg.Weights, File: f.Bytes()})
	if err != nil {
		return nil, memoryError(err)
	}
	work := float64(w.Layers) * float64(w.Width) * float64(3*w.FFN+2*(w.Heads+w.KVHeads)*w.Head)
	return &nativeBackend{
		net: n, pageBytes: n.NewCache().PageBytes(),
		budget: min(maxBudget, max(minBudget, int(stepWork/work)/sched.PageLen*sched.PageLen)),
	}, nil
}

func (b *nativeBackend) name() (backend, isa, layout string) {
	return BackendNative, b.net.Level().String(), b.net.Weights()
}

func (b *nativeBackend) NewCache() sched.Cache { return nativeKV{b.net.NewCache()} }
func (b *nativeBackend) PageBytes() int64      { return b.pageBytes }
func (b *nativeBackend) Budget() int           { return b.budget }
func (b *nativeBackend) check() error          { return b.net.Check() }
func (b *nativeBackend) close()                { b.net.Close() }

// Step runs all new tokens at once, then the logits of the wanted states.
func (b *nativeBackend) Step(pieces []*sched.Piece) error {
	run := make([]*native.Piece, len(pieces))
	firsts := make([]int, len(pieces)) // positions of the first wanted states
	for i, p := range pieces {
		run[i] = &native.Piece{Cache: p.Cache.(nativeKV).Cache, Tokens: p.Tokens, Keep: p.Keep}
		firsts[i] = p.Cache.Len() + len(p.Tokens) - p.Keep
	}
	if err := b.net.Forward(run); err != nil {
		return memoryError(err)
	}
	var states []wantedState
	for i, p := range pieces {
		p.Err = memoryError(run[i].Err)
		for k, s := range run[i].States {
			x := wantedState{p, s, firsts[i] + k}
			switch {
			case !p.Bare:
				states = append(states, x)
			case x.counts(allFinite(s)):
				p.Each(p.Ran-1, s, nil, 0)
			}
		}
	}
	for at := 0; at < len(states); at += logitsAtOnce {
		if err := b.choose(states[at:min(at+logitsAtOnce, len(states))]); err != nil {
			return err
		}
	}
	return nil
}

// memoryError makes an error that is due to a lack of memory ErrMemory.
func memoryError(err error) error {
	if errors.Is(err, native.ErrMemory) {
		return fmt.Errorf("%w: %w", ErrMemory, err)
	}
	return err
}

func allFinite(x []float32) bool {
	for _, f := range x {
		if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
			return false
		}
	}
	return true
}

// choose makes the logits of some states and hands them to their pieces.
func (b *nativeBackend) choose(states []wantedState) error {
	flat := make([][]float32, len(states))
	for i, x := range states {
		flat[i] = x.state
	}
	logits, best, err := b.net.Logits(flat, &b.logits)
	if err != nil {
		return memoryError(err)
	}
	var wg sync.WaitGroup
	for i, x := range states {
		if !x.counts(best[i] >= 0) {
			continue
		}
		k := x.piece.Ran - 1
		if len(states) == 1 {
			x.piece.Each(k, x.state, logits[i], best[i])
		} else {
			wg.Go(func() { x.piece.Each(k, x.state, logits[i], best[i]) })
		}
	}
	wg.Wait()
	return nil
}

// wantedState is a state of a piece, at a position.
type wantedState struct {
	piece    *sched.Piece
	state    []float32
	position int
}

// counts tells whether the state is a result of its piece, and adds it to the count: it is finite, and no position before it
// failed. States come in order.
func (x wantedState) counts(finite bool) bool {
	p := x.piece
	var failed *FailedError
	if errors.As(p.Err, &failed) && failed.Position <= x.position {
		return false
	}
	if !finite {
		p.Err = &FailedError{Position: x.position}
		return false
	}
	p.Ran++
	return true
}
