package gossip_test

import (
	"slices"
	"testing"
	"time"

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
