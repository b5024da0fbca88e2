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

// fetches is how many times as fast as blocks can be made a node has them, at
// least, while it fetches old ones. New ones may come twice as fast for a while: of
// them peers tell once in ten seconds.
const fetches = 3

// closing finds out that a node fetches blocks and comes no nearer to its peers.
//
// CometBFT takes part when it has the blocks of the peer that says it has most. One
// that boasts of blocks that nobody made could keep every node that starts from
// voting that way, and end the chain with the second: what the peers say who are
// not the highest half moves it on. Where they say too little, or are behind
// themselves, a node that fetches old blocks goes on with it: consensus brings them
// one after the other, each with its votes.
type closing struct {
	every time.Duration
	pause time.Duration   // between two blocks that are made, at least
	since time.Time       // when this span began; zero while nothing is fetched
	from  protocol.Height // the own height then
	gap   protocol.Height // least of this span, in blocks
	last  protocol.Height // that of the span before
}

// look reports whether the node at height h has come no nearer over two spans. own
// is its height, and peers are those that its peers are at; see [takers].
func (c *closing) look(syncing bool, own protocol.Height, peers []protocol.Height, now time.Time) bool {
	if !syncing {
		*c = closing{every: c.every, pause: c.pause}
		return false
	}
	if len(peers) == 0 { // one that boasts is sent away now and then, and comes back
		return false
	}
	gap := behind(own, peers)
	if c.since.IsZero() {
		*c = closing{every: c.every, pause: c.pause, since: now, from: own, gap: gap, last: math.MaxUint64}
		return false
	}
	c.gap = min(c.gap, gap)
	span := now.Sub(c.since)
	if span < c.every {
		return false
	}
	stands := c.gap >= c.last && own-c.from <= protocol.Height(fetches*span/c.pause)
	c.since, c.from, c.last, c.gap = now, own, c.gap, math.MaxUint64
	return stands
}

// behind is how many blocks more most peers have, or half of them. Whoever says
// too little lets a node begin early that fetches slowly, which costs it time;
// whoever says too much moves nothing.
func behind(own protocol.Height, peers []protocol.Height) protocol.Height {
	slices.Sort(peers)
	if target := peers[(len(peers)-1)/2]; target > own {
		return target - own
	}
	return 0
}

// takers returns the heights of the peers that take part. Where there are peers and
// none does, it is as if one were at the genesis: after a start of the whole
// network all wait for those who have said nothing yet, and one of them may boast.
func takers(c *node.Node) []protocol.Height {
	if all := peerHeights(c); len(all) > 0 || c.Switch().Peers().Size() == 0 {
		return all
	}
	return []protocol.Height{0}
}

// takePart ends the fetching of blocks and lets consensus begin from what is there,
// as CometBFT does by itself when it has fetched all. Its log of what it did is of
// no use where a block was fetched since.
func (n *Node) takePart(c *node.Node) error {
	r, ok := c.Switch().Reactor(blockReactor)
	if !ok || !r.IsRunning() {
		return nil
	}
	if st, err := n.archive.sets.Load(); err != nil || st.IsEmpty() {
		return err // a snapshot that was fetched is not yet, or not, what it begins from
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
