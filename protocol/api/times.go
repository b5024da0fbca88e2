package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
)

// Clock is what a [State] may be in addition: it knows when blocks were made.
type Clock interface {
	// BlockTime returns the time in the header of a block; [ErrNotFound] where the
	// block is not kept, [ErrBusy].
	BlockTime(ctx context.Context, h protocol.Height) (time.Time, error)
}

// maxTimes bounds the times that are held: those of the blocks that close the
// epochs of a year, of an hour each, take no more.
const maxTimes = 1 << 14

// times holds the times of blocks, which never change.
type times struct {
	mu   sync.Mutex
	seen map[protocol.Height]time.Time // guarded by mu
}

// timeOf returns when a block was made, in UTC; zero where this node does not
// know.
func (h *Handler) timeOf(ctx context.Context, height protocol.Height) (time.Time, error) {
	clock, ok := h.src.State.(Clock)
	if !ok || height == 0 {
		return time.Time{}, nil
	}
	h.times.mu.Lock()
	at, ok := h.times.seen[height]
	h.times.mu.Unlock()
	if ok {
		return at, nil
	}
	at, err := clock.BlockTime(ctx, height)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrBusy) {
		return time.Time{}, nil
	}
	if err != nil {
		return at, fmt.Errorf("time of block %d: %w", height, err)
	}
	at = at.UTC()
	h.times.mu.Lock()
	defer h.times.mu.Unlock()
	if h.times.seen == nil || len(h.times.seen) >= maxTimes {
		h.times.seen = map[protocol.Height]time.Time{}
	}
	h.times.seen[height] = at
	return at, nil
}

const (
	// timesFor bounds the times of one list, where others are asked for them, and
	// timesAtOnce is how many are asked for side by side.
	timesFor    = 5 * time.Second
	timesAtOnce = 4
)

// timesOf returns when blocks were made, the first ones first: what this node does
// not know, or could not find out in time, is not there.
func (h *Handler) timesOf(ctx context.Context, heights []protocol.Height) (map[protocol.Height]time.Time, error) {
	limited, cancel := context.WithTimeout(ctx, timesFor)
	defer cancel()
	g, own := errgroup.WithContext(limited)
	g.SetLimit(timesAtOnce)
	var mu sync.Mutex
	out := make(map[protocol.Height]time.Time, len(heights))
	for _, height := range heights {
		g.Go(func() error {
			if own.Err() != nil {
				return nil
			}
			at, err := h.timeOf(own, height)
			if err != nil && limited.Err() != nil && ctx.Err() == nil { // it is left out
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			out[height] = at
			return err
		})
	}
	err := g.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return out, err
}

// share shows a part of a whole as a decimal with six digits, rounded down: 0.5
// of 65535ths is "0.500007".
func share(part, whole uint64) string {
	const digits = 1_000_000
	q := part * digits / whole
	return fmt.Sprintf("%d.%06d", q/digits, q%digits)
}

// The wholes of the two units in which parts are counted.
const (
	ofWeight = 65535
	ofOne    = 65536
)
