package node_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
)

// The local network's blocks have a pause of 1.5 s, and a silent proposer costs
// as much again: a block of 18 s is late.
func TestANodeIsDeafWithoutFreshBlocksOrPeersThatPassAnswersOn(t *testing.T) {
	b := params.Local().Block
	now := time.Unix(1_800_000_000, 0)
	topics := func(list ...gossip.Topic) []gossip.Topic { return list }
	miner := gossip.PeerInfo{Topics: topics(gossip.TopicTx, gossip.TopicCard), Mesh: topics(gossip.TopicCard)}
	judge := gossip.PeerInfo{Topics: topics(gossip.TopicAnswer, gossip.TopicCard), Mesh: topics(gossip.TopicAnswer)}
	mute := gossip.PeerInfo{Topics: topics(gossip.TopicAnswer, gossip.TopicCard), Mesh: topics(gossip.TopicCard)}
	lost := gossip.PeerInfo{} // connected, and gone for the router
	peers := func(list ...gossip.PeerInfo) []gossip.PeerInfo { return list }
	const nobody = "no peer passes answers on to this node"
	for i, tc := range []struct {
		newest time.Time
		peers  []gossip.PeerInfo
		want   string
	}{
		{now.Add(-2 * time.Second), peers(judge), ""},
		{now.Add(-18 * time.Second), peers(miner, mute, judge), ""},
		{now.Add(3 * time.Second), peers(judge, lost), ""},
		{now, peers(miner), ""}, // the only validator: miners send to it
		{now.Add(-19 * time.Second), peers(judge), "the newest block is 19s old"},
		{now.Add(-3 * time.Hour), peers(judge), "the newest block is 3h0m0s old"},
		{now.Add(4 * time.Second), peers(judge), "the clock is 4s behind the newest block"},
		{now, nil, nobody},
		{now, peers(lost, lost, lost), nobody},
		{now, peers(miner, mute), nobody},
		{time.Time{}, peers(judge), "no block yet since the start"},
	} {
		got := node.Deafness(&b, tc.newest, now, tc.peers)
		if !strings.HasPrefix(got, tc.want) || tc.want == "" && got != "" {
			t.Errorf("case %d: got %q, want %q", i, got, tc.want)
		}
	}
}

// listens makes a validator's node take part in the topics of validators.
func listens(c *node.FullConfig) {
	c.Answer = func(context.Context, string, []byte) error { return nil }
	c.Card = c.Answer
}

func TestAValidatorIsPresentAmongOthersAndAloneWithItsMiner(t *testing.T) {
	for _, validators := range []int{1, 2} {
		n := newNetwork(t, validators)
		v := n.full(t, 0, listens)
		if behind, deaf := v.Presence(); !behind && deaf == "" {
			t.Errorf("present before it has met anybody")
		}
		if validators == 2 {
			n.full(t, 1, listens)
		} else {
			n.light(t, func(c *node.Config) { c.Card = func(context.Context, string, []byte) error { return nil } })
		}
		eventually(t, fmt.Sprintf("present, one of %d", validators), func() bool {
			behind, deaf := v.Presence()
			return !behind && deaf == ""
		})
	}
}
