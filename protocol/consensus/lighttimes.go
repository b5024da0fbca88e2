package consensus

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cometbft/cometbft/types"
	"golang.org/x/time/rate"

	"github.com/assaynet/assay/protocol"
)

// Blocks of the past. A light reader keeps no blocks, but it can verify one that
// somebody else keeps:
//
//	forwards   from a block before it that is verified and not too old, by
//	           signatures, as it does with the newest. A second provider, where there
//	           is one, must not contradict it, for the same reason: more than a third
//	           of a set that was trusted may have signed twice.
//	backwards  from a verified block after it, by hashes: a header has the hash of the
//	           one before. That needs no second provider, who could only give the same
//	           block or find another one of the same hash; nor does it matter how old
//	           either is, for no signature is believed. What a header said of the past
//	           when it was verified stays so.
//
// The way forwards takes a question or two, the way back one for each block. So the
// way back is for what nothing trusted leads to any more, and is gone on from where
// it ended: each block is known at last that somebody keeps, in whatever order
// they are asked for. Of blocks that it verified a reader remembers the time of
// each, and some whole, spread over all that it has seen.

const (
	// maxNear is how many blocks a block may be below a verified one for the way back
	// to be tried before the way forwards.
	maxNear = 8
	// maxFetched bounds the blocks that one question takes, of one provider, or in
	// all on the way back: with those of 256 validators some 1.5 MiB, where a node
	// serves a reader without a seat 2 MiB at once.
	maxFetched = 32
	// maxMarks bounds the blocks that are remembered as beginnings, and maxWalked as
	// ends of ways back. With 256 validators each takes some 100 KiB.
	maxMarks  = 32
	maxWalked = 8
	// maxTimes bounds the times that are remembered: a day of blocks of 1.5 s.
	maxTimes = 1 << 16
	// unknownFor is for how long what could not be verified is not asked for again, and
	// maxUnknown bounds how much of that is remembered.
	unknownFor = time.Minute
	maxUnknown = 1 << 12
	// pastFor bounds a question about the past, and how long it waits for its turn;
	// pastAtOnce is how many are worked on at once.
	pastFor    = 2 * askFor
	pastAtOnce = 4
	// crossFor is how long others have to contradict a block that signatures prove.
	crossFor = 2 * hedgeAfter
	// maxPastAsked bounds the providers that are asked for one.
	maxPastAsked = 8
	// pastRate, in bytes a second, and pastBurst, in bytes, bound what is asked of all
	// providers for the past together: a node serves a reader without a seat 256 KiB a
	// second and 2 MiB at once, and the newest block must not wait for old ones.
	pastRate  = 128 << 10
	pastBurst = 1 << 20
)

// past is what a reader needs to verify blocks of the past.
type past struct {
	blocks   chan struct{} // one for each block that is being verified
	outcomes chan struct{} // one for each transaction that is
	bytes    *rate.Limiter // of blocks; what was too much, the next block waits for

	// Guarded by Light.mu.
	marks   []*types.LightBlock           // verified, ascending; none was too old when it came
	walked  []*types.LightBlock           // ends of ways back, the newest way last
	times   map[protocol.Height]time.Time // of verified headers
	asked   map[protocol.Height]time.Time // of those that were asked for and are not on disk yet
	unknown map[protocol.Height]time.Time // until when a block is not asked for again
}

func newPast() past {
	return past{
		blocks: make(chan struct{}, pastAtOnce), outcomes: make(chan struct{}, pastAtOnce), bytes: rate.NewLimiter(pastRate, pastBurst),
		times: map[protocol.Height]time.Time{}, unknown: map[protocol.Height]time.Time{},
	}
}

// TimeOf returns the time in the verified header of the block at a height, to the
// nanosecond. It takes some seconds at most, and what was asked for in vain is not
// asked for again for a minute. Errors: [ErrNoBlock] for one that is not verified
// yet, that nobody keeps, or that more questions may reach; [ErrBusy];
// [ErrNoProvider] where nobody answers truly; [ErrFork]; and that of ctx.
func (l *Light) TimeOf(ctx context.Context, h protocol.Height) (time.Time, error) {
	l.mu.Lock()
	at, ok := l.past.times[h]
	l.mu.Unlock()
	if ok {
		return at, nil
	}
	lb, err := l.blockAt(ctx, h)
	if err != nil {
		return time.Time{}, fmt.Errorf("time of block %d: %w", h, err)
	}
	return lb.Time, nil
}

// blockAt is [Light.find] in its turn, and not soon again where it was in vain.
func (l *Light) blockAt(ctx context.Context, h protocol.Height) (*types.LightBlock, error) {
	if lb, err := l.atHand(h); lb != nil || err != nil {
		return lb, err
	}
	if l.isUnknown(h) {
		return nil, fmt.Errorf("it could not be verified a moment ago: %w", ErrNoBlock)
	}
	give, err := l.turnOfPast(ctx)
	if err != nil {
		return nil, err
	}
	defer give()
	own, cancel := context.WithTimeout(ctx, pastFor)
	defer cancel()
	lb, err := l.find(own, h)
	switch {
	case err == nil:
		l.mu.Lock()
		defer l.mu.Unlock()
		l.past.askedLocked(lb)
		return lb, nil
	case errors.Is(err, ErrFork):
		return nil, err
	case ctx.Err() != nil: // who asked has gone: it says nothing of the block
		return nil, ctx.Err()
	}
	if !errors.Is(err, errNobody) && !errors.Is(err, errNearer) && !errors.Is(err, ErrBusy) {
		l.setUnknown(h)
	}
	if own.Err() != nil {
		return nil, fmt.Errorf("not in time: %w", ErrNoBlock)
	}
	return nil, err
}

// turnOfPast waits until a block of the past may be asked for. That wait is of our
// own making, and before anybody is asked: no provider is taken for slow.
func (l *Light) turnOfPast(ctx context.Context) (give func(), err error) {
	own, cancel := context.WithTimeout(ctx, pastFor)
	defer cancel()
	if give, err = takePlace(own, l.past.blocks); err != nil {
		return nil, tooMuch(ctx)
	}
	if err := l.past.bytes.Wait(own); err != nil { // it would take too long
		give()
		return nil, tooMuch(ctx)
	}
	return give, nil
}

// takePlace takes a place, which is to be given back.
func takePlace(ctx context.Context, places chan struct{}) (give func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func tooMuch(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return fmt.Errorf("too much of the past is asked for: %w", ErrBusy)
}

// counted counts the bytes of blocks, and gives so many at most.
type counted struct {
	Provider
	bytes *rate.Limiter
	left  *atomic.Int32
}

// LightBlock implements [Provider].
func (c counted) LightBlock(ctx context.Context, h protocol.Height) ([]byte, error) {
	if c.left.Add(-1) < 0 {
		return nil, fmt.Errorf("more than %d blocks for one: %w", maxFetched, ErrNoBlock)
	}
	b, err := c.Provider.LightBlock(ctx, h)
	c.bytes.ReserveN(time.Now(), min(len(b), pastBurst))
	return b, err
}

// witnesses are the providers that are asked for the past, counted, and how many of
// them neither lied nor hung.
func (l *Light) witnesses() (all []Provider, good int) {
	all, good = l.providers()
	all = all[:min(len(all), maxPastAsked)]
	for i, p := range all {
		c := counted{p, l.past.bytes, new(atomic.Int32)}
		c.left.Store(maxFetched)
		all[i] = c
	}
	return all, min(good, len(all))
}

// atHand returns the block at h where it is remembered, nil where it is to be
// asked for, and [ErrNoBlock] where it cannot be.
func (l *Light) atHand(h protocol.Height) (*types.LightBlock, error) {
	if h < l.cfg.Genesis.First() || h > math.MaxInt64 {
		return nil, ErrNoBlock
	}
	_, above := l.around(h)
	switch {
	case above == nil:
		return nil, fmt.Errorf("not verified yet: %w", ErrNoBlock)
	case above.Height == int64(h):
		return above, nil
	}
	return nil, nil
}

// find verifies the block at h, which is not above the newest: one that is far
// from what is remembered by signatures from before it, and where that leads
// nowhere, for trust in them has ended or nobody keeps what they begin with, by
// hashes from after it.
func (l *Light) find(ctx context.Context, h protocol.Height) (*types.LightBlock, error) {
	if lb, err := l.atHand(h); lb != nil || err != nil {
		return lb, err
	}
	if _, above := l.around(h); above.Height-int64(h) > maxNear {
		lb, err := l.forwards(ctx, h)
		if err == nil || errors.Is(err, ErrFork) || ctx.Err() != nil {
			return lb, err
		}
	}
	_, above := l.around(h)
	return l.walk(ctx, above, int64(h))
}

// forwards verifies the block at h from one before it, or from where trust begins:
// [ErrExpired] where that is too old.
func (l *Light) forwards(ctx context.Context, h protocol.Height) (*types.LightBlock, error) {
	begin := l.cfg.Trust
	if begin.Height > h {
		begin = protocol.Checkpoint{}
	}
	if below, _ := l.around(h); below == nil && begin.IsZero() && l.tooOld(time.Unix(l.cfg.Genesis.Time, 0)) {
		return nil, fmt.Errorf("the genesis: %w", ErrExpired)
	}
	all, good := l.witnesses()
	return race(ctx, l, all, func(ctx context.Context, p Provider) (*types.LightBlock, error) {
		from, _ := l.around(h) // as far as others came
		if from == nil {
			var err error
			if from, err = l.begin(ctx, p, begin); err != nil {
				return nil, err
			}
			l.remember(from)
			switch {
			case from.Height == int64(h):
				return from, nil
			case l.tooOld(from.Time):
				return nil, fmt.Errorf("header %d: %w", from.Height, ErrExpired)
			}
		}
		target, err := l.block(ctx, p, h)
		if err != nil {
			return nil, err
		}
		return target, l.skip(ctx, p, from, target, func(from, to *types.LightBlock) error {
			ctx, cancel := context.WithTimeout(ctx, crossFor)
			defer cancel()
			if err := l.crossCheck(ctx, all[:good], p, from, to); err != nil {
				return err
			}
			l.remember(to)
			return nil
		})
	})
}

// errNearer: the next question goes on.
var errNearer = fmt.Errorf("%w yet: the way back has come nearer to it", ErrNoBlock)

// walk verifies the block at h from a verified one after it, of whatever age, by
// hashes. Where it ends early, the next one goes on from there.
func (l *Light) walk(ctx context.Context, from *types.LightBlock, h int64) (*types.LightBlock, error) {
	at := from
	var err error
	for n := 0; at.Height > h; n++ {
		if n == maxFetched {
			err = fmt.Errorf("block %d: %w", at.Height, errNearer)
			break
		}
		var before *types.LightBlock
		if before, err = l.linked(ctx, at); err != nil {
			break
		}
		at = before
		l.remember(at)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.past.end(from, at)
	if err != nil {
		return nil, err
	}
	return at, nil
}

// linked asks for the block before a verified one. Nobody's signature is looked at:
// its header is what the one after it has the hash of, or it is a lie.
func (l *Light) linked(ctx context.Context, after *types.LightBlock) (*types.LightBlock, error) {
	all, _ := l.witnesses()
	return race(ctx, l, all, func(ctx context.Context, p Provider) (*types.LightBlock, error) {
		lb, err := l.block(ctx, p, protocol.Height(after.Height-1))
		if err == nil && !bytes.Equal(lb.Hash(), after.LastBlockID.Hash) {
			return nil, fmt.Errorf("block %d is not the one before %d: %w", lb.Height, after.Height, ErrLie)
		}
		return lb, err
	})
}

// tooOld reports whether nothing follows from a block of that time any more.
func (l *Light) tooOld(at time.Time) bool { return time.Since(at) >= l.cfg.TrustPeriod }

// around returns the nearest blocks that are remembered: one below h that is not
// too old, nil where there is none, and one at h or above it, nil where h is above
// all.
func (l *Light) around(h protocol.Height) (below, above *types.LightBlock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lb := range slices.Concat(l.past.marks, l.past.walked, []*types.LightBlock{l.before, l.newest}) {
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

// remember keeps the time of a verified block, and the block where others may
// follow from it.
func (l *Light) remember(lb *types.LightBlock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rememberLocked(lb)
}

func (l *Light) rememberLocked(lb *types.LightBlock) {
	if len(l.past.times) >= maxTimes {
		clear(l.past.times)
	}
	l.past.times[protocol.Height(lb.Height)] = lb.Time
	if !l.tooOld(lb.Time) {
		l.past.mark(lb, func(b *types.LightBlock) bool { return l.tooOld(b.Time) })
	}
}

// mark remembers a block as a beginning. Of too many, those that are too old go
// first, and then the one, between the first and the last, whose neighbours are
// closest.
func (p *past) mark(lb *types.LightBlock, old func(*types.LightBlock) bool) {
	at, known := slices.BinarySearchFunc(p.marks, lb.Height, func(b *types.LightBlock, h int64) int { return cmp.Compare(b.Height, h) })
	if known {
		return
	}
	p.marks = slices.Insert(p.marks, at, lb)
	if len(p.marks) <= maxMarks {
		return
	}
	if p.marks = slices.DeleteFunc(p.marks, old); len(p.marks) <= maxMarks {
		return
	}
	least, gap := 1, int64(0)
	for i := 1; i < len(p.marks)-1; i++ {
		if g := p.marks[i+1].Height - p.marks[i-1].Height; i == 1 || g < gap {
			least, gap = i, g
		}
	}
	p.marks = slices.Delete(p.marks, least, least+1)
}

// end remembers where a way back ended, in the place of where it began, if that was
// the end of another.
func (p *past) end(from, at *types.LightBlock) {
	if from == at {
		return
	}
	p.walked = slices.DeleteFunc(p.walked, func(b *types.LightBlock) bool { return b == from || b.Height == at.Height })
	p.walked = append(p.walked, at)
	if len(p.walked) > maxWalked {
		p.walked = slices.Delete(p.walked, 0, 1)
	}
}

func (l *Light) isUnknown(h protocol.Height) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	until, ok := l.past.unknown[h]
	return ok && time.Now().Before(until)
}

func (l *Light) setUnknown(h protocol.Height) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.past.unknown) >= maxUnknown {
		clear(l.past.unknown)
	}
	l.past.unknown[h] = time.Now().Add(unknownFor)
}
