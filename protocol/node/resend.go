package node

import (
	"context"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/submit"
)

const (
	// resendEvery is after how many blocks without it a transaction that this
	// node was given is sent out again: whoever proposes takes what it has.
	resendEvery = submit.Patience
	// maxResends bounds what is sent again, by the pool's own bound for signers
	// of whom few send at a time.
	maxResends = 256
)

// resender keeps what this node was given by its own clients until it is in a
// block or has no place in one: a node that was alone at that moment has told
// nobody, and may never propose itself.
type resender struct {
	mu   sync.Mutex
	list []given // the oldest first
}

type given struct {
	hash  protocol.Hash
	raw   []byte
	since protocol.Height // when it was sent last
}

// add takes a transaction that was sent at a height. Where there are too many,
// the oldest go: they were sent again most often.
func (r *resender) add(hash protocol.Hash, raw []byte, at protocol.Height) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) >= maxResends {
		r.list = r.list[1:]
	}
	r.list = append(r.list, given{hash, raw, at})
}

// due forgets what does not wait any more, and returns what is to be sent again
// at a height.
func (r *resender) due(at protocol.Height, waits func(protocol.Hash) bool) [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out [][]byte
	kept := r.list[:0]
	for _, g := range r.list {
		if !waits(g.hash) {
			continue
		}
		if at >= g.since+resendEvery {
			out = append(out, g.raw)
			g.since = at
		}
		kept = append(kept, g)
	}
	clear(r.list[len(kept):])
	r.list = kept
	return out
}

// sendAgain publishes, at each block, what has waited for too many of them, and
// hands it to peers besides: they do not pass on what gossip brought before.
func (f *Full) sendAgain(ctx context.Context) error {
	var read protocol.Height
	for {
		h, err := f.tip.wait(ctx, read)
		if err != nil {
			return nil //nolint:nilerr // a clean stop
		}
		read = h
		for _, raw := range f.given.due(h, f.waits) {
			if err := f.host.Publish(ctx, gossip.TopicTx, raw); err != nil {
				f.cfg.Logger.Debug().Err(err).Msg("transaction not published, it waits in the own pool")
			}
			f.handOver(ctx, raw)
		}
	}
}

// handOver gives a transaction to the first peers that take it; those that do
// not are miners, or have trouble of their own.
func (f *Full) handOver(ctx context.Context, raw []byte) {
	taken := 0
	for _, p := range f.host.Peers() {
		if _, err := askOne(ctx, f.host, p.ID, gossip.StreamSubmit, raw); err != nil {
			continue
		}
		if taken++; taken == maxHanded {
			return
		}
	}
}

// waits reports whether a transaction is in the own pool.
func (f *Full) waits(hash protocol.Hash) bool {
	s, ok := f.TxStanding(hash)
	return ok && s.Dropped == nil
}
