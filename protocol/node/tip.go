package node

import (
	"context"
	"sync"

	"github.com/assaynet/assay/protocol"
)

// tip is the newest height, for many that wait for it to grow.
type tip struct {
	mu      sync.Mutex
	height  protocol.Height
	changed chan struct{} // closed when height grows, and replaced
}

func newTip() *tip { return &tip{changed: make(chan struct{})} }

// set raises the height; a lower one is ignored.
func (t *tip) set(h protocol.Height) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h <= t.height {
		return
	}
	t.height = h
	close(t.changed)
	t.changed = make(chan struct{})
}

// now returns the height.
func (t *tip) now() protocol.Height {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.height
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
