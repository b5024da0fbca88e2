package consensus_test

import (
	"testing"
	"time"

	"github.com/cometbft/cometbft/blocksync"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	bcproto "github.com/cometbft/cometbft/proto/tendermint/blocksync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
)

// A node that fetches blocks goes on as long as it comes nearer to most of its
// peers, however slowly and with pauses, and takes part when it does not.
func TestComingNoNearerIsSeenOverTwoSpans(t *testing.T) {
	begin := time.Unix(1_800_000_000, 0)
	var c *consensus.Closing
	at := func(second int, want, syncing bool, own protocol.Height, peers ...protocol.Height) {
		t.Helper()
		if got := c.Look(syncing, own, peers, begin.Add(time.Duration(second)*time.Second)); got != want {
			t.Errorf("after %d s: got %t, want %t", second, got, want)
		}
	}
	const boast = protocol.Height(1 << 40)

	// Nearer by one block in a span, which is enough.
	c = consensus.NewClosing(15*time.Second, 1500*time.Millisecond)
	at(0, false, true, 100, 1000, 1000, boast)
	at(15, false, true, 101, 1000, 1000, boast)
	at(30, false, true, 103, 1001, 1001, boast)
	at(45, false, true, 105, 1002, 1002, boast)
	at(60, true, true, 106, 1003, 1003, boast) // as fast as the others

	// It has all that most have, and one boasts.
	c = consensus.NewClosing(15*time.Second, 1500*time.Millisecond)
	at(0, false, true, 100, 100, boast, 100)
	at(14, false, true, 100, 100, boast, 100)
	at(15, false, true, 100, 100, boast, 100)
	at(29, false, true, 100, 100, boast, 100)
	at(30, true, true, 100, 100, boast, 100)

	// Of two it is the lower, of one that one.
	c = consensus.NewClosing(15*time.Second, 1500*time.Millisecond)
	at(0, false, true, 100, boast, 100)
	at(15, false, true, 100, boast, 100)
	at(30, true, true, 100, 100, boast)

	// Nothing is said without a peer, and where nothing is fetched, which begins it
	// anew.
	c = consensus.NewClosing(15*time.Second, 1500*time.Millisecond)
	at(0, false, true, 100, 100)
	at(15, false, true, 100, 100)
	at(30, false, true, 100)
	at(31, true, true, 100, 100)
	at(50, false, false, 100, 100)
	at(60, false, true, 100, 100)
	at(75, false, true, 100, 100)
	at(90, true, true, 100, 100)

	// It fetches old blocks, faster than any are made, and most peers say too little:
	// it goes on until nothing comes any more.
	c = consensus.NewClosing(15*time.Second, 1500*time.Millisecond)
	at(0, false, true, 100, 100, 90, 10_000)
	at(15, false, true, 131, 100, 90, 10_000)
	at(30, false, true, 162, 110, 90, 10_000)
	at(45, false, true, 9_000, 120, 0, 10_000)
	at(60, true, true, 9_030, 130, 0, 10_000) // three times as fast as they are made

	// None of its peers takes part.
	c = consensus.NewClosing(15*time.Second, 1500*time.Millisecond)
	at(0, false, true, 100, 0)
	at(15, false, true, 200, 0)
	at(30, false, true, 300, 0)
	at(45, true, true, 300, 0)
}

// boastful is the reactor of blocks of a validator that says to everybody that it
// has blocks which nobody made, and gives none of them.
type boastful struct{ p2p.Reactor }

const boasted = 1 << 40

func boast(n *node.Node) {
	replace(n, func(own p2p.Reactor) p2p.Reactor { return boastful{own} })
}

// replace puts another reactor of blocks in the place of a node's own.
func replace(n *node.Node, other func(own p2p.Reactor) p2p.Reactor) {
	sw := n.Switch()
	if own, ok := sw.Reactor("BLOCKSYNC"); ok {
		sw.RemoveReactor("BLOCKSYNC", own)
		sw.AddReactor("BLOCKSYNC", other(own))
	}
}

func (b boastful) say(p p2p.Peer) {
	p.Send(p2p.Envelope{ChannelID: blocksync.BlocksyncChannel, Message: &bcproto.StatusResponse{Base: 1, Height: boasted}})
}

func (b boastful) AddPeer(p p2p.Peer) { b.say(p) }

func (b boastful) Receive(e p2p.Envelope) {
	switch m := e.Message.(type) {
	case *bcproto.StatusRequest:
		b.say(e.Src)
	case *bcproto.BlockRequest:
		if m.Height > 1<<39 || m.Height%7 == 0 { // never, so that it is not sent away at once
			return
		}
		b.Reactor.Receive(e)
	default:
		b.Reactor.Receive(e)
	}
}

// One of four validators boasts of blocks. Another one starts again: without its
// vote the chain would stand, for the third is away.
func TestWhoBoastsOfBlocksKeepsNobodyFromVoting(t *testing.T) {
	n := newNetwork(t, 4)
	n.launch(t, nil, nil)
	n.nodes[0].await(t, 3)
	n.nodes[3].halt(t)
	n.nodes[2].halt(t)
	n.nodes[1].halt(t)
	r := n.open(t, 3, n.nodes[3].home, nil, nil)
	r.Alter(time.Second, boast)
	r.start()
	r.synced(t)
	_, h := n.nodes[0].Latest()
	boasts := transportID(t, name(3)) + "@" + n.addrs[3]
	r = n.open(t, 1, n.nodes[1].home, nil, func(c *consensus.Config) {
		c.Private, c.Peers = true, []string{boasts} // else it may begin before that one is there
	})
	r.Alter(time.Second)
	r.start()
	r.await(t, h+3)
}

// silent is one that boasts and never takes part itself, so that consensus hears
// nothing of it.
type silent struct{ boastful }

func (s silent) Receive(e p2p.Envelope) {
	if _, ok := e.Message.(*bcproto.StatusResponse); !ok { // that of others ends its own fetching
		s.boastful.Receive(e)
	}
}

// The whole network starts, and all wait for one that boasts and takes no part.
func TestWhoBoastsAndTakesNoPartKeepsNobodyFromIt(t *testing.T) {
	n := newNetwork(t, 4)
	of := func(i, peer int) *running {
		r := n.open(t, i, t.TempDir(), nil, func(c *consensus.Config) {
			c.Private, c.Peers = true, []string{transportID(t, name(peer)) + "@" + n.addrs[peer]}
		})
		t.Cleanup(func() { r.halt(t) })
		return r
	}
	boaster, r := of(0, 1), of(1, 0)
	boaster.Alter(time.Hour, func(n *node.Node) {
		replace(n, func(own p2p.Reactor) p2p.Reactor { return silent{boastful{own}} })
	})
	boaster.start()
	r.Alter(time.Second)
	r.start()
	r.synced(t)
	if !boaster.Stats().Syncing {
		t.Error("the one that boasts takes part")
	}
}

// synced waits until a node takes part.
func (r *running) synced(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(patience); r.Stats().Syncing; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s still fetches blocks", r.name)
		}
	}
}
