package native

import (
	"errors"
	"math"
	"sync"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/weights"
)

// Backend is a Model behind the contract of package backend: all pieces of a
// step are one batch.
type Backend struct {
	net       *Model
	pageBytes int64
	budget    int
}

var _ backend.Backend = (*Backend)(nil)

const (
	// stepWork is about how many multiplications a step may take, so that
	// others and cancellation wait little; two cores do so many in less than
	// half a second.
	stepWork  = 80e9
	minBudget = 32
	maxBudget = 512
	// logitsAtOnce bounds the memory of logits, in states.
	logitsAtOnce = 64
)

type keyValues struct{ *Cache }

func (c keyValues) Fork(n int) backend.Cache { return keyValues{c.Cache.Fork(n)} }

// Open makes a Backend. Errors are those of New.
func Open(w *weights.Model, cfg Config) (*Backend, error) {
	n, err := New(w, cfg)
	if err != nil {
		return nil, err
	}
	work := float64(w.Layers) * float64(w.Width) * float64(3*w.FFN+2*(w.Heads+w.KVHeads)*w.Head)
	return &Backend{
		net: n, pageBytes: n.NewCache().PageBytes(),
		budget: min(maxBudget, max(minBudget, int(stepWork/work)/pageLen*pageLen)),
	}, nil
}

// About names the level of instructions, and where weights are read: Mapped or
// Interleaved.
func (b *Backend) About() backend.About {
	return backend.About{ISA: b.net.Level().String(), Layout: b.net.Weights()}
}

// NewCache returns an empty cache.
func (b *Backend) NewCache() backend.Cache { return keyValues{b.net.NewCache()} }

// PageBytes is the memory of a page.
func (b *Backend) PageBytes() int64 { return b.pageBytes }

// CacheBytes is the memory of all pages, see [Model.CacheBytes].
func (b *Backend) CacheBytes() int64 { return b.net.CacheBytes() }

// Budget is as many tokens as take less than half a second on two cores.
func (b *Backend) Budget() int { return b.budget }

// Check returns backend.ErrFile where a part of Config.File could not be read,
// whoever read it.
func (b *Backend) Check() error { return b.net.Check() }

// Close ends the threads.
func (b *Backend) Close() { b.net.Close() }

// Step runs all new tokens at once, then makes logits of the states of which
// tokens or logits are wanted.
func (b *Backend) Step(pieces []*backend.Piece) error {
	run := make([]*Piece, len(pieces))
	firsts := make([]int, len(pieces)) // positions of the first wanted states
	for i, p := range pieces {
		run[i] = &Piece{
			Cache: p.Cache.(keyValues).Cache, Tokens: p.Tokens, Residual: p.Residual, Keep: p.Keep,
			Choose: p.Want&(backend.Likeliest|backend.Logits) != 0,
		}
		firsts[i] = p.Cache.Len() + len(p.Tokens) - p.Keep
	}
	if err := b.net.Forward(run); err != nil {
		return err
	}
	var states []wantedState
	var chosen []choice
	for i, p := range pieces {
		p.Err = run[i].Err
		for k, s := range run[i].States {
			x := wantedState{p, s, firsts[i] + k}
			switch {
			case p.Want == backend.Residual:
				p.Give(p.Ran, backend.Result{Residual: s})
				p.Ran++
			case run[i].Chose:
				chosen = append(chosen, choice{x, run[i].Best[k], run[i].Logits[k]})
			case p.Want&^backend.State != 0:
				states = append(states, x)
			case x.counts(allFinite(s)):
				p.Give(p.Ran-1, backend.Result{State: s})
			}
		}
	}
	give(chosen)
	for at := 0; at < len(states); at += logitsAtOnce {
		if err := b.choose(states[at:min(at+logitsAtOnce, len(states))]); err != nil {
			return err
		}
	}
	return nil
}

func allFinite(x []float32) bool {
	for _, f := range x {
		if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
			return false
		}
	}
	return true
}

// choose makes the logits of some states and gives their pieces what those want.
func (b *Backend) choose(states []wantedState) error {
	flat := make([][]float32, len(states))
	for i, x := range states {
		flat[i] = x.state
	}
	logits, best, err := b.net.Logits(flat, nil)
	if err != nil {
		return err
	}
	chosen := make([]choice, len(states))
	for i, x := range states {
		chosen[i] = choice{x, best[i], logits[i]}
	}
	give(chosen)
	return nil
}

// choice is a state with its logits, and the likeliest of them, or -1.
type choice struct {
	wantedState
	best   int32
	logits []float32
}

// give gives the choices' pieces what those want.
func give(chosen []choice) {
	var wg sync.WaitGroup
	for _, c := range chosen {
		if !c.counts(c.best >= 0) {
			continue
		}
		k, r := c.piece.Ran-1, backend.Result{State: c.state, Likeliest: c.best, Logits: c.logits}
		if len(chosen) == 1 {
			c.piece.Give(k, r)
		} else {
			wg.Go(func() { c.piece.Give(k, r) })
		}
	}
	wg.Wait()
}

// wantedState is a state of a piece, at a position.
type wantedState struct {
	piece    *backend.Piece
	state    []float32
	position int
}

// counts tells whether the state is a result of its piece, and adds it to the
// count: it is finite, and no position before it failed. States come in order.
func (x wantedState) counts(finite bool) bool {
	p := x.piece
	var failed *backend.FailedError
	if errors.As(p.Err, &failed) && failed.Position <= x.position {
		return false
	}
	if !finite {
		p.Err = &backend.FailedError{Position: x.position}
		return false
	}
	p.Ran++
	return true
}
