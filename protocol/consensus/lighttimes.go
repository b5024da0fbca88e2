package consensus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/cometbft/cometbft/types"
	"golang.org/x/time/rate"

	"github.com/assaynet/assay/protocol"
)

// Blocks of the past. A light reader keeps no blocks, but it can verify one that
// somebody else keeps: forwards by skipping from one before it, which is trusted
// and not too old, or backwards by hashes from one that is not far above it. So
// that each costs a question or two, it remembers some of those that it verified,
// spread over all that it has seen.

const (
	// maxNear is how many blocks a block may be below a trusted one for the way back,
	// a question for each, to be tried before the way forwards.
	maxNear = 8
	// maxMarks bounds the blocks that are remembered. With 256 validators each takes
	// some 100 KiB.
	maxMarks = 32
	// pastFor bounds the verification of one block of the past, and pastAtOnce is how
	// many are verified at once.
	pastFor    = 2 * askFor
	pastAtOnce = 2
	// maxPastAsked bounds the providers that are asked for one.
	maxPastAsked = 8
	// pastReserve is what is left of the time of who asks, at least, where another
	// block of the past is begun with: who shows many times shows those that came.
	pastReserve = 5 * time.Second
	// pastRate, in bytes a second, and pastBurst, in bytes, bound what is asked of all
	// providers for the past together: a node serves a reader without a seat 256 KiB a
	// second and 2 MiB at once, and the newest block must not wait for old ones.
	pastRate  = 128 << 10
	pastBurst = 1 << 20
)

// past is what a reader needs to verify blocks of the past.
type past struct {
	places chan struct{} // one for each that is being verified
	bytes  *rate.Limiter
	marks  []*types.LightBlock // guarded by Light.mu; verified, ascending
}

func newPast() past {
	return past{places: make(chan struct{}, pastAtOnce), bytes: rate.NewLimiter(pastRate, pastBurst)}
}

// TimeOf returns the time in the verified header of the block at a height, to the
// nanosecond. It takes some seconds at most, and less than the time of ctx.
// Errors: [ErrNoBlock] for one that is not verified yet, that nobody keeps, or for
// which there is no time now; [ErrExpired] for one that nothing trusted leads to
// any more; [ErrNoProvider] where nobody answers truly; and [ErrFork].
func (l *Light) TimeOf(ctx context.Context, h protocol.Height) (time.Time, error) {
	lb, err := l.blockAt(ctx, h)
	if err != nil {
		return time.Time{}, fmt.Errorf("time of block %d: %w", h, err)
	}
	return lb.Time, nil
}

// blockAt returns the verified block at h, which is not above the newest.
func (l *Light) blockAt(ctx context.Context, h protocol.Height) (*types.LightBlock, error) {
	if h < l.cfg.Genesis.First() || h > math.MaxInt64 {
		return nil, ErrNoBlock
	}
	switch _, above := l.around(h); {
	case above == nil:
		return nil, ErrNoBlock
	case above.Height == int64(h):
		return above, nil
	}
	lb, err := inPast(ctx, l, func(ctx context.Context, p Provider) (*types.LightBlock, error) {
		return l.reach(ctx, p, h)
	})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mark(lb)
	return lb, nil
}

// inPast asks for something of the past, within its bounds.
func inPast[T any](ctx context.Context, l *Light, ask func(context.Context, Provider) (T, error)) (T, error) {
	limit := time.Now().Add(pastFor)
	if end, ok := ctx.Deadline(); ok {
		limit = minTime(limit, end.Add(-pastReserve))
	}
	own, cancel := context.WithDeadline(ctx, limit)
	defer cancel()
	v, err := inTime(own, l, ask)
	if own.Err() != nil && ctx.Err() == nil && err != nil {
		return v, fmt.Errorf("not in time: %w", ErrNoBlock)
	}
	return v, err
}

// inTime waits for its turn and asks.
func inTime[T any](ctx context.Context, l *Light, ask func(context.Context, Provider) (T, error)) (T, error) {
	var none T
	select {
	case l.past.places <- struct{}{}:
		defer func() { <-l.past.places }()
	case <-ctx.Done():
		return none, ctx.Err()
	}
	if err := l.past.bytes.Wait(ctx); err != nil { // it would take too long
		return none, fmt.Errorf("too much was asked for: %w: %w", ErrNoBlock, err)
	}
	all, _ := l.providers()
	return race(ctx, l, all[:min(len(all), maxPastAsked)], func(ctx context.Context, p Provider) (T, error) {
		return ask(ctx, metered{p, l.past.bytes})
	})
}

// metered counts the bytes of blocks, and asks for none while too many were asked
// for: who makes the way to one long uses up no more than the others.
type metered struct {
	Provider
	bytes *rate.Limiter
}

// LightBlock implements [Provider].
func (m metered) LightBlock(ctx context.Context, h protocol.Height) ([]byte, error) {
	if err := m.bytes.Wait(ctx); err != nil { // it would take too long
		return nil, fmt.Errorf("too much was asked for: %w: %w", ErrNoBlock, err)
	}
	b, err := m.Provider.LightBlock(ctx, h)
	m.bytes.ReserveN(time.Now(), min(len(b), pastBurst))
	return b, err
}

// reach verifies the block at h, which is below the newest, of p.
func (l *Light) reach(ctx context.Context, p Provider, h protocol.Height) (*types.LightBlock, error) {
	below, above := l.around(h)
	near := above.Height - int64(h)
	if near <= maxNear {
		return l.down(ctx, p, above, int64(h))
	}
	lb, err := l.forwards(ctx, p, below, h)
	if err != nil && near <= maxBack && !errors.Is(err, ErrLie) { // it is too old, or nobody keeps it
		return l.down(ctx, p, above, int64(h))
	}
	return lb, err
}

// forwards verifies the block at h from below, or from where trust begins where
// that is nil.
func (l *Light) forwards(ctx context.Context, p Provider, below *types.LightBlock, h protocol.Height) (*types.LightBlock, error) {
	if below == nil {
		from := l.cfg.Trust
		if from.Height > h {
			from = protocol.Checkpoint{}
		}
		if from.IsZero() && l.tooOld(time.Unix(l.cfg.Genesis.Time, 0)) {
			return nil, fmt.Errorf("the genesis: %w", ErrExpired)
		}
		var err error
		if below, err = l.begin(ctx, p, from); err != nil {
			return nil, err
		}
		if l.tooOld(below.Time) {
			return nil, fmt.Errorf("header %d: %w", below.Height, ErrExpired)
		}
		l.mu.Lock()
		l.mark(below)
		l.mu.Unlock()
		if below.Height == int64(h) {
			return below, nil
		}
	}
	target, err := l.block(ctx, p, h)
	if err != nil {
		return nil, err
	}
	return target, l.skip(ctx, p, below, target)
}

// tooOld reports whether nothing follows from a block of that time any more.
func (l *Light) tooOld(at time.Time) bool { return time.Since(at) >= l.cfg.TrustPeriod }

// around returns the nearest blocks that are known: one below h that is not too
// old, nil where there is none, and one at h or above it, nil where h is above all.
func (l *Light) around(h protocol.Height) (below, above *types.LightBlock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lb := range append(slices.Clip(l.past.marks), l.before, l.newest) {
		switch {
		case lb == nil:
		case lb.Height >= int64(h):
			if above == nil || lb.Height < above.Height {
				above = lb
			}
		case !l.tooOld(lb.Time):
			if below == nil || lb.Height > below.Height {
				below = lb
			}
		}
	}
	return below, above
}

// mark remembers a verified block. Of too many, those that are too old go first,
// and then the one, between the first and the last, whose neighbours are closest.
// The caller holds mu.
func (l *Light) mark(lb *types.LightBlock) {
	at, known := slices.BinarySearchFunc(l.past.marks, lb.Height, func(b *types.LightBlock, h int64) int { return cmp.Compare(b.Height, h) })
	if known {
		return
	}
	l.past.marks = slices.Insert(l.past.marks, at, lb)
	if len(l.past.marks) <= maxMarks {
		return
	}
	old := func(b *types.LightBlock) bool { return l.tooOld(b.Time) }
	if l.past.marks = slices.DeleteFunc(l.past.marks, old); len(l.past.marks) <= maxMarks {
		return
	}
	least, gap := 1, int64(0)
	for i := 1; i < len(l.past.marks)-1; i++ {
		if g := l.past.marks[i+1].Height - l.past.marks[i-1].Height; i == 1 || g < gap {
			least, gap = i, g
		}
	}
	l.past.marks = slices.Delete(l.past.marks, least, least+1)
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
