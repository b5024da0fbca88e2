package gossip_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"

	"github.com/assaynet/assay/protocol/gossip"
)

// hearing is the config of a host that takes part in two topics.
func hearing(name string, in *inbox, bootstrap ...string) gossip.Config {
	c := config(name, bootstrap...)
	c.Handlers.Tx, c.Handlers.Card = in.handle, in.handle
	return c
}

// watched launches a host whose watch looks often, and lets go of the lost 15 times
// sooner than the shipped one: a second is far more than a connection takes to be
// known to both routers, else none would ever be.
func watched(t *testing.T, c gossip.Config) running {
	t.Helper()
	return launchWith(t, c, func(h *gossip.Host) {
		gossip.Watch(h, 100*time.Millisecond, time.Second, 4*time.Second, 2*time.Second)
	})
}

// blind launches a host that tells what it sees, and does nothing about it.
func blind(t *testing.T, c gossip.Config) running {
	t.Helper()
	return launchWith(t, c, func(h *gossip.Host) {
		gossip.Watch(h, 100*time.Millisecond, time.Hour, time.Hour, 600*time.Millisecond)
	})
}

// both reports whether a and b pass messages of both topics on to each other.
func both(a, b running) bool {
	return meshed(a, gossip.TopicTx, 1) && meshed(a, gossip.TopicCard, 1) && meshed(b, gossip.TopicTx, 1) && meshed(b, gossip.TopicCard, 1)
}

// TestAHomeThatRanTwiceHearsAgain: two processes of one identity break each
// other's streams at their peers until the routers give up. Once one of them is
// gone, the other hears again, and is heard.
func TestAHomeThatRanTwiceHearsAgain(t *testing.T) {
	var ears [3]inbox
	hub := watched(t, hearing("hub", &ears[0]))
	miner := watched(t, hearing("miner", &ears[1], hub.Addrs()...))
	eventually(t, "the miner is in the mesh", func() bool { return both(miner, hub) })

	twin := watched(t, hearing("miner", &ears[2], hub.Addrs()...))
	eventually(t, "each of the two sees that there is another", func() bool { return miner.Elsewhere() && twin.Elsewhere() })
	twin.stop()

	eventually(t, "the miner is in the mesh again", func() bool { return both(miner, hub) })
	if counted(t, miner, "renewed_total")+counted(t, hub, "renewed_total")+counted(t, twin, "renewed_total") == 0 {
		t.Error("nobody was connected anew: the case does not show what it should")
	}
	if err := hub.Publish(t.Context(), gossip.TopicTx, message(1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the miner hears", func() bool { return ears[1].count(message(1)) == 1 })
	if err := miner.Publish(t.Context(), gossip.TopicCard, message(2)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the miner is heard", func() bool { return ears[0].count(message(2)) == 1 })
	eventually(t, "nothing is told as deaf", func() bool { return len(miner.Deaf())+len(hub.Deaf()) == 0 })
	if hub.Elsewhere() {
		t.Error("the hub takes a miner that ran twice for a second hub")
	}
}

// TestADeafHostSaysSo: peers are connected, and none passes anything on. Who
// has no peers at all is not deaf but alone.
func TestADeafHostSaysSo(t *testing.T) {
	var ear inbox
	alone := blind(t, hearing("alone", &ear))
	launch(t, config("mute", alone.Addrs()...)) // takes part in no topic
	eventually(t, "both topics are deaf", func() bool {
		return slices.Equal(alone.Deaf(), []gossip.Topic{gossip.TopicTx, gossip.TopicCard})
	})
	launch(t, hearing("speaker", &ear, alone.Addrs()...))
	eventually(t, "a peer that takes part ends it", func() bool { return len(alone.Deaf()) == 0 })
}

// stranger is a peer of no chain; quiet has it say nobody what it speaks, from now
// on.
func stranger(t *testing.T) (peer host.Host, quiet func()) {
	t.Helper()
	key, err := crypto.UnmarshalSecp256k1PrivateKey(identity("stranger"))
	if err != nil {
		t.Fatal(err)
	}
	peer, err = libp2p.New(libp2p.Identity(key), libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := peer.Close(); err != nil {
			t.Error(err)
		}
	})
	return peer, func() {
		peer.RemoveStreamHandler(identify.ID)
		// Nor does it tell unasked, as libp2p does when addresses change.
		if err := peer.(interface{ IDService() identify.IDService }).IDService().Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestAPeerThatHasNotSaidWhatItSpeaksIsDialledAnew: a peer is asked once for each
// connection, and who stood still meanwhile has missed the answer.
func TestAPeerThatHasNotSaidWhatItSpeaksIsDialledAnew(t *testing.T) {
	peer, quiet := stranger(t)
	quiet()
	var came atomic.Int64
	peer.Network().Notify(&network.NotifyBundle{ConnectedF: func(network.Network, network.Conn) { came.Add(1) }})
	var ear inbox
	node := watched(t, hearing("node", &ear, peer.Addrs()[0].String()+"/p2p/"+peer.ID().String()))
	// A dial that fails on a machine that stands still may count here, too.
	eventually(t, "it was connected, let go, and dialled again", func() bool { return came.Load() >= 2 && counted(t, node, "renewed_total") > 0 })
	if n := gossip.OfChain(node.Host); n != 0 {
		t.Errorf("%d peers are taken for those of the chain, want none: who is alone is not deaf", n)
	}
}

// TestAStrangerThatTellsOnceIsLetGoEachTime: what it told stays known for a while.
func TestAStrangerThatTellsOnceIsLetGoEachTime(t *testing.T) {
	var ear inbox
	node := watched(t, hearing("node", &ear))
	peer, quiet := stranger(t)
	at, err := libp2ppeer.AddrInfoFromString(node.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	connect := func() bool { return peer.Connect(t.Context(), *at) == nil }
	alone := func() bool { return len(node.Peers()) == 0 && len(peer.Network().Peers()) == 0 }
	eventually(t, "it told that it is of no chain", func() bool { return connect() && counted(t, node, "other_chain_total") > 0 })
	quiet()
	eventually(t, "it was let go", alone)
	eventually(t, "it is there again", connect)
	eventually(t, "it was let go again", alone)
}

// TestWhoIsHeardAndNotKnownIsInNoMesh: a host that has not learned what a peer
// speaks has no stream to it, and can tell it of no mesh. It must not take it for
// one of the mesh because of what it hears from it: it would tell it later neither.
func TestWhoIsHeardAndNotKnownIsInNoMesh(t *testing.T) {
	var ears [2]inbox
	hub := blind(t, hearing("hub", &ears[0]))
	gossip.Hide(hub.Host)
	leaf := launchWith(t, hearing("leaf", &ears[1]), func(h *gossip.Host) {
		gossip.Watch(h, 50*time.Millisecond, 1200*time.Millisecond, 50*time.Millisecond, time.Hour)
	})
	gossip.Untold(leaf.Host)
	leaf.SetLedgerPeers([]gossip.Addr{{Identity: publicKey(t, "hub"), Addresses: []string{transport(hub.Addrs()[0])}}})
	// Each time takes longer than the router's second between two looks at meshes.
	eventually(t, "the leaf let go of the hub some times", func() bool { return counted(t, leaf, "renewed_total") >= 3 })
	for _, topic := range []gossip.Topic{gossip.TopicTx, gossip.TopicCard} {
		if n := counted(t, leaf, "mesh_peers", string(topic)); n != 0 {
			t.Errorf("topic %s: %d in the mesh of the leaf, want none", topic, n)
		}
	}
}
