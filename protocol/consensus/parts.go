package consensus

import (
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/statesync"

	"github.com/assaynet/assay/protocol/state"
)

// syncReactor is the name of CometBFT's reactor of snapshots.
const syncReactor = "STATESYNC"

// maxPartMessage bounds a message that brings a part: what is around it, two
// numbers of which, takes below a hundred bytes.
const maxPartMessage = state.MaxPart + 1<<10

// smallParts is CometBFT's reactor of snapshots with a bound on what a peer may
// send as a part. CometBFT takes sixteen megabytes, and writes each part that
// anybody sends, asked or not, to the disk before it is looked at: of a snapshot
// of maxSnapshotParts these would be 64 GiB, and are as many times [state.MaxPart]
// now. A longer message ends the connection, before it is in memory.
type smallParts struct{ p2p.Reactor }

// GetChannels implements [p2p.Reactor].
func (r smallParts) GetChannels() []*p2p.ChannelDescriptor {
	out := r.Reactor.GetChannels() // made anew by each call
	for _, c := range out {
		if c.ID == statesync.ChunkChannel {
			c.RecvMessageCapacity = maxPartMessage
		}
	}
	return out
}

// boundParts puts smallParts in the place of the reactor. It is called before the
// node starts.
func boundParts(n *node.Node) {
	sw := n.Switch()
	if own, ok := sw.Reactor(syncReactor); ok {
		sw.RemoveReactor(syncReactor, own)
		sw.AddReactor(syncReactor, smallParts{own})
	}
}
