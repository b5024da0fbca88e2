package consensus

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/cometbft/cometbft/node"

	"github.com/assaynet/assay/protocol"
)

// closeWithin is how long a node that fetches blocks may come no nearer to its
// peers before it takes part without the blocks that it lacks, which consensus
// brings as well. It is two spans of it at least.
const closeWithin = 15 * time.Second

// The names of CometBFT's reactors of blocks and of its pool of transactions.
const (
	blockReactor = "BLOCKSYNC"
	poolReactor  = "MEMPOOL"
)

// closing finds out that a node fetches blocks and comes no nearer to its peers.
//
// CometBFT takes part when it has the blocks of the peer that says it has most. One
// that boasts of blocks that nobody made could keep every node that starts from
// voting that way, and end the chain with the second: what the peers say who are
// not the highest half moves it on.
type closing struct {
	every time.Duration
	since time.Time       // when this span began; zero while nothing is fetched
	gap   protocol.Height // least of this span, in blocks
	last  protocol.Height // that of the span before
}

// look reports whether the node at height h has come no nearer over two spans. own
// is its height, and peers are those that its peers are at.
func (c *closing) look(syncing bool, own protocol.Height, peers []protocol.Height, now time.Time) bool {
	if !syncing {
		*c = closing{every: c.every}
		return false
	}
	if len(peers) == 0 { // one that boasts is sent away now and then, and comes back
		return false
	}
	gap := behind(own, peers)
	if c.since.IsZero() {
		*c = closing{every: c.every, since: now, gap: gap, last: math.MaxUint64}
		return false
	}
	c.gap = min(c.gap, gap)
	if now.Sub(c.since) < c.every {
		return false
	}
	stands := c.gap >= c.last
	c.since, c.last, c.gap = now, c.gap, math.MaxUint64
	return stands
}

// behind is how many blocks more most peers have, or half of them. Whoever says
// too little lets a node begin early, which costs it time; whoever says too much
// moves nothing.
func behind(own protocol.Height, peers []protocol.Height) protocol.Height {
	slices.Sort(peers)
	if target := peers[(len(peers)-1)/2]; target > own {
		return target - own
	}
	return 0
}

// takePart ends the fetching of blocks and lets consensus begin from what is there,
// as CometBFT does by itself when it has fetched all. Its log of what it did is of
// no use where a block was fetched since.
func (n *Node) takePart(c *node.Node) error {
	r, ok := c.Switch().Reactor(blockReactor)
	if !ok || !r.IsRunning() {
		return nil
	}
	if err := r.Stop(); err != nil { // it ends in the midst of no block
		return fmt.Errorf("end the fetching of blocks: %w", err)
	}
	if !c.ConsensusReactor().WaitSync() {
		return nil // it had all in this moment
	}
	st, err := n.archive.sets.Load()
	if err != nil {
		return fmt.Errorf("read the state of consensus: %w", err)
	}
	n.cfg.Logger.Info().Int64("height", st.LastBlockHeight).
		Msg("takes part now: no blocks come, and some peer may have said that it has more than there are")
	if pool, ok := c.Switch().Reactor(poolReactor); ok {
		if p, ok := pool.(interface{ EnableInOutTxs() }); ok {
			p.EnableInOutTxs()
		}
	}
	c.ConsensusReactor().SwitchToConsensus(st, st.LastBlockHeight > n.begun)
	return nil
}
