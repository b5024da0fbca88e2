package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/params"
)

// Bounds of how old the newest block may be for a node that is in time. Messages
// that come early wait for eight blocks; a height may take some rounds of votes,
// each with a silent proposer; and clocks differ by a little.
const (
	blocksLate = 8
	roundsLate = 4
	clockAhead = 3 * time.Second
)

// Presence says whether others have newer blocks than this node, and in words
// why an answer that is opened now may not arrive here, empty where it does.
func (f *Full) Presence() (behind bool, deaf string) {
	if f.Stats().Syncing {
		return true, "catching up with the ledger"
	}
	return false, deafness(&f.cfg.Genesis.Params.Block, f.BlockTime(), time.Now(), f.host.Peers())
}

// passOn reports whether answers reach this node by its peers: one of those that
// take part in the topic passes them on, or, where none does, some peer is there
// for the router at all: miners take no part, and send their own to whoever does.
func passOn(peers []gossip.PeerInfo) bool {
	among := func(list func(gossip.PeerInfo) []gossip.Topic) bool {
		return slices.ContainsFunc(peers, func(p gossip.PeerInfo) bool { return slices.Contains(list(p), gossip.TopicAnswer) })
	}
	if among(func(p gossip.PeerInfo) []gossip.Topic { return p.Topics }) {
		return among(func(p gossip.PeerInfo) []gossip.Topic { return p.Mesh })
	}
	return slices.ContainsFunc(peers, func(p gossip.PeerInfo) bool { return len(p.Topics) > 0 })
}

// deafness says in words why answers may not arrive, given the newest block's
// time and the connected peers; empty where they do.
func deafness(b *params.Block, newest, now time.Time, peers []gossip.PeerInfo) string {
	late := time.Millisecond * time.Duration(blocksLate*uint64(b.CommitMillis)+roundsLate*(uint64(b.ProposeMillis)+uint64(b.VoteMillis)))
	switch age := now.Sub(newest); {
	case newest.IsZero():
		return "no block yet since the start"
	case age > late:
		return fmt.Sprintf("the newest block is %s old: no blocks come, or the clock is fast", age.Round(time.Second))
	case age < -clockAhead:
		return fmt.Sprintf("the clock is %s behind the newest block", (-age).Round(time.Second))
	case !passOn(peers):
		return "no peer passes answers on to this node"
	}
	return ""
}
