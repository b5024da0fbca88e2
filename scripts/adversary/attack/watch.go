package main

import (
	"context"
	"sync"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/scripts/adversary/network"
)

// watch notes when blocks came, as their headers say.
type watch struct {
	mu    sync.Mutex
	times map[protocol.Height]time.Time // guarded by mu
	last  protocol.Height               // guarded by mu
}

// watchEvery is well below the time of a block.
const watchEvery = 50 * time.Millisecond

// follow watches a node until ctx ends.
func (w *watch) follow(ctx context.Context, n *network.Node) {
	for rest(ctx, watchEvery) {
		var s api.Status
		if n.Get(ctx, "/v1/status", &s) != nil || s.Height == 0 {
			continue // it is busy, and asked again at once
		}
		w.mu.Lock()
		w.times[s.Height], w.last = s.BlockTime, max(w.last, s.Height)
		w.mu.Unlock()
	}
}

// height returns the newest height that was seen.
func (w *watch) height() protocol.Height {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// longest returns the longest and the mean time of a block in from … to.
func (w *watch) longest(from, to protocol.Height) (longest, mean time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first, before time.Time
	var n, since int
	for h := from; h <= to; h++ {
		at, ok := w.times[h]
		since++
		if !ok {
			continue
		}
		if before.IsZero() {
			first = at
		} else {
			longest = max(longest, at.Sub(before)/time.Duration(since)) // of several, where one was not seen
			n += since
		}
		before, since = at, 0
	}
	if n > 0 {
		mean = before.Sub(first) / time.Duration(n)
	}
	return longest, mean
}

// until waits for a height.
func (w *watch) until(ctx context.Context, h protocol.Height, failed func() error) error {
	for w.height() < h {
		if err := failed(); err != nil {
			return err
		}
		if !rest(ctx, watchEvery) {
			return ctx.Err()
		}
	}
	return nil
}
