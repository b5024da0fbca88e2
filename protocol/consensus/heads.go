package consensus

import (
	"context"
	"sync"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// headBuffer is how many blocks a subscriber may be behind: some minutes. Who
// is slower misses the oldest, never the newest, and sees it by the heights.
const headBuffer = 256

// Head is a block that was carried out.
type Head struct {
	Height protocol.Height
	// Time is the block's own, agreed on by the validators.
	Time time.Time
	// StateHash is the root of the state after the block.
	StateHash protocol.Hash
	// Proposer is the consensus key that the header names.
	Proposer protocol.PublicKey
	// Rounds is how many rounds the block before took beyond the first.
	Rounds int
	// Result is what the block did; nil where only the head is known. It is
	// shared: do not change it.
	Result *ledger.Result
}

// heads tells subscribers of blocks, in order.
type heads struct {
	mu   sync.Mutex
	last *Head
	subs map[chan Head]struct{}
}

// publish never blocks.
func (h *heads) publish(head Head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = &head
	for c := range h.subs {
		push(c, head)
	}
}

// push sends, and drops the oldest where there is no room. Only one goroutine
// at a time sends on c.
func push(c chan Head, head Head) {
	for {
		select {
		case c <- head:
			return
		default:
		}
		select {
		case <-c:
		default:
		}
	}
}

// subscribe returns a channel that begins with the newest block, if there is
// one, and is closed when ctx is done.
func (h *heads) subscribe(ctx context.Context) <-chan Head {
	c := make(chan Head, headBuffer)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subs == nil {
		h.subs = make(map[chan Head]struct{})
	}
	h.subs[c] = struct{}{}
	if h.last != nil {
		c <- *h.last
	}
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.subs, c)
		close(c)
	})
	return c
}
