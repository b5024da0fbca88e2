package node

import (
	"context"
	"sync"
	"time"

	"github.com/assaynet/assay/protocol"
)

// tip is the newest height, for many that wait for it to grow.
type tip struct {
	mu      sync.Mutex
	height  protocol.Height
	time    time.Time     // of the block at height, where it is known
	changed chan struct{} // closed when height grows, and replaced
}

func newTip() *tip { return &tip{changed: make(chan struct{})} }

// set raises the height; a lower one is ignored.
func (t *tip) set(h protocol.Height) { t.setAt(h, time.Time{}) }

// setAt is set with the block's own time.
func (t *tip) setAt(h protocol.Height, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h <= t.height {
		return
	}
	t.height, t.time = h, at
	close(t.changed)
	t.changed = make(chan struct{})
}

// now returns the height.
func (t *tip) now() protocol.Height {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.height
}

// at returns the time of the block at that height.
func (t *tip) at() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.time
}

// wait returns the newest height above after, when there is one.
func (t *tip) wait(ctx context.Context, after protocol.Height) (protocol.Height, error) {
	for {
		t.mu.Lock()
		h, changed := t.height, t.changed
		t.mu.Unlock()
		if h > after {
			return h, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-changed:
		}
	}
}
